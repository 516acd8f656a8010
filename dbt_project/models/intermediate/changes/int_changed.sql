-- Persons whose rows of every later table a delta night rebuilds, and from when on; empty in a full build.
-- These are the reopened ones; a person newly identified as a bot, or no longer, is rebuilt from the first event.
-- Like int_reopened, a person stays here until the night is published.
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='person_id') }}
with users as (

    {% if is_delta() -%}
    select
        person_id,
        is_bot
    from {{ source('previous', 'dim_users') }}
    {%- else -%}
    select
        person_id,
        false as is_bot
    from {{ ref('int_bots') }}
    where 1 = 0
    {%- endif %}

),

reopened as (

    select
        reopened.person_id,
        reopened.reopen_at,
        reopened.n_sessions_before,
        bots.person_id is not null as is_bot,
        coalesce((bots.person_id is not null) <> users.is_bot, false) as has_turned
    from {{ ref('int_reopened') }} as reopened
    left join {{ ref('int_bots') }} as bots on reopened.person_id = bots.person_id
    left join users on reopened.person_id = users.person_id

),

changed as (

    select
        person_id,
        case when has_turned then {{ beginning_of_time() }} else reopen_at end as changed_from_at,
        case when has_turned then 0 else n_sessions_before end as n_sessions_before,
        is_bot
    from reopened

    {%- if is_delta() %}
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
