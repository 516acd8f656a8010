"""`growthhouse sources`: what it says of files, and that the lines it prints load them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ingest_home import TRACKER, Home, jsonl, track
from typer.testing import CliRunner

from pipeline.cli.app import app

HEAD = "user_id,event_type,event_time,product_id,price\n"


def run(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["sources", *map(str, words)])
    return result.exit_code, result.output


def inspect(folder: Path, *paths: Path) -> tuple[int, str, list[dict]]:
    """Exit code, output, and the sources that it tells to paste."""
    code, output = run("inspect", *paths, "--config", folder / "growth.yaml")
    _, _, lines = output.partition("paste into growth.yaml:\n")
    return code, output, (yaml.safe_load(lines) or {}).get("sources", [])


def test_lines_to_paste_load_every_event(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put("2026/web-01.jsonl.gz", jsonl(track(), track(at="2026-01-06T00:00:00Z")))
    home.put("2026/web-02.jsonl.gz", jsonl(track(user="u2")))
    home.put(
        "log [old].csv", (HEAD + "u1,cart,2026-01-05 10:00:00,p1,9.95\nu2,buy,2026-01-05 11:00:00,p1,9.95\n").encode()
    )
    home.put("plain.csv", b"7,2268318,pv,1511544070\n8,2333346,buy,1511561733\n" * 2)
    code, output, sources = inspect(tmp_path, tmp_path / "in")
    assert code == 0, output
    assert "of 3 sampled lines, 3 would be loaded" in output
    home.configure(*sources)
    result = home.ingest()
    assert {file.file: (file.n_accepted, file.n_rejected) for file in result.files} == {
        "in/2026/web-01.jsonl.gz": (2, 0),
        "in/2026/web-02.jsonl.gz": (1, 0),
        "in/log [old].csv": (2, 0),
        "in/plain.csv": (4, 0),
    }
    assert [event["event_name"] for event in home.events() if event["item_id"] == "p1"] == ["add_to_cart", "purchase"]


@pytest.mark.parametrize(
    ("format", "line"),
    [
        ("tracker", {"event": "page_view", "timestamp": "2026-01-05T10:00:00Z", "anonymousId": "a1"}),
        (
            "segment",
            {
                "type": "track",
                "event": "Product Viewed",
                "messageId": "m1",
                "anonymousId": "a1",
                "timestamp": "2026-01-05T10:00:00Z",
            },
        ),
    ],
)
def test_each_format_knows_its_lines(format: str, line: dict, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put("a.jsonl", jsonl(line))
    code, output, (source,) = inspect(tmp_path, tmp_path / "in" / "a.jsonl")
    assert (code, source) == (0, {"name": "a", "format": format, "path": "in/a.jsonl"}), output
    assert "of 1 sampled lines, 1 would be loaded" in output


def test_a_log_of_a_web_server_is_known_by_its_lines(tmp_path: Path) -> None:
    line = '192.0.2.7 - - [05/Jan/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 512'
    home = Home(tmp_path)
    home.put("a.log", (line + ' "-" "curl"\n').encode() * 2)
    home.put("b.txt", (line + "\n").encode())
    home.put("c.json", jsonl({"time_iso8601": "2026-01-05T10:00:00Z", "request": "GET / HTTP/1.1", "status": 200}))
    code, output, sources = inspect(tmp_path, tmp_path / "in")
    assert code == 0, output
    assert {source["path"]: (source["format"], source["log_format"]) for source in sources} == {
        "in/a.log": ("access_log", "combined"),
        "in/b.txt": ("access_log", "common"),
        "in/c.json": ("access_log", "json"),
    }
    assert not (tmp_path / "data").exists()


def test_files_that_are_no_source_say_why(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put("numbers.csv", b"ID,frequency,T\n1,2,38.86\n")
    home.put("one.json", json.dumps({"a": 1}, indent=2).encode())
    home.put("sheet.csv", b"PK\x03\x04 and so on \x00\x00")
    home.put("empty.csv", b"")
    home.put("aligned.txt", b" customer_id  date\n 00001 19970101\n")
    code, output, sources = inspect(tmp_path, tmp_path / "in")
    assert (code, sources) == (2, [])
    for words in (
        "no column was recognised as a time\n  columns: ID, frequency, T",
        "none of its lines is an object; `jq -c .` writes one per line",
        "is empty",
        "if others are aligned by spaces",
    ):
        assert words in output
    assert not (tmp_path / "data").exists()


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    assert run("inspect", tmp_path / "none") == (2, f"error: there is no {tmp_path}/none\n")


def test_check_says_what_would_be_loaded_and_refused(tmp_path: Path) -> None:
    home = Home(tmp_path, cleaning={"max_rejected_rate": 0.5})
    home.put("a.jsonl", jsonl(track("view_item", item_id="p1"), track(user="u2"), "no \x1b[31mjson"))
    code, output = run("check", "--config", tmp_path / "growth.yaml")
    assert code == 0, output
    assert "of 3 sampled lines, 2 would be loaded, 1 rejected (bad_json 1)" in output
    assert "2 user ids, 0 anonymous ids\n  events: page_view 1, view_item 1\n" in output
    assert "event_at=2026-01-05 10:00:00, event_name=view_item, user_id=u1, item_id=p1" in output
    assert r"bad_json in line 3 of in/a.jsonl: no \x1b[31mjson" in output
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no file with content matches its path"),
        (jsonl("no json", track()), "more than cleaning.max_rejected_rate allows"),
    ],
)
def test_check_fails_where_a_night_would(content: bytes | None, words: str, tmp_path: Path) -> None:
    home = Home(tmp_path)
    if content:
        home.put("a.jsonl", content)
    code, output = run("check", "shop", "--config", tmp_path / "growth.yaml")
    assert code == 2 and words in output


def test_check_of_an_unknown_source_names_those_there_are(tmp_path: Path) -> None:
    Home(tmp_path, TRACKER)
    code, output = run("check", "shap", "--config", tmp_path / "growth.yaml")
    assert code == 2 and "there is no source shap" in output and "has shop" in output
