-- Persons who are programs. The user agent's word counts before the rate.
select
    person_id,
    max(bot_reason) as bot_reason
from {{ ref('int_bot_evidence') }}
group by person_id
