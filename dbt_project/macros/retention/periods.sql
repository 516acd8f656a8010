{# Calendar periods: days, the site's weeks and months. Each macro is for one grain, which is known when the SQL is written. #}

{% macro period_start(grain, day) -%}
    {%- if grain == 'day' -%} {{ day }}
    {%- elif grain == 'week' -%} {{ week_start(day) }}
    {%- else -%} cast({{ dbt.date_trunc('month', day) }} as date) {%- endif -%}
{%- endmacro %}

{# The first day of the site's week that holds a date. Weeks of date_trunc start on Monday. #}
{% macro week_start(day) %}
    {%- set names = ['monday', 'sunday', 'saturday', 'friday', 'thursday', 'wednesday', 'tuesday'] -%}
    {%- set shift = names.index(var('week_start') | lower) -%}
    {%- if shift == 0 -%}
        cast({{ dbt.date_trunc('week', day) }} as date)
    {%- else -%}
        {{ add_days('cast(' ~ dbt.date_trunc('week', add_days(day, shift)) ~ ' as date)', -shift) }}
    {%- endif -%}
{%- endmacro %}

{# The start of the period so many periods later. #}
{% macro add_periods(grain, start, periods) -%}
    {%- if grain == 'day' -%} {{ add_days(start, periods) }}
    {%- elif grain == 'week' -%} {{ add_days(start, '7 * (' ~ periods ~ ')') }}
    {%- else -%} {{ add_months(start, periods) }} {%- endif -%}
{%- endmacro %}

{# Periods from one start of a period to another. #}
{% macro periods_between(grain, earlier, later) -%}
    {%- if grain == 'day' -%} {{ days_between(earlier, later) }}
    {%- elif grain == 'week' -%} cast({{ days_between(earlier, later) }} / 7 as {{ dbt.type_bigint() }})
    {%- else -%}
        cast((extract(year from {{ later }}) - extract(year from {{ earlier }})) * 12
            + extract(month from {{ later }}) - extract(month from {{ earlier }}) as {{ dbt.type_bigint() }})
    {%- endif -%}
{%- endmacro %}

{# -- warm-up -- #}

{# The first date of the history: as configured, else the first on which anybody was active. A subquery of one value. #}
{% macro history_start() -%}
    {%- set given = var('retention').get('history_start') -%}
    {%- if given -%} cast('{{ given }}' as date)
    {%- else -%} (select min(activity_date) from {{ ref('int_person_days') }} where not is_bot) {%- endif -%}
{%- endmacro %}

{# Fewer than warm_up_days of history lie before the date: a person who seems new may have been there before. #}
{% macro is_warm_up(day) -%}
    {{ day }} < {{ add_days(history_start(), var('retention').get('warm_up_days', 30)) }}
{%- endmacro %}
