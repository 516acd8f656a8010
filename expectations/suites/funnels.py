"""Gate marts, funnels: each step loses people and invents none."""

from expectations.params import GateParams
from expectations.suites.base import Check, Probe, Suite, between, none_of, quoted_list


def _funnel_sql(params: GateParams) -> str:
    # An optional step may be reached by fewer people than the one after it, so those funnels need not be monotone.
    optional = quoted_list(params.funnels_with_optional_steps or ("",))
    return f"""
        with steps as (
            select *,
                lag(n_reached) over (
                    partition by funnel_name, period, period_start, breakdown_value order by step_number
                ) as n_reached_before
            from marts.funnel_conversion
        )
        select
            funnel_name,
            count(*) filter (where n_reached > n_reached_before and funnel_name not in {optional}) as n_not_monotone,
            count(*) filter (where n_reached > n_entered) as n_more_than_entered,
            count(*) filter (where step_number = 1 and n_reached <> n_entered and funnel_name not in {optional})
                as n_first_step_off,
            count(*) filter (where overall_conversion_rate not between 0 and 1) as n_overall_rate_outside,
            count(*) filter (where step_conversion_rate not between 0 and 1 and funnel_name not in {optional})
                as n_step_rate_outside,
            count(*) filter (where median_time_from_previous_s < 0) as n_negative_time,
            count(*) filter (where n_dropped < 0 or n_dropped > n_entered) as n_dropped_outside,
            count(*) filter (
                where p25_time_from_entry_s > median_time_from_entry_s or median_time_from_entry_s > p75_time_from_entry_s
                or p75_time_from_entry_s > p90_time_from_entry_s
            ) as n_quantiles_crossed,
            coalesce(
                sum(n_excluded) filter (where period = 'all' and breakdown_value is null)
                / nullif(sum(n_excluded + n_entered) filter (where period = 'all' and breakdown_value is null), 0), 0
            ) as excluded_rate
        from steps
        group by funnel_name
    """


def _funnel_checks(params: GateParams) -> list[Check]:
    columns = (
        "n_not_monotone",
        "n_more_than_entered",
        "n_first_step_off",
        "n_overall_rate_outside",
        "n_step_rate_outside",
        "n_negative_time",
        "n_dropped_outside",
        "n_quantiles_crossed",
    )
    return [
        *(none_of(column, may_be_empty=True) for column in columns),
        # An event that removes nearly everybody is more likely a wrong name in `exclude` than the truth.
        between("excluded_rate", 0, 0.9, severity="warn", may_be_empty=True),
    ]


SUITES: tuple[Suite, ...] = (
    Suite("marts.funnel_conversion", "marts", (Probe("rates", _funnel_sql, _funnel_checks, keys=("funnel_name",)),)),
)
