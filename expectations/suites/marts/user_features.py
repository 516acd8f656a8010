"""Feature snapshots: the one of as_of is there, and none sees the future."""

from expectations.checks import Probe, max_at_least, zero
from expectations.params import GateParams


def snapshots(params: GateParams) -> Probe:
    return Probe(
        sql=f"""
            select
                as_of_date,
                count(*) as n_persons,
                -- persons of an earlier snapshot may have turned out to be others since
                case when as_of_date = date '{params.as_of_date}'
                    then greatest(0, count(*) - (select count(*) from marts.dim_users)) else 0
                end as n_persons_invented,
                count(*) filter (where as_of_date > date '{params.as_of_date}') as n_after_as_of,
                count(*) filter (where days_since_last_active < 0) as n_seeing_the_future,
                count(*) filter (
                    where activity_score < 0 or activity_score > 100 or isnan(cast(activity_score as double))
                ) as n_score_out_of_range,
                count(*) filter (where activity_score is null or purchase_frequency is null) as n_missing,
                cast(bool_or(as_of_date = date '{params.as_of_date}') as integer) as is_current
            from marts.user_features
            group by as_of_date
            union all  -- where no event is anybody's there is nobody to have features
            select date '{params.as_of_date}', 0, 0, 0, 0, 0, 0, 1
            where not exists (select 1 from marts.dim_users)
        """,
        keys=("as_of_date",),
        checks=[
            zero("n_persons_invented", "persons of the snapshot of as_of beyond those of marts.dim_users"),
            zero("n_after_as_of", "rows of a snapshot later than as_of"),
            zero("n_seeing_the_future", "persons last active after the date of their snapshot"),
            zero("n_score_out_of_range", "persons with an activity score outside 0 to 100"),
            zero("n_missing", "persons without an activity score or a purchase frequency"),
            max_at_least("is_current", 1, "1 if there is a snapshot of as_of"),
        ],
    )


PROBES = (snapshots,)
