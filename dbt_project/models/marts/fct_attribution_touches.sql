-- Grain: attribution model × order × touch that has a share in it. A touch is a session of the order's person, no bot, that began no later
-- than the order and at most attribution.lookback before it; each order looks back for itself, so one session may serve several orders.
-- The shares of one order add up to 1, and the parts of its revenue to its revenue, exactly: they are decimals of six digits, and what
-- rounding leaves over goes to the latest touch. An order without any touch has one row with channel `no_touch` in each model.
-- Orders that are suspicious or of bots are left out. Late sessions and orders change the shares at the next run.
{{ replaces_changed(since='ordered_at') }}
{%- set attribution = var('attribution') %}
{%- set between_share = 1 - attribution.first_share - attribution.last_share %}
{%- set weight_type = 'decimal(38, 6)' %}
with orders as (

    select
        orders.order_id,
        orders.person_id,
        orders.ordered_at,
        orders.order_date,
        {{ add_seconds('orders.ordered_at', 'cast(-' ~ attribution.lookback_s ~ ' as ' ~ dbt.type_bigint() ~ ')') }} as looks_back_to,
        cast(orders.revenue as {{ weight_type }}) as order_revenue
    from {{ ref('fct_orders') }} as orders
    {{- only_changed('orders', since='ordered_at') }}
    where not orders.is_suspicious and not orders.is_bot

),

sessions as (

    select
        session_id,
        person_id,
        started_at,
        channel,
        traffic_source,
        traffic_medium,
        utm_campaign
    from {{ ref('fct_sessions') }}
    where not is_bot

),

touches as (

    select
        orders.*,
        sessions.session_id,
        sessions.started_at as touched_at,
        coalesce(sessions.channel, 'no_touch') as channel,
        sessions.traffic_source,
        sessions.traffic_medium,
        sessions.utm_campaign,
        {{ seconds_between('sessions.started_at', 'orders.ordered_at') }} as seconds_before_order
    from orders
    left join sessions
        on
            orders.person_id = sessions.person_id
            and orders.ordered_at >= sessions.started_at
            and orders.looks_back_to <= sessions.started_at

),

placed as (

    select
        *,
        row_number() over (partition by order_id order by touched_at, session_id) as touch_number,
        count(*) over (partition by order_id) as n_touches,
        -- the latest touch that is not direct; where all are, the latest of them
        row_number() over (
            partition by order_id
            order by case when channel = 'direct' then 1 else 0 end, touched_at desc, session_id desc
        ) as place_non_direct,
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
        -- the oldest first, so that the sum does not depend on how rows are divided among threads
        decay / sum(decay) over (
            partition by order_id order by touch_number rows between unbounded preceding and unbounded following
        ) as decay_share
    from placed

),

shares as (
    {%- set shares = [
        ('first_touch', 'case when touch_number = 1 then 1 else 0 end'),
        ('last_touch', 'case when touch_number = n_touches then 1 else 0 end'),
        ('last_non_direct_touch', 'case when place_non_direct = 1 then 1 else 0 end'),
        ('linear', '1.0 / n_touches'),
        ('position_based', 'case
            when n_touches = 1 then 1.0
            when n_touches = 2 and ' ~ (attribution.first_share + attribution.last_share) ~ ' = 0 then 0.5
            when n_touches = 2 and touch_number = 1 then ' ~ attribution.first_share ~ ' / ' ~ ((attribution.first_share + attribution.last_share) or 1) ~ '
            when n_touches = 2 then ' ~ attribution.last_share ~ ' / ' ~ ((attribution.first_share + attribution.last_share) or 1) ~ '
            when touch_number = 1 then ' ~ attribution.first_share ~ '
            when touch_number = n_touches then ' ~ attribution.last_share ~ '
            else ' ~ between_share ~ ' / (n_touches - 2)
        end'),
        ('time_decay', 'decay_share'),
    ] %}
    {%- for model, share in shares %}

    select
        '{{ model }}' as model,
        weighed.*,
        cast({{ share }} as double) as share
    from weighed
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

rounded as (

    select
        *,
        cast(share as {{ weight_type }}) as rounded_share,
        cast(share * order_revenue as {{ weight_type }}) as rounded_revenue
    from shares

),

-- what rounding left over
settled as (

    select
        *,
        rounded_share
        + case when is_latest then 1 - sum(rounded_share) over (partition by model, order_id) else 0 end as conversion_share,
        rounded_revenue
        + case when is_latest then order_revenue - sum(rounded_revenue) over (partition by model, order_id) else 0 end as revenue
    from (
        select
            *,
            row_number() over (partition by model, order_id order by case when share > 0 then 0 else 1 end, touch_number desc) = 1
                as is_latest
        from rounded
    ) as ranked

)

select
    model,
    order_id,
    person_id,
    session_id,
    touch_number,
    n_touches,
    touched_at,
    ordered_at,
    order_date,
    seconds_before_order,
    channel,
    traffic_source,
    traffic_medium,
    utm_campaign,
    cast(conversion_share as decimal(18, 6)) as conversion_share,
    cast(revenue as decimal(38, 6)) as revenue
from settled
where share > 0
