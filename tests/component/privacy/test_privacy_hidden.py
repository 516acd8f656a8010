"""What an erasure could miss or destroy: links, escapes, longer words, files delivered in between, stray quotes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from erase_home import NOW, ORDERS
from ingest_home import TRACKER, Home, jsonl, track
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.privacy import Proof, erase, finish_pending, preview
from pipeline.privacy import rewrite as rewriting

ID, OTHER, TENTH = "u0000134", "u0000135", "u00001340"


class Killed(BaseException):
    """Not an error that anything could catch."""


def quiet(text: object) -> None:
    """Say nothing."""


def erased(home: Home, **options: Any) -> Proof:
    return erase(home.settings, "user", ID, now=NOW, say=quiet, **options)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Somebody, somebody else, and lines of somebody else that name the first in all kinds of ways."""
    made = Home(tmp_path, {**TRACKER, "path": "in/**/*.jsonl"}, ORDERS)
    made.put(
        "a.jsonl",
        jsonl(
            track(user=ID),
            track(user=OTHER),
            track(user=OTHER, page_url=f"https://s.example/profile/{ID}.html"),
            track(user=OTHER, note=f"mail-{ID}-x"),
            '{"event":"share","timestamp":"2026-01-05T10:00:00Z","userId":"u0000135","whom":"\\u00750000134"}',
            track(user=OTHER, page_url="https://s.example/?back=%2Fprofile%2F%75%30000134%2F"),
            track(user=TENTH),
        ),
    )
    return made


def texts(home: Home) -> str:
    return home.folder.joinpath("in", "a.jsonl").read_text()


def test_escaped_ids_go_and_longer_words_are_left_to_a_person(home: Home) -> None:
    home.ingest()
    seen = preview(home.settings, "user", ID)
    assert seen.found["in/a.jsonl"] == 3
    assert {word: longer.places[0] for word, longer in seen.longer.items()} == {
        f"{ID}.html": "in/a.jsonl:3",
        f"mail-{ID}-x": "in/a.jsonl:4",
    }
    proof = erased(home)
    assert proof.remaining == {} and proof.is_undecided and not proof.is_clean and proof.n_other_ids == 1
    assert f"{ID}.html" in proof.text() and "in/a.jsonl:3" in proof.text()
    assert [bool(line) for line in texts(home).splitlines()] == [False, True, True, True, False, False, True]
    kept = next(home.folder.joinpath("data", "erasures").glob("2026*.json")).read_text()
    assert ID not in kept and "base64" in kept and '"n_other_ids": 1' in kept
    again = erased(home, also=[f"mail-{ID}-x"], is_rest_left=True)
    assert again.is_clean and f"mail-{ID}-x" not in texts(home) and f"{ID}.html" in texts(home)
    assert home.values("user_id", "line_number") == [(OTHER, 2), (OTHER, 3), (TENTH, 7)]
    night = home.ingest()
    assert (night.n_files_new, night.warnings[1:]) == (0, [])


def test_the_command_lists_longer_words_and_takes_a_decision_from_a_file(home: Home) -> None:
    home.ingest()
    config = ["--config", str(home.folder / "growth.yaml"), "--user", ID]
    listed = CliRunner().invoke(app, ["erase", *config, "--dry-run"])
    assert listed.exit_code == 0 and f"mail-{ID}-x" in listed.output and "in/a.jsonl:4" in listed.output
    undecided = CliRunner().invoke(app, ["erase", *config])
    assert undecided.exit_code == 1 and "--also WORD" in undecided.output
    (home.folder / "words.txt").write_text(f"# decided\nmail-{ID}-x\n{ID}.html\n")
    decided = CliRunner().invoke(app, ["erase", *config, "--also-from", str(home.folder / "words.txt")])
    assert decided.exit_code == 0, decided.output
    assert "not        base64" in decided.output and "searched" in decided.output
    strange = CliRunner().invoke(app, ["erase", *config, "--also", "anybody"])
    assert strange.exit_code == 2 and "does not contain the id" in strange.output


def test_a_raw_file_behind_a_link_is_erased_where_it_is(home: Home, tmp_path_factory: pytest.TempPathFactory) -> None:
    archive = tmp_path_factory.mktemp("archive")
    (archive / "old.jsonl").write_bytes(jsonl(track(user=ID), track(user=OTHER)))
    (archive / "days").mkdir()
    (archive / "days" / "b.jsonl").write_bytes(jsonl(track(user=ID, at="2026-01-06T10:00:00Z")))
    (home.folder / "in" / "old.jsonl").symlink_to(archive / "old.jsonl")
    (home.folder / "in" / "days").symlink_to(archive / "days")
    home.ingest()
    proof = erased(home, is_rest_left=True)
    assert proof.is_clean
    assert (archive / "old.jsonl").read_bytes() == jsonl("", track(user=OTHER))
    assert (archive / "days" / "b.jsonl").read_bytes() == b"\n"
    assert (home.folder / "in" / "old.jsonl").is_symlink() and (home.folder / "in" / "days").is_symlink()
    night = home.ingest()
    assert (night.n_files_new, ID in home.values("user_id")) == (0, False)


def test_files_that_are_nobodys_raw_data_are_searched_and_reported_but_not_rewritten(
    home: Home, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "notes.txt").write_text(f"call {ID}\n")
    raw = home.folder / "data" / "raw"
    raw.mkdir(parents=True)
    (raw / "notes").symlink_to(elsewhere)
    (raw / "self").symlink_to(raw)
    (raw / "gone").symlink_to(elsewhere / "gone")
    (raw / "old.jsonl.bz2").write_bytes(b"BZh91AY&SY")
    os.link(home.folder / "in" / "a.jsonl", tmp_path_factory.mktemp("hidden") / "second-name")
    home.ingest()
    proof = erased(home, is_rest_left=True)
    assert (elsewhere / "notes.txt").read_text() == f"call {ID}\n"
    assert {place: what.split(":")[0].split(",")[0] for place, what in proof.remaining.items()} == {
        "data/raw/notes/notes.txt": "1 left",
        "data/raw/gone": "is a link to a file that is not there",
        "data/raw/old.jsonl.bz2": "is bzip2",
        "in/a.jsonl": "has 1 more names elsewhere (hard links)",
    }


@pytest.mark.parametrize("has_same_size_and_time", [False, True])
def test_a_file_delivered_again_while_an_erasure_was_killed_is_kept_and_searched(
    home: Home, has_same_size_and_time: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.put("b.jsonl", jsonl(track(user=ID), track(user=OTHER), track(user=OTHER, at="2026-01-07T10:00:00Z")))
    home.ingest()
    replace = os.replace

    def killing(new: Any, final: Any) -> None:
        if Path(final).name == "b.jsonl":
            raise Killed
        replace(new, final)

    monkeypatch.setattr(os, "replace", killing)
    with pytest.raises(Killed):
        erased(home)
    monkeypatch.setattr(os, "replace", replace)
    path = home.folder / "in" / "b.jsonl"
    before = path.stat()
    again = [track(user=OTHER, at="2026-01-08T10:00:00Z"), track(user=ID), track(user=OTHER)]
    path.write_bytes(jsonl(*again))
    if has_same_size_and_time:
        assert path.stat().st_size == before.st_size
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    finished = finish_pending(home.settings, quiet)
    assert finished is not None and finished.remaining == {}
    assert path.read_bytes() == jsonl(again[0], "", again[2])
    home.ingest()
    assert home.active()["b.jsonl"].n_accepted == 2
    assert list(home.folder.rglob(".erasing-*")) == []


def test_a_file_that_was_removed_while_an_erasure_was_killed_does_not_come_back(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.ingest()
    replace, path = os.replace, home.folder / "in" / "a.jsonl"

    def killing(new: Any, final: Any) -> None:
        if Path(final) == path:
            raise Killed
        replace(new, final)

    monkeypatch.setattr(os, "replace", killing)
    with pytest.raises(Killed):
        erased(home)
    monkeypatch.setattr(os, "replace", replace)
    path.unlink()
    assert finish_pending(home.settings, quiet) is not None
    assert not path.exists() and ID not in home.values("user_id")


def test_many_lines_are_not_removed_before_somebody_agrees(home: Home) -> None:
    home.put("many.jsonl", jsonl(*[track(user=ID, n=n) for n in range(120)]))
    home.ingest()
    config = ["--config", str(home.folder / "growth.yaml"), "--user", ID, "--leave-rest"]
    before = {path: path.read_bytes() for path in home.folder.joinpath("in").iterdir()}
    asked = CliRunner().invoke(app, ["erase", *config])
    assert asked.exit_code == 2 and "123 of 127 lines (96.9%)" in asked.output
    assert f"`growthhouse erase --user {ID} --leave-rest --yes --config" in asked.output.replace("\n", "")
    assert {path: path.read_bytes() for path in home.folder.joinpath("in").iterdir()} == before
    assert not home.folder.joinpath("data", "erasures").exists()
    assert CliRunner().invoke(app, ["erase", *config, "--yes"]).exit_code == 0
    assert ID not in home.values("user_id")


def test_a_stray_quote_does_not_take_rows_of_others_along(home: Home) -> None:
    rows = [f"{n},{ID if n == 5 else OTHER},2026-01-0{n + 1},note {n}\n" for n in range(9)]
    rows[3] = f'3,{OTHER},2026-01-04,"note 3\n'
    rows[7] = f'7,{ID},2026-01-08,"two\nlines"\n'
    path = home.folder / "tables" / "o.csv"
    path.parent.mkdir()
    path.write_text("id,customer,at,note\n" + "".join(rows))
    home.ingest()
    assert erased(home, is_rest_left=True).remaining == {}
    rows[5], rows[7] = "\n", "\n"
    assert path.read_text() == "id,customer,at,note\n" + "".join(rows)


def test_a_damaged_archive_is_reported_and_not_rewritten(home: Home) -> None:
    path = home.put("cut.jsonl.gz", jsonl(*[track(user=user) for user in (ID, OTHER) * 50]))
    path = path.rename(path.with_suffix(""))  # read by its first bytes
    path.write_bytes(content := path.read_bytes()[:-20])
    home.ingest()
    proof = erased(home, is_rest_left=True)
    assert "damaged archive" in proof.remaining["in/cut.jsonl"] and path.read_bytes() == content


def test_a_file_that_cannot_be_rewritten_is_reported_and_stops_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.put("b.jsonl", jsonl(track(user=ID)))
    home.ingest()
    writer = rewriting._writer

    def refuse(path: Path, compression: str) -> Any:
        if path.name.endswith("a.jsonl"):
            raise PermissionError(13, "Permission denied", str(path))
        return writer(path, compression)

    monkeypatch.setattr(rewriting, "_writer", refuse)
    proof = erased(home, is_rest_left=True)
    assert proof.remaining == {"in/a.jsonl": "3 left: cannot be searched or rewritten: Permission denied"}
    assert home.folder.joinpath("in", "b.jsonl").read_bytes() == b"\n" and ID not in home.values("user_id")


def test_after_a_plain_id_was_erased_broken_lines_of_others_stay_listed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put("a.jsonl", jsonl(track(user="42"), track(user="7")))
    home.ingest()
    erase(home.settings, "user", "42", now=NOW, say=quiet)
    lines = ('{"userId":"7","price":42 broken', '{"userId":"42", broken', '{"user_id": 42, broken', "42 broken")
    home.put("b.jsonl", jsonl(*lines))
    home.ingest()
    assert [row["line_number"] for row in home.rejects()] == [1, 4]
    assert home.active()["b.jsonl"].n_erased == 2


def test_an_id_in_a_table_is_found_as_a_number_and_between_invisible_characters(home: Home) -> None:
    path = home.folder / "tables" / "o.csv"
    path.parent.mkdir()
    ids = ("12345.0", "12345.5", "\u200b 12345\u00a0", "123450")
    rows = [f"{n},{given},2026-01-01\n" for n, given in enumerate(ids)]
    path.write_text("id,customer,at\n" + "".join(rows))
    home.put("b.jsonl", b'{"userId": 12345.0, broken\n{"userId": 12345.05, broken\n')
    home.ingest()
    assert erase(home.settings, "user", "12345", now=NOW, say=quiet).is_clean
    assert path.read_text() == "id,customer,at\n" + "".join(("\n", rows[1], "\n", rows[3]))
    assert home.folder.joinpath("in", "b.jsonl").read_bytes() == b'\n{"userId": 12345.05, broken\n'
