-- Grain: order × channel that touched it, with what each attribution model gives to its touches. The base of channel_attribution: an order
-- may have touched a channel more than once. Of a share too small for six digits some revenue may be left: then it counts as touched, too.
-- Shares are 1 at most and kept in eight bytes: the engine unpacks those of sixteen much more slowly.
{{ replaces_changed() }}
select
    order_id,
    person_id,
    ordered_at,
    cast({{ dbt.date_trunc('month', 'order_date') }} as date) as month_start,
    {%- for model in attribution_models() %}
    cast(sum({{ model }}_share) as decimal(18, 6)) as {{ model }}_share,
    cast(sum({{ model }}_revenue) as decimal(38, 6)) as {{ model }}_revenue,
    cast(max(case when {{ model }}_share <> 0 or {{ model }}_revenue <> 0 then 1 else 0 end) as bigint) as {{ model }}_orders,
    {%- endfor %}
    channel
from {{ ref('fct_attribution_touches') }}
where 1 = 1 {{- and_row_is_changed('fct_attribution_touches', ref('fct_attribution_touches'), since='ordered_at') }}
group by order_id, person_id, ordered_at, order_date, channel
