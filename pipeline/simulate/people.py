"""The population: persons, their devices and hidden traits, and how their state changes each night.

Belongs here: arrays per person, and who churns. Not here: sessions and events (sessions.py), files (writer.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pipeline.simulate.world import (
    ADD_FRIEND,
    ADD_TO_CART,
    AGENTS_OF_TYPE,
    BOT_AGENTS,
    CAMPAIGN_SHARE,
    CATEGORIES,
    CHECKOUT,
    DAY_MS,
    EFFECTS,
    END,
    EVENTS,
    PURCHASE,
    RATE_LIMITS,
    RATE_LOG_MEAN,
    RATE_LOG_SD,
    SHARE,
    SHARE_WEIGHT,
    SIGN_UP,
    TYPES,
    WISHLIST,
    BoolArray,
    FloatArray,
    IntArray,
)

MAX_DEVICES = 3
HUMAN, BOT, BRUSHER = 0, 1, 2
NEVER = -1


@dataclass
class Population:
    """Arrays indexed by person; devices are `person * MAX_DEVICES + k`."""

    kind: IntArray
    latent: IntArray  # index into TYPES; NEVER for bots and brushing accounts
    arrival_day: IntArray
    rate: FloatArray
    sign_up_chance: FloatArray
    weights: FloatArray  # person × walk column: factors on the common transition odds
    favourite: IntArray  # person × 2 categories
    channel: IntArray
    n_devices: IntArray
    device_type: IntArray
    device_agent: IntArray
    device_skew_ms: IntArray
    anonymous_ids: list[str]
    hazard_multiplier: FloatArray
    is_signed_up: BoolArray
    is_logged_in: BoolArray  # by device
    busy_until_ms: IntArray
    churned_day: IntArray
    signed_up_day: IntArray
    first_week: IntArray  # person × event code
    n_events: IntArray
    n_orders: IntArray
    last_day: IntArray
    user_ids: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Number of persons, bots and brushing accounts included."""
        return int(self.kind.size)

    def base_hazard(self) -> FloatArray:
        """Per-day hazard by latent type alone; 0 for bots and brushing accounts."""
        by_type = np.array([t.daily_hazard for t in TYPES] + [0.0])
        return np.asarray(by_type[self.latent], dtype=np.float64)


def make_population(users: int, days: int, seed: int) -> Population:
    """Draw `users` persons, plus a few bots and brushing accounts."""
    rng = np.random.default_rng([seed, 2])
    n_bots, n_brushers = max(1, users // 500), max(1, users // 1000)
    n = users + n_bots + n_brushers
    kind = np.repeat([HUMAN, BOT, BRUSHER], [users, n_bots, n_brushers]).astype(np.int64)
    latent = rng.choice(len(TYPES), n, p=[t.share for t in TYPES]).astype(np.int64)
    rate = np.array([t.sessions_per_day for t in TYPES])[latent] * rng.lognormal(RATE_LOG_MEAN, RATE_LOG_SD, n)
    latent[kind != HUMAN] = NEVER
    device_type = rng.choice(3, n * MAX_DEVICES, p=[0.58, 0.34, 0.08]).astype(np.int64)
    agents = np.array(AGENTS_OF_TYPE)[device_type, rng.integers(0, 2, n * MAX_DEVICES)]
    return Population(
        kind=kind,
        latent=latent,
        arrival_day=_arrivals(rng, n, days),
        rate=rate.clip(*RATE_LIMITS),
        sign_up_chance=np.array([t.sign_up_chance for t in TYPES])[latent],
        weights=_weights(rng, latent),
        favourite=rng.integers(0, len(CATEGORIES), (n, 2)),
        channel=rng.choice(CAMPAIGN_SHARE.size, n, p=CAMPAIGN_SHARE).astype(np.int64),
        n_devices=1 + rng.choice(MAX_DEVICES, n, p=[0.6, 0.3, 0.1]).astype(np.int64) * (kind == HUMAN),
        device_type=device_type,
        device_agent=_bot_agents(rng, agents, kind),
        device_skew_ms=_skews(rng, n),
        anonymous_ids=_anonymous_ids(rng, n, users),
        hazard_multiplier=np.ones(n),
        is_signed_up=np.zeros(n, dtype=np.bool_),
        is_logged_in=np.zeros(n * MAX_DEVICES, dtype=np.bool_),
        busy_until_ms=np.zeros(n, dtype=np.int64),
        churned_day=np.full(n, NEVER, dtype=np.int64),
        signed_up_day=np.full(n, NEVER, dtype=np.int64),
        first_week=np.zeros((n, len(EVENTS)), dtype=np.int64),
        n_events=np.zeros(n, dtype=np.int64),
        n_orders=np.zeros(n, dtype=np.int64),
        last_day=np.full(n, NEVER, dtype=np.int64),
        user_ids=[f"u{i:07d}" for i in range(1, n + 1)],
    )


def _arrivals(rng: np.random.Generator, n: int, days: int) -> IntArray:
    """30 % of the people arrive in a launch week, the others evenly."""
    launch = rng.integers(0, min(7, days), n)
    later = rng.integers(0, days, n)
    return np.where(rng.random(n) < 0.3, launch, later).astype(np.int64)


def _weights(rng: np.random.Generator, latent: IntArray) -> FloatArray:
    """Friends, wishlist and share are drawn independently of the type: those who stay do more only by visiting more."""
    n = latent.size
    weights = np.ones((n, END + 1))
    weights[:, ADD_FRIEND] = np.where(rng.random(n) < 0.35, 4.0, 0.15)
    weights[:, WISHLIST] = np.where(rng.random(n) < 0.40, 3.5, 0.3)
    weights[:, SHARE] = SHARE_WEIGHT * rng.gamma(2.0, 0.5, n)
    intent = np.array([t.intent_weight for t in TYPES])[latent] * rng.gamma(2.0, 0.5, n)
    weights[:, ADD_TO_CART] = weights[:, CHECKOUT] = intent
    return weights


def _bot_agents(rng: np.random.Generator, agents: IntArray, kind: IntArray) -> IntArray:
    """Most bots identify themselves; about a fifth look like a browser."""
    bot = np.repeat(kind == BOT, MAX_DEVICES) & (rng.random(agents.size) < 0.8)
    return np.where(bot, rng.choice(BOT_AGENTS, agents.size), agents).astype(np.int64)


def _skews(rng: np.random.Generator, n: int) -> IntArray:
    """The clock of one device in fifty is up to six hours wrong: two minutes ahead or more, or twelve minutes behind.

    Less behind cannot be distinguished from a slow delivery.
    """
    size = n * MAX_DEVICES
    skew = rng.integers(120_000, 6 * 3_600_000, size) * rng.choice([-1, 1], size)
    skew = np.where((skew < 0) & (skew > -720_000), -720_000, skew)
    return np.where(rng.random(size) < 0.02, skew, 0).astype(np.int64)


def _anonymous_ids(rng: np.random.Generator, n: int, users: int) -> list[str]:
    """One id for each device; a few households share their first device."""
    size = n * MAX_DEVICES
    blob = rng.bytes(size * 8).hex()
    ids = [f"a{blob[i * 16 : i * 16 + 16]}" for i in range(size)]
    for person in np.flatnonzero(rng.random(users) < 0.005).tolist():
        if person > 0:
            ids[person * MAX_DEVICES] = ids[(person - 1) * MAX_DEVICES]
    return ids


def record_day(people: Population, person: IntArray, code: IntArray, event_day: IntArray) -> None:
    """Add a day's events to the state of their persons."""
    np.add.at(people.n_events, person, 1)
    np.add.at(people.n_orders, person[code == PURCHASE], 1)
    np.maximum.at(people.last_day, person, event_day)
    early = event_day - people.arrival_day[person] < 7
    np.add.at(people.first_week, (person[early], code[early]), 1)
    signed = code == SIGN_UP
    people.signed_up_day[person[signed]] = event_day[signed]


def churn_tonight(people: Population, day: int, rng: np.random.Generator) -> None:
    """Update the hazards by the planted effects, then let each active person leave for good with their own hazard."""
    multiplier = np.ones(people.size)
    for effect in EFFECTS:
        did = people.first_week[:, effect.code] >= effect.min_count
        multiplier[did] *= effect.hazard_multiplier
    people.hazard_multiplier = multiplier
    leaves = rng.random(people.size) < people.base_hazard() * multiplier
    leaves &= (people.kind == HUMAN) & (people.arrival_day <= day) & (people.churned_day == NEVER)
    # A session past midnight still happens: the first inactive day is the one after it.
    first_inactive = np.maximum(people.busy_until_ms // DAY_MS, day) + 1
    people.churned_day[leaves] = first_inactive[leaves]
