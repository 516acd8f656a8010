"""Random logs full of errors, and random ways of delivering them.

Few people on few devices within few days, so that everything happens at once: log-ins that link a device late or show
that it is shared, equal times, copies with other content, campaigns, bursts, orders that two sources tell of, files
that are corrected, emptied or come weeks late. Not here: running the nights.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

START = datetime(2026, 1, 1)
N_DAYS = 9
EVENTS = ("page_view", "view_item", "add_to_cart", "purchase", "purchase", "refund", "sign_up", "search")
CONFIGS = (
    "",
    "sessions: {timeout_minutes: 30, max_hours: 1}\n",
    "sessions: {timeout_minutes: 10, cut_on_campaign: true, cut_at_midnight: true}\n",
    "cleaning: {max_events_per_minute: 3}\nidentity: {max_users_per_device: 2}\n"
    "retention: {start_event: page_view, return_event: purchase, brackets: [[0, 1], [2, 5]], max_days: 5}\n",
    "cleaning: {max_orders_per_day: 1, max_orders_per_item: 1, max_accounts_per_device: 1, brushing_window_days: 3}\n",
)
REFERRERS = ("https://www.google.com/", "https://shop.example/1", "https://blog.example/")
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
)
_HEAD = """\
site: {timezone: Asia/Shanghai, currency: CNY}
sources:
  - {name: shop, format: tracker, path: "{home}/data/raw/shop/*.jsonl"}
  - {name: server, format: tracker, path: "{home}/data/raw/server/*.jsonl", sessions: false}
# given, like the funnels, because the default changes with the events that occur, and then everything is rebuilt
recommendations: {event_weights: {view_item: 1, add_to_cart: 3, purchase: 5}}
funnels:
  - {name: best, steps: [{event: view_item}, {event: add_to_cart}, {event: purchase}], window: 2 days, entry: best,
     breakdown: channel}
  - {name: first, steps: [{event: page_view}, {event: purchase}], window: 1 days, entry: first, breakdown: category}
  - {name: every, steps: [{event: view_item}, {event: search, optional: true}, {event: purchase, within: 1 days}],
     window: 2 days, entry: every, exclude: [sign_up], breakdown: lifecycle_stage}
  - {name: strict, steps: [{event: page_view}, {event: view_item}], window: 1 days, order: strict, scope: session,
     breakdown: item_id}
  - {name: any, steps: [{event: view_item}, {event: view_item}, {event: search}], window: 2 days, order: any,
     hold_constant: [item_id]}
paths: {start: search, groups: ["/k1", "/k*"], page_events: [page_view, view_item]}
aha: {counts: [1, 2], days: [1, 2], retention_days: 2}
"""


@dataclass(frozen=True)
class Delivery:
    """What arrives before one night: content by file name, replacing what the file held before."""

    files: dict[str, str]


@dataclass(frozen=True)
class Schedule:
    """A config and its deliveries; `final` is what the files hold in the end."""

    config: str
    deliveries: tuple[Delivery, ...]

    @property
    def final(self) -> Delivery:
        """Everything at once."""
        return Delivery({name: text for delivery in self.deliveries for name, text in delivery.files.items()})


def schedule(seed: int) -> Schedule:
    """The schedule of a seed."""
    rng = random.Random(seed)
    events = [_event(rng, number) for number in range(rng.randrange(60, 160))]
    copies = [_copy(rng, rng.choice(events)) for _ in range(len(events) // 8)]
    files: dict[str, list[dict[str, Any]]] = {}
    for event in events + copies:
        source = "server" if event["event"] == "purchase" and rng.random() < 0.4 else "shop"
        late = rng.choice((0, 0, 0, 0, 1, 2, 5)) if rng.random() < 0.5 else 0
        day = (datetime.fromisoformat(event["timestamp"]) + timedelta(days=late)).date()
        files.setdefault(f"{source}/{day}-{rng.randrange(2)}.jsonl", []).append(event)
        if event["event"] == "purchase" and source == "shop" and rng.random() < 0.5:  # the server tells of it too
            files.setdefault(f"server/{day}-0.jsonl", []).append(
                {**event, "eventId": f"s{event['eventId']}", "userId": event.get("userId") or "u1"}
            )
    config = _HEAD + rng.choice(CONFIGS)
    return Schedule(config, _deliveries(rng, files))


def _deliveries(rng: random.Random, files: dict[str, list[dict[str, Any]]]) -> tuple[Delivery, ...]:
    """All files in a random order over some nights; a few come first in another form and are corrected later."""
    names = sorted(files)
    if rng.random() < 0.5:
        rng.shuffle(names)
    n_nights = rng.randrange(2, 5)
    cuts = sorted(rng.randrange(len(names) + 1) for _ in range(n_nights - 1))
    parts = [names[start:end] for start, end in zip([0, *cuts], [*cuts, len(names)], strict=True)]
    nights: list[dict[str, str]] = [{name: _text(files[name]) for name in part} for part in parts]
    for night, part in enumerate(parts[:-1]):
        for name in part:
            if rng.random() < 0.15:
                nights[night][name] = _text(_wrong(rng, files[name]))
                nights[rng.randrange(night + 1, n_nights)][name] = _text(files[name])
    return tuple(Delivery(night) for night in nights if night)


def _wrong(rng: random.Random, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A first version of a file: lines are missing, or say something else, or somebody else."""
    kept = [event for event in events if rng.random() < 0.7] or events[:1]
    return [{**event, "userId": f"u{rng.randrange(4)}"} if rng.random() < 0.2 else event for event in kept]


def _event(rng: random.Random, number: int) -> dict[str, Any]:
    moment = START + timedelta(
        days=rng.randrange(N_DAYS),
        hours=rng.choice((3, 9, 15, 15, 16)),
        minutes=rng.choice((0, 1, 20, 30, 45, 59)),
        seconds=rng.choice((0, 0, 1, 30)),
    )
    device = rng.randrange(5)
    event: dict[str, Any] = {
        "event": rng.choice(EVENTS),
        "timestamp": moment.isoformat(),
        "eventId": f"e{number}",
        "anonymousId": f"d{device}",
    }
    if rng.random() < 0.35:
        event["userId"] = f"u{device if rng.random() < 0.9 else rng.randrange(4)}"
    if rng.random() < 0.15:
        del event["anonymousId"]
        event["userId"] = f"u{rng.randrange(4)}"
    if rng.random() < 0.7:
        event["receivedAt"] = (moment + timedelta(hours=rng.choice((0, 1, 30)))).isoformat()
    if rng.random() < 0.02:
        event["context"] = {"userAgent": "curl/8.5.0"}
    elif rng.random() < 0.3:
        page = {
            "path": f"/{number % 5}",
            "url": f"https://shop.example/{number % 5}",
            "referrer": rng.choice(REFERRERS),
        }
        event["context"] = {"userAgent": rng.choice(AGENTS), "page": page}
    if rng.random() < 0.2:
        event["utm_source"], event["utm_campaign"] = "ads", f"c{rng.randrange(2)}"
    if event["event"] == "purchase":
        event |= {
            "orderId": f"o{rng.randrange(12)}",
            "value": rng.randrange(1, 50),
            "productId": f"i{rng.randrange(4)}",
        }
    elif event["event"] == "refund":
        event |= {
            "orderId": f"o{rng.randrange(12)}",
            **rng.choice(({}, {"value": 2}, {"productId": f"i{rng.randrange(4)}"})),
        }
    elif rng.random() < 0.6:
        event |= {"productId": f"i{rng.randrange(4)}", "category": f"k{rng.randrange(3)}"}
        event |= {"page_path": f"/{event['category']}"}
    return event


def _copy(rng: random.Random, event: dict[str, Any]) -> dict[str, Any]:
    """The same again, or the same id with other content, another time, another person."""
    copy = dict(event)
    if rng.random() < 0.5:
        copy["receivedAt"] = (
            datetime.fromisoformat(event["timestamp"]) + timedelta(hours=rng.randrange(40))
        ).isoformat()
    if rng.random() < 0.3:
        copy["userId"] = f"u{rng.randrange(4)}"
    if rng.random() < 0.3:
        moment = datetime.fromisoformat(event["timestamp"]) - timedelta(minutes=rng.randrange(200))
        copy["timestamp"] = moment.isoformat()
    return copy


def _text(events: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)
