-- Persons who are programs. The user agent's word counts before the rate.
-- An unknown visitor with most of all events is taken for an address that many share: the gate warns, and nobody is flagged for it.
with evidence as (

    select
        person_id,
        max(bot_reason) as bot_reason
    from {{ ref('int_bot_evidence') }}
    group by person_id

),

everybody as (

    select sum(n_events) as n_events
    from {{ ref('int_event_counts') }}

),

crowds as (

    select counts.person_id
    from {{ ref('int_event_counts') }} as counts
    cross join everybody
    where counts.person_id like 'anon:%' and counts.n_events * 2 > everybody.n_events

)

select
    evidence.person_id,
    evidence.bot_reason
from evidence
left join crowds on evidence.person_id = crowds.person_id
where evidence.bot_reason = 'user_agent' or crowds.person_id is null
