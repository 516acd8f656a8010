"""Net Promoter Scores: made of all answers, within bounds and within their interval."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def scores(params: GateParams) -> Probe:
    return Probe(
        sql="""
            select
                count(*) filter (
                    where n_responses <> n_promoters + n_passives + n_detractors
                        or abs(nps - 100.0 * (n_promoters - n_detractors) / n_responses) > 1e-9
                ) as n_scores_off,
                count(*) filter (where not (ci_low between -100 and nps and ci_high between nps and 100))
                    as n_intervals_off,
                abs(
                    coalesce(sum(n_responses) filter (where period = 'day' and breakdown = 'all'), 0)
                    - (select count(*) from marts.fct_feedback where nps_group is not null and not is_bot)
                ) as n_answers_off
            from marts.nps
        """,
        checks=[
            zero("n_scores_off", "scores that are not made of their answers"),
            zero("n_intervals_off", "intervals that leave their score out, or reach beyond 100"),
            zero("n_answers_off", "answers of all days compared with those of marts.fct_feedback"),
        ],
    )


PROBES = (scores,)
