"""Who moved between segments since the night before: flows end in today's segments."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def flows(params: GateParams) -> Probe:
    return Probe(
        sql=f"""
            select
                -- nothing to compare with on the first night
                case when count(*) > 0 then abs(
                    coalesce(sum(n_persons) filter (where to_segment <> '(gone)'), 0)
                    - (select count(*) from ml.user_segments)
                ) end as n_persons_off,
                count(*) filter (where as_of_date <> date '{params.as_of_date}') as n_other_date,
                count(*) filter (where previous_as_of_date >= as_of_date) as n_backwards,
                count(*) filter (where n_persons < 1 or (from_segment = '(new)' and to_segment = '(gone)')) as n_nobody
            from ml.segment_migrations
        """,
        checks=[
            zero("n_persons_off", "persons that the flows lead to compared with ml.user_segments", may_be_empty=True),
            zero("n_other_date", "rows of another date than as_of"),
            zero("n_backwards", "flows from a date that is not before as_of"),
            zero("n_nobody", "flows of nobody, or of persons both new and gone"),
        ],
    )


PROBES = (flows,)
