{# What the retention and lifecycle models share: calendar periods, the configured cells, and how persons are counted
   into cells. Engine differences do not belong here (see dispatch.sql). #}

{# Calendar periods are days, the site's weeks and months; each macro is for one grain, which is known when the SQL is written. #}
{% macro period_start(grain, day) -%}
    {%- if grain == 'day' -%} {{ day }}
    {%- elif grain == 'week' -%} {{ funnel_week_start(day) }}
    {%- else -%} cast({{ dbt.date_trunc('month', day) }} as date) {%- endif -%}
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

{# The first date of the history: as configured, else the first with any activity. A subquery of one value. #}
{% macro history_start() -%}
    {%- set given = var('retention').get('history_start') -%}
    {%- if given -%} cast('{{ given }}' as date)
    {%- else -%} (select min(activity_date) from {{ ref('int_person_days') }} where not is_bot) {%- endif -%}
{%- endmacro %}

{# Fewer than warm_up_days of history lie before the date: who seems new may be an old acquaintance. #}
{% macro is_warm_up(day) -%}
    {{ day }} < {{ add_days(history_start(), var('retention').get('warm_up_days', 30)) }}
{%- endmacro %}

{# One row per configured mode, grain and period: mode, source_mode (the rows of retention_persons it counts), grain, period_number, and
   the first and last period since the start that it covers. #}
{% macro retention_periods() %}
    {%- set rules = var('retention') -%}
    {%- set last = {
        'day': rules.get('max_days', 30) | int, 'week': rules.get('max_weeks', 12) | int, 'month': rules.get('max_months', 12) | int
    } -%}
    {%- set rows = [] -%}
    {%- for grain in ['day', 'week', 'month'] -%}
        {%- for period in range(last[grain] + 1) -%}
            {%- do rows.append(['calendar_on', 'calendar_on', grain, period, period, period]) -%}
            {%- do rows.append(['calendar_on_or_after', 'calendar_on', grain, period, period, period]) -%}
            {%- if grain == 'day' -%}{%- do rows.append(['rolling_24h', 'rolling_24h', grain, period, period, period]) -%}{%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for bracket in retention_brackets() -%}
        {%- do rows.append(['bracket', 'calendar_on', 'day', loop.index0, bracket[0], bracket[1]]) -%}
    {%- endfor -%}
    select *
    from (
        values
        {%- for row in rows %}
        ('{{ row[0] }}', '{{ row[1] }}', '{{ row[2] }}', {{ row[3] }}, {{ row[4] }}, {{ row[5] }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as configured (mode, source_mode, grain, period_number, first_period, last_period)
{% endmacro %}

{# The brackets in order, the start itself before them. #}
{% macro retention_brackets() %}{{ return([[0, 0]] + (var('retention').get('brackets') or [])) }}{% endmacro %}

{# Persons (columns of retention_persons and those of `by`) counted once, by cohort and period: everything else is a sum over these rows.
   A bracket counts a person in the first period of it with a return, so no distinct count is needed. #}
{% macro retention_counts(persons, by=[]) -%}
    {%- set keys = ['mode', 'grain', 'cohort_start'] + by + ['period_number'] -%}
    select
        {{ keys | join(',\n        ') }},
        count(*) as n_persons,
        max(started_at) as last_started_at,
        sum(case when is_retained then 1 else 0 end) as n_retained,
        sum(case when is_last_period then 1 else 0 end) as n_last,
        {%- for first, last in retention_brackets() %}
        sum(
            case
                when is_retained and period_number >= {{ first }} and period_number <= {{ last }}
                    and coalesce(previous_period_number < {{ first }}, true) then 1
                else 0
            end
        ) as n_bracket_{{ loop.index0 }},
        {%- endfor %}
        sum(cast(revenue as decimal(38, 6))) as revenue
    from {{ persons }}
    group by {{ keys | join(', ') }}
{%- endmacro %}

{# The same of fewer keys, from the rows of more. #}
{% macro retention_counts_summed() -%}
        sum(n_persons) as n_persons,
        max(last_started_at) as last_started_at,
        sum(n_retained) as n_retained,
        sum(n_last) as n_last,
        {%- for _ in retention_brackets() %}
        sum(n_bracket_{{ loop.index0 }}) as n_bracket_{{ loop.index0 }},
        {%- endfor %}
        sum(revenue) as revenue
{%- endmacro %}

{% macro retention_cells(by=[]) %}
    {#- The CTEs from `returns` (rows of retention_counts) to `counted`: one row per configured cell of every cohort (and value of `by`) that
        begins by as_of. -#}
    {%- set keys = ['grain', 'cohort_start'] + by -%}
configured as (
    {{ retention_periods() }}
),

cohorts as (
    select
        mode as source_mode,
        {{ keys | join(',\n        ') }},
        n_persons as n_cohort,
        max(last_started_at) over (partition by mode, grain, cohort_start) as last_started_at
    from returns
    where period_number = 0
),

ends as (
    select
        source_mode,
        grain,
        max(last_period) as last_period
    from configured
    where mode <> 'bracket'
    group by source_mode, grain
),

-- returns after the last configured period count as if they were in it: enough for "or after"
folded as (
    select
        returns.mode as source_mode,
        returns.{{ keys | join(',\n        returns.') }},
        least(returns.period_number, ends.last_period) as period_number,
        sum(case when returns.period_number <= ends.last_period then returns.n_retained else 0 end) as n_retained,
        sum(case when returns.period_number <= ends.last_period then returns.revenue else 0 end) as revenue,
        sum(returns.n_last) as n_last,
        sum(returns.revenue) as revenue_or_later
    from returns
    inner join ends on returns.mode = ends.source_mode and returns.grain = ends.grain
    group by returns.mode, returns.{{ keys | join(', returns.') }}, least(returns.period_number, ends.last_period)
),

bracketed as (
    {%- for first, last in retention_brackets() %}
    select
        {{ keys | join(',\n        ') }},
        'bracket' as mode,
        {{ loop.index0 }} as period_number,
        sum(n_bracket_{{ loop.index0 }}) as n_retained,
        sum(case when period_number >= {{ first }} then revenue else 0 end) as revenue,
        sum(revenue) as revenue_so_far
    from returns
    where mode = 'calendar_on' and grain = 'day' and period_number <= {{ last }}
    group by {{ keys | join(', ') }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

grid as (
    select
        configured.mode,
        -- joined by equality alone: any other condition of an outer join makes the engine compare every row with every other
        case when configured.mode <> 'bracket' then configured.source_mode end as folded_mode,
        configured.period_number,
        configured.first_period,
        configured.last_period,
        cohorts.*,
        case configured.grain
            {%- for grain in ['week', 'month'] %}
            when '{{ grain }}' then {{ add_periods(grain, 'cohorts.cohort_start', 'configured.first_period') }}
            {%- endfor %}
            else {{ add_periods('day', 'cohorts.cohort_start', 'configured.first_period') }}
        end as first_date,
        case configured.grain
            {%- for grain in ['week', 'month'] %}
            when '{{ grain }}' then {{ add_days(add_periods(grain, 'cohorts.cohort_start', 'configured.last_period + 1'), -1) }}
            {%- endfor %}
            else {{ add_periods('day', 'cohorts.cohort_start', 'configured.last_period') }}
        end as last_date
    from cohorts
    inner join configured on cohorts.source_mode = configured.source_mode and cohorts.grain = configured.grain
),

filled as (
    select
        grid.*,
        coalesce(folded.n_retained, 0) as n_on,
        coalesce(folded.revenue, 0) as revenue_on,
        coalesce(folded.n_last, 0) as n_last,
        coalesce(folded.revenue_or_later, 0) as revenue_or_later,
        coalesce(bracketed.n_retained, 0) as n_in_bracket,
        coalesce(bracketed.revenue, 0) as revenue_in_bracket,
        coalesce(bracketed.revenue_so_far, 0) as revenue_to_bracket_end
    from grid
    left join folded
        on
            grid.folded_mode = folded.source_mode
            and grid.period_number = folded.period_number
            {%- for key in keys %}
            and grid.{{ key }} = folded.{{ key }}
            {%- endfor %}
    left join bracketed
        on
            grid.mode = bracketed.mode
            and grid.period_number = bracketed.period_number
            {%- for key in keys %}
            and grid.{{ key }} = bracketed.{{ key }}
            {%- endfor %}
    where grid.first_date <= {{ as_of_date() }}
),

summed as (
    select
        *,
        sum(n_last) over from_here as n_on_or_after,
        sum(revenue_or_later) over from_here as revenue_on_or_after,
        sum(revenue_on) over (
            partition by mode, {{ keys | join(', ') }} order by period_number rows between unbounded preceding and current row
        ) as revenue_so_far
    from filled
    window from_here as (
        partition by mode, {{ keys | join(', ') }} order by period_number rows between current row and unbounded following
    )
),

counted as (
    select
        *,
        case mode when 'calendar_on_or_after' then n_on_or_after when 'bracket' then n_in_bracket else n_on end as n_retained,
        cast(
            case mode when 'calendar_on_or_after' then revenue_on_or_after when 'bracket' then revenue_in_bracket else revenue_on end as double
        ) as revenue,
        cast(case when mode = 'bracket' then revenue_to_bracket_end else revenue_so_far end as double) as cumulative_revenue,
        case
            when mode = 'rolling_24h' then {{ add_seconds('last_started_at', 'cast(86400 * (period_number + 1) as ' ~ dbt.type_bigint() ~ ')') }} <= {{ as_of_end_utc() }}
            else last_date <= {{ as_of_date() }}
        end as is_mature
    from summed
)
{%- endmacro %}

{# The columns of a cell, from `counted`. #}
{% macro retention_columns() %}
    cast(counted.mode as {{ dbt.type_string() }}) as mode,
    cast(counted.grain as {{ dbt.type_string() }}) as grain,
    counted.cohort_start,
    cast(counted.period_number as {{ dbt.type_bigint() }}) as period_number,
    {{ retention_label() }} as period_label,
    cast(counted.n_cohort as {{ dbt.type_bigint() }}) as n_cohort,
    cast(counted.n_retained as {{ dbt.type_bigint() }}) as n_retained,
    cast(counted.n_retained as double) / counted.n_cohort as retention_rate,
    counted.revenue,
    counted.cumulative_revenue,
    counted.cumulative_revenue / counted.n_cohort as cumulative_revenue_per_person,
    counted.is_mature,
    {{ is_warm_up('counted.cohort_start') }} as is_warm_up
{%- endmacro %}

{# `7`, or `4-7` where a cell covers more than one period. #}
{% macro retention_label() -%}
    cast(
        case
            when counted.first_period = counted.last_period then cast(counted.first_period as {{ dbt.type_string() }})
            else concat(cast(counted.first_period as {{ dbt.type_string() }}), '-', cast(counted.last_period as {{ dbt.type_string() }}))
        end as {{ dbt.type_string() }}
    )
{%- endmacro %}

{# The number of the window of 24 hours since the start that holds an instant; below 0 before the start. #}
{% macro window_of_24h(started_at, moment) -%}
    cast(floor(({{ epoch_micros(moment) }} - {{ epoch_micros(started_at) }}) / 86400000000.0) as {{ dbt.type_bigint() }})
{%- endmacro %}

{# Dates on which a person did the event (or anything), with the first and last time; bots left out, in a delta night the changed. #}
{% macro retention_days(event_name) -%}
    select
        days.person_id,
        days.activity_date,
        min(days.first_event_at) as first_event_at,
        max(days.last_event_at) as last_event_at
    from {{ ref('int_person_event_days') if event_name else ref('int_person_days') }} as days
    {{- only_changed('days') }}
    where not days.is_bot {%- if event_name %} and days.event_name = {{ sql_string(event_name) }} {%- endif %}
    group by days.person_id, days.activity_date
{%- endmacro %}
