"""What user agents say: kinds of devices, programs, and the table that holds each text once."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipeline.build.user_agents import keep_user_agents, read_agent

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"
DEVICES = {
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Safari/537.36": "desktop",
    f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_WEBKIT} Safari/537.36": "desktop",
    f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} Safari/537.36": "desktop",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15": "desktop",
    f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {_WEBKIT} Mobile Safari/537.36": "mobile",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148": "mobile",
    "MyApp/3.2 CFNetwork/1410.0.3 Darwin/22.6.0": "mobile",
    "Dalvik/2.1.0 (Linux; U; Android 13; SM-S908B Build/TP1A)": "mobile",
    "Mozilla/5.0 (iPad; CPU OS 16_5 like Mac OS X) AppleWebKit/605.1.15 "
    "Version/16.5 Mobile/15E148 Safari/604.1": "tablet",
    # an Android browser that does not say Mobile
    f"Mozilla/5.0 (Linux; Android 13; SM-X700) {_WEBKIT} Safari/537.36": "tablet",
    "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 85.0.4183.93/6.0 TV": "tv",
    "Mozilla/5.0 (PlayStation 5 3.03/SmartTV) AppleWebKit/605.1.15 (KHTML, like Gecko)": "console",
    "something nobody knows": None,
    "": None,
}
PROGRAMS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) Mobile Safari/537.36 (compatible; bingbot/2.0)",
    "Mozilla/5.0 AppleWebKit/537.36 (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://bot.example/about)",
    "facebookexternalhit/1.1",
    "curl/8.5.0",
    "Wget/1.21",
    "python-requests/2.32.3",
    "Java/17.0.1",
    "Scrapy/2.11",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0 Safari/537.36",
)
# Named like a program, or spoken through a library: people all the same.
PEOPLE = (
    "Mozilla/5.0 (Linux; Android 9; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/100.0 Mobile Safari/537.36",
    "okhttp/4.9.3",
    "MyShop/3.2 CFNetwork/1410.0.3 Darwin/22.6.0",
    *(agent for agent, kind in DEVICES.items() if kind),
)


@pytest.mark.parametrize("agent", DEVICES)
def test_the_kind_of_device_is_told(agent: str) -> None:
    assert read_agent(agent).device_type == DEVICES[agent]


@pytest.mark.parametrize("agent", PROGRAMS)
def test_a_program_is_told_and_has_no_device(agent: str) -> None:
    found = read_agent(agent)
    assert (found.is_bot, found.device_type) == (True, None)


@pytest.mark.parametrize("agent", PEOPLE)
def test_a_person_is_not_taken_for_a_program(agent: str) -> None:
    assert not read_agent(agent).is_bot


def test_browser_and_system_are_families_without_versions() -> None:
    found = read_agent(f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Safari/537.36")
    assert (found.browser, found.operating_system) == ("Chrome", "Windows")


def _lake(folder: Path, name: str, agents: list[str | None]) -> str:
    path = folder / f"{name}.parquet"
    con = duckdb.connect()
    con.execute("create table events (user_agent varchar)")
    con.executemany("insert into events values (?)", [[agent] for agent in agents])
    con.execute(f"copy events to '{path}' (format parquet)")
    return str(path)


def _held(table: Path) -> list[str]:
    return [text for (text,) in duckdb.execute("select user_agent from read_parquet(?)", [str(table)]).fetchall()]


def test_texts_that_look_like_nothing_stay_texts_and_what_they_do_not_say_is_null(tmp_path: Path) -> None:
    table, texts = tmp_path / "agents.parquet", ["", "None", "nan", "null", "\N{BICYCLE}"]
    keep_user_agents(table, _lake(tmp_path, "odd", [*texts, None]), None)
    rows = duckdb.execute("from read_parquet(?)", [str(table)]).fetchall()
    assert rows == [(text, None, None, None, False) for text in texts]


def test_each_text_is_read_once_and_known_ones_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "build" / "it's agents.parquet"
    first = _lake(tmp_path, "first", ["curl/8.5.0", "curl/8.5.0", None, "okhttp/4.9.3"])
    assert keep_user_agents(table, first, None) == 2
    monkeypatch.setattr("crawleruseragents.is_crawler", lambda text: pytest.fail(f"read again: {text}"))
    assert keep_user_agents(table, first, [first]) == 0
    assert _held(table) == ["curl/8.5.0", "okhttp/4.9.3"]


def test_a_delta_night_adds_and_a_whole_night_forgets_what_the_lake_no_longer_holds(tmp_path: Path) -> None:
    table = tmp_path / "agents.parquet"
    gone, stays = _lake(tmp_path, "gone", ["a"]), _lake(tmp_path, "stays", ["b"])
    keep_user_agents(table, gone, None)
    keep_user_agents(table, str(tmp_path / "*.parquet"), [stays])
    assert _held(table) == ["a", "b"]
    keep_user_agents(table, stays, None)
    assert _held(table) == ["b"]


@pytest.mark.parametrize("harm", ["gone", "damaged"])
def test_a_table_that_is_lost_is_made_anew_from_the_whole_lake_also_in_a_delta_night(harm: str, tmp_path: Path) -> None:
    table = tmp_path / "build" / "agents.parquet"
    old, new = _lake(tmp_path, "old", ["a"]), _lake(tmp_path, "new", ["b"])
    keep_user_agents(table, old, None)
    table.unlink()
    if harm == "damaged":
        table.write_bytes(b"PAR1 and nothing else")
    keep_user_agents(table, str(tmp_path / "*.parquet"), [new])
    assert _held(table) == ["a", "b"]


def test_a_lake_without_files_gives_a_table_without_rows(tmp_path: Path) -> None:
    table = tmp_path / "agents.parquet"
    assert keep_user_agents(table, str(tmp_path / "none" / "*.parquet"), None) == 0
    assert _held(table) == []
