"""Survival curves: everybody who could be seen leaving begins in them and ends once, and they never rise."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def curves(params: GateParams) -> Probe:
    return Probe(
        sql=f"""
            with in_order as (
                select
                    *,
                    coalesce(lag(survival_rate) over (curve order by lifetime_day), 1) as rate_before,
                    row_number() over (curve order by lifetime_day) as place
                from ml.survival_curves
                window curve as (partition by breakdown, breakdown_value)
            )
            select
                breakdown,
                abs(sum(n_at_risk) filter (where place = 1) - (
                    select count(*) from marts.user_features where as_of_date = date '{params.as_of_date}'
                        and days_since_first_seen > {params.lookback_days}
                )) as n_persons_off,
                abs(sum(n_at_risk) filter (where place = 1) - sum(n_events + n_censored)) as n_ends_off,
                count(*) filter (where as_of_date <> date '{params.as_of_date}') as n_other_date,
                count(*) filter (where survival_rate > rate_before + 1e-9) as n_rising,
                count(*) filter (
                    where survival_rate not between 0 and 1 or hazard_rate not between 0 and 1
                        or n_events + n_censored > n_at_risk
                ) as n_rate_outside,
                count(*) filter (where survival_rate not between ci_low and ci_high) as n_outside_interval,
                greatest(max(lifetime_day) - (
                    select max(days_since_first_seen) - {params.lookback_days} from marts.user_features
                    where as_of_date = date '{params.as_of_date}'
                ), 0) as n_days_beyond
            from in_order
            group by breakdown
        """,
        keys=("breakdown",),
        checks=[
            zero(
                "n_persons_off",
                "persons at the start of the curves compared with those first seen before the lookback",
                may_be_empty=True,
            ),
            zero(
                "n_ends_off", "persons at the start compared with those who left or are still there", may_be_empty=True
            ),
            zero("n_other_date", "rows of another date than as_of", may_be_empty=True),
            zero("n_rising", "days on which a survival rate rises", may_be_empty=True),
            zero(
                "n_rate_outside",
                "days with a rate outside 0 to 1, or more ends than persons at risk",
                may_be_empty=True,
            ),
            zero("n_outside_interval", "days with a survival rate outside its own interval", may_be_empty=True),
            zero(
                "n_days_beyond",
                "days of the longest curve beyond the last on which leaving could be seen",
                may_be_empty=True,
            ),
        ],
    )


PROBES = (curves,)
