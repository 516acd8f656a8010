-- One row per mode, grain and period: retention over all cohorts whose cell is mature, so that young cohorts do not bend the curve.

with mature_cells as (
    select *
    from {{ ref('retention') }}
    where is_mature
)

select
    mode,
    grain,
    period_number,
    cast(count(*) as {{ dbt.type_bigint() }}) as n_cohorts,
    cast(sum(n_cohort) as {{ dbt.type_bigint() }}) as n_cohort,
    cast(sum(n_retained) as {{ dbt.type_bigint() }}) as n_retained,
    cast(sum(n_retained) as double) / nullif(sum(n_cohort), 0) as retention_rate,
    {{ stable_sum('retention_rate', digits=12) }} / count(*) as simple_mean_rate,
    {{ stable_sum('revenue') }} as revenue
from mature_cells
group by mode, grain, period_number
