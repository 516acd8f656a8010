-- One row per breakdown, its value, cohort, mode, grain and period: retention of the persons with that value at as_of. Here and
-- not in the marts because the segment is known only after them. The rows of one breakdown add up to retention.

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
        {{ retention_counts_summed() }}
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

{{ retention_cells(by=['breakdown', 'breakdown_value']) }}

select
    cast(counted.breakdown as {{ dbt.type_string() }}) as breakdown,
    counted.breakdown_value,
    {{- retention_columns() }}
from counted
