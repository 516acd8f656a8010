"""Cluster numbers over several nights, kept in files: which nights are read; a past night does not see later ones."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from models_frames import START, segment_row
from sklearn.metrics import adjusted_rand_score

from models.segments import segment_users
from models.segments.cluster_history import N_KEPT, KnownClusters, keep, latest_before

GROUPS = {"quiet": (2.0, 0.0, 0.0), "buyers": (40.0, 3.0, 30.0), "rich": (60.0, 1.0, 900.0)}


def shop(sizes: dict[str, int], as_of: date, seed: int = 1) -> pd.DataFrame:
    """Persons of three planted groups with different activity, frequency and order value; named by their group."""
    rng = np.random.default_rng(seed)
    rows = []
    for group, size in sizes.items():
        activity, frequency, value = GROUPS[group]
        for number in range(size):
            rows.append(
                segment_row(
                    f"{group}{number:03d}",
                    activity_score=activity * rng.lognormal(0, 0.1),
                    purchase_frequency=frequency * rng.lognormal(0, 0.1),
                    avg_order_value=value * rng.lognormal(0, 0.1),
                )
                | {"as_of_date": as_of}
            )
    return pd.DataFrame(rows)


def clusters(frame: pd.DataFrame) -> dict[str, set[int]]:
    """Published cluster numbers of each planted group."""
    return {group: set(frame.loc[frame["person_id"].str.startswith(group), "cluster"]) for group in GROUPS}


def test_only_earlier_nights_count_and_a_damaged_file_is_none(tmp_path: Path) -> None:
    for day in (4, 5, 6):
        keep(tmp_path, KnownClusters(f"2026-01-0{day}", [day], [[0.0]], 9))
    assert latest_before(tmp_path, date(2026, 1, 6)).numbers == [5]  # type: ignore[union-attr]
    assert latest_before(tmp_path, date(2026, 1, 4)) is None
    file = tmp_path / "centres-2026-01-05.json"
    file.write_text(file.read_text().replace("[\n  5\n ]", "[\n  8\n ]"))
    assert "8" in file.read_text()
    assert latest_before(tmp_path, date(2026, 1, 6)).numbers == [4]  # type: ignore[union-attr]
    for day in range(10, 10 + N_KEPT):
        keep(tmp_path, KnownClusters(f"2026-01-{day}", [day], [[0.0]], 9))
    assert len(list(tmp_path.glob("*.json"))) == N_KEPT


def test_planted_groups_are_found_and_keep_their_numbers_though_their_sizes_reverse(tmp_path: Path) -> None:
    """Without an earlier night numbers are by size: 0 would be another group."""
    later = START + timedelta(days=1)
    first = segment_users(shop({"quiet": 90, "buyers": 60, "rich": 30}, START), START, history=tmp_path).frame
    truth = first["person_id"].str.replace(r"\d+", "", regex=True)
    assert adjusted_rand_score(truth, first["cluster"]) > 0.95
    turned = shop({"quiet": 40, "buyers": 60, "rich": 95}, later, seed=2)
    second = segment_users(turned, later, history=tmp_path).frame
    assert clusters(second) == clusters(first)
    assert clusters(segment_users(turned, later).frame) != clusters(first)


def test_the_same_night_again_and_a_past_night_do_not_see_what_came_after(tmp_path: Path) -> None:
    sizes = {"quiet": 50, "buyers": 60, "rich": 70}
    frames = []
    for day, seed in ((0, 1), (1, 2), (2, 3), (1, 2), (0, 1)):
        as_of = START + timedelta(days=day)
        frames.append(segment_users(shop(sizes, as_of, seed), as_of, history=tmp_path).frame)
    pd.testing.assert_frame_equal(frames[3], frames[1])
    pd.testing.assert_frame_equal(frames[4], frames[0])
