"""The text of the logs: tracker JSON lines, access-log lines, order rows.

Belongs here: formats only. Not here: what happened (sessions.py) or when it arrives (delivery.py). Lines are f-strings
because a JSON encoder called once per event would take most of the run.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from pipeline.simulate.people import HUMAN, MAX_DEVICES, Population
from pipeline.simulate.sessions import Events, starts_of
from pipeline.simulate.world import (
    ADD_FRIEND,
    ADD_TO_CART,
    CAMPAIGNS,
    CATEGORIES,
    CHECKOUT,
    DEVICE_TYPES,
    EVENTS,
    PAGE_VIEW,
    PAYMENT,
    PURCHASE,
    QUERY_WORDS,
    REFERRERS,
    REFUND,
    SEARCH,
    SHARE,
    SIGN_UP,
    SITE,
    USER_AGENTS,
    VIEW_ITEM,
    VIEW_LIST,
    WISHLIST,
    Catalogue,
    IntArray,
)

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def iso(start: date, at_ms: IntArray) -> list[str]:
    """`YYYY-MM-DDThh:mm:ss.mmm` (UTC, without the Z) for times in ms since the start."""
    stamps = np.datetime64(start, "ms") + at_ms.astype("timedelta64[ms]")
    texts: list[str] = np.datetime_as_string(stamps, unit="ms").tolist()
    return texts


class Vocabulary:
    """Texts that occur on many lines, built once."""

    def __init__(self, people: Population, shop: Catalogue, currency: str) -> None:
        self.price = [f"{c / 100:.2f}" for c in shop.price_cents.tolist()]
        self.category = [CATEGORIES[c] for c in shop.category.tolist()]
        self.product = [f"p{i:05d}" for i in range(shop.category.size)]
        names = zip(self.product, self.category, self.price, strict=True)
        self.currency = f'"currency":"{currency}"'
        self.item_props = [f'"productId":"{p}","category":"{c}","price":{v},{self.currency}' for p, c, v in names]
        self.campaign = [f'"campaign":{{"source":"{s}","medium":"{m}"}},' if s else "" for s, m in CAMPAIGNS]
        self.agent = [f'"userAgent":"{a}",' for a in USER_AGENTS]
        self.device = [f'"device":{{"type":"{d}"}}' for d in DEVICE_TYPES]
        self.people = people


def event_ids(n: int, rng: np.random.Generator) -> list[str]:
    """`n` random 16-digit hex ids."""
    blob = rng.bytes(n * 8).hex()
    return [blob[i : i + 16] for i in range(0, n * 16, 16)]


def order_ids(day: int, events: Events) -> list[str]:
    """An order id per event: a purchase has its own, any other event that of the previous purchase."""
    return [f"o{day:04d}{number:06d}" for number in np.cumsum(events.code == PURCHASE).tolist()]


def pages(vocabulary: Vocabulary, events: Events, words: IntArray) -> tuple[list[str], list[str], list[str]]:
    """Path, query string and referrer of each event."""
    paths, queries = [], []
    for code, item, category, word in zip(
        events.code.tolist(), events.item.tolist(), events.category.tolist(), words.tolist(), strict=True
    ):
        query = ""
        if code == PAGE_VIEW:
            path = "/" if word % 2 else f"/c/{CATEGORIES[category]}"
        elif code in (VIEW_ITEM, ADD_TO_CART, WISHLIST, SHARE):
            path = f"/p/{vocabulary.product[item]}"
        elif code == VIEW_LIST:
            path = f"/c/{CATEGORIES[category]}"
        elif code == SEARCH:
            path, query = "/search", f"?q={QUERY_WORDS[word]}+{CATEGORIES[category]}"
        elif code in (CHECKOUT, PAYMENT, PURCHASE):
            path = {CHECKOUT: "/checkout", PAYMENT: "/checkout/payment", PURCHASE: "/checkout/done"}[code]
        else:
            path = "/friends" if code == ADD_FRIEND else "/account"
        paths.append(path)
        queries.append(query)
    # Refunds are written separately from the visit they fall into, so none of them starts one.
    first = (starts_of(events.session) & (events.code != REFUND)).tolist()
    campaigns = events.campaign.tolist()
    referrers = [
        REFERRERS[campaigns[i]] if first[i] else SITE + paths[i - 1] + queries[i - 1] for i in range(len(paths))
    ]
    return paths, queries, referrers


def properties(vocabulary: Vocabulary, events: Events, orders: list[str], words: IntArray) -> list[str]:
    """The content of each event's `properties` object."""
    humans = int((vocabulary.people.kind == HUMAN).sum())
    out = []
    rows = zip(
        events.code.tolist(),
        events.item.tolist(),
        events.category.tolist(),
        events.quantity.tolist(),
        events.cents.tolist(),
        orders,
        words.tolist(),
        events.person.tolist(),
        strict=True,
    )
    for code, item, category, quantity, cents, order, word, person in rows:
        if code == ADD_TO_CART:
            out.append(f'{vocabulary.item_props[item]},"quantity":{quantity}')
        elif code in (VIEW_ITEM, WISHLIST):
            out.append(vocabulary.item_props[item])
        elif code == PURCHASE:
            out.append(
                f'"orderId":"{order}","productId":"{vocabulary.product[item]}",'
                f'"category":"{vocabulary.category[item]}","quantity":{quantity},'
                f'"revenue":{cents / 100:.2f},{vocabulary.currency}'
            )
        elif code == REFUND:
            money = f',"revenue":{cents / 100:.2f},{vocabulary.currency}' if cents else ""
            piece = f',"productId":"{vocabulary.product[item]}","quantity":{quantity}' if quantity else ""
            out.append(f'"orderId":"{order}"{money}{piece}')
        elif code == VIEW_LIST:
            out.append(f'"category":"{CATEGORIES[category]}"')
        elif code == SEARCH:
            out.append(f'"query":"{QUERY_WORDS[word]} {CATEGORIES[category]}"')
        elif code == SHARE:
            out.append(f'"method":"wechat","productId":"{vocabulary.product[item]}"')
        elif code == ADD_FRIEND:
            out.append(f'"friendId":"{vocabulary.people.user_ids[(person * 7 + item) % humans]}"')
        else:
            out.append('"method":"phone"' if code == SIGN_UP else "")
    return out


def tracker_heads(vocabulary: Vocabulary, events: Events, stamps: list[str], ids: list[str]) -> list[str]:
    """Each line up to its event id: the part that a resent line has in common."""
    people = vocabulary.people
    return [
        f'{{"event":"{EVENTS[code]}","timestamp":"{stamp}Z","userId":'
        f"{chr(34) + people.user_ids[person] + chr(34) if known else 'null'},"
        f'"anonymousId":"{people.anonymous_ids[device]}","eventId":"{event_id}"'
        for code, stamp, person, known, device, event_id in zip(
            events.code.tolist(),
            stamps,
            events.person.tolist(),
            events.is_known.tolist(),
            events.device.tolist(),
            ids,
            strict=True,
        )
    ]


def tracker_tails(
    vocabulary: Vocabulary, events: Events, page: tuple[list[str], list[str], list[str]], props: list[str]
) -> list[str]:
    """Each line from its `context` on."""
    agents = vocabulary.people.device_agent[events.device].tolist()
    types = vocabulary.people.device_type[events.device].tolist()
    return [
        f'"context":{{"page":{{"url":"{SITE}{path}{query}","path":"{path}","referrer":"{referrer}"}},'
        f"{vocabulary.agent[agent]}{vocabulary.campaign[campaign]}{vocabulary.device[kind]}}},"
        f'"properties":{{{prop}}}}}\n'
        for path, query, referrer, agent, campaign, kind, prop in zip(
            *page, agents, events.campaign.tolist(), types, props, strict=True
        )
    ]


def access_lines(
    vocabulary: Vocabulary, events: Events, stamps: list[str], page: tuple[list[str], list[str], list[str]]
) -> list[str]:
    """Apache combined log lines of the page loads, ordered by time."""
    people = vocabulary.people
    chosen = np.flatnonzero(np.isin(events.code, (PAGE_VIEW, VIEW_ITEM)))
    chosen = chosen[np.argsort(events.at_ms[chosen], kind="stable")]
    out = []
    for i in chosen.tolist():
        person, device, stamp = int(events.person[i]), int(events.device[i]), stamps[i]
        when = f"{stamp[8:10]}/{_MONTHS[int(stamp[5:7]) - 1]}/{stamp[:4]}:{stamp[11:19]} +0000"
        user = people.user_ids[person] if events.is_known[i] else "-"
        agent = USER_AGENTS[int(people.device_agent[device])]
        host = (person & 63) * MAX_DEVICES + device % MAX_DEVICES + 1
        address = f"10.{person >> 14 & 255}.{person >> 6 & 255}.{host}"
        size = 2_000 + len(page[0][i]) * 311
        request = f"GET {page[0][i]}{page[1][i]} HTTP/1.1"
        out.append(f'{address} - {user} [{when}] "{request}" 200 {size} "{page[2][i] or "-"}" "{agent}"\n')
    return out


def order_rows(people: Population, events: Events, stamps: list[str], orders: list[str]) -> list[str]:
    """The server's own order log: `order_id,user_id,ordered_at,revenue,items`."""
    bought = np.flatnonzero(events.code == PURCHASE)
    bought = bought[np.argsort(events.at_ms[bought], kind="stable")]
    return [
        f"{orders[i]},{people.user_ids[int(events.person[i])]},{stamps[i]}Z,{int(events.cents[i]) / 100:.2f},"
        f"{int(events.quantity[i])}\n"
        for i in bought.tolist()
    ]
