"""Model selection on planted tastes and on noise, and what is stored: without pickle, the same bytes in any process."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from recommend_frames import catalogue, planted_span, touched

from models.recommend import learning
from models.recommend.factorisation import fit_factors
from models.recommend.model_selection import BASELINES, BLEND, Span, is_better, select_blend
from models.recommend.rank import NO_BLEND, STRATEGIES
from models.recommend.store import LATEST

SUPPORT = Path(__file__).parents[2] / "support"
AS_OF = date(2026, 1, 31)
OPTIONS = {"horizon_days": 7, "allow_repeat": False}
COPIED = """
import sys; sys.path[:0] = sys.argv[1:]
from recommend_frames import planted_span
from models.recommend.model_selection import select_blend
from models.recommend.factorisation import fit_factors
span = planted_span("validation", 1)
selection = select_blend(span, planted_span("test", 2), allow_repeat=False, seed=7)
sys.stdout.write(repr((selection, fit_factors(span.learned.weights, 7).vectors.tobytes())))
"""


@pytest.fixture(scope="module")
def planted() -> Any:
    return select_blend(planted_span("validation", 1), planted_span("test", 2), allow_repeat=False, seed=7)


def test_planted_tastes_are_found_and_promoted(planted: Any) -> None:
    """Persons who keep to a taste are found by what others of that taste touched, not by popularity or last viewed."""
    assert planted.is_promoted
    used = dict(zip(STRATEGIES, planted.blend, strict=True))
    assert used["co_occurrence"] + used["factorisation"] >= 0.75
    found = {(row["algorithm"], row["metric"]): row for row in planted.rows if row["split"] == "test"}
    assert found[BLEND, "ndcg_at_5"]["value"] > 2 * max(found[name, "ndcg_at_5"]["value"] for name in BASELINES)
    assert {row["algorithm"] for row in planted.rows if row["is_promoted"]} == {BLEND}


def test_every_metric_of_every_strategy_is_reported_for_both_spans(planted: Any) -> None:
    frame = pd.DataFrame(planted.rows)
    algorithms = {*STRATEGIES, *BASELINES, BLEND}
    metrics = {f"{m}_at_{k}" for m in ("recall", "ndcg", "map", "coverage", "novelty") for k in (5, 10, 20)}
    reported = set(zip(frame["split"], frame["algorithm"], frame["metric"], strict=True))
    assert reported == {(s, a, m) for s in ("validation", "test") for a in algorithms for m in metrics}
    inside = frame[frame["ci_low"].notna()]
    assert ((inside["ci_low"] <= inside["value"]) & (inside["value"] <= inside["ci_high"])).all()
    assert set(frame[frame["ci_low"].isna()]["metric"]) == {f"coverage_at_{k}" for k in (5, 10, 20)}


def test_noise_is_not_promoted_and_popularity_ranks() -> None:
    spans = [planted_span(name, seed, follow=0.0) for name, seed in (("validation", 3), ("test", 4))]
    selection = select_blend(*spans, allow_repeat=False, seed=7)
    assert (selection.blend, selection.is_promoted) == (NO_BLEND, False)
    assert selection.reason.startswith("popularity ranks")
    assert len(selection.rows) > 100 and not any(row["is_promoted"] for row in selection.rows)


def test_what_only_validation_likes_is_not_promoted() -> None:
    """The blend is chosen on one span and tested on the other."""
    selection = select_blend(
        planted_span("validation", 1), planted_span("test", 4, follow=0.0), allow_repeat=False, seed=7
    )
    assert not selection.is_promoted


def test_persons_without_history_are_in_the_denominator() -> None:
    """Half of the tested persons are new: a strategy that finds everything for the others has recall 1/2."""
    n = 40
    known = touched([(p, 0, 1.0) for p in range(n)] + [(p, 1, 1.0) for p in range(n, 2 * n)], 2 * n, 60)
    learned = touched([(p, i, 1.0) for p in range(2 * n) for i in (0, 59)], 2 * n, 60)
    tested = known.rows(0, n)
    empty = touched([], n, 60)
    both = type(tested)(*(np_vstack(a, b) for a, b in zip(vars(tested).values(), vars(empty).values(), strict=True)))
    sought = pd.DataFrame({"person": range(2 * n), "item": [59] * (2 * n)})
    # popularity says 2 … 21 before 59, so it finds nothing within 20
    items = catalogue([-1] * 60, [1, 1, *[9.0] * 20, *[1.0] * 37, 2])
    span = Span.of("test", items, learned, both, sought)
    selection = select_blend(replace(span, name="validation"), span, allow_repeat=False, seed=7)
    found = {(r["algorithm"], r["metric"]): r["value"] for r in selection.rows if r["split"] == "test"}
    assert found["co_occurrence", "recall_at_5"] == 0.5
    assert found["popularity", "recall_at_20"] == 0.0


def np_vstack(one: Any, other: Any) -> Any:
    from scipy.sparse import vstack

    return vstack([one, other]).tocsr()


def test_better_means_better_in_nearly_every_resample() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(size=200)
    assert is_better(noise + 0.5, noise, 7)
    assert not is_better(noise, noise, 7)
    lucky = np.zeros(200)
    lucky[0] = 1.0  # one person of 200: a third of the resamples lack them
    assert not is_better(lucky, np.zeros(200), 7)


def test_too_few_persons_prove_nothing() -> None:
    small = planted_span("test", 2, n_persons=29)
    selection = select_blend(planted_span("validation", 1), small, allow_repeat=False, seed=7)
    assert (selection.blend, selection.rows) == (NO_BLEND, [])
    assert "fewer than 30 persons in test" in selection.reason


def learned_in(folder: Path, as_of: date = AS_OF, n_rows: int = 1000, **options: Any) -> Any:
    """One call of `learn` on the planted tastes: which data were read, and its result."""
    read: list[str] = []

    def span_at(name: str, day: date) -> Span:
        read.append(f"{name} {day}")
        return planted_span(name, 1 if name == "validation" else 2, n_persons=60)

    def histories_at(day: date) -> Any:
        read.append(f"learn {day}")
        span = planted_span("test", 5, n_persons=60)
        return span.catalogue, span.learned

    first = options.pop("first_date", date(2025, 1, 1))
    found = learning.learn(folder, as_of, OPTIONS | options, lambda day: n_rows, first, span_at, histories_at, 7)
    return read, found


def test_it_is_learned_again_only_when_due(tmp_path: Path) -> None:
    read, first = learned_in(tmp_path)
    assert read == ["validation 2026-01-11", "test 2026-01-18", "learn 2026-01-25"]
    for night in (date(2026, 1, 25), date(2026, 1, 30)):
        read, again = learned_in(tmp_path, night, n_rows=990)
        assert read == []
        assert again.card == first.card and again.items == first.items
        assert (again.vectors == first.vectors).all()
    assert len(learned_in(tmp_path, date(2026, 2, 1))[0]) == 3
    assert len(learned_in(tmp_path, date(2026, 2, 1), n_rows=1200)[0]) == 3
    assert len(learned_in(tmp_path, date(2026, 2, 1), n_rows=1200, half_life_days=3)[0]) == 3


def test_a_history_of_less_than_four_horizons_is_not_tested_and_popularity_ranks(tmp_path: Path) -> None:
    read, found = learned_in(tmp_path, first_date=date(2026, 1, 5))
    assert read == ["learn 2026-01-25"]
    assert found.card["model_version"].startswith("popularity-")
    assert found.card["blend"] == list(NO_BLEND) and "less than four horizons" in found.card["reason"]


@pytest.mark.parametrize("damage", ["factors.npz", "items.json", "card.json"])
def test_what_is_damaged_is_learned_again(tmp_path: Path, damage: str) -> None:
    _, first = learned_in(tmp_path)
    file = tmp_path / first.card["model_version"] / damage
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(bytes(content))
    read, again = learned_in(tmp_path)
    assert len(read) == 3 and again.card == first.card


def test_a_file_that_would_run_code_is_not_read(tmp_path: Path) -> None:
    """numpy's pickled objects are refused even if the card holds their hash."""
    import hashlib

    _, first = learned_in(tmp_path)
    folder = tmp_path / first.card["model_version"]
    np.savez(folder / "factors.npz", vectors=np.array([{"any": "object"}], dtype=object))
    card = json.loads((folder / "card.json").read_text())
    card["files"]["factors.npz"] = hashlib.sha256((folder / "factors.npz").read_bytes()).hexdigest()
    (folder / "card.json").write_text(json.dumps(card))
    assert len(learned_in(tmp_path)[0]) == 3


def test_items_keep_their_factors_when_the_catalogue_changes(tmp_path: Path) -> None:
    """New items have none, removed items are left out, and no factors move to another item."""
    _, found = learned_in(tmp_path)
    items = catalogue([-1] * 26)
    kept = replace(items, items=np.array(["A", *"bdfhz"], dtype=object))
    factors = found.factors(kept)
    assert [kept.items[i] for i in factors.places] == list("bdfh")
    for place, vector in zip(factors.places, factors.vectors, strict=True):
        assert (vector == found.vectors[found.items.index(kept.items[place])]).all()


def test_no_person_is_in_the_files(tmp_path: Path) -> None:
    _, found = learned_in(tmp_path)
    assert {p.name for p in (tmp_path / found.card["model_version"]).iterdir()} == {
        "card.json",
        "factors.npz",
        "items.json",
    }
    assert [p.name for p in (tmp_path / LATEST).iterdir()] == ["card.json"]
    assert found.vectors.shape[0] == len(found.items)


def test_another_process_learns_the_same_bits(planted: Any) -> None:
    command = [sys.executable, "-W", "ignore", "-c", COPIED, str(SUPPORT), str(SUPPORT.parents[1])]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    factors = fit_factors(planted_span("validation", 1).learned.weights, 7).vectors.tobytes()
    assert found == repr((planted, factors)) and len(found) > 10_000
