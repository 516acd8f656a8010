-- One row per behaviour (an event at least so often within so many days of the start) that occurs: do persons who show it stay?
-- Found on the earlier half of the cohorts, checked on the later half, and compared among the equally active (Mantel-Haenszel).
{%- set rules = var('aha') %}
{%- set named_start = sql_string(rules.start_event or 'sign_up') %}

with persons as (
    select
        *,
        {{ aha_stratum('n_sessions', 'n_events') }} as stratum
    from {{ ref('aha_persons') }}
),

-- who did it at all, and how much else they did
doers as (
    select
        persons.person_id,
        persons.within_days,
        persons.is_earlier_half,
        persons.is_retained,
        persons.stratum,
        days.event_name,
        sum(days.n_events) as n_times,
        {{ aha_stratum('max(persons.n_sessions)', 'max(persons.n_events) - sum(days.n_events)') }} as stratum_without
    from persons
    inner join {{ ref('int_person_event_days') }} as days
        on
            persons.person_id = days.person_id
            and persons.start_date <= days.activity_date
            and days.activity_date < {{ add_days('persons.start_date', 'persons.within_days') }}
    where days.event_name <> {{ named_start }}
    group by
        persons.person_id, persons.within_days, persons.is_earlier_half, persons.is_retained, persons.stratum, days.event_name
),

halves as (
    select
        within_days,
        is_earlier_half,
        count(*) as n_persons,
        sum(case when is_retained then 1 else 0 end) as n_retained
    from persons
    group by within_days, is_earlier_half
),

counts as (
    {%- for n in rules.counts %}
    select {{ n }} as min_count
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

tallies as (
    select
        doers.event_name,
        counts.min_count,
        doers.within_days,
        doers.is_earlier_half,
        count(*) as n_did,
        sum(case when doers.is_retained then 1 else 0 end) as n_did_retained
    from doers
    inner join counts on doers.n_times >= counts.min_count
    group by doers.event_name, counts.min_count, doers.within_days, doers.is_earlier_half
),

-- Persons of the earlier half per event and stratum of everything else they did: for who never did the event that is everything. So:
-- everybody by everything, less the doers where they stand there, plus the doers where they belong.
everybody as (
    select
        within_days,
        stratum,
        count(*) as n_persons,
        sum(case when is_retained then 1 else 0 end) as n_retained
    from persons
    where is_earlier_half
    group by within_days, stratum
),

event_names as (
    select distinct
        within_days,
        event_name
    from doers
    where is_earlier_half
),

placed as (
    select
        event_names.event_name,
        everybody.within_days,
        everybody.stratum,
        everybody.n_persons,
        everybody.n_retained
    from everybody
    inner join event_names on everybody.within_days = event_names.within_days
    union all
    select
        event_name,
        within_days,
        stratum,
        -count(*) as n_persons,
        -sum(case when is_retained then 1 else 0 end) as n_retained
    from doers
    where is_earlier_half
    group by event_name, within_days, stratum
    union all
    select
        event_name,
        within_days,
        stratum_without as stratum,
        count(*) as n_persons,
        sum(case when is_retained then 1 else 0 end) as n_retained
    from doers
    where is_earlier_half
    group by event_name, within_days, stratum_without
),

strata as (
    select
        event_name,
        within_days,
        stratum,
        cast(sum(n_persons) as double) as n,
        cast(sum(n_retained) as double) as n_retained
    from placed
    group by event_name, within_days, stratum
),

strata_did as (
    select
        doers.event_name,
        counts.min_count,
        doers.within_days,
        doers.stratum_without as stratum,
        cast(count(*) as double) as n_did,
        cast(sum(case when doers.is_retained then 1 else 0 end) as double) as n_did_retained
    from doers
    inner join counts on doers.n_times >= counts.min_count
    where doers.is_earlier_half
    group by doers.event_name, counts.min_count, doers.within_days, doers.stratum_without
),

-- strata in which all or no persons show the behaviour carry no information
among_equals as (
    select
        did.event_name,
        did.min_count,
        did.within_days,
        {{ stable_sum('did.n_did_retained - did.n_did * strata.n_retained / strata.n', digits=12) }} as excess,
        {{ stable_sum('did.n_did * (strata.n - did.n_did) * strata.n_retained * (strata.n - strata.n_retained)'
            ~ ' / (strata.n * strata.n * (strata.n - 1))', digits=12) }} as variance,
        {{ stable_sum('did.n_did_retained * (strata.n - did.n_did) / strata.n', digits=12) }} as risk_did,
        {{ stable_sum('(strata.n_retained - did.n_did_retained) * did.n_did / strata.n', digits=12) }} as risk_did_not
    from strata_did as did
    inner join strata
        on did.event_name = strata.event_name and did.within_days = strata.within_days and did.stratum = strata.stratum
    where strata.n > did.n_did
    group by did.event_name, did.min_count, did.within_days
),

grid as (
    select
        tallies.event_name,
        tallies.min_count,
        tallies.within_days,
        halves.n_persons,
        halves.n_retained,
        tallies.n_did,
        tallies.n_did_retained,
        later_halves.n_persons as later_n_persons,
        later_halves.n_retained as later_n_retained,
        coalesce(later.n_did, 0) as later_n_did,
        coalesce(later.n_did_retained, 0) as later_n_did_retained,
        among_equals.excess,
        among_equals.variance,
        among_equals.risk_did / nullif(among_equals.risk_did_not, 0) as activity_adjusted_lift
    from tallies
    inner join halves
        on tallies.within_days = halves.within_days and tallies.is_earlier_half = halves.is_earlier_half
    left join tallies as later
        on
            tallies.event_name = later.event_name and tallies.min_count = later.min_count
            and tallies.within_days = later.within_days and not later.is_earlier_half
    left join halves as later_halves
        on tallies.within_days = later_halves.within_days and not later_halves.is_earlier_half
    left join among_equals
        on
            tallies.event_name = among_equals.event_name and tallies.min_count = among_equals.min_count
            and tallies.within_days = among_equals.within_days
    where tallies.is_earlier_half
),

tested as (
    select
        *,
        coalesce({{ least_expected('n_persons', 'n_did', 'n_retained') }} >= 5, false) as is_testable,
        coalesce({{ least_expected('later_n_persons', 'later_n_did', 'later_n_retained') }} >= 5, false) as is_checkable,
        {{ chi_square('n_persons', 'n_did', 'n_retained', 'n_did_retained') }} as chi_square,
        {{ chi_square('later_n_persons', 'later_n_did', 'later_n_retained', 'later_n_did_retained') }} as later_chi_square,
        excess * excess / nullif(variance, 0) as activity_chi_square,
        sign(cast(n_did_retained as double) * n_persons - cast(n_did as double) * n_retained) as direction,
        sign(cast(later_n_did_retained as double) * later_n_persons - cast(later_n_did as double) * later_n_retained) as later_direction
    from grid
),

with_p as (
    select
        *,
        case when is_testable then {{ chi_square_p('chi_square') }} end as p_value,
        case when is_checkable then {{ chi_square_p('later_chi_square') }} end as later_p_value,
        case when is_testable then {{ chi_square_p('activity_chi_square') }} end as activity_p_value
    from tested
),

-- Benjamini-Hochberg over all tests of the grid
ranked as (
    select
        *,
        count(p_value) over () as n_tests,
        row_number() over (
            order by case when is_testable then 0 else 1 end asc, p_value asc, event_name asc, min_count asc, within_days asc
        ) as p_rank
    from with_p
),

adjusted as (
    select
        *,
        -- p * n / n may come out a little below p
        case when is_testable then least(1.0, greatest(p_value, min(p_value * n_tests / p_rank) over (order by p_rank desc))) end
            as p_value_adjusted
    from ranked
),

evaluated as (
    select
        *,
        cast(n_did_retained as double) / n_did as retention_rate_did,
        cast(n_retained - n_did_retained as double) / nullif(n_persons - n_did, 0) as retention_rate_did_not,
        cast(n_did_retained as double) / nullif(n_retained, 0) as recall,
        direction * sqrt(chi_square / n_persons) as phi,
        sign(excess) * sqrt(activity_chi_square / n_persons) as activity_adjusted_phi,
        case
            when cast(n_did_retained as double) / nullif(n_retained, 0) >= {{ aha_structural_recall() }} then 'done_by_all_who_stay'
            when direction > 0 and p_value_adjusted < 0.05 and (excess <= 0 or coalesce(activity_p_value, 1) >= 0.05)
                then 'explained_by_activity'
        end as structural_reason
    from adjusted
)

select
    cast(event_name as {{ dbt.type_string() }}) as event_name,
    cast(min_count as {{ dbt.type_bigint() }}) as min_count,
    cast(within_days as {{ dbt.type_bigint() }}) as within_days,
    cast(row_number() over (
        order by
            case
                when not is_testable then 3
                when structural_reason is not null then 2
                when p_value_adjusted < 0.05 then 0
                else 1
            end asc,
            coalesce(activity_adjusted_phi, -1) desc, event_name asc, min_count asc, within_days asc
    ) as {{ dbt.type_bigint() }}) as aha_rank,
    cast(n_persons as {{ dbt.type_bigint() }}) as n_persons,
    cast(n_did as {{ dbt.type_bigint() }}) as n_did,
    cast(n_persons - n_did as {{ dbt.type_bigint() }}) as n_did_not,
    retention_rate_did,
    retention_rate_did_not,
    retention_rate_did / nullif(retention_rate_did_not, 0) as lift,
    cast(phi as double) as phi,
    retention_rate_did as precision,
    recall,
    cast(p_value as double) as p_value,
    cast(p_value_adjusted as double) as p_value_adjusted,
    activity_adjusted_lift,
    cast(activity_adjusted_phi as double) as activity_adjusted_phi,
    cast(activity_p_value as double) as activity_adjusted_p_value,
    structural_reason is not null as is_structural,
    cast(structural_reason as {{ dbt.type_string() }}) as structural_reason,
    cast(coalesce(later_n_persons, 0) as {{ dbt.type_bigint() }}) as later_n_persons,
    cast(later_n_did as {{ dbt.type_bigint() }}) as later_n_did,
    cast(later_direction * sqrt(later_chi_square / later_n_persons) as double) as later_phi,
    cast(later_p_value as double) as later_p_value,
    case when is_testable and is_checkable then later_direction = direction and later_p_value < 0.05 end as holds_out_of_time
from evaluated
