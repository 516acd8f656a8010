{# Business rules that more than one model applies, each defined once. No engine differences here (see dispatch.sql). #}

{# The integer that rows are joined by inside a run: the file's place in file order and the line. Another file may shift it. #}
{% macro row_key(file_number, line_number) -%} ({{ file_number }} * {{ 2 ** 38 }} + {{ line_number }}) {%- endmacro %}

{% macro is_server_event(source) -%} {{ is_from(source, 'server_sources') }} {%- endmacro %}

{# The source is one of those that a variable lists. #}
{% macro is_from(source, variable) -%}
    {%- if var(variable) -%}
        {{ source }} in ({% for name in var(variable) %}{{ sql_string(name) }}{{ ', ' if not loop.last }}{% endfor %})
    {%- else -%} false {%- endif -%}
{%- endmacro %}

{# The event says who somebody is (an identification, a property of a profile) and not what somebody did: it links ids, and is nobody's. #}
{% macro is_declaration(source, event_name) -%}
    {%- for name, events in var('declarations').items() %}
    {{- '(' if loop.first else ' or ' }}({{ source }} = {{ sql_string(name) }} and {{ event_name }} in (
        {%- for event in events %}{{ sql_string(event) }}{{ ', ' if not loop.last }}{% endfor %})){{ ')' if loop.last }}
    {%- else -%} false {%- endfor -%}
{%- endmacro %}

{# Whose row an event is: somebody's, who has sessions and days of activity. #}
{% macro is_of_a_person(alias) -%}
    ({{ alias }}.user_id is not null or {{ alias }}.anonymous_id is not null) and not {{ is_declaration(alias ~ '.source', alias ~ '.event_name') }}
{%- endmacro %}

{# The snapshot dates, each once, oldest first. #}
{% macro snapshot_dates() %}{{ return(var('snapshot_dates') | unique | list) }}{% endmacro %}

{# The same as rows of one column, as_of_date. #}
{% macro snapshots() -%}
    {%- for date in snapshot_dates() %}
    select cast('{{ date }}' as date) as as_of_date{{ ' union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# The day lies in the 30 days up to a snapshot and was known by then, and until_day, where there is one, had not come. #}
{% macro is_in_30_days(snapshot_date, day, known_day, until_day=none) -%}
    {%- set snapshot = "cast('" ~ snapshot_date ~ "' as date)" -%}
    ({{ day }} > {{ add_days(snapshot, -30) }} and {{ day }} <= {{ snapshot }} and {{ known_day }} <= {{ snapshot }}
    {%- if until_day %} and {{ until_day }} > {{ snapshot }}{% endif %})
{%- endmacro %}

{# From `since` on and before `until`, some snapshot before as_of lies. #}
{% macro spans_a_snapshot(since, until) -%}
    (
        1 = 0
        {%- for date in snapshot_dates()[:-1] %}
        or ({{ since }} <= cast('{{ date }}' as date) and {{ until }} > cast('{{ date }}' as date))
        {%- endfor %}
    )
{%- endmacro %}

{# The first date on which an event could be counted for its person. It arrived after its day, or was tied to its person only later
   (anonymous events before a log-in): then it was not known on its day, and features of that day must not see it. An arrival more than
   max_late_days after the event is an import of history, which does not show when the event became known: it counts as known on its day. #}
{% macro known_date(event_date, received_at, linked_date) -%}
    greatest(
        {{ event_date }},
        coalesce({{ linked_date }}, {{ event_date }}),
        case
            when {{ received_at }} < {{ add_days(event_date, var('max_late_days')) }} then {{ local_date(received_at) }}
            else {{ event_date }}
        end
    )
{%- endmacro %}

{# The same as a moment, for what concerns no date: when the event was received. Where that is not known, or lies max_late_days or more
   after the event (an import of history), or before it, the event counts as known when it happened. #}
{% macro known_at(event_at, received_at) -%}
    case
        when {{ received_at }} > {{ event_at }} and {{ received_at }} < {{ add_days('cast(' ~ local_date(event_at) ~ ' as date)', var('max_late_days')) }}
            then {{ received_at }}
        else {{ event_at }}
    end
{%- endmacro %}

{# A session, or the part of one on a date, that is not a bounce. #}
{% macro is_engaged(duration_s, n_views, n_purchases) -%} {{ duration_s }} >= 10 or {{ n_views }} >= 2 or {{ n_purchases }} > 0 {%- endmacro %}

{# The weight of an event in activity_score. #}
{% macro event_weight(event_name) -%}
    case {{ event_name }}
        {%- for name, weight in var('event_weights').items() %}
        when {{ sql_string(name) }} then {{ weight }}
        {%- endfor %}
        else 1
    end
{%- endmacro %}

{# Orders per 30 days since first seen, at least 30 days counted. #}
{% macro purchase_frequency(n_orders, days_since_first_seen) -%}
    {{ n_orders }} * 30.0 / greatest({{ days_since_first_seen }} + 1, 30)
{%- endmacro %}
