-- One row per funnel, period, breakdown value and step, with every step of every cell (a step that no entry reached is a row with 0).
-- Excluded entries are counted beside and take part in no other figure.
{%- set shares = {'median': 0.5, 'p25': 0.25, 'p75': 0.75, 'p90': 0.9} %}

with entries as (
    select * from {{ ref('fct_funnel_entries') }}
),

suspects as (
    select
        lines.source,
        lines.event_id
    from {{ ref('int_order_lines') }} as lines
    inner join {{ ref('fct_orders') }} as orders on lines.order_key = orders.order_id
    where lines.event_name = 'purchase' and orders.is_suspicious
),

-- who reached what counts with every order, revenue without those that look like brushing
steps as (
    select
        steps.*,
        case when suspects.event_id is null then steps.revenue end as counted_revenue
    from {{ ref('fct_funnel_steps') }} as steps
    left join suspects on steps.source = suspects.source and steps.event_id = suspects.event_id
),

definitions as (
    {{ funnel_definitions() }}
),

-- A null breakdown_value means everyone, so an entry without a value gets a name of its own.
entries_by_breakdown as (
    select
        funnel_name,
        entry_id,
        entered_date,
        level,
        is_window_closed,
        is_excluded,
        cast(null as {{ dbt.type_string() }}) as breakdown_value
    from entries
    union all
    select
        entries.funnel_name,
        entries.entry_id,
        entries.entered_date,
        entries.level,
        entries.is_window_closed,
        entries.is_excluded,
        coalesce(entries.breakdown_value, '(none)') as breakdown_value
    from entries
    inner join definitions
        on entries.funnel_name = definitions.funnel_name and definitions.step_number = 1
    where definitions.has_breakdown
),

entries_by_period as (
    select
        *,
        'all' as period,
        cast(null as date) as period_start
    from entries_by_breakdown
    union all
    select
        *,
        'day' as period,
        entered_date as period_start
    from entries_by_breakdown
    union all
    select
        *,
        'week' as period,
        {{ week_start('entered_date') }} as period_start
    from entries_by_breakdown
),

cells as (
    select
        funnel_name,
        period,
        period_start,
        breakdown_value,
        sum(case when is_excluded then 0 else 1 end) as n_entered,
        sum(case when is_excluded then 1 else 0 end) as n_excluded,
        min(case when is_window_closed or is_excluded then 1 else 0 end) as all_closed
    from entries_by_period
    group by funnel_name, period, period_start, breakdown_value
    union all
    -- a funnel without entries still shows its steps
    select
        funnel_name,
        'all' as period,
        cast(null as date) as period_start,
        cast(null as {{ dbt.type_string() }}) as breakdown_value,
        0 as n_entered,
        0 as n_excluded,
        1 as all_closed
    from definitions
    where
        step_number = 1
        and funnel_name not in (select entries.funnel_name from entries)
),

reached as (
    select
        entries_by_period.funnel_name,
        entries_by_period.period,
        entries_by_period.period_start,
        entries_by_period.breakdown_value,
        steps.step_number,
        count(*) as n_reached,
        sum(case when entries_by_period.level = steps.step_number then 1 else 0 end) as n_ended,
        {%- for measure in ['previous', 'entry'] %}
        {%- for name, share in shares.items() %}
        {{ quantile('steps.since_' ~ measure ~ '_s', share) }} as {{ name }}_time_from_{{ measure }}_s,
        {%- endfor %}
        {%- endfor %}
        {{ stable_sum('steps.counted_revenue') }} as revenue
    from entries_by_period
    inner join steps
        on entries_by_period.entry_id = steps.entry_id
    where not entries_by_period.is_excluded
    group by
        entries_by_period.funnel_name,
        entries_by_period.period,
        entries_by_period.period_start,
        entries_by_period.breakdown_value,
        steps.step_number
),

dense as (
    select
        cells.funnel_name,
        cells.period,
        cells.period_start,
        cells.breakdown_value,
        cells.n_entered,
        cells.n_excluded,
        cells.all_closed,
        definitions.step_number,
        definitions.step_name,
        definitions.is_optional,
        coalesce(reached.n_reached, 0) as n_reached,
        coalesce(reached.n_ended, 0) as n_ended,
        reached.revenue
        {%- for measure in ['previous', 'entry'] %}
        {%- for name in shares %},
        reached.{{ name }}_time_from_{{ measure }}_s
        {%- endfor %}
        {%- endfor %}
    from cells
    inner join definitions
        on cells.funnel_name = definitions.funnel_name
    left join reached
        on
            cells.funnel_name = reached.funnel_name
            and cells.period = reached.period
            and coalesce(cells.period_start, cast('1900-01-01' as date))
            = coalesce(reached.period_start, cast('1900-01-01' as date))
            -- null is everyone, the empty text a value
            and coalesce(cells.breakdown_value, '') = coalesce(reached.breakdown_value, '')
            and (cells.breakdown_value is null) = (reached.breakdown_value is null)
            and definitions.step_number = reached.step_number
),

-- Reaching a required step means having reached all required steps before it, so the least of those before is that of the last one.
with_base as (
    select
        *,
        coalesce(min(case when not is_optional then n_reached end) over before, n_entered) as n_base,
        coalesce(sum(n_ended) over before, 0) as n_ended_before
    from dense
    window before as (
        partition by funnel_name, period, period_start, breakdown_value
        order by step_number rows between unbounded preceding and 1 preceding
    )
)

select
    funnel_name,
    cast(period as {{ dbt.type_string() }}) as period,
    period_start,
    breakdown_value,
    step_number,
    step_name,
    is_optional,
    cast(n_entered as {{ dbt.type_bigint() }}) as n_entered,
    cast(n_reached as {{ dbt.type_bigint() }}) as n_reached,
    cast(n_excluded as {{ dbt.type_bigint() }}) as n_excluded,
    cast(n_base - (n_entered - n_ended_before) as {{ dbt.type_bigint() }}) as n_dropped,
    cast(n_reached as double) / nullif(n_base, 0) as step_conversion_rate,
    cast(n_reached as double) / nullif(n_entered, 0) as overall_conversion_rate,
    {%- for measure in ['previous', 'entry'] %}
    {%- for name in shares %}
    cast({{ name }}_time_from_{{ measure }}_s as double) as {{ name }}_time_from_{{ measure }}_s,
    {%- endfor %}
    {%- endfor %}
    cast(revenue as double) as revenue,
    all_closed = 1 as is_mature
from with_base
order by funnel_name, period, period_start, breakdown_value nulls first, step_number
