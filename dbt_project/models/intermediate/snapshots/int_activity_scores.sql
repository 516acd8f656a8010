-- Grain: person × snapshot date, of those active in the 30 days up to it: activity_score of user_features, whose scale is everybody's.
{%- set dates = snapshot_dates() %}
{%- set now_and_then = [(ref('int_person_event_days'), none), (ref('int_former_event_days'), 'until_date')] %}
-- Σ weight × ln(1 + count in 30 days) over event names …
with event_counts as (

    select
        person_id,
        {%- for date in dates %}
        sum(n_events_{{ loop.index }}) as n_events_{{ loop.index }},
        {%- endfor %}
        event_name
    from (
        {%- for table, until in now_and_then %}
        select
            person_id,
            {%- for date in dates %}
            case when {{ is_in_30_days(date, 'activity_date', 'known_date', until) }} then n_events else 0 end as n_events_{{ loop.index }},
            {%- endfor %}
            event_name
        from {{ table }}
        where not is_bot and activity_date > {{ add_days("cast('" ~ dates[0] ~ "' as date)", -30) }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as counted
    group by person_id, event_name

),

raw_scores as (
    {%- for date in dates %}

    select
        cast('{{ date }}' as date) as as_of_date,
        person_id,
        {{ stable_sum(event_weight('event_name') ~ ' * ln(1 + n_events_' ~ loop.index ~ ')', digits=12) }} as raw_score
    from event_counts
    where n_events_{{ loop.index }} > 0
    group by person_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- … in percent of the 99th percentile of those active in the 30 days
score_scale as (

    select
        as_of_date,
        {{ quantile('raw_score', 0.99) }} as full_score
    from raw_scores
    group by as_of_date

)

select
    raw_scores.person_id,
    raw_scores.as_of_date,
    cast(100.0 * raw_scores.raw_score / nullif(score_scale.full_score, 0) as double) as activity_score
from raw_scores
inner join score_scale on raw_scores.as_of_date = score_scale.as_of_date
