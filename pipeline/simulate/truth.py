"""The ground truth: hidden traits and counts that no log shows.

Belongs here: the content of `simulated_truth.json`. Not here: how it is generated.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from pipeline.simulate.people import BOT, BRUSHER, MAX_DEVICES, NEVER, Population
from pipeline.simulate.refunds import Refund
from pipeline.simulate.world import CATEGORIES, EFFECTS, TYPES
from pipeline.simulate.writer import FileCounts


def totals(files: list[FileCounts]) -> dict[str, Any]:
    """Sums over the tracker files."""
    names = ("n_lines", "n_events", "n_duplicates", "n_malformed", "n_late", "n_skewed")
    sums: dict[str, Any] = {name: sum(getattr(f, name) for f in files) for name in names}
    kinds: Counter[str] = Counter()
    for counts in files:
        kinds.update(counts.malformed_kinds)
    sums["malformed_kinds"] = dict(sorted(kinds.items()))
    return sums


def truth_json(
    parameters: dict[str, Any],
    people: Population,
    refunds: list[Refund],
    files: list[FileCounts],
    tables: dict[str, int],
    start: date,
) -> str:
    """The ground truth as JSON, with one user per line."""
    head = {
        "parameters": parameters,
        "totals": totals(files) | {f"n_{name}_rows": n for name, n in tables.items()},
        "files": [asdict(f) for f in files],
        "latent_types": [asdict(t) for t in TYPES],
        "planted_effects": [asdict(e) for e in EFFECTS],
        "refunds": {refund.order: round(refund.amount, 6) for refund in refunds},
    }
    users = ",\n".join(json.dumps(row, separators=(",", ":")) for row in _user_rows(people, start))
    return json.dumps(head, indent=1)[:-2] + ',\n "users": [\n' + users + "\n]}\n"


def _user_rows(people: Population, start: date) -> list[dict[str, Any]]:
    def day_text(day: int) -> str | None:
        return None if day == NEVER else str(start + timedelta(days=day))

    base = people.base_hazard()
    rows = []
    for i in range(people.size):
        latent = int(people.latent[i])
        first_device = i * MAX_DEVICES
        rows.append(
            {
                "user_id": people.user_ids[i] if people.signed_up_day[i] != NEVER else None,
                "anonymous_ids": people.anonymous_ids[first_device : first_device + int(people.n_devices[i])],
                "latent_type": None if latent == NEVER else TYPES[latent].name,
                "is_bot": int(people.kind[i]) == BOT,
                "is_brushing": int(people.kind[i]) == BRUSHER,
                "favourite_categories": [CATEGORIES[c] for c in people.favourite[i]],
                "sessions_per_day": None if latent == NEVER else round(float(people.rate[i]), 4),
                "base_daily_hazard": float(base[i]),
                "hazard_multiplier": round(float(people.hazard_multiplier[i]), 4),
                "daily_hazard": round(float(base[i] * people.hazard_multiplier[i]), 6),
                "first_seen_on": day_text(int(people.arrival_day[i])),
                "signed_up_on": day_text(int(people.signed_up_day[i])),
                "last_seen_on": day_text(int(people.last_day[i])),
                "churned_on": day_text(int(people.churned_day[i])),
                "n_events": int(people.n_events[i]),
                "n_orders": int(people.n_orders[i]),
                "first_week": {e.event: int(people.first_week[i, e.code]) for e in EFFECTS},
            }
        )
    return rows
