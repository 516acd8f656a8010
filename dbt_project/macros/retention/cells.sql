{# How persons are counted into cells of retention, by cohort (retention) and by cohort and value of a breakdown (retention_breakdown).
   Which cells there are, and when one is mature, is in retention.sql. #}

{# First and last day since the start of each bracket, in order; the start itself is the first. #}
{% macro retention_brackets() %}{{ return([[0, 0]] + (var('retention').get('brackets') or [])) }}{% endmacro %}

{# Rows of retention_persons are of two modes; the others count the same rows otherwise. #}
{% macro retention_source_mode(mode) -%} case when {{ mode }} = 'rolling_24h' then 'rolling_24h' else 'calendar_on' end {%- endmacro %}

{# Persons (columns of retention_persons and those of `by`) counted once, by cohort and period: everything else is a sum over these rows.
   A bracket counts a person in its first period with a return, so no count has to be distinct. #}
{% macro retention_counts(persons, by=[]) -%}
    {%- set keys = ['mode', 'grain', 'cohort_start'] + by + ['period_number'] -%}
    select
        {{ keys | join(',\n        ') }},
        count(*) as n_persons,
        max(started_at) as last_started_at,
        sum(case when is_retained then 1 else 0 end) as n_retained,
        sum(case when is_last_period then 1 else 0 end) as n_last,
        {%- for first, last in retention_brackets() %}
        sum(
            case
                when is_retained and period_number >= {{ first }} and period_number <= {{ last }}
                    and coalesce(previous_period_number < {{ first }}, true) then 1
                else 0
            end
        ) as n_bracket_{{ loop.index0 }},
        {%- endfor %}
        sum(cast(revenue as decimal(38, 6))) as revenue
    from {{ persons }}
    group by {{ keys | join(', ') }}
{%- endmacro %}

{# The CTEs from `returns` (rows of retention_counts) and `cells` (mode, grain, cohort_start, columns of `by`, period_number) to `figures`:
   the cells with n_retained, revenue and cumulative_revenue. #}
{% macro retention_figures(by=[]) %}
    {%- set keys = ['grain', 'cohort_start'] + by -%}
-- what comes after the last period of the config counts as if it came in it: enough for "or after"
by_period as (
    select
        mode,
        {{ keys | join(',\n        ') }},
        least(period_number, last_period) as period_number,
        sum(case when period_number <= last_period then n_retained else 0 end) as n_retained,
        sum(case when period_number <= last_period then revenue else 0 end) as revenue,
        sum(n_last) as n_last,
        sum(revenue) as revenue_or_later
    from (
        select
            *,
            case grain
                {%- for grain, last in retention_last_periods().items() %}
                when '{{ grain }}' then {{ last }}
                {%- endfor %}
            end as last_period
        from returns
    ) as limited
    group by mode, {{ keys | join(', ') }}, least(period_number, last_period)
),

by_bracket as (
    {%- for first, last in retention_brackets() %}
    select
        {{ keys | join(',\n        ') }},
        'bracket' as mode,
        {{ loop.index0 }} as period_number,
        sum(n_bracket_{{ loop.index0 }}) as n_retained,
        sum(case when period_number >= {{ first }} then revenue else 0 end) as revenue,
        sum(revenue) as cumulative_revenue
    from returns
    where mode = 'calendar_on' and grain = 'day' and period_number <= {{ last }}
    group by {{ keys | join(', ') }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- joined by equality alone: any other condition of an outer join makes the engine compare every row with every other
filled as (
    select
        cells.*,
        coalesce(by_period.n_retained, 0) as n_retained_on,
        coalesce(by_period.revenue, 0) as revenue_on,
        coalesce(by_period.n_last, 0) as n_last,
        coalesce(by_period.revenue_or_later, 0) as revenue_or_later,
        coalesce(by_bracket.n_retained, 0) as n_retained_in_bracket,
        coalesce(by_bracket.revenue, 0) as revenue_in_bracket,
        coalesce(by_bracket.cumulative_revenue, 0) as revenue_to_bracket_end
    from cells
    left join by_period
        on
            case when cells.mode <> 'bracket' then {{ retention_source_mode('cells.mode') }} end = by_period.mode
            and cells.period_number = by_period.period_number
            {%- for key in keys %}
            and cells.{{ key }} = by_period.{{ key }}
            {%- endfor %}
    left join by_bracket
        on
            cells.mode = by_bracket.mode
            and cells.period_number = by_bracket.period_number
            {%- for key in keys %}
            and cells.{{ key }} = by_bracket.{{ key }}
            {%- endfor %}
),

summed as (
    select
        *,
        sum(n_last) over from_here as n_retained_on_or_after,
        sum(revenue_or_later) over from_here as revenue_on_or_after,
        sum(revenue_on) over so_far as revenue_so_far
    from filled
    window
        from_here as (
            partition by mode, {{ keys | join(', ') }} order by period_number rows between current row and unbounded following
        ),
        so_far as (
            partition by mode, {{ keys | join(', ') }} order by period_number rows between unbounded preceding and current row
        )
),

figures as (
    select
        *,
        case mode
            when 'calendar_on_or_after' then n_retained_on_or_after when 'bracket' then n_retained_in_bracket else n_retained_on
        end as n_retained,
        cast(
            case mode when 'calendar_on_or_after' then revenue_on_or_after when 'bracket' then revenue_in_bracket else revenue_on end as double
        ) as revenue,
        cast(case mode when 'bracket' then revenue_to_bracket_end else revenue_so_far end as double) as cumulative_revenue
    from summed
)
{%- endmacro %}

{# The last period that the config asks for, by grain. #}
{% macro retention_last_periods() %}
    {%- set rules = var('retention') -%}
    {{ return({
        'day': rules.get('max_days', 30) | int, 'week': rules.get('max_weeks', 12) | int, 'month': rules.get('max_months', 12) | int
    }) }}
{% endmacro %}

{# The number of the window of 24 hours since the start that holds an instant; below 0 before the start. #}
{% macro window_of_24h(started_at, moment) -%}
    cast(floor(({{ epoch_micros(moment) }} - {{ epoch_micros(started_at) }}) / 86400000000.0) as {{ dbt.type_bigint() }})
{%- endmacro %}

{# Dates on which a person did the event (or anything), with its first and last time; bots left out, in a delta night only who changed. #}
{% macro retention_days(event_name) -%}
    select
        days.person_id,
        days.activity_date,
        min(days.first_event_at) as first_event_at,
        max(days.last_event_at) as last_event_at
    from {{ ref('int_person_event_days') if event_name else ref('int_person_days') }} as days
    {{- only_changed('days') }}
    where not days.is_bot {%- if event_name %} and days.event_name = {{ sql_string(event_name) }} {%- endif %}
    group by days.person_id, days.activity_date
{%- endmacro %}
