"""The simulated shop: same seed same bytes, and a truth that matches its files."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.simulate import SimulationError, SimulationReport, refunds, simulate

USERS, DAYS, SEED = 400, 21, 3


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SimulationReport:
    return simulate(tmp_path_factory.mktemp("shop"), users=USERS, days=DAYS, seed=SEED)


@pytest.fixture(scope="module")
def truth(shop: SimulationReport) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(shop.truth_file.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def good(shop: SimulationReport) -> list[dict[str, Any]]:
    """Every line that a reader would accept, with the file it is in."""
    return [e for f in shop.files for e in _good_lines(shop.home / "data" / f.file)]


def _raw_lines(path: Path) -> list[bytes]:
    return gzip.decompress(path.read_bytes()).splitlines()


def _good_lines(path: Path) -> list[dict[str, Any]]:
    rows = []
    for line in _raw_lines(path):
        try:
            row = json.loads(line.decode("utf-8"))
            _time(row["timestamp"])
        except (ValueError, KeyError):
            continue
        if row.get("event") and row["anonymousId"] and not row["timestamp"].startswith("2099"):
            rows.append(row | {"file": path.name})
    return rows


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")


def _digests(home: Path) -> dict[str, str]:
    files = sorted(p for p in home.rglob("*") if p.is_file())
    return {str(p.relative_to(home)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_same_seed_gives_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        simulate(tmp_path / name, users=40, days=5, seed=seed)
    assert _digests(tmp_path / "a") == _digests(tmp_path / "b")
    assert _digests(tmp_path / "a") != _digests(tmp_path / "c")


def test_counts_in_truth_match_the_files(
    shop: SimulationReport, truth: dict[str, Any], good: list[dict[str, Any]]
) -> None:
    assert len(truth["files"]) == DAYS
    seen: set[str] = set()
    rows_of = defaultdict(list)
    for row in good:
        rows_of[row["file"]].append(row)
    for counts in truth["files"]:
        path = shop.home / "data" / counts["file"]
        rows = rows_of[path.name]
        new = {r["eventId"] for r in rows} - seen
        seen |= new
        assert len(_raw_lines(path)) == counts["n_lines"]
        assert len(new) == counts["n_events"]
        assert len(rows) - len(new) == counts["n_duplicates"]
        assert counts["n_lines"] == counts["n_events"] + counts["n_duplicates"] + counts["n_malformed"]
        assert all(r["receivedAt"][:10] in path.name for r in rows)
    totals = truth["totals"]
    for name in ("n_lines", "n_events", "n_duplicates", "n_malformed", "n_late", "n_skewed"):
        assert totals[name] == sum(f[name] for f in truth["files"]) == getattr(shop, name)


def test_faults_come_in_the_promised_shares(truth: dict[str, Any]) -> None:
    totals = truth["totals"]
    assert 0.007 < totals["n_duplicates"] / totals["n_events"] < 0.013
    assert 0.005 < totals["n_late"] / totals["n_events"] < 0.013
    assert 0.001 < totals["n_malformed"] / totals["n_events"] < 0.003


def test_late_and_skewed_lines_are_what_the_truth_says(truth: dict[str, Any], good: list[dict[str, Any]]) -> None:
    n_skewed = n_late = 0
    first: dict[str, str] = {}
    for row in good:
        skew = _time(row["receivedAt"]) - _time(row["sentAt"])
        n_skewed += abs(skew) > timedelta(seconds=60)
        first.setdefault(row["eventId"], row["receivedAt"])
        happened = _time(row["timestamp"]) + (skew if abs(skew) > timedelta(seconds=60) else timedelta(0))
        delay = _time(first[row["eventId"]]) - happened
        n_late += delay > timedelta(hours=23)
        assert timedelta(seconds=-1) < delay < timedelta(days=3, seconds=5)
    assert n_skewed == truth["totals"]["n_skewed"]
    assert n_late == truth["totals"]["n_late"]


def test_persons_in_the_files_are_those_of_the_truth(truth: dict[str, Any], good: list[dict[str, Any]]) -> None:
    events = {e["eventId"]: e for e in good}.values()
    users = {u["user_id"] for u in truth["users"]} - {None}
    devices = {a for u in truth["users"] for a in u["anonymous_ids"]}
    assert {e["userId"] for e in events} - {None} == users
    assert {e["anonymousId"] for e in events} <= devices
    assert sum(u["n_events"] for u in truth["users"]) == len(events)
    assert any(len({e["anonymousId"] for e in events if e["userId"] == u}) > 1 for u in users)
    sign_ups = Counter(e["userId"] for e in events if e["event"] == "sign_up")
    assert set(sign_ups) == users
    assert set(sign_ups.values()) == {1}


def test_nobody_returns_after_churning_or_acts_known_before_signing_up(
    truth: dict[str, Any], good: list[dict[str, Any]]
) -> None:
    by_user = {u["user_id"]: u for u in truth["users"] if u["user_id"]}
    churned_users = [user for user in truth["users"] if user["churned_on"]]
    assert len(churned_users) > 10
    assert [user for user in churned_users if user["last_seen_on"] >= user["churned_on"]] == []
    signed_at = {e["userId"]: e["timestamp"] for e in good if e["event"] == "sign_up"}
    wrong_clocks = {
        e["anonymousId"] for e in good if abs(_time(e["receivedAt"]) - _time(e["sentAt"])) > timedelta(seconds=60)
    }
    skewed_users = {e["userId"] for e in good if e["anonymousId"] in wrong_clocks}
    for event in good:
        if event["userId"] and event["userId"] not in skewed_users:
            assert event["timestamp"] >= signed_at[event["userId"]]
            churned = by_user[event["userId"]]["churned_on"]
            assert churned is None or event["timestamp"][:10] < churned


def test_hazards_follow_type_and_planted_effects(truth: dict[str, Any]) -> None:
    hazards = {t["name"]: t["daily_hazard"] for t in truth["latent_types"]}
    assert hazards["loyal"] < hazards["regular"] < hazards["casual"] < hazards["fickle"]
    people = [u for u in truth["users"] if u["latent_type"]]
    for user in people:
        expected = 1.0
        for effect in truth["planted_effects"]:
            if user["first_week"][effect["event"]] >= effect["min_count"]:
                expected *= effect["hazard_multiplier"]
        assert user["base_daily_hazard"] == hazards[user["latent_type"]]
        assert user["hazard_multiplier"] == pytest.approx(expected)
        assert user["daily_hazard"] == pytest.approx(user["base_daily_hazard"] * expected, abs=1e-6)
    assert {e["event"] for e in truth["planted_effects"] if e["is_causal"]} == {"add_friend", "add_to_wishlist"}
    assert {e["hazard_multiplier"] for e in truth["planted_effects"] if not e["is_causal"]} == {1}
    gone = {name: _share(people, name, lambda u: u["churned_on"] is not None) for name in hazards}
    assert gone["loyal"] < gone["casual"] < gone["fickle"]
    shares = {name: _share(people, name, lambda u: u["first_week"]["share"] >= 2) for name in hazards}
    assert shares["loyal"] > shares["casual"]


def _share(people: list[dict[str, Any]], latent_type: str, test: Any) -> float:
    group = [u for u in people if u["latent_type"] == latent_type]
    return sum(1 for u in group if test(u)) / len(group)


def test_bots_are_fast_and_brushing_accounts_order_too_much(truth: dict[str, Any], good: list[dict[str, Any]]) -> None:
    bots = {a for u in truth["users"] if u["is_bot"] for a in u["anonymous_ids"]}
    brushers = {u["user_id"] for u in truth["users"] if u["is_brushing"]}
    events = {e["eventId"]: e for e in good}.values()
    a_minute = Counter(e["anonymousId"] for e in events if e["anonymousId"] in bots)
    assert a_minute and min(a_minute.values()) >= 300
    a_day = Counter((e["userId"], e["timestamp"][:10]) for e in events if e["event"] == "purchase")
    assert {user for (user, _), n in a_day.items() if n > 50} == brushers


def test_order_log_agrees_with_the_tracker(shop: SimulationReport, good: list[dict[str, Any]]) -> None:
    with (shop.home / "data/raw/orders/orders.csv").open(encoding="utf-8", newline="") as file:
        rows = {r["order_id"]: (r["user_id"], float(r["revenue"])) for r in csv.DictReader(file)}
    tracked = {
        e["properties"]["orderId"]: (e["userId"], e["properties"]["revenue"]) for e in good if e["event"] == "purchase"
    }
    assert tracked == rows
    assert len(rows) == shop.n_orders
    assert min(revenue for _, revenue in rows.values()) > 0


def test_refunds_are_of_what_somebody_bought_before_and_tell_what_the_truth_says(
    truth: dict[str, Any], good: list[dict[str, Any]]
) -> None:
    bought = {e["properties"]["orderId"]: e for e in good if e["event"] == "purchase"}
    returned = {e["properties"]["orderId"]: e for e in good if e["event"] == "refund"}
    assert len(returned) > 5
    assert returned.keys() == truth["refunds"].keys()
    for order, refund in returned.items():
        purchase, logged = bought[order], refund["properties"]
        paid, pieces = purchase["properties"]["revenue"], purchase["properties"]["quantity"]
        assert refund["userId"] == purchase["userId"]
        assert logged.get("productId") in (None, purchase["properties"]["productId"])
        amount = logged.get("revenue", paid * logged.get("quantity", pieces) / pieces)
        assert 0 < amount == pytest.approx(truth["refunds"][order])
    assert {len(refund["properties"]) for refund in returned.values()} == {1, 3}


def test_refunds_change_nothing_else(shop: SimulationReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refunds, "SHARE_OF_ORDERS", 0.0)
    plain = simulate(tmp_path, users=USERS, days=DAYS, seed=SEED)
    assert (plain.n_refunds, plain.n_churned) == (0, shop.n_churned)
    for with_refunds, without in zip(shop.files, plain.files, strict=True):
        lines = _raw_lines(shop.home / "data" / with_refunds.file)
        kept = [line for line in lines if not line.startswith(b'{"event":"refund"')]
        assert kept == _raw_lines(tmp_path / "data" / without.file)


def test_a_refund_neither_makes_nor_stretches_a_visit(shop: SimulationReport, good: list[dict[str, Any]]) -> None:
    """On the clock of its own device there is something else before and after it, both within the half hour of a
    visit.
    """
    times = defaultdict(list)
    for event in good:
        if event["event"] != "refund":
            times[event["anonymousId"], event["userId"]].append(_time(event["timestamp"]))
    refunded = [event for event in good if event["event"] == "refund"]
    assert len(refunded) == shop.n_refunds > 5
    for refund in refunded:
        at, others = _time(refund["timestamp"]), times[refund["anonymousId"], refund["userId"]]
        before, after = max(t for t in others if t <= at), min(t for t in others if t >= at)
        assert after - before <= timedelta(minutes=30)


def test_never_overwrites(shop: SimulationReport, tmp_path: Path) -> None:
    before = _digests(shop.home)
    with pytest.raises(SimulationError, match="never overwritten"):
        simulate(shop.home, users=10, days=2)
    assert _digests(shop.home) == before
    kept = tmp_path / "data/raw/survey/mine.csv"
    kept.parent.mkdir(parents=True)
    kept.write_text("score\n", encoding="utf-8")
    with pytest.raises(SimulationError, match=r"mine\.csv"):
        simulate(tmp_path, users=10, days=2)


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    def stop(message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path, users=10, days=3, progress=stop)
    assert _digests(tmp_path) == {}


@pytest.mark.parametrize(("users", "days", "seed"), [(0, 5, 1), (5, 0, 1), (5, 5, -1)])
def test_refuses_impossible_sizes(tmp_path: Path, users: int, days: int, seed: int) -> None:
    with pytest.raises(SimulationError):
        simulate(tmp_path, users=users, days=days, seed=seed)


def test_smallest_shop_and_other_start(tmp_path: Path) -> None:
    report = simulate(tmp_path, users=1, days=1, seed=0, start=date(2025, 12, 31))
    assert report.last_day == date(2025, 12, 31)
    assert [f.file for f in report.files] == ["raw/shop/events-2025-12-31.jsonl.gz"]
