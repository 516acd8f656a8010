"""Erasing a person: nothing of them is left anywhere, and nothing of anybody else is touched."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from erase_home import ANNA, BEN, NOW, PHONE, SHARED, holders, unpacked
from erased_texts import NAMING, NOT_NAMING
from ingest_home import TRACKER, Home, jsonl, track
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.privacy import erase, finish_pending
from pipeline.privacy.journal import Journal
from pipeline.privacy.person import Person
from pipeline.privacy.words import is_distinctive


def test_a_user_is_gone_from_every_file_and_nobody_else_is(home: Home) -> None:
    assert len(holders(home, ANNA, PHONE + '"')) > 5
    report = erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None)
    assert report.remaining == {} and report.is_clean
    assert set(holders(home, ANNA)) <= set(holders(home, BEN))
    content = b"".join(unpacked(path) for path in home.folder.rglob("*") if path.is_file())
    assert content.replace(BEN.encode(), b"").count(ANNA.encode()) == 0
    assert content.replace(SHARED.encode(), b"").count(PHONE.encode()) == 0
    assert not (home.folder / "data" / "build" / "growth.duckdb").exists()
    assert home.values("user_id", "anonymous_id") == [
        *((BEN, SHARED), (None, SHARED), (BEN, None), ("u9", None)),
        *[(BEN, None)] * 4,
    ]
    assert (home.folder / "data" / "exports" / "users.csv").read_text() == f"person_id,n\n{BEN},2\n"
    assert (home.folder / "data" / "exports" / "report.html").read_text() == f"<p>(erased) and {BEN}</p>"


def test_counts_are_kept_and_the_next_ingest_reads_nothing_again(home: Home) -> None:
    before = {name: row.n_lines for name, row in home.active().items()}
    erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None)
    rows = home.active()
    n_erased = {"a.jsonl.gz": 4, "b.jsonl.zst": 1, "c.jsonl": 0, "o.csv": 1, "p.parquet": 1}
    assert {name: row.n_erased for name, row in rows.items()} == n_erased
    for name, row in rows.items():
        assert row.n_lines == row.n_accepted + row.n_rejected == before[name] - row.n_erased
    report = home.ingest()
    assert (report.n_files_new, report.n_files_known, report.warnings) == (0, 5, [])


def test_the_lake_is_what_a_fresh_reading_of_the_raw_files_gives(home: Home, tmp_path: Path) -> None:
    erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None)

    def seen(of: Home) -> list[Any]:
        rows = [*of.events(), *of.rejects()]
        return [{key: value for key, value in row.items() if key not in ("file_id", "ingested_at")} for row in rows]

    lake = seen(home)
    shutil.rmtree(home.folder / "data" / "lake")
    home.ingest()
    assert seen(home) == lake
    assert [row["line_number"] for row in home.rejects()] == [7, 4]  # a row of two lines counts as one


def test_versions_keep_their_sums_and_comments_and_lose_rows_that_hang_on_the_person(home: Home) -> None:
    erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None)
    (version,) = (home.folder / "data" / "versions").iterdir()
    with duckdb.connect(str(version), read_only=True) as con:
        assert con.execute("select session_id from marts.fct_sessions order by 1").fetchall() == [("s3",), ("s4",)]
        assert con.execute("from marts.steps").fetchall() == [("s3", 1)]
        assert con.execute("select dau from marts.dau").fetchall() == [(4,)]
        assert con.execute("select count(*) from marts.notes").fetchall() == [(0,)]
        assert con.execute("select comment from duckdb_tables() where comment is not null").fetchall() == [
            ("Grain: session.",)
        ]
        assert con.execute("select comment from duckdb_columns() where comment is not null").fetchall() == [
            ("It's a person.",)
        ]


def test_a_device_is_gone_with_every_line_that_carries_it(home: Home) -> None:
    assert erase(home.settings, "anonymous", SHARED, now=NOW, say=lambda text: None).is_clean
    assert holders(home, SHARED) == []
    assert {ANNA, BEN, "u9"} == {user for user in home.values("user_id") if user}
    assert PHONE in home.values("anonymous_id")


def test_what_is_delivered_again_is_refused(home: Home) -> None:
    lines = jsonl(
        track(user=ANNA, anonymousId=PHONE), track(user=None, anonymousId=PHONE), track(user=BEN, anonymousId=PHONE)
    )
    erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None)
    home.put("d.jsonl", lines)
    home.ingest()
    row = home.active()["d.jsonl"]
    assert (row.n_lines, row.n_accepted, row.n_erased) == (1, 1, 2)


def test_the_proof_and_the_tombstones_hold_no_id_and_the_journal_is_gone(home: Home) -> None:
    erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None)
    kept = sorted((home.folder / "data" / "erasures").iterdir())
    assert [path.suffix for path in kept] == [".json", ".json"]
    report = json.loads(next(path for path in kept if path.name.startswith("2026")).read_text())
    assert report["n_named"] == 1  # a friend's event has the id in its properties
    assert report["is_clean"] and report["n_devices"] == 1 and report["n_searched"] > 8
    assert {entry["kind"] for entry in report["removed"]} == {"raw", "lake", "file", "version", "build database"}


def test_something_that_cannot_be_cleaned_is_reported_and_not_a_success(home: Home) -> None:
    (home.folder / "data" / "notes.bin").write_bytes(b"\0" + ANNA.encode() + b"\0")
    report = erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None)
    assert not report.is_clean
    assert list(report.remaining) == ["data/notes.bin"]


def test_exports_are_found_wherever_they_were_put(home: Home, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "users.csv").write_text(f"person_id,n\n{ANNA},1\nanon:{PHONE},2\n{BEN},2\n")
    (home.folder / "data" / "ops").mkdir()
    lines = [json.dumps({"file": str(elsewhere / name)}) + "\n" for name in ("users.csv", "moved.csv")]
    (home.folder / "data" / "ops" / "exports.jsonl").write_text("".join(lines))
    report = erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None)
    assert (elsewhere / "users.csv").read_text() == f"person_id,n\n{BEN},2\n"
    assert report.moved_exports == [str(elsewhere / "moved.csv")] and "moved.csv" in report.text()


def test_bytes_in_free_blocks_are_found_and_removed(home: Home) -> None:
    version = home.folder / "data" / "versions" / "warehouse-20260201T000000000000Z.duckdb"
    with duckdb.connect(str(version)) as con:
        con.execute(f"create table marts.gone as select '{ANNA}' || range as person_id from range(50000)")
        con.execute("checkpoint")
        con.execute("drop table marts.gone")
        con.execute(f"delete from marts.notes; delete from marts.fct_sessions where person_id = '{ANNA}'")
        con.execute("checkpoint")
    assert ANNA.encode() in version.read_bytes()
    assert erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None).is_clean
    assert ANNA.encode() not in version.read_bytes().replace(BEN.encode(), b"")


def test_an_id_that_looks_like_anything_is_erased_as_an_identity_and_nowhere_else(tmp_path: Path) -> None:
    home = Home(tmp_path)
    lines = [
        *(track(user="42", price=42), track(user="7", price=42, item_id="42"), track(user="142")),
        *('{"userId":"42", broken', '{"userId":"142","n":"42" broken', '{"user_id": 42, broken'),
    ]
    home.put("a.jsonl", jsonl(*lines))
    home.ingest()
    assert not is_distinctive("42")
    report = erase(home.settings, "user", "42", now=NOW, say=lambda text: None)
    assert report.is_clean and not report.is_searchable
    assert home.values("user_id", "item_id", "price") == [("7", "42", 42.0), ("142", None, None)]
    assert home.reasons() == [(5, "bad_json")]
    assert home.active()["a.jsonl"].n_erased == 3


def test_an_id_is_a_word_of_its_own_in_the_database_too() -> None:
    person = Person(users=frozenset({"user-12"}))
    texts = [*NAMING, *NOT_NAMING]
    query = (
        f"select {person.words.names_sql('t')} from (select unnest(?) as t, generate_subscripts(?, 1) as n) order by n"
    )
    with duckdb.connect() as con:
        person.words.install(con)
        found = [is_named for (is_named,) in con.execute(query, [texts, texts]).fetchall()]
    assert dict(zip(texts, found, strict=True)) == {text: text in NAMING for text in texts}


def test_with_hashed_ids_the_id_is_given_as_it_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROWTH_HASH_KEY", "k")
    home = Home(tmp_path, identity={"pseudonymise": ["user_id", "anonymous_id"]})
    home.put(
        "a.jsonl", jsonl(track(user=ANNA, anonymousId=PHONE), track(user=BEN), track(user=None, anonymousId=PHONE))
    )
    home.ingest()
    hashed = home.events()[0]["user_id"]
    assert erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None).is_clean
    assert len(home.events()) == 1 and holders(home, hashed) == []
    home.put("b.jsonl", jsonl(track(user=ANNA)))
    home.ingest()
    assert home.active()["b.jsonl"].n_erased == 1


def cli(home: Home, *options: str) -> Any:
    return CliRunner().invoke(app, ["erase", *options, "--config", str(home.folder / "growth.yaml")])


def contents(home: Home) -> dict[str, bytes]:
    return {path.as_posix(): path.read_bytes() for path in home.folder.rglob("*") if path.is_file()}


def test_a_dry_run_lists_the_files_that_an_erasure_changes_and_changes_none(home: Home) -> None:
    before = contents(home)
    result = cli(home, "--user", ANNA, "--dry-run")
    assert result.exit_code == 0, result.output
    assert {path: data for path, data in contents(home).items() if not path.endswith("writer.lock")} == before
    listed = {line.split(maxsplit=1)[1] for line in result.output.splitlines()[:-1]}
    assert {"in/a.jsonl.gz", "tables/o.csv", "tables/p.parquet", "data/exports/users.csv"} <= listed
    assert "in/c.jsonl" not in listed  # Ben's alone


def test_a_dry_run_that_finds_nobody_is_no_success(home: Home) -> None:
    result = cli(home, "--user", "nobody-at-all", "--dry-run")
    assert result.exit_code == 1 and "0 persons found" in result.output


def test_nobody_found_is_no_success_but_the_second_time_of_somebody_is(home: Home) -> None:
    nobody = cli(home, "--user", "nobody")
    assert nobody.exit_code == 1
    assert "0 persons found: nothing was erased" in nobody.output
    assert cli(home, "--user", "nobody").exit_code == 1
    assert cli(home, "--user", ANNA).exit_code == 0
    again = cli(home, "--user", ANNA)
    assert again.exit_code == 0
    assert "this id was erased at 20" in again.output


def test_totals_that_still_count_the_person_are_reported_once_something_was_removed(home: Home) -> None:
    version = next((home.folder / "data" / "versions").iterdir())
    (home.folder / "data" / "warehouse.duckdb").symlink_to(version)
    assert "still in" not in cli(home, "--user", "nobody").output
    output = cli(home, "--user", ANNA).output
    assert "marts.channel_attribution" in output
    assert f"`growthhouse run --config {home.folder / 'growth.yaml'}" in output


def test_a_proof_is_not_lost_to_a_second_one_of_the_same_second(home: Home) -> None:
    for _ in range(2):
        erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None)
    (kept,) = (home.folder / "data" / "erasures").glob("2026*.json")
    assert json.loads(kept.read_text())["removed"]


@pytest.mark.parametrize("kind", ["user", "anonymous"])
@pytest.mark.parametrize(
    "given", ["null", " NULL ", "(not set)", r"\N", "undefined", "NaN", "", "\u3000\u200b", "\ufeffnone", "house"]
)
def test_a_placeholder_is_nobody_and_is_refused_with_nothing_changed(home: Home, kind: str, given: str) -> None:
    home.configure({**TRACKER, "path": "in/*"}, identity={"invalid_ids": ["house"]})
    before = contents(home)
    result = cli(home, f"--{kind}", given)
    assert result.exit_code == 2 and "is nobody's id" in result.output
    assert {path: data for path, data in contents(home).items() if not path.endswith("writer.lock")} == before


def test_an_erasure_of_a_placeholder_that_an_older_version_began_is_dropped(home: Home) -> None:
    home.put("d.jsonl", jsonl(track(user=None, anonymousId="d7", userId=None)))
    copy = home.folder / "in" / ".erasing-d.jsonl"
    copy.write_bytes(b"")
    journal = Journal(Journal.place(home.settings.data_dir), "user", "null", users=["null"])
    journal.renames = [[str(copy), str(home.folder / "in" / "d.jsonl")]]
    journal.write()
    before = home.folder.joinpath("in", "d.jsonl").read_bytes()
    told: list[object] = []
    assert finish_pending(home.settings, told.append) is None
    assert home.folder.joinpath("in", "d.jsonl").read_bytes() == before and not copy.exists()
    assert not journal.path.exists() and "nobody's id" in str(told)
