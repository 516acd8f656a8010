"""Visitors that are not customers: bots that load pages faster than anyone reads, and accounts that fake orders.

Belongs here: their events. Not here: human visits (sessions.py), faults of delivery (delivery.py).
"""

from __future__ import annotations

import numpy as np

from pipeline.simulate.people import BOT, BRUSHER, MAX_DEVICES, Population
from pipeline.simulate.sessions import Events, running
from pipeline.simulate.world import (
    ADD_TO_CART,
    CATEGORIES,
    DAY_MS,
    PAGE_VIEW,
    PURCHASE,
    SIGN_UP,
    VIEW_ITEM,
    VIEW_LIST,
    BoolArray,
    Catalogue,
    IntArray,
)

BRUSHING_DAYS = 4
MINUTE_MS = 60_000


def fake_day(people: Population, shop: Catalogue, day: int, rng: np.random.Generator) -> Events:
    """A day's events of bots and brushing accounts, one session each."""
    bots = np.flatnonzero((people.kind == BOT) & (people.arrival_day <= day))
    # Every bot visits on its first day, then about once a week.
    bots = bots[(rng.random(bots.size) < 0.15) | (people.arrival_day[bots] == day)]
    age = day - people.arrival_day
    brushers = np.flatnonzero((people.kind == BRUSHER) & (age >= 0) & (age < BRUSHING_DAYS))
    person = np.concatenate([bots, brushers]).astype(np.int64)
    n_bots = bots.size
    size = np.where(
        np.arange(person.size) < n_bots, rng.integers(350, 700, person.size), 3 * rng.integers(60, 120, person.size)
    )
    is_new = people.kind[person] == BRUSHER
    is_new &= ~people.is_signed_up[person]
    size = size + is_new  # plus the sign-up
    session = np.repeat(np.arange(person.size, dtype=np.int64), size)
    step = np.arange(session.size) - np.repeat(np.cumsum(size) - size, size)
    is_bot = session < n_bots
    code, item = _bot_steps(shop, session.size, rng)
    _brush(shop, session, step - is_new[session], is_bot, code, item, rng)
    gap = np.where(is_bot, rng.integers(40, 130, session.size), rng.integers(5_000, 25_000, session.size))
    start = day * DAY_MS + rng.integers(0, DAY_MS - 180 * MINUTE_MS, person.size)
    at_ms = running(gap, session) + start[session]
    people.is_signed_up[brushers] = True
    quantity = np.isin(code, (ADD_TO_CART, PURCHASE)).astype(np.int64)
    cents = np.where(code == PURCHASE, shop.price_cents[item], 0)
    device = person[session] * MAX_DEVICES
    return Events(
        person[session],
        device,
        session,
        code,
        at_ms,
        item,
        shop.category[item],
        quantity,
        cents,
        np.zeros(session.size, dtype=np.int64),
        ~is_bot,
    )


def _bot_steps(shop: Catalogue, n: int, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    code = rng.choice([PAGE_VIEW, VIEW_LIST, VIEW_ITEM], n, p=[0.1, 0.2, 0.7]).astype(np.int64)
    return code, shop.draw(rng, rng.integers(0, len(CATEGORIES), n))


def _brush(
    shop: Catalogue,
    session: IntArray,
    step: IntArray,
    is_bot: BoolArray,
    code: IntArray,
    item: IntArray,
    rng: np.random.Generator,
) -> None:
    """View, add to cart, buy, again and again, one product per session. A new account signs up first."""
    cycle = np.array([VIEW_ITEM, ADD_TO_CART, PURCHASE])[step % 3]
    code[~is_bot] = np.where(step < 0, SIGN_UP, cycle)[~is_bot]
    favourite = rng.integers(0, shop.category.size, int(session.max(initial=0)) + 1)
    item[~is_bot] = favourite[session[~is_bot]]
