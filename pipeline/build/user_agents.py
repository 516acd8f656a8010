"""Parsed user agents: device, browser, operating system, and whether it is a bot. Parsed once per distinct text.

Belongs here: reading user agents (ua-parser, crawler-user-agents: no network) and the table of them beside the build
database. Not here: who is a bot (int_bot_evidence), and the kind of device that a log gives itself, which goes before.

The table holds every user agent of the lake files that the build holds. A full night rebuilds it; a delta night adds
those of the files it reads. Other versions of the libraries are other rules: then a whole night comes (RULES).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import crawleruseragents
import duckdb
import ua_parser

from pipeline.home.atomic import replacing
from pipeline.home.sql_text import quote

# What the table's content depends on; the number counts changes of the code below.
RULES = f"1, ua-parser-builtins {version('ua-parser-builtins')}, crawler-user-agents {version('crawler-user-agents')}"

_COLUMNS = "user_agent varchar, device_type varchar, browser varchar, operating_system varchar, is_bot boolean"
# Libraries that people's apps speak through; crawler-user-agents counts them among the programs.
_APPS = re.compile(r"okhttp|CFNetwork|Dalvik", re.IGNORECASE)
# Bots that the list does not contain.
_PROGRAMS = re.compile(
    r"(?<!cu)bot\b|crawler|spider|headless|phantomjs|libwww|httpclient|monitoring|lighthouse|^java/", re.I
)

_TV = re.compile(r"smart-?tv|\btv\b|googletv|appletv|hbbtv|roku|bravia|crkey|chromecast|aft[a-z]|netcast", re.I)
_CONSOLE = re.compile(r"playstation|xbox|nintendo", re.I)
_WEARABLE = re.compile(r"apple ?watch|watch ?os|wear ?os|sm-r\d{3}", re.I)
_TABLET = re.compile(r"ipad|tablet|kindle|playbook|silk(?!.*mobile)", re.I)
_MOBILE = re.compile(r"mobi|iphone|ipod|windows phone|blackberry|opera mini|kaios", re.I)
_MOBILE_SYSTEMS = {"iOS", "Android", "Windows Phone", "BlackBerry OS", "KaiOS", "Symbian OS", "Firefox OS"}
_DESKTOP_SYSTEMS = re.compile(
    r"windows|mac os|chrome ?os|linux|ubuntu|debian|fedora|freebsd|openbsd|netbsd|solaris", re.I
)


@dataclass(frozen=True)
class Agent:
    """A row of the table; None where the text does not tell."""

    user_agent: str
    device_type: str | None
    browser: str | None
    operating_system: str | None
    is_bot: bool


def read_agent(text: str) -> Agent:
    """Parse one user agent.

    >>> read_agent("Mozilla/5.0 (iPad; CPU OS 16_5 like Mac OS X) Version/16.5 Mobile/15E148 Safari/604.1").device_type
    'tablet'
    """
    parsed = ua_parser.parse(text)
    system = parsed.os.family if parsed.os else None
    device = f"{parsed.device.family} {parsed.device.brand}" if parsed.device else ""
    is_bot = "Spider" in device or _is_program(text)
    kind = None if is_bot else _device_type(text, device, system)
    return Agent(text, kind, parsed.user_agent.family if parsed.user_agent else None, system, is_bot)


def _is_program(text: str) -> bool:
    return not _APPS.search(text) and bool(crawleruseragents.is_crawler(text) or _PROGRAMS.search(text))


def _device_type(text: str, device: str, system: str | None) -> str | None:
    """An Android device whose browser omits Mobile is a tablet, as Google recommends to browsers."""
    both = f"{device} {text}"
    for pattern, kind in ((_CONSOLE, "console"), (_TV, "tv"), (_WEARABLE, "wearable")):
        if pattern.search(both):
            return kind
    if _TABLET.search(both) or "Generic_Android_Tablet" in device:
        return "tablet"
    if _MOBILE.search(both):
        return "mobile"
    if system == "Android":
        return "tablet" if "Mozilla" in text else "mobile"
    if system in _MOBILE_SYSTEMS:
        return "mobile"
    return "desktop" if system and _DESKTOP_SYSTEMS.search(system) else None


def keep_user_agents(table: Path, whole_lake: str, new_files: list[str] | None) -> int:
    """Bring the table up to date with a night that reads `new_files` (None: everything); how many texts were read.

    A table that is missing or damaged is rebuilt from the whole lake.
    """
    if new_files is not None and table.exists():
        try:
            return _update(table, new_files, is_rebuild=False)
        except duckdb.Error:  # the next step reports a lake that cannot be read
            pass
    return _update(table, whole_lake, is_rebuild=True)


def _update(table: Path, files: str | list[str], *, is_rebuild: bool) -> int:
    with duckdb.connect() as con:
        con.execute(f"create table known ({_COLUMNS})")
        if table.exists() and not is_rebuild:
            con.execute("insert into known select * from read_parquet(?)", [str(table)])
        new = [read_agent(text) for text in _texts(con, files)]
        if not new and table.exists() and not is_rebuild:
            return 0
        if new:
            _insert(con, new)
        with replacing(table) as unfinished:
            con.execute(f"copy (from known order by user_agent) to {quote(unfinished)} (format parquet)")
    return len(new)


def _insert(con: duckdb.DuckDBPyConnection, agents: list[Agent]) -> None:
    """All at once: row by row, a hundred thousand texts take a minute."""
    import pandas as pd

    con.register("new", pd.DataFrame(agents))
    con.execute("insert into known by name select * from new")


def _texts(con: duckdb.DuckDBPyConnection, files: str | list[str]) -> list[str]:
    if not files or (
        isinstance(files, str) and not con.execute("select count(*) from glob(?)", [files]).fetchall()[0][0]
    ):
        return []
    rows = con.execute(
        "select distinct user_agent from read_parquet(?, union_by_name = true) where user_agent is not null "
        "and user_agent not in (select user_agent from known)",
        [files],
    ).fetchall()
    return sorted(text for (text,) in rows)
