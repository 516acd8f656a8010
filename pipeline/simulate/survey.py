"""Survey answers: how likely customers are to recommend the shop.

Belongs here: who answers and what. Not here: the people (people.py).
"""

from __future__ import annotations

from datetime import date

import numpy as np

from pipeline.simulate.lines import iso
from pipeline.simulate.people import HUMAN, Population
from pipeline.simulate.world import TYPES

ANSWER_CHANCE = 0.015
_COMMENTS = {
    "promoter": (("praise", "Fast delivery, friendly people"), ("praise", "很好，推荐给朋友"), ("", "")),
    "passive": (("price", "Good, a bit expensive"), ("search", "Search could be better, filters missing"), ("", "")),
    "detractor": (("delivery", "Parcel came late, and the box was torn"), ("bug", "App crashes at checkout"), ("", "")),
}


def survey_rows(people: Population, day: int, end_ms: int, start: date, rng: np.random.Generator) -> list[str]:
    """Some of today's customers answer shortly after their visit."""
    eligible = (people.kind == HUMAN) & people.is_signed_up & (people.last_day == day)
    persons = np.flatnonzero(eligible & (rng.random(people.size) < ANSWER_CHANCE))
    at_ms = people.busy_until_ms[persons] + rng.integers(60_000, 3_600_000, persons.size)
    mean = np.array([t.nps_mean for t in TYPES])[people.latent[persons]]
    scores = np.round(rng.normal(mean, 1.6)).clip(0, 10).astype(np.int64).tolist()
    picks = rng.integers(0, 3, persons.size).tolist()
    rows = []
    for i, (person, stamp) in enumerate(zip(persons.tolist(), iso(start, at_ms), strict=True)):
        if at_ms[i] >= end_ms:
            continue
        mood = "promoter" if scores[i] >= 9 else "passive" if scores[i] >= 7 else "detractor"
        category, comment = _COMMENTS[mood][picks[i]]
        quoted = f'"{comment}"' if "," in comment else comment
        rows.append(f"r{day:04d}{i:05d},{people.user_ids[person]},{stamp}Z,{scores[i]},{category},{quoted}\n")
    return rows
