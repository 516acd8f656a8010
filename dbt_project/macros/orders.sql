{# What an order is, when one looks like brushing, and for whom a delta night changes that. What orders are worth does not belong
   here (see rules.sql). #}

{# The numbering an order id belongs to: '' is the one that sources share, a source with `order_ids: own` has its own. #}
{% macro order_numbering(source) -%}
    {%- if var('own_order_ids') -%}
        case when {{ source }} in ({% for name in var('own_order_ids') %}{{ sql_string(name) }}{{ ', ' if not loop.last }}{% endfor %}) then {{ source }} else '' end
    {%- else -%} '' {%- endif -%}
{%- endmacro %}

{# Orders that look like brushing (sales faked for ranking or reviews), each with the first rule of config `cleaning` that it breaks:
   more than max_orders_per_day orders of one person on one date; one item in more than max_orders_per_item orders of one person, or more
   than max_accounts_per_device persons ordering on one device, within some brushing_window_days dates on end. All orders that make up
   the excess are named, the first of them too. `orders` and `items` are names of steps; `scope` is a column of both that keeps sets of
   orders apart that are unrelated. #}
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

{# What was given back of an order: no more than it was worth, what was given beyond it is goodwill. #}
{% macro refunded_of(revenue, amount) -%}
    case when {{ amount }} > {{ revenue }} then greatest({{ revenue }}, 0) else coalesce({{ amount }}, 0) end
{%- endmacro %}

{# Two steps of a query: refunds up to each as_of_date of the step `dates`, as known then, by order and, where the order is not known, by
   person. #}
{% macro refunds_at_the_time(dates) -%}
    {%- for step, key, has_order in [('order_refunds', 'order_id', 'refunds.has_order'), ('person_refunds', 'person_id', 'not refunds.has_order')] -%}
{{ step }} as (

    select
        {{ dates }}.as_of_date,
        refunds.{{ key }},
        {{ stable_sum('refunds.amount') }} as amount
    from {{ ref('fct_refunds') }} as refunds
    inner join {{ dates }} on refunds.refund_date <= {{ dates }}.as_of_date and refunds.known_date <= {{ dates }}.as_of_date
    where refunds.is_counted and {{ has_order }}
    group by {{ dates }}.as_of_date, refunds.{{ key }}

)
    {%- if not loop.last %},

{% endif %}
    {%- endfor -%}
{%- endmacro %}

{# Before and after a delta night builds the orders: persons of whom an order became or stopped being suspicious, because another order in
   the same days, or on the same device, came or went, or of whom less of an order is left, because somebody gave of it back. Their revenue
   changes, so all of their rows are replaced. #}
{% macro remember_orders() -%}
    {%- if is_delta() %}
    create or replace temp table orders_before as
    select order_id, person_id, is_suspicious, net_revenue from {{ source('previous', 'fct_orders') }}
    {%- endif %}
{%- endmacro %}

{% macro add_persons_of_changed_orders(orders) -%}
    {%- set changed, bots = ref('int_changed'), ref('int_bots') -%}
    {%- if execute and is_delta() %}
    merge into {{ changed }} as changed
    using (
        select affected.person_id, {{ any_true('bots.person_id is not null') }} as is_bot
        from (
            select coalesce(orders.person_id, before.person_id) as person_id
            from orders_before as before
            full join {{ orders }} as orders on before.order_id = orders.order_id and before.person_id = orders.person_id
            where
                coalesce(before.is_suspicious, false) <> coalesce(orders.is_suspicious, false)
                or before.net_revenue <> orders.net_revenue
        ) as affected
        left join {{ bots }} as bots on affected.person_id = bots.person_id
        group by affected.person_id
    ) as affected on changed.person_id = affected.person_id
    when matched then update set
        changed_from_at = {{ beginning_of_time() }}, changed_from_date = cast('1970-01-01' as date), n_sessions_before = 0
    when not matched then insert (person_id, changed_from_at, changed_from_date, n_sessions_before, is_bot)
        values (affected.person_id, {{ beginning_of_time() }}, cast('1970-01-01' as date), 0, affected.is_bot)
    {%- endif %}
{%- endmacro %}

{# Three steps of a query with `known_orders` (orders by as_of_date, as known then): the last of them, suspicions, holds the orders that
   looked like brushing on that date already, evaluated among the orders known by then. Whoever did, does so today. #}
{% macro suspicions_at_the_time() -%}
suspects as (

    select
        as_of_date,
        order_id,
        person_id,
        order_date,
        anonymous_id
    from known_orders
    where is_suspicious

),

suspect_items as (

    select
        suspects.as_of_date,
        suspects.person_id,
        suspects.order_date,
        items.order_id,
        items.item_id
    from suspects
    inner join {{ ref('fct_order_items') }} as items on suspects.order_id = items.order_id

),

suspicions as (

    {{ suspicious_orders('suspects', 'suspect_items', scope='as_of_date') }}

)
{%- endmacro %}
