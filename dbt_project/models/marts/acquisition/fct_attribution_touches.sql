-- Grain: order × touch. A touch is a session of the order's person, no bot, that began no later than the order and at most
-- attribution.lookback before it; each order looks back for itself, so one session may serve several orders. What each attribution model
-- gives to a touch stands side by side: a share of the order and a part of its net revenue, 0 where it gives nothing.
-- In every model the shares of one order add up to 1, and the parts of its net revenue to it, exactly: they are decimals of six
-- digits, and what rounding leaves over goes to the latest touch with a share. An order without touch has one row, channel `no_touch`.
-- Orders that are suspicious or of bots are left out. Late sessions and orders change the shares at the next run.
{{ replaces_changed() }}
{%- set attribution = var('attribution') %}
{%- set ends_share = attribution.first_share + attribution.last_share %}
{%- set decimal = 'decimal(38, 6)' %}
{#- Models that give everything to one touch, with its number. #}
{%- set undivided = {'first_touch': '1', 'last_touch': 'n_touches', 'last_non_direct_touch': 'last_non_direct_number'} %}
{#- Models that divide, with the number of the latest touch that has a share. #}
{%- set last_position = 'max(case when position_based_rounded_share > 0 then touch_number end) over (partition by order_id)' %}
{%- set divided = {'linear': 'n_touches', 'position_based': last_position, 'time_decay': 'n_touches'} %}
with orders as (

    select
        orders.order_id,
        orders.person_id,
        orders.ordered_at,
        orders.order_date,
        {{ add_seconds('orders.ordered_at', 'cast(-' ~ attribution.lookback_s ~ ' as ' ~ dbt.type_bigint() ~ ')') }} as looks_back_to,
        cast(orders.net_revenue as {{ decimal }}) as order_revenue
    from {{ ref('fct_orders') }} as orders
    {{- only_changed('orders', since='ordered_at') }}
    where not orders.is_suspicious and not orders.is_bot

),

sessions as (

    select
        session_id,
        person_id,
        started_at,
        channel
    from {{ ref('fct_sessions') }}
    where not is_bot

),

touches as (

    select
        orders.order_id,
        orders.person_id,
        orders.ordered_at,
        orders.order_date,
        orders.order_revenue,
        sessions.session_id,
        sessions.started_at as touched_at,
        coalesce(sessions.channel, 'no_touch') as channel,
        {{ seconds_between('sessions.started_at', 'orders.ordered_at') }} as seconds_before_order
    from orders
    left join sessions
        on
            orders.person_id = sessions.person_id
            and orders.ordered_at >= sessions.started_at
            and orders.looks_back_to <= sessions.started_at

),

-- every window is one order: nothing is sorted across orders, and no step has more rows than the table
numbered as (

    select
        *,
        row_number() over (partition by order_id order by touched_at, session_id) as touch_number,
        count(*) over (partition by order_id) as n_touches,
        -- half as much for each half-life before the latest touch: only the ratios count, and so the sum is never zero
        power(
            0.5,
            coalesce(seconds_before_order - min(seconds_before_order) over (partition by order_id), 0) / {{ attribution.half_life_s }}.0
        ) as decay
    from touches

),

weighed as (

    select
        *,
        cast(1.0 / n_touches as double) as linear,
        cast(case
            when n_touches = 1 then 1.0
            {%- if ends_share %}
            when n_touches = 2 and touch_number = 1 then {{ attribution.first_share }} / {{ ends_share }}
            when n_touches = 2 then {{ attribution.last_share }} / {{ ends_share }}
            {%- else %}
            when n_touches = 2 then 0.5
            {%- endif %}
            when touch_number = 1 then {{ attribution.first_share }}
            when touch_number = n_touches then {{ attribution.last_share }}
            else {{ 1 - attribution.first_share - attribution.last_share }} / (n_touches - 2)
        end as double) as position_based,
        -- summed as decimals: a sum of doubles depends on how rows are divided among threads
        decay / cast(sum(cast(decay as decimal(38, 18))) over (partition by order_id) as double) as time_decay,
        -- where all are direct, the latest of them
        coalesce(max(case when channel <> 'direct' then touch_number end) over (partition by order_id), n_touches)
            as last_non_direct_number
    from numbered

),

rounded as (

    select
        {%- for model in divided %}
        cast({{ model }} as {{ decimal }}) as {{ model }}_rounded_share,
        cast({{ model }} * order_revenue as {{ decimal }}) as {{ model }}_rounded_revenue,
        {%- endfor %}
        *
    from weighed

)

select
    order_id,
    person_id,
    session_id,
    touch_number,
    n_touches,
    touched_at,
    ordered_at,
    order_date,
    {%- for model, number in undivided.items() %}
    cast(case when touch_number = {{ number }} then 1 else 0 end as decimal(18, 6)) as {{ model }}_share,
    cast(case when touch_number = {{ number }} then order_revenue else 0 end as {{ decimal }}) as {{ model }}_revenue,
    {%- endfor %}
    {%- for model, number in divided.items() %}
    cast({{ model }}_rounded_share + case
        when touch_number = {{ number }} then 1 - sum({{ model }}_rounded_share) over (partition by order_id)
        else 0
    end as decimal(18, 6)) as {{ model }}_share,
    cast({{ model }}_rounded_revenue + case
        when touch_number = {{ number }} then order_revenue - sum({{ model }}_rounded_revenue) over (partition by order_id)
        else 0
    end as {{ decimal }}) as {{ model }}_revenue,
    {%- endfor %}
    channel
from rounded
