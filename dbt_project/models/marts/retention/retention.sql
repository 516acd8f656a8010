-- One row per cohort, mode, grain and period: who came back so long after the start. The persons of each cell are in retention_persons.
-- Only cells whose first day is not after as_of exist; one in which nobody came back is a row with 0.
{%- set seconds_to_end = 'cast(86400 * (period_number + 1) as ' ~ dbt.type_bigint() ~ ')' %}

with returns as (
    {{ retention_counts(ref('retention_persons')) }}
),

-- the periods that the config asks for
numbers (grain, period_number) as (
    values
    {%- for grain, last in retention_last_periods().items() %}
    {%- set is_last_grain = loop.last %}
    {%- for number in range(last + 1) %}
    ('{{ grain }}', {{ number }}){{ ',' if not (is_last_grain and loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

-- a cell covers the periods from first_period to last_period since the start
periods as (
    {%- for mode in ['calendar_on', 'calendar_on_or_after', 'rolling_24h'] %}
    select
        '{{ mode }}' as mode,
        grain,
        period_number,
        period_number as first_period,
        period_number as last_period
    from numbers
    {% if mode == 'rolling_24h' %}where grain = 'day'{% else %}union all{% endif %}
    {%- endfor %}
    {%- for first, last in retention_brackets() %}
    union all
    select
        'bracket' as mode,
        'day' as grain,
        {{ loop.index0 }} as period_number,
        {{ first }} as first_period,
        {{ last }} as last_period
    {%- endfor %}
),

cohorts as (
    select
        mode,
        grain,
        cohort_start,
        n_persons as n_cohort,
        last_started_at
    from returns
    where period_number = 0
),

cells as (
    select *
    from (
        select
            periods.*,
            cohorts.cohort_start,
            cohorts.n_cohort,
            cohorts.last_started_at,
            case periods.grain
                {%- for grain in ['day', 'week', 'month'] %}
                when '{{ grain }}' then {{ add_periods(grain, 'cohorts.cohort_start', 'periods.first_period') }}
                {%- endfor %}
            end as first_date,
            case periods.grain
                {%- for grain in ['day', 'week', 'month'] %}
                when '{{ grain }}' then {{ add_days(add_periods(grain, 'cohorts.cohort_start', 'periods.last_period + 1'), -1) }}
                {%- endfor %}
            end as last_date
        from periods
        inner join cohorts on {{ retention_source_mode('periods.mode') }} = cohorts.mode and periods.grain = cohorts.grain
    ) as dated
    where first_date <= {{ as_of_date() }}
),

{{ retention_figures() }}

select
    cast(mode as {{ dbt.type_string() }}) as mode,
    cast(grain as {{ dbt.type_string() }}) as grain,
    cohort_start,
    cast(period_number as {{ dbt.type_bigint() }}) as period_number,
    cast(
        case
            when first_period = last_period then cast(first_period as {{ dbt.type_string() }})
            else concat(cast(first_period as {{ dbt.type_string() }}), '-', cast(last_period as {{ dbt.type_string() }}))
        end as {{ dbt.type_string() }}
    ) as period_label,
    cast(n_cohort as {{ dbt.type_bigint() }}) as n_cohort,
    cast(n_retained as {{ dbt.type_bigint() }}) as n_retained,
    cast(n_retained as double) / n_cohort as retention_rate,
    revenue,
    cumulative_revenue,
    cumulative_revenue / n_cohort as cumulative_revenue_per_person,
    case
        when mode = 'rolling_24h'
            -- the window is over for the last of the cohort
            then {{ add_seconds('last_started_at', seconds_to_end) }} <= {{ as_of_end_utc() }}
        else last_date <= {{ as_of_date() }}
    end as is_mature,
    {{ is_warm_up('cohort_start') }} as is_warm_up
from figures
