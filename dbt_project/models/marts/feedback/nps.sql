-- Grain: period × breakdown × its value. The Net Promoter Score: promoters less detractors per hundred answers; bots left out.
-- The interval is the adjusted Wald interval AW(3, T) of Rocks (2016), "Interval Estimation for the Net Promoter Score": three answers are
-- added, as if 3/4 promoted, 3/2 were passive and 3/4 detracted. It is widened where it does not reach the score, as of few answers.
{%- set z = 1.959963984540054 %}
with answers as (

    select
        feedback.answered_date,
        feedback.nps_group,
        feedback.survey,
        feedback.category,
        users.acquisition_channel
    from {{ ref('fct_feedback') }} as feedback
    left join {{ ref('dim_users') }} as users on feedback.person_id = users.person_id
    where feedback.nps_group is not null and not feedback.is_bot

),

broken_down as (

    {%- for breakdown in ['all', 'survey', 'category', 'acquisition_channel'] %}
    select
        answered_date,
        nps_group,
        '{{ breakdown }}' as breakdown,
        {{ 'cast(null as ' ~ dbt.type_string() ~ ')' if breakdown == 'all' else breakdown }} as breakdown_value
    from answers
    {% if breakdown != 'all' %}where {{ breakdown }} is not null{% endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

in_periods as (

    {%- for period in ['all', 'day', 'week', 'month'] %}
    select
        '{{ period }}' as period,
        {{ 'cast(null as date)' if period == 'all' else period_start(period, 'answered_date') }} as period_start,
        breakdown,
        breakdown_value,
        nps_group
    from broken_down
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

counted as (

    select
        period,
        period_start,
        breakdown,
        breakdown_value,
        count(*) as n_responses,
        sum(case when nps_group = 'promoter' then 1 else 0 end) as n_promoters,
        sum(case when nps_group = 'passive' then 1 else 0 end) as n_passives,
        sum(case when nps_group = 'detractor' then 1 else 0 end) as n_detractors
    from in_periods
    group by period, period_start, breakdown, breakdown_value

),

adjusted as (

    select
        *,
        100.0 * (n_promoters - n_detractors) / n_responses as nps,
        (n_promoters + 0.75) / (n_responses + 3) as promoter_share,
        (n_detractors + 0.75) / (n_responses + 3) as detractor_share
    from counted

),

bounded as (

    select
        *,
        promoter_share - detractor_share as centre,
        {{ z }} * sqrt(
            (promoter_share + detractor_share - power(promoter_share - detractor_share, 2)) / (n_responses + 3)
        ) as half_width
    from adjusted

)

select
    cast(period as {{ dbt.type_string() }}) as period,
    period_start,
    cast(breakdown as {{ dbt.type_string() }}) as breakdown,
    breakdown_value,
    cast(n_responses as {{ dbt.type_bigint() }}) as n_responses,
    cast(n_promoters as {{ dbt.type_bigint() }}) as n_promoters,
    cast(n_passives as {{ dbt.type_bigint() }}) as n_passives,
    cast(n_detractors as {{ dbt.type_bigint() }}) as n_detractors,
    cast(nps as double) as nps,
    cast(least(nps, greatest(-100, 100 * (centre - half_width))) as double) as ci_low,
    cast(greatest(nps, least(100, 100 * (centre + half_width))) as double) as ci_high
from bounded
