"""Orders that are given back: decided when they are placed, told of at a later visit of the buyer.

Belongs here: which orders, when, and how much the log says of it. A refund lies inside a visit that happens anyway and is
drawn apart, so all else is the same with and without refunds. Not here: the line itself (lines.py).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from pipeline.simulate.people import HUMAN, Population
from pipeline.simulate.sessions import Events
from pipeline.simulate.world import PURCHASE, REFUND, BoolArray, IntArray

SHARE_OF_ORDERS = 0.08  # those of buyers who never come back are kept all the same
# A refund names its amount, or one piece of the item, or nothing but the order, which is then all of it.
TELLINGS = ("amount", "piece", "order")
_TELLING_SHARE = (0.6, 0.2, 0.2)


@dataclass(frozen=True)
class Refund:
    """What is given back of an order; `amount` is the truth, whatever the log says of it."""

    order: str
    telling: str
    item: int
    cents: int
    amount: float


@dataclass
class Refunds:
    """What buyers are going to give back, by person, and what they did give back."""

    waiting: dict[int, list[Refund]] = field(default_factory=lambda: defaultdict(list))
    done: list[Refund] = field(default_factory=list)

    def of_day(
        self, people: Population, events: Events, orders: list[str], rng: np.random.Generator
    ) -> tuple[Events, list[str]]:
        """The refunds inside a day's visits and the orders they are of; what is bought today comes back another day."""
        places: list[int] = []
        told: list[Refund] = []
        for place in np.flatnonzero(_before_the_last(events)).tolist():
            wanted = self.waiting.pop(int(events.person[place]), [])
            places += [place] * len(wanted)
            told += wanted
        self._decide(people, events, orders, rng)
        self.done += told
        return _inside(events, np.array(places, dtype=np.int64), told), [refund.order for refund in told]

    def _decide(self, people: Population, events: Events, orders: list[str], rng: np.random.Generator) -> None:
        bought = np.flatnonzero((events.code == PURCHASE) & (people.kind[events.person] == HUMAN))
        bought = bought[rng.random(bought.size) < SHARE_OF_ORDERS]
        tellings = rng.choice(TELLINGS, bought.size, p=_TELLING_SHARE).tolist()
        for i, telling in zip(bought.tolist(), tellings, strict=True):
            cents = int(events.cents[i])
            amount = cents / 100 / (int(events.quantity[i]) if telling == "piece" else 1)
            refund = Refund(orders[i], telling, int(events.item[i]), cents, amount)
            self.waiting[int(events.person[i])].append(refund)


def _before_the_last(events: Events) -> BoolArray:
    """The last event but one of each visit, where the log knows who it is: a refund after it does not stretch the visit."""
    ends = np.ones(events.session.size, dtype=np.bool_)
    ends[:-1] = events.session[1:] != events.session[:-1]
    before = np.zeros(ends.size, dtype=np.bool_)
    before[:-1] = ends[1:] & ~ends[:-1]
    return before & events.is_known


def _inside(events: Events, places: IntArray, told: list[Refund]) -> Events:
    """A refund for each place, halfway to the event after it."""
    refunds = events.take(places)
    refunds.at_ms = (refunds.at_ms + events.at_ms[places + 1]) // 2
    refunds.code = np.full(places.size, REFUND, dtype=np.int64)
    refunds.item = np.array([refund.item for refund in told], dtype=np.int64)
    refunds.quantity = np.array([refund.telling == "piece" for refund in told], dtype=np.int64)
    refunds.cents = np.array([refund.cents * (refund.telling == "amount") for refund in told], dtype=np.int64)
    return refunds
