{# Business rules that more than one model applies, each said once. No engine differences here (see dispatch.sql). #}

{# The integer that rows are joined by inside a run: the file's place in file order and the line. Another file may shift it. #}
{% macro row_key(file_number, line_number) -%} ({{ file_number }} * {{ 2 ** 38 }} + {{ line_number }}) {%- endmacro %}

{% macro is_server_event(source) -%}
    {%- if var('server_sources') -%}
        {{ source }} in ({% for name in var('server_sources') %}{{ sql_string(name) }}{{ ', ' if not loop.last }}{% endfor %})
    {%- else -%} false {%- endif -%}
{%- endmacro %}

{# The snapshot dates, each once, oldest first. #}
{% macro snapshot_dates() %}{{ return(var('snapshot_dates') | unique | list) }}{% endmacro %}

{# The same as rows of one column, as_of_date. #}
{% macro snapshots() -%}
    {%- for date in snapshot_dates() %}
    select cast('{{ date }}' as date) as as_of_date{{ ' union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# The day lies in the 30 days up to a snapshot and was known by then. #}
{% macro is_in_30_days(snapshot_date, day, known_day) -%}
    {%- set snapshot = "cast('" ~ snapshot_date ~ "' as date)" -%}
    ({{ day }} > {{ add_days(snapshot, -30) }} and {{ day }} <= {{ snapshot }} and {{ known_day }} <= {{ snapshot }})
{%- endmacro %}

{# The first date on which an event could be counted for its person. It arrived after its day, or was tied to its person only later
   (anonymous events before a log-in): then it was not known on its day, and features of that day must not see it. An arrival more than
   max_late_days after the event is an import of history, which says nothing of when it was known: it counts as known on its day. #}
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

{# What makes purchase events one order: the order_id given; without one, each is its own. #}
{% macro order_key(order_id, source, event_id) -%} coalesce({{ order_id }}, {{ source }} || ':' || {{ event_id }}) {%- endmacro %}

{# Orders that look like brushing (sales faked for ranking or reviews), each with the first rule of config `cleaning` that it breaks:
   more than max_orders_per_day orders of one person on one date; one item in more than max_orders_per_item orders of one person, or more
   than max_accounts_per_device persons ordering on one device, within some brushing_window_days dates on end. All orders that make up
   the excess are named, the first of them too. `orders` and `items` are names of steps; `scope` is a column of both that keeps sets of
   orders apart that do not know of each other. #}
{% macro suspicious_orders(orders, items, scope=none) %}
    {%- set by = scope ~ ', ' if scope else '' -%}
    {%- set later = var('brushing_window_days') | int - 1 -%}
    select
        {{ by }}order_id,
        case min(place)
            when 1 then 'too_many_orders_per_day' when 2 then 'same_item_again' else 'one_device_many_accounts'
        end as suspicion_reason
    from (
        select {{ by }}order_id, 1 as place
        from (
            select {{ by }}order_id, count(*) over (partition by {{ by }}person_id, order_date) as n_orders_that_day
            from {{ orders }}
        ) as days
        where n_orders_that_day > {{ var('max_orders_per_day') }}
        union all
        select {{ by }}order_id, 2 as place
        from (
            select *, max(n_from_here) over (
                partition by {{ by }}person_id, item_id order by day_number range between {{ later }} preceding and current row
            ) as n_orders
            from (
                select *, count(*) over (
                    partition by {{ by }}person_id, item_id order by day_number range between current row and {{ later }} following
                ) as n_from_here
                from (select {{ by }}order_id, person_id, item_id, {{ day_number('order_date') }} as day_number from {{ items }}) as dated
            ) as windows
        ) as items_again
        where n_orders > {{ var('max_orders_per_item') }}
        union all
        select {{ by }}order_id, 3 as place
        from (
            select *, max(n_from_here) over (
                partition by {{ by }}anonymous_id order by day_number range between {{ later }} preceding and current row
            ) as n_accounts
            from (
                select *, {{ count_distinct_over('account',
                    'partition by ' ~ by ~ 'anonymous_id order by day_number range between current row and ' ~ later ~ ' following')
                }} as n_from_here
                from (
                    select {{ by }}order_id, anonymous_id, {{ day_number('order_date') }} as day_number,
                        case when person_id not like 'anon:%' then person_id end as account
                    from {{ orders }}
                    where anonymous_id is not null
                ) as dated
            ) as windows
        ) as devices
        where n_accounts > {{ var('max_accounts_per_device') }}
    ) as broken_rules
    group by {{ by }}order_id
{%- endmacro %}
