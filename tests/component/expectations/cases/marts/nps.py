"""Good and bad frames of marts.nps, and damage to the healthy warehouse that it finds."""

GOOD = {
    "scores": {"n_scores_off": 0, "n_intervals_off": 0, "n_answers_off": 0},
}
HEALTHY = """
create table marts.fct_feedback as
    from (values ('promoter', false), ('promoter', false), ('detractor', false), (null, false), ('passive', true))
        as t(nps_group, is_bot);
create table marts.nps as
    select period, 'all' as breakdown, 3 as n_responses, 2 as n_promoters, 0 as n_passives, 1 as n_detractors,
        100.0 / 3 as nps, (-40)::double as ci_low, 80::double as ci_high
    from (values ('all'), ('day')) as t(period);
"""
DAMAGE = [
    ("n_scores_off", "update marts.nps set n_passives = 1"),
    ("n_scores_off", "update marts.nps set nps = 34"),
    ("n_intervals_off", "update marts.nps set ci_high = 30"),
    ("n_intervals_off", "update marts.nps set ci_low = -101"),
    ("n_answers_off", "delete from marts.nps where period = 'day'"),
    ("n_answers_off", "update marts.fct_feedback set is_bot = true"),
]
