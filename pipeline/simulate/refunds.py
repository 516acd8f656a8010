"""Refunds: decided when an order is placed, logged at a later visit of the buyer.

Belongs here: which orders, when, and what the log says about it. A refund lies inside an existing visit and has its own
random numbers, so everything else is the same with and without refunds. Not here: the line itself (lines.py).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from pipeline.simulate.people import HUMAN, Population
from pipeline.simulate.sessions import Events
from pipeline.simulate.world import PURCHASE, REFUND, BoolArray, IntArray

SHARE_OF_ORDERS = 0.08  # a buyer without a later visit never gets the refund
# A refund states its amount, or one piece of the item, or only the order, which means all of it.
FORMS = ("amount", "piece", "order")
_FORM_SHARE = (0.6, 0.2, 0.2)


@dataclass(frozen=True)
class Refund:
    """One refund; `amount` is the truth, whatever the log states."""

    order: str
    form: str
    item: int
    cents: int
    amount: float


@dataclass
class Refunds:
    """Refunds decided but not yet logged, by person, and those logged."""

    waiting: dict[int, list[Refund]] = field(default_factory=lambda: defaultdict(list))
    done: list[Refund] = field(default_factory=list)

    def of_day(
        self, people: Population, events: Events, orders: list[str], rng: np.random.Generator
    ) -> tuple[Events, list[str]]:
        """The refunds inside a day's visits and their order ids. Today's orders are refunded on a later day."""
        places: list[int] = []
        returned: list[Refund] = []
        for place in np.flatnonzero(_before_the_last(events)).tolist():
            wanted = self.waiting.pop(int(events.person[place]), [])
            places += [place] * len(wanted)
            returned += wanted
        self._decide(people, events, orders, rng)
        self.done += returned
        return _inside(events, np.array(places, dtype=np.int64), returned), [refund.order for refund in returned]

    def _decide(self, people: Population, events: Events, orders: list[str], rng: np.random.Generator) -> None:
        bought = np.flatnonzero((events.code == PURCHASE) & (people.kind[events.person] == HUMAN))
        bought = bought[rng.random(bought.size) < SHARE_OF_ORDERS]
        forms = rng.choice(FORMS, bought.size, p=_FORM_SHARE).tolist()
        for i, form in zip(bought.tolist(), forms, strict=True):
            cents = int(events.cents[i])
            amount = cents / 100 / (int(events.quantity[i]) if form == "piece" else 1)
            refund = Refund(orders[i], form, int(events.item[i]), cents, amount)
            self.waiting[int(events.person[i])].append(refund)


def _before_the_last(events: Events) -> BoolArray:
    """The second to last event of each identified visit: a refund after it does not lengthen the visit."""
    ends = np.ones(events.session.size, dtype=np.bool_)
    ends[:-1] = events.session[1:] != events.session[:-1]
    before = np.zeros(ends.size, dtype=np.bool_)
    before[:-1] = ends[1:] & ~ends[:-1]
    return before & events.is_known


def _inside(events: Events, places: IntArray, returned: list[Refund]) -> Events:
    """A refund for each place, halfway to the next event."""
    refunds = events.take(places)
    refunds.at_ms = (refunds.at_ms + events.at_ms[places + 1]) // 2
    refunds.code = np.full(places.size, REFUND, dtype=np.int64)
    refunds.item = np.array([refund.item for refund in returned], dtype=np.int64)
    refunds.quantity = np.array([refund.form == "piece" for refund in returned], dtype=np.int64)
    refunds.cents = np.array([refund.cents * (refund.form == "amount") for refund in returned], dtype=np.int64)
    return refunds
