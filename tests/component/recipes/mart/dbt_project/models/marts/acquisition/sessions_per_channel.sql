-- Grain: channel. Sessions per channel, without bots.
with sessions as (

    select channel
    from {{ ref('fct_sessions') }}
    where not is_bot

)

select
    channel,
    cast(count(*) as {{ dbt.type_bigint() }}) as n_sessions
from sessions
group by channel
