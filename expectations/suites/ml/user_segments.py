"""Segments: one of the known ones for every person of the features, with a reason."""

from expectations.checks import Probe, between, not_null, one_of, zero
from expectations.params import GateParams

FEW = 20
"""Fewer persons than this may well be in one segment."""


def shares(params: GateParams) -> Probe:
    return Probe(
        sql=f"""
            select
                segment,
                count(*) as n_persons,
                -- after years most people are dormant; in a site's first days everybody is new
                -- one segment for all the others means a rule that is broken
                case when segment <> 'dormant' and sum(count(*)) filter (where segment <> 'dormant') over () >= {FEW}
                    then count(*) filter (where segment <> 'new' or days_since_first_seen >= {params.new_within_days})
                        / sum(count(*)) filter (where segment <> 'dormant') over ()
                end as segment_share,
                count(*) filter (where segments.as_of_date <> date '{params.as_of_date}') as n_other_date,
                count(*) filter (where model_version is null or segment_reason is null) as n_unexplained,
                count(*) filter (where rfm_score is distinct from concat(rfm_recency, rfm_frequency, rfm_monetary)
                    and (rfm_score is not null or rfm_recency is not null)) as n_rfm_off,
                count(*) filter (where least(rfm_recency, rfm_frequency, rfm_monetary) < 1
                    or greatest(rfm_recency, rfm_frequency, rfm_monetary) > 5) as n_rfm_outside,
                abs(sum(count(*)) over () - (
                    select count(*) from marts.user_features where as_of_date = date '{params.as_of_date}'
                )) as n_persons_off
            from ml.user_segments as segments
            left join marts.user_features as features
                on segments.person_id = features.person_id and features.as_of_date = date '{params.as_of_date}'
            group by segment
            union all  -- where no event is anybody's there is nobody to be in a segment
            select 'new', 0, null, 0, 0, 0, 0, 0
            where not exists (select 1 from marts.user_features where as_of_date = date '{params.as_of_date}')
        """,
        keys=("segment",),
        checks=[
            not_null("segment", "the segment of a person"),
            one_of("segment", params.segments, "the segment of a person"),
            between(
                "segment_share",
                0,
                0.98,
                "nearly everybody is in one segment, so a rule may be off",
                look="select segment, count(*) from ml.user_segments group by all",
                severity="warn",
                may_be_empty=True,
            ),
            zero("n_other_date", "rows of another date than as_of"),
            zero("n_unexplained", "persons without a reason for their segment or the version of the model"),
            zero("n_rfm_off", "persons whose RFM score is not its three digits"),
            zero("n_rfm_outside", "persons with a part of the RFM score outside 1 to 5"),
            zero("n_persons_off", "persons in a segment compared with the features of as_of"),
        ],
    )


PROBES = (shares,)
