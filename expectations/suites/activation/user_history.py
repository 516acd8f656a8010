"""What a person's segment and lifecycle stage were, and when: intervals that do not overlap and end in the profile."""

from expectations.checks import Probe, between, zero
from expectations.params import GateParams


def intervals(params: GateParams) -> Probe:
    as_of = f"date '{params.as_of_date}'"
    return Probe(
        sql=f"""
            with in_order as (
                select
                    *,
                    lag(coalesce(valid_to, date 'infinity')) over (
                        partition by person_id, attribute order by valid_from
                    ) as before_ended
                from activation.user_history
            ),
            profiles as (
                select person_id, 'segment' as attribute, segment as value
                from activation.user_profiles
                where segment is not null
                union all
                select person_id, 'lifecycle_stage', lifecycle_stage from activation.user_profiles
            )
            select
                count(*) filter (where valid_to <= valid_from) as n_empty,
                count(*) filter (where valid_from > {as_of} or valid_to > {as_of}) as n_after_as_of,
                count(*) filter (where valid_from < before_ended) as n_overlapping,
                avg(cast(valid_from > before_ended as integer)) as gap_rate,
                (
                    select count(*)
                    from profiles
                    full join (from in_order where valid_to is null) as current using (person_id, attribute)
                    where profiles.value is distinct from current.value
                ) as n_other_than_the_profile
            from in_order
        """,
        checks=[
            zero("n_empty", "intervals that end before they begin"),
            zero("n_after_as_of", "intervals that begin or end after as_of"),
            zero("n_overlapping", "intervals that begin before the one before has ended"),
            zero("n_other_than_the_profile", "open intervals that differ from activation.user_profiles"),
            between(
                "gap_rate",
                0,
                0.05,
                "share of intervals that begin after a gap: persons who were bots, or absent, for some nights",
                look="select * from activation.user_history order by person_id, attribute, valid_from limit 20",
                severity="warn",
                may_be_empty=True,
            ),
        ],
    )


PROBES = (intervals,)
