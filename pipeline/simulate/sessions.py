"""One day of human visits: who visits, when, on which device, and the Markov walk of each visit.

Belongs here: the events of human visitors. Not here: bots and brushing (fakes.py), delivery and its faults.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.simulate.people import HUMAN, MAX_DEVICES, NEVER, Population
from pipeline.simulate.world import (
    ADD_FRIEND,
    ADD_TO_CART,
    CAMPAIGN_SHARE,
    CATEGORIES,
    CHECKOUT,
    DAY_MS,
    END,
    HOUR_SHARE,
    LOGIN,
    MAX_STEPS,
    PURCHASE,
    SIGN_UP,
    START,
    TRANSITIONS,
    VIEW_ITEM,
    VIEW_LIST,
    WEEKDAY_FACTOR,
    BoolArray,
    Catalogue,
    FloatArray,
    IntArray,
)

MAX_SESSIONS_A_DAY = 8


@dataclass
class Events:
    """Events as columns, times in ms since the start of the simulation (true time); sorted by session, then time."""

    person: IntArray
    device: IntArray
    session: IntArray
    code: IntArray
    at_ms: IntArray
    item: IntArray
    category: IntArray
    quantity: IntArray
    cents: IntArray  # order value of a purchase, else 0
    campaign: IntArray
    is_known: BoolArray  # carries the userId

    def take(self, index: IntArray | BoolArray) -> Events:
        """The rows at these positions."""
        return Events(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


def starts_of(group: IntArray) -> BoolArray:
    """Whether a row is the first of its group, for rows sorted by group."""
    first = np.ones(group.size, dtype=np.bool_)
    first[1:] = group[1:] != group[:-1]
    return first


def concat(parts: list[Events]) -> Events:
    """Concatenate batches and make session numbers unique."""
    shift = 0
    for part in parts:
        part.session = part.session + shift
        shift = int(part.session.max(initial=shift)) + 1
    return Events(*(np.concatenate([getattr(p, name) for p in parts]) for name in Events.__dataclass_fields__))


@dataclass
class Visits:
    """The sessions of a day, sorted by person and start."""

    person: IntArray
    device: IntArray
    start_ms: IntArray
    campaign: IntArray
    signs_up: BoolArray
    logs_in: BoolArray
    starts_known: BoolArray


@dataclass
class Walk:
    """Steps of all sessions, sorted by session and step; `order` is fractional, so that steps can be inserted."""

    session: IntArray
    order: FloatArray
    code: IntArray
    item: IntArray
    category: IntArray
    quantity: IntArray
    cents: IntArray


def simulate_day(people: Population, shop: Catalogue, day: int, weekday: int, rng: np.random.Generator) -> Events:
    """All human events of the sessions that start on `day`; updates sign-up, login and busy state."""
    visits = _visits(people, day, weekday, rng)
    walk = _walk(people, shop, visits, rng)
    walk, known = _insert_logins(walk, visits, rng)
    offset = _offsets(walk.session, rng)
    last = np.searchsorted(walk.session, np.arange(visits.person.size), side="right") - 1
    start = _without_overlap(people, visits, offset[last])
    at_ms = start[walk.session] + offset
    np.maximum.at(people.busy_until_ms, visits.person, at_ms[last])
    return Events(
        visits.person[walk.session],
        visits.device[walk.session],
        walk.session,
        walk.code,
        at_ms,
        walk.item,
        walk.category,
        walk.quantity,
        walk.cents,
        visits.campaign[walk.session],
        known,
    )


def _visits(people: Population, day: int, weekday: int, rng: np.random.Generator) -> Visits:
    alive = (people.kind == HUMAN) & (people.arrival_day <= day)
    alive &= (people.churned_day == NEVER) | (people.churned_day > day)
    count = rng.poisson(people.rate * WEEKDAY_FACTOR[weekday]).clip(max=MAX_SESSIONS_A_DAY)
    count = np.where(people.arrival_day == day, count.clip(min=1), count) * alive
    person = np.repeat(np.arange(people.size, dtype=np.int64), count)
    n = person.size
    hour = rng.choice(24, n, p=HOUR_SHARE)
    start = day * DAY_MS + hour * 3_600_000 + rng.integers(0, 3_600_000, n)
    person_start = np.lexsort((start, person))
    start = start[person_start]  # person is already in order
    slot = np.minimum(rng.geometric(0.7, n) - 1, people.n_devices[person] - 1)
    is_first = (people.n_events[person] == 0) & starts_of(person)
    slot = np.where(is_first, 0, slot)
    campaign = np.where(is_first, people.channel[person], rng.choice(CAMPAIGN_SHARE.size, n, p=CAMPAIGN_SHARE))
    visits = Visits(person, person * MAX_DEVICES + slot, start, campaign, *(np.zeros(n, dtype=np.bool_),) * 3)
    _plan_logins(people, visits, rng)
    return visits


def _plan_logins(people: Population, visits: Visits, rng: np.random.Generator) -> None:
    """Decide which sessions sign up or log in. A device stays logged in."""
    n = visits.person.size
    wants = ~people.is_signed_up[visits.person] & (rng.random(n) < people.sign_up_chance[visits.person])
    visits.signs_up = wants & (_earlier_in_group(wants, visits.person) == 0)
    has_account = people.is_signed_up[visits.person] | (_earlier_in_group(visits.signs_up, visits.person) > 0)
    can = has_account & ~people.is_logged_in[visits.device] & (rng.random(n) < 0.75)
    by_device = np.argsort(visits.device, kind="stable")
    entering = visits.signs_up | can
    earlier = np.zeros(n, dtype=np.int64)
    earlier[by_device] = _earlier_in_group(entering[by_device], visits.device[by_device])
    visits.starts_known = people.is_logged_in[visits.device] | (earlier > 0)
    visits.logs_in = can & ~visits.starts_known
    people.is_signed_up[visits.person[visits.signs_up]] = True
    people.is_logged_in[visits.device[visits.signs_up | visits.logs_in]] = True


def _earlier_in_group(flag: BoolArray, group: IntArray) -> IntArray:
    """The number of earlier rows of the same group with the flag, for rows sorted by group."""
    if not flag.size:
        return np.zeros(0, dtype=np.int64)
    before: IntArray = np.cumsum(flag, dtype=np.int64) - flag
    first = starts_of(group)
    return np.asarray(before - np.maximum.accumulate(np.where(first, before, 0)), dtype=np.int64)


def _walk(people: Population, shop: Catalogue, visits: Visits, rng: np.random.Generator) -> Walk:
    n = visits.person.size
    weights = people.weights[visits.person].copy()
    # Checkout and friends need an account, so anonymous visits never reach them.
    stays_anonymous = ~(visits.starts_known | visits.signs_up | visits.logs_in)
    weights[np.ix_(np.flatnonzero(stays_anonymous), np.array([CHECKOUT, ADD_FRIEND]))] = 0.0
    taste = people.favourite[visits.person, rng.integers(0, 2, n)]
    live = np.arange(n, dtype=np.int64)
    state = np.searchsorted(np.cumsum(START)[:-1], rng.random(n), side="right").astype(np.int64)
    category, item = _draw_category(shop, taste, rng), np.zeros(n, dtype=np.int64)
    item = shop.draw(rng, category)
    cart_n, cart_cents = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    parts: list[tuple[IntArray, ...]] = []
    for step in range(MAX_STEPS):
        _update_view(shop, taste, live, state, category, item, rng)
        quantity, cents = _update_cart(shop, live, state, item, cart_n, cart_cents, rng)
        parts.append((live, np.full(live.size, step), state, item[live], category[live], quantity, cents))
        odds = np.cumsum(TRANSITIONS[state] * weights[live], axis=1)
        state = (rng.random(live.size)[:, None] * odds[:, -1:] >= odds).sum(axis=1)
        live, state = live[state < END], state[state < END]
        if not live.size:
            break
    columns = [np.concatenate(c) for c in zip(*parts, strict=True)]
    by_session = np.lexsort((columns[1], columns[0]))
    session, step_no, code, items, categories, quantities, values = (c[by_session] for c in columns)
    return Walk(session, step_no.astype(np.float64), code, items, categories, quantities, values)


def _draw_category(shop: Catalogue, taste: IntArray, rng: np.random.Generator) -> IntArray:
    """Two of three views are in the session's favourite category."""
    other = rng.integers(0, len(CATEGORIES), taste.size)
    return np.where(rng.random(taste.size) < 0.67, taste, other).astype(np.int64)


def _update_view(
    shop: Catalogue,
    taste: IntArray,
    live: IntArray,
    state: IntArray,
    category: IntArray,
    item: IntArray,
    rng: np.random.Generator,
) -> None:
    """List and item views change the category or product; all other events keep the current one."""
    lists = live[state == VIEW_LIST]
    category[lists] = _draw_category(shop, taste[lists], rng)
    views = live[state == VIEW_ITEM]
    item[views] = shop.draw(rng, category[views])


def _update_cart(
    shop: Catalogue,
    live: IntArray,
    state: IntArray,
    item: IntArray,
    cart_n: IntArray,
    cart_cents: IntArray,
    rng: np.random.Generator,
) -> tuple[IntArray, IntArray]:
    """Quantity and value of this step's events. Fills carts, and empties those that are bought."""
    quantity, cents = np.zeros(live.size, dtype=np.int64), np.zeros(live.size, dtype=np.int64)
    adds, buys = state == ADD_TO_CART, state == PURCHASE
    quantity[adds] = rng.choice([1, 2, 3], int(adds.sum()), p=[0.82, 0.14, 0.04])
    cart_n[live[adds]] += quantity[adds]
    cart_cents[live[adds]] += quantity[adds] * shop.price_cents[item[live[adds]]]
    quantity[buys], cents[buys] = cart_n[live[buys]], cart_cents[live[buys]]
    cart_n[live[buys]] = cart_cents[live[buys]] = 0
    return quantity, cents


def _insert_logins(walk: Walk, visits: Visits, rng: np.random.Generator) -> tuple[Walk, BoolArray]:
    """Put sign_up and login into their sessions, before the first event that needs an account."""
    n = visits.person.size
    length = np.bincount(walk.session, minlength=n)
    needs = np.isin(walk.code, (CHECKOUT, ADD_FRIEND))
    limit = np.full(n, np.inf)
    np.minimum.at(limit, walk.session[needs], walk.order[needs])
    wish = np.where(visits.signs_up, np.floor(rng.random(n) * length) + 1, 1.0)
    place = np.minimum(wish, limit) - 0.5
    entering = np.flatnonzero(visits.signs_up | visits.logs_in)
    code = np.where(visits.signs_up[entering], SIGN_UP, LOGIN)
    zero = np.zeros(entering.size, dtype=np.int64)
    columns = (
        (walk.session, entering),
        (walk.order, place[entering]),
        (walk.code, code),
        (walk.item, zero),
        (walk.category, zero),
        (walk.quantity, zero),
        (walk.cents, zero),
    )
    merged = Walk(*(np.concatenate(pair) for pair in columns))
    index = np.lexsort((merged.order, merged.session))
    merged = Walk(*(getattr(merged, name)[index] for name in Walk.__dataclass_fields__))
    known_from = np.where(visits.starts_known, -1.0, np.inf)
    known_from[entering] = place[entering]
    return merged, merged.order >= known_from[merged.session]


def _offsets(session: IntArray, rng: np.random.Generator) -> IntArray:
    """Milliseconds since the session's start: log-normal gaps, none near the session timeout."""
    return running(rng.lognormal(9.6, 1.0, session.size).clip(400, 1_200_000).astype(np.int64), session)


def running(gap: IntArray, session: IntArray) -> IntArray:
    """Cumulative time within each session, starting at 0."""
    first = starts_of(session)
    total = np.cumsum(np.where(first, 0, gap))
    return np.asarray(total - np.maximum.accumulate(np.where(first, total, 0)), dtype=np.int64)


def _without_overlap(people: Population, visits: Visits, length: IntArray) -> IntArray:
    """Move starts so that a person's visits do not overlap: nobody is on two devices at once."""
    if not length.size:
        return visits.start_ms
    person = visits.person
    room = length + 1_860_000  # a gap over the default timeout of 30 minutes
    free_from = people.busy_until_ms[person] + 1_860_000 * (people.busy_until_ms[person] > 0)
    start = np.maximum(visits.start_ms, free_from)
    first = starts_of(person)
    before = np.cumsum(room) - room
    before -= np.maximum.accumulate(np.where(first, before, 0))
    # A running maximum within persons: an offset per person, far above any time, separates them.
    offset = np.cumsum(first).astype(np.int64) * (1 << 42)
    return np.asarray(np.maximum.accumulate(start - before + offset) - offset + before, dtype=np.int64)
