"""Good and bad frames of ml.segment_migrations, and damage to the healthy warehouse that it finds."""

GOOD = {
    "flows": {"n_persons_off": 0, "n_other_date": 0, "n_backwards": 0, "n_nobody": 0},
}
DAMAGE = [
    ("n_persons_off", "delete from ml.segment_migrations where from_segment = '(new)'"),
    ("n_other_date", "update ml.segment_migrations set as_of_date = '2026-01-30'"),
    ("n_backwards", "update ml.segment_migrations set previous_as_of_date = '2026-01-31'"),
    ("n_nobody", "update ml.segment_migrations set n_persons = 0 where to_segment = '(gone)'"),
]
