-- Persons whose rows of every later table a delta night rebuilds, and from when on; empty in a full build.
-- These are the reopened ones; a person newly identified as a bot, or no longer, is rebuilt from the first event, also where nothing new
-- came of it: what others did decides whether an address has most of all events.
-- Like int_reopened, a person stays here until the night is published.
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='person_id') }}
with reopened as (

    select
        reopened.person_id,
        reopened.reopen_at,
        reopened.n_sessions_before,
        bots.person_id is not null as is_bot
    from {{ ref('int_reopened') }} as reopened
    left join {{ ref('int_bots') }} as bots on reopened.person_id = bots.person_id

),

changed as (

    select
        person_id,
        reopen_at as changed_from_at,
        n_sessions_before,
        is_bot
    from reopened

    {%- if is_delta() %}
    union all
    select
        users.person_id,
        {{ beginning_of_time() }} as changed_from_at,
        0 as n_sessions_before,
        not users.is_bot as is_bot
    from {{ source('previous', 'dim_users') }} as users
    left join {{ ref('int_bots') }} as bots on users.person_id = bots.person_id
    where users.is_bot <> (bots.person_id is not null)
    union all
    select
        before.person_id,
        before.changed_from_at,
        before.n_sessions_before,
        bots.person_id is not null as is_bot
    from {{ this }} as before
    left join {{ ref('int_bots') }} as bots on before.person_id = bots.person_id
    {%- endif %}

),

ranked as (

    select
        *,
        row_number() over (partition by person_id order by changed_from_at) as place
    from changed

)

select
    person_id,
    changed_from_at,
    {{ local_date('changed_from_at') }} as changed_from_date,
    cast(n_sessions_before as bigint) as n_sessions_before,
    is_bot
from ranked
where place = 1
