-- One row per breakdown, its value, cohort, mode, grain and period: retention of the persons with that value at as_of. Here and
-- not in the marts because the segment is known only after them. Which cells there are, and which are mature, is as in retention.

{%- set breakdowns = var('retention').get('breakdowns') or [] %}

with
-- not user_profiles: its gate would have to be passed first, in the middle of the layer
users as (
    select * from {{ ref('dim_users') }}
),

segments as (
    select
        person_id,
        segment,
        cluster_name
    from {{ ref('user_segments') }}
),

profiles as (
    select
        users.person_id,
        users.acquisition_channel,
        users.lifecycle_stage,
        users.favourite_category,
        users.is_known_user,
        segments.segment,
        segments.cluster_name
    from users
    left join segments on users.person_id = segments.person_id
),

persons as (
    select
        retained.*
        {%- for breakdown in breakdowns %},
        coalesce(cast(profiles.{{ breakdown }} as {{ dbt.type_string() }}), '(none)') as {{ breakdown }}
        {%- endfor %}
    from {{ ref('retention_persons') }} as retained
    inner join profiles on retained.person_id = profiles.person_id
),

-- all breakdowns at once: the persons are counted in one pass, however many there are
together as (
    {{ retention_counts('persons', by=breakdowns) }}
),

returns as (
    {%- for breakdown in breakdowns %}
    select
        mode,
        grain,
        cohort_start,
        cast('{{ breakdown }}' as {{ dbt.type_string() }}) as breakdown,
        {{ breakdown }} as breakdown_value,
        period_number,
        sum(n_persons) as n_persons,
        sum(n_retained) as n_retained,
        sum(n_last) as n_last,
        {%- for _ in retention_brackets() %}
        sum(n_bracket_{{ loop.index0 }}) as n_bracket_{{ loop.index0 }},
        {%- endfor %}
        sum(revenue) as revenue
    from together
    group by mode, grain, cohort_start, {{ breakdown }}, period_number
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select
        *,
        cast(null as {{ dbt.type_string() }}) as breakdown,
        cast(null as {{ dbt.type_string() }}) as breakdown_value
    from together
    where 1 = 0
    {%- endfor %}
),

cohorts as (
    select
        mode,
        grain,
        cohort_start,
        breakdown,
        breakdown_value,
        n_persons as n_cohort
    from returns
    where period_number = 0
),

cells as (
    select
        retention.mode,
        retention.grain,
        retention.cohort_start,
        retention.period_number,
        retention.period_label,
        retention.is_mature,
        retention.is_warm_up,
        cohorts.breakdown,
        cohorts.breakdown_value,
        cohorts.n_cohort
    from {{ ref('retention') }} as retention
    inner join cohorts
        on
            {{ retention_source_mode('retention.mode') }} = cohorts.mode
            and retention.grain = cohorts.grain
            and retention.cohort_start = cohorts.cohort_start
),

{{ retention_figures(by=['breakdown', 'breakdown_value']) }}

select
    cast(breakdown as {{ dbt.type_string() }}) as breakdown,
    breakdown_value,
    mode,
    grain,
    cohort_start,
    period_number,
    period_label,
    cast(n_cohort as {{ dbt.type_bigint() }}) as n_cohort,
    cast(n_retained as {{ dbt.type_bigint() }}) as n_retained,
    cast(n_retained as double) / n_cohort as retention_rate,
    revenue,
    cumulative_revenue,
    cumulative_revenue / n_cohort as cumulative_revenue_per_person,
    is_mature,
    is_warm_up
from figures
