"""Good and bad frames of ml.user_segments, and damage to the healthy warehouse that it finds."""

GOOD = {
    "shares": {
        "segment": "new",
        "n_persons": 3,
        "segment_share": 0.4,
        "n_other_date": 0,
        "n_unexplained": 0,
        "n_persons_off": 0,
        "n_rfm_off": 0,
        "n_rfm_outside": 0,
    },
}
# 20 persons instead of 10, all of them first seen 40 days ago
MORE = """insert into marts.user_features select * replace ('more ' || person_id as person_id) from marts.user_features;
    insert into ml.user_segments select * replace ('more ' || person_id as person_id) from ml.user_segments"""
BAD = {"segment": [None, "vip"], "segment_share": [0.99]}
DAMAGE = [
    ("segment", "update ml.user_segments set segment = 'vip' where person_id = 'p1'"),
    ("segment", "update ml.user_segments set segment = null where person_id = 'p1'"),
    ("segment_share", f"{MORE}; update ml.user_segments set segment = 'new'"),
    ("segment_share", f"{MORE}; update ml.user_segments set segment = 'regular'"),
    ("n_other_date", "update ml.user_segments set as_of_date = '2026-01-30'"),
    ("n_unexplained", "update ml.user_segments set segment_reason = null"),
    ("n_persons_off", "insert into ml.user_segments from ml.user_segments"),
    ("n_persons_off", "delete from ml.user_segments where person_id = 'p3'"),
    ("n_rfm_off", "update ml.user_segments set rfm_score = '554' where person_id = 'p0'"),
    ("n_rfm_off", "update ml.user_segments set rfm_score = null"),
    ("n_rfm_outside", "update ml.user_segments set rfm_monetary = 6 where person_id = 'p0'"),
]
