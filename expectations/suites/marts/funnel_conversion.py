"""Funnels: each step has no more people than the one before, and rates and times are possible."""

from expectations.checks import Probe, between, zero
from expectations.lake import quoted
from expectations.params import GateParams


def rates(params: GateParams) -> Probe:
    # An optional step may be reached by fewer people than the one after it, so required steps are compared.
    return Probe(
        sql="""
            with steps as (
                select *,
                    min(case when not is_optional then n_reached end) over (
                        partition by funnel_name, period, period_start, breakdown_value
                        order by step_number rows between unbounded preceding and 1 preceding
                    ) as n_reached_before
                from marts.funnel_conversion
            )
            select
                funnel_name,
                count(*) filter (where n_reached > n_reached_before) as n_not_monotone,
                count(*) filter (where n_reached > n_entered) as n_more_than_entered,
                count(*) filter (where step_number = 1 and n_reached <> n_entered) as n_first_step_off,
                count(*) filter (where overall_conversion_rate not between 0 and 1) as n_overall_rate_outside,
                count(*) filter (where step_conversion_rate not between 0 and 1) as n_step_rate_outside,
                count(*) filter (where median_time_from_previous_s < 0) as n_negative_time,
                count(*) filter (where n_dropped < 0 or n_dropped > n_entered) as n_dropped_outside,
                count(*) filter (
                    where p25_time_from_entry_s > median_time_from_entry_s
                        or median_time_from_entry_s > p75_time_from_entry_s
                        or p75_time_from_entry_s > p90_time_from_entry_s
                ) as n_quantiles_crossed,
                coalesce(
                    sum(n_excluded) filter (where period = 'all' and breakdown_value is null)
                    / nullif(sum(n_excluded + n_entered) filter (where period = 'all' and breakdown_value is null), 0),
                    0
                ) as excluded_rate
            from steps
            group by funnel_name
        """,
        keys=("funnel_name",),
        checks=[
            zero("n_not_monotone", "steps that more people reached than a required step before", may_be_empty=True),
            zero("n_more_than_entered", "steps that more people reached than entered the funnel", may_be_empty=True),
            zero("n_first_step_off", "first steps that others reached than entered the funnel", may_be_empty=True),
            zero("n_overall_rate_outside", "steps with an overall conversion rate outside 0 to 1", may_be_empty=True),
            zero("n_step_rate_outside", "steps with a step conversion rate outside 0 to 1", may_be_empty=True),
            zero("n_negative_time", "steps reached before the step before", may_be_empty=True),
            zero("n_dropped_outside", "steps that fewer than 0 or more than all people dropped at", may_be_empty=True),
            zero(
                "n_quantiles_crossed", "steps whose times from entry do not rise with the quantile", may_be_empty=True
            ),
            # An event that removes nearly everybody is more likely a wrong name in `exclude` than the truth.
            between(
                "excluded_rate",
                0,
                0.9,
                "share of entries that an `exclude` event removed, which may be a wrong name",
                look="select funnel_name, n_entered, n_excluded from marts.funnel_conversion where period = 'all'",
                severity="warn",
                may_be_empty=True,
            ),
        ],
    )


def definitions(params: GateParams) -> Probe:
    """Default funnels are fitted to the data; what they lack is reported, as it can change the last step."""
    left_out = enumerate(params.left_out_of_funnels)
    rows = [f"({i}, {quoted(row['funnel_name'])}, {quoted(row['left_out'])})" for i, row in left_out]
    return Probe(
        sql=f"""
            select funnel_name, string_agg(left_out, ', ' order by i) as left_out, count(left_out) as n_left_out
            from (values {", ".join(rows) or "(0, null, null)"}) as t (i, funnel_name, left_out)
            group by funnel_name
            order by min(i)
        """,
        keys=("funnel_name", "left_out"),
        checks=[
            zero(
                "n_left_out",
                "parts of the default funnels that no event of the data has, so that the funnel goes without them, or "
                "is not there (your own go into `funnels` of growth.yaml)",
                look="select distinct funnel_name, step_number, step_name from marts.funnel_conversion order by all",
                severity="warn",
            ),
        ],
    )


PROBES = (rates, definitions)
