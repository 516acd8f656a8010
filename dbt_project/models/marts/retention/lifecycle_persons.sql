-- Grain: person × grain × period in which the person was active: how that came about, and from when on the person counts as dormant.
-- The figures of lifecycle_periods, power_user_curve and the days of user_activity can be counted again from it.
{{ replaces_changed() }}
with active_days as (

    select
        days.person_id,
        days.activity_date
    from {{ ref('int_person_days') }} as days
    {{- only_changed('days') }}
    where not days.is_bot

),

{%- for grain in ['day', 'week', 'month'] %}

{{ grain }}s as (

    select
        person_id,
        {{ period_start(grain, 'activity_date') }} as period_start,
        count(*) as n_active_days
    from active_days
    group by person_id, {{ period_start(grain, 'activity_date') }}

),

{{ grain }}s_in_order as (

    select
        *,
        {{ add_periods(grain, 'period_start', 1) }} as following_start,
        lag(period_start) over (partition by person_id order by period_start) as previous_start,
        lead(period_start) over (partition by person_id order by period_start) as next_start
    from {{ grain }}s

),
{%- endfor %}

periods as (

    {%- for grain in ['day', 'week', 'month'] %}
    select
        *,
        '{{ grain }}' as grain,
        previous_start = {{ add_periods(grain, 'period_start', -1) }} as was_there_before
    from {{ grain }}s_in_order
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

)

select
    cast(person_id as {{ dbt.type_string() }}) as person_id,
    cast(grain as {{ dbt.type_string() }}) as grain,
    period_start,
    cast(
        case when previous_start is null then 'new' when was_there_before then 'returning' else 'resurrected' end as {{ dbt.type_string() }}
    ) as state,
    n_active_days,
    previous_start as previous_period_start,
    case when next_start is null or next_start > following_start then following_start end as dormant_from
from periods
