-- Grain: response (source, response_id). Every answer to a survey: the events survey_response. Answers of nobody known have no person.
with answers as (

    select
        event_id as response_id,
        source,
        person_id,
        event_at as answered_at,
        event_date as answered_date,
        {{ json_text('properties', 'kind') }} as question,
        {{ number_in_text(json_text('properties', 'score')) }} as score,
        {{ json_text('properties', 'comment') }} as comment,
        {{ json_text('properties', 'category') }} as category,
        is_bot
    from {{ ref('fct_events') }}
    where event_name = 'survey_response'

)

select
    response_id,
    source,
    person_id,
    answered_at,
    answered_date,
    source as survey,
    question,
    score,
    case
        when question = 'nps' and score >= 9 then 'promoter'
        when question = 'nps' and score >= 7 then 'passive'
        when question = 'nps' and score >= 0 then 'detractor'
    end as nps_group,
    comment,
    category,
    is_bot
from answers
