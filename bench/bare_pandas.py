"""The same work as bare_duckdb.py in pandas: all in memory, one core.

`python -m bench.bare_pandas HOME [N_FILES]` prints seconds per step and the figures that bench.nights compares; N_FILES
limits the number of daily files, for machines on which all of them do not fit into memory.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

BOT_AGENT = "bot|python-|curl/|spider|crawl"
FUNNEL = ("sign_up", "view_item", "add_to_cart", "purchase")
COLUMNS = [
    "event",
    "user_id",
    "anonymous_id",
    "event_id",
    "timestamp",
    "sent_at",
    "received_at",
    "user_agent",
    "page_url",
    "device_type",
    "item_id",
    "category",
    "price",
    "quantity",
    "revenue",
    "order_id",
    "search_term",
]
REPEATING = ["event", "user_agent", "device_type", "category", "item_id", "page_url", "user_id", "anonymous_id"]


def _rows(path: Path) -> Iterator[tuple[Any, ...]]:
    """The fields of every line with valid JSON; broken lines are skipped."""
    with gzip.open(path, "rb") as lines:
        for line in lines:
            try:
                row = json.loads(line)
                context, more = row["context"], row["properties"]
                yield (
                    row["event"],
                    row["userId"],
                    row["anonymousId"],
                    row["eventId"],
                    row["timestamp"],
                    row["sentAt"],
                    row["receivedAt"],
                    context["userAgent"],
                    context["page"]["url"],
                    context["device"]["type"],
                    more.get("productId"),
                    more.get("category"),
                    more.get("price"),
                    more.get("quantity"),
                    more.get("revenue"),
                    more.get("orderId"),
                    more.get("query"),
                )
            except (ValueError, KeyError):
                continue


def read(files: list[Path]) -> pd.DataFrame:
    """The lines of all files with typed columns; repeated text is stored once."""
    parts = []
    for file in files:
        part = pd.DataFrame(_rows(file), columns=COLUMNS)
        for name in ("timestamp", "sent_at", "received_at"):
            part[name] = pd.to_datetime(part[name], format="ISO8601", errors="coerce", utc=True).dt.tz_localize(None)
        parts.append(part.astype(dict.fromkeys(("price", "quantity", "revenue"), "float64")))
    lines = pd.concat(parts, ignore_index=True)
    lines = lines.astype(dict.fromkeys(REPEATING, "category"))
    delay = lines["received_at"] - lines["sent_at"]
    is_skewed = ~delay.between(pd.Timedelta(seconds=-60), pd.Timedelta(seconds=600)) & delay.notna()
    lines["event_at"] = lines["timestamp"].where(~is_skewed, lines["timestamp"] + delay)
    is_near = lines["event_at"] < pd.Timestamp.now(tz="UTC").tz_localize(None) + pd.Timedelta(days=1)
    has_identity = lines["user_id"].notna() | lines["anonymous_id"].notna()
    return lines[is_near & has_identity].drop(columns=["timestamp", "sent_at"])


def deduplicate(lines: pd.DataFrame) -> pd.DataFrame:
    """The first received copy of each event id, with its person, ordered within each person."""
    events = lines.sort_values("received_at", kind="stable").drop_duplicates("event_id")
    pairs = lines[["anonymous_id", "user_id"]].dropna().drop_duplicates()
    only = pairs[~pairs["anonymous_id"].duplicated(keep=False)].set_index("anonymous_id")["user_id"].astype("str")
    linked = events["anonymous_id"].astype("str").map(only)
    person = events["user_id"].astype("str").fillna(linked).fillna("anon:" + events["anonymous_id"].astype("str"))
    events = events.assign(person_id=person.astype("category"))
    return events.sort_values(["person_id", "event_at", "event_id"], kind="stable").reset_index(drop=True)


def find_bots(events: pd.DataFrame) -> pd.Index:
    """Persons with a bot's user agent, or with more than 300 events in a minute."""
    agents = events["user_agent"].cat.categories
    is_agent = events["user_agent"].isin(agents[agents.str.lower().str.contains(BOT_AGENT)])
    minutes = events.groupby(["person_id", events["event_at"].dt.floor("min")], observed=True).size()
    busy = minutes[minutes > 300].index.get_level_values(0)
    return pd.Index(events.loc[is_agent, "person_id"].unique()).union(busy.unique())


def sessionize(events: pd.DataFrame) -> pd.DataFrame:
    """One row per session: a gap over 30 minutes starts a new one."""
    is_other = events["person_id"] != events["person_id"].shift()
    is_start = is_other | (events["event_at"].diff() > pd.Timedelta(minutes=30))
    events["session"] = is_start.cumsum()
    counts = {f"n_{name}": events["event"] == name for name in ("page_view", "view_item", "add_to_cart", "purchase")}
    by_session = events.assign(**counts).groupby("session", sort=False)
    named = {name: (name, "sum") for name in counts}
    return by_session.agg(
        person_id=("person_id", "first"),
        started_at=("event_at", "first"),
        ended_at=("event_at", "last"),
        n_events=("event", "size"),
        revenue=("revenue", "sum"),
        entry_event=("event", "first"),
        exit_event=("event", "last"),
        landing_page=("page_url", "first"),
        **named,
    )


def funnel(events: pd.DataFrame, bots: pd.Index) -> list[int]:
    """Persons by the deepest step reached within 7 days of any of their sign-ups."""
    human = events[events["event"].isin(FUNNEL) & ~events["person_id"].isin(bots)]
    human = human[(human["event"] != "purchase") | (human["revenue"] > 0)]
    human = human[["person_id", "event", "event_at"]].sort_values("event_at", kind="stable")
    entries = human[human["event"] == FUNNEL[0]].rename(columns={"event_at": "entered_at"}).drop(columns="event")
    entries["at"], entries["level"] = entries["entered_at"], 1
    reached = entries
    for number, name in enumerate(FUNNEL[1:], start=2):
        step = human[human["event"] == name].rename(columns={"event_at": "step_at"}).drop(columns="event")
        reached = pd.merge_asof(
            reached.sort_values("at"), step, left_on="at", right_on="step_at", by="person_id", direction="forward"
        )
        reached = reached[reached["step_at"] <= reached["entered_at"] + pd.Timedelta(days=7)]
        reached = reached.assign(at=reached["step_at"], level=number).drop(columns="step_at")
        entries = pd.concat([entries, reached[entries.columns]])
    levels = entries.groupby("person_id", observed=True)["level"].max()
    return [int((levels >= number).sum()) for number in range(1, len(FUNNEL) + 1)]


def retention(events: pd.DataFrame, bots: pd.Index) -> list[list[int]]:
    """Persons active n days after their first day."""
    human = events[~events["person_id"].isin(bots)]
    days = pd.DataFrame({"person_id": human["person_id"], "day": human["event_at"].dt.floor("D")}).drop_duplicates()
    first = days.groupby("person_id", observed=True)["day"].transform("min")
    sizes = (days["day"] - first).dt.days.value_counts().sort_index()
    return [[period, n] for period, n in zip(sizes.index.tolist(), sizes.tolist(), strict=True) if period <= 30]


def main(home: Path, n_files: int | None) -> None:
    """Run every step on the tracker files of a home and print one JSON object."""
    seconds: dict[str, float] = {}

    def timed(name: str, step: Any, *arguments: Any) -> Any:
        started = time.perf_counter()
        result = step(*arguments)
        seconds[name] = round(time.perf_counter() - started, 2)
        return result

    files = sorted((home / "data/raw/shop").glob("*.jsonl.gz"))[:n_files]
    lines = timed("read", read, files)
    n_lines = len(lines)
    events = timed("deduplicate", deduplicate, lines)
    del lines
    bots = timed("bots", find_bots, events)
    sessions = timed("sessionize", sessionize, events)
    found = {
        "events": len(events),
        "persons": int(events["person_id"].nunique()),
        "sessions": len(sessions),
        "funnel": timed("funnel", funnel, events, bots),
        "retention": timed("retention", retention, events, bots),
    }
    print(json.dumps({"seconds": seconds, "n_lines": n_lines, "figures": found}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
