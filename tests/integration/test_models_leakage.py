"""Nothing that happens after as_of, or arrives after it, moves a feature, a label or a score.

The night of the small shop is the one side: its logs end with as_of. The other side is the same shop with a week of
junk after it, built again as of the same day. Junk that happened later is no fact of that night at all. Junk that
happened earlier but arrived later is a fact (`marts.fct_events` has it: nothing accepted is lost), yet it was not
known on the day, so features leave it out (`known_date`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from pipeline.build.dbt_session import DbtSession
from pipeline.build.variables import dbt_variables, resolve
from pipeline.home.paths import HomePaths
from pipeline.ingest import ingest
from pipeline.predict.features import read_learning_data
from pipeline.predict.recommendations import recommend_all
from pipeline.predict.scores import predict_all
from pipeline.settings import load_settings

N_PERSONS, N_LATE = 60, 12
COMPARED = ("marts.user_features", "marts.user_labels", "ml.churn_scores", "ml.purchase_scores", "ml.user_segments")
HISTORIES = "marts.order_histories"
LISTS = ("ml.recommendations", "ml.similar_items")


def _parquet(path: Path) -> pd.DataFrame:
    with duckdb.connect() as con:
        return con.execute("from read_parquet(?)", [str(path)]).df()


def _line(event: str, at: datetime, received: datetime, user: str | None, device: str, **properties: Any) -> str:
    stamps = {"timestamp": at, "sentAt": received, "receivedAt": received}
    row = {name: f"{stamp:%Y-%m-%dT%H:%M:%S}.000Z" for name, stamp in stamps.items()}
    row |= {"event": event, "userId": user, "anonymousId": device, "eventId": f"junk-{device}-{at:%j%H%M%S}-{event}"}
    agent = "Mozilla/5.0" if device.startswith("late-") else "python-requests/2"
    return json.dumps(row | {"context": {"userAgent": agent}, "properties": properties})


def _later(as_of: date, users: list[str], devices: list[str]) -> Iterator[str]:
    """Visits, large orders and bot floods of known users; devices that log in, some as several users."""
    start = datetime.combine(as_of + timedelta(days=1), datetime.min.time())
    for number, user in enumerate(users):
        at = start + timedelta(hours=number)
        yield _line("purchase", at, at, user, f"new-{user}", orderId=f"junk-{user}", revenue=1e6)
        yield _line("add_to_wishlist", start, start, user, f"new-{user}", productId="junk", category="junk")
        for second in range(400 if number % 10 == 0 else 0):  # over max_events_per_minute: a bot, from now on
            yield _line("page_view", at + timedelta(seconds=second / 10), at, user, f"new-{user}", n=second)
    for number, device in enumerate(devices):
        at = start + timedelta(days=2, minutes=number)
        yield _line("login", at, at, users[number % len(users)], device)
        if number % 3 == 0:
            yield _line("login", at + timedelta(hours=1), at + timedelta(hours=1), users[number - 1], device)


def _late(visits: list[tuple[str, datetime]], received: datetime) -> Iterator[str]:
    """A visit of its own on a day that had one (so that no label is mended), of which the collector hears only now."""
    for user, last_seen in visits:
        yield _line("view_item", last_seen + timedelta(hours=2), received, user, f"late-{user}", productId="p00001")


@pytest.fixture(scope="module")
def night(shop: HomePaths, warehouse: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """What the shop's own night published; its logs hold nothing later than as_of."""
    return {table: warehouse.execute(f"select * from {table}").df() for table in COMPARED}


@pytest.fixture(scope="module")
def disturbed(
    shop: HomePaths, warehouse: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The same tables of the same as_of, built from the same logs and a file of junk."""
    as_of: date = warehouse.execute("select max(as_of_date) from marts.user_features").fetchone()[0]  # type: ignore[index]
    users = [
        u
        for (u,) in warehouse.execute(
            "select person_id from marts.dim_users where is_known_user order by person_id limit ?", [N_PERSONS]
        ).fetchall()
    ]
    devices = [
        d
        for (d,) in warehouse.execute(
            "select anonymous_id from marts.dim_identities order by user_id is null desc, anonymous_id limit ?",
            [N_PERSONS],
        ).fetchall()
    ]
    visits = warehouse.execute(
        "select person_id, last_seen_at from marts.dim_users where is_known_user and hour(last_seen_at) < 21 "
        "and last_seen_at between ?::date - 20 and ?::date order by person_id limit ?",
        [as_of, as_of, N_LATE],
    ).fetchall()
    home = tmp_path_factory.mktemp("disturbed")
    shutil.copy(shop.home / "growth.yaml", home)
    shutil.copytree(shop.data / "raw", home / "data" / "raw")
    shutil.copytree(shop.lake, home / "data" / "lake")
    received = datetime.combine(as_of + timedelta(days=3), datetime.min.time())
    lines = [*_later(as_of, users, devices), *_late(visits, received)]
    (home / "data" / "raw" / "shop" / "junk.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return _build(home, as_of) | {"as_of": as_of, "n_junk": len(lines), "late": [user for user, _ in visits]}


def _build(home: Any, as_of: date) -> dict[str, Any]:
    """Lake, features, labels and predictions as of a day, without the rest of the night."""
    settings, paths, now = load_settings(home / "growth.yaml", home), HomePaths(home), datetime.now(UTC)
    report = ingest(settings, now=now)
    context = resolve(settings, paths, requested=as_of, run_id="disturbed", now=now)
    variables = dbt_variables(settings, paths, context)
    outcomes = DbtSession(paths).build(
        ["+user_features", "+user_labels", "+order_histories", "+int_person_item_days", "+dim_users"], variables
    )
    assert [o for o in outcomes if not o.ok] == []
    with duckdb.connect(str(paths.build_db), read_only=True) as con:
        from_sql = (*COMPARED[:2], HISTORIES)
        tables = {table: con.execute(f"select * from {table} order by all").df() for table in from_sql}
        n_late = con.execute("select count(*) from marts.fct_events where event_id like 'junk-late-%'").fetchone()
        n_later = con.execute("select count(*) from marts.fct_events where event_date > ?", [as_of]).fetchone()
    predicted, _ = predict_all(read_learning_data(paths.build_db, as_of), as_of, settings, paths.ml / "artifacts")
    tables |= {table: predicted[table.removeprefix("ml.")] for table in COMPARED[2:]}
    recommend_all(settings, paths, as_of, context.event_names)
    tables |= {table: _parquet(paths.ml / f"{table.removeprefix('ml.')}.parquet") for table in LISTS}
    return {"tables": tables, "n_accepted": report.n_accepted, "n_late": n_late[0], "n_later": n_later[0]}  # type: ignore[index]


def test_the_junk_reached_the_lake_and_only_the_late_part_the_facts(disturbed: dict[str, Any]) -> None:
    assert disturbed["n_accepted"] == disturbed["n_junk"] > 2000
    assert disturbed["n_late"] == len(disturbed["late"]) == N_LATE
    assert disturbed["n_later"] == 0


@pytest.mark.parametrize("table", COMPARED)
def test_what_comes_after_as_of_alters_nothing(
    table: str, night: dict[str, pd.DataFrame], disturbed: dict[str, Any]
) -> None:
    before, after = night[table], disturbed["tables"][table][list(night[table].columns)]
    assert len(before) > 300
    keys = ["person_id", "as_of_date"]
    for frame in (before, after):
        frame["as_of_date"] = pd.to_datetime(frame["as_of_date"])
    before, after = (frame.sort_values(keys).reset_index(drop=True) for frame in (before, after))
    # Sums of money may differ in their last bits with the order of addition; nothing else has room to differ.
    pd.testing.assert_frame_equal(before, after, check_dtype=False, rtol=1e-12, atol=0)


def test_order_histories_and_what_followed_the_holdout_do_not_see_what_comes_after(
    warehouse: duckdb.DuckDBPyConnection, disturbed: dict[str, Any]
) -> None:
    before, after = warehouse.execute(f"select * from {HISTORIES} order by all").df(), disturbed["tables"][HISTORIES]
    assert len(before) > 100 and before["as_of_date"].nunique() == 2
    pd.testing.assert_frame_equal(before, after, check_dtype=False, rtol=1e-12, atol=0)


@pytest.mark.parametrize("table", LISTS)
def test_nobody_is_recommended_anything_else_for_what_comes_after(
    table: str, warehouse: duckdb.DuckDBPyConnection, disturbed: dict[str, Any]
) -> None:
    """The late visits name an item, and later on it is bought, wished for and seen by many."""
    keys = ["item_id" if table.endswith("items") else "person_id", "rank"]
    before = warehouse.execute(f"select * exclude (as_of_date) from {table}").df()
    after = disturbed["tables"][table][list(before.columns)]
    before, after = (frame.sort_values(keys).reset_index(drop=True) for frame in (before, after))
    assert len(before) > 3000
    pd.testing.assert_frame_equal(before, after, check_dtype=False)


def test_the_answers_of_the_last_snapshot_are_not_yet_known(disturbed: dict[str, Any]) -> None:
    labels = disturbed["tables"]["marts.user_labels"]
    is_last = pd.to_datetime(labels["as_of_date"]).dt.date == disturbed["as_of"]
    assert is_last.any() and labels.loc[is_last, ["label_churned", "label_purchased"]].isna().all(axis=None)
    assert labels.loc[~is_last, ["label_churned", "label_purchased"]].notna().all(axis=None)
