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
    min(period_label) as period_label,
    cast(count(*) as {{ dbt.type_bigint() }}) as n_cohorts,
    cast(sum(case when is_warm_up then 1 else 0 end) as {{ dbt.type_bigint() }}) as n_warm_up_cohorts,
    cast(sum(n_cohort) as {{ dbt.type_bigint() }}) as n_cohort,
    cast(sum(n_retained) as {{ dbt.type_bigint() }}) as n_retained,
    cast(sum(n_retained) as double) / nullif(sum(n_cohort), 0) as retention_rate,
    cast(sum(case when not is_warm_up then n_retained end) as double)
    / nullif(sum(case when not is_warm_up then n_cohort end), 0) as retention_rate_after_warm_up,
    {{ stable_sum('retention_rate', digits=12) }} / count(*) as simple_mean_rate,
    {{ stable_sum('revenue') }} as revenue,
    {{ stable_sum('cumulative_revenue') }} as cumulative_revenue,
    {{ stable_sum('cumulative_revenue') }} / nullif(sum(n_cohort), 0) as cumulative_revenue_per_person
from mature_cells
group by mode, grain, period_number
