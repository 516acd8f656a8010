"""To which touches an order is owed, read word for word, in fractions: nothing is rounded before the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True)
class Session:
    """A session that may be a touch."""

    session_id: str
    person: str
    started: datetime
    channel: str
    is_bot: bool = False


@dataclass(frozen=True)
class Order:
    """An order and its revenue."""

    order_id: str
    person: str
    at: datetime
    revenue: Decimal
    is_suspicious: bool = False
    is_bot: bool = False


@dataclass(frozen=True)
class Rules:
    """The config's `attribution`."""

    lookback: timedelta = timedelta(days=30)
    half_life: timedelta = timedelta(days=7)
    first_share: float = 0.4
    last_share: float = 0.4


def touches(order: Order, sessions: Sequence[Session], rules: Rules) -> list[Session]:
    """The person's sessions that began no later than the order and at most the lookback before, oldest first."""
    theirs = [
        session
        for session in sessions
        if session.person == order.person
        and not session.is_bot
        and order.at - rules.lookback <= session.started <= order.at
    ]
    return sorted(theirs, key=lambda session: (session.started, session.session_id))


def _one(index: int, n: int) -> list[float]:
    return [float(i == index) for i in range(n)]


def _last_non_direct(path: list[Session]) -> list[float]:
    others = [i for i, session in enumerate(path) if session.channel != "direct"]
    return _one(others[-1] if others else len(path) - 1, len(path))


def _position_based(n: int, rules: Rules) -> list[float]:
    ends = rules.first_share + rules.last_share
    if n == 1:
        return [1.0]
    if n == 2:
        return [rules.first_share / ends, rules.last_share / ends] if ends else [0.5, 0.5]
    return [rules.first_share, *[(1 - ends) / (n - 2)] * (n - 2), rules.last_share]


def _time_decay(path: list[Session], rules: Rules) -> list[float]:
    weights = [0.5 ** ((path[-1].started - session.started) / rules.half_life) for session in path]
    return [weight / sum(weights) for weight in weights]


MODELS: dict[str, Callable[[list[Session], Rules], list[float]]] = {
    "first_touch": lambda path, rules: _one(0, len(path)),
    "last_touch": lambda path, rules: _one(len(path) - 1, len(path)),
    "last_non_direct_touch": lambda path, rules: _last_non_direct(path),
    "linear": lambda path, rules: [1 / len(path)] * len(path),
    "position_based": lambda path, rules: _position_based(len(path), rules),
    "time_decay": _time_decay,
}


def counted(orders: Sequence[Order]) -> list[Order]:
    """Those that revenue counts."""
    return [order for order in orders if not order.is_suspicious and not order.is_bot]


def shares(order: Order, sessions: Sequence[Session], rules: Rules) -> dict[tuple[str, str | None], float]:
    """(model, session) -> share of the order, before rounding; the session is None for an order without touch."""
    path = touches(order, sessions, rules)
    if not path:
        return {(model, None): 1.0 for model in MODELS}
    return {
        (model, session.session_id): share
        for model, divide in MODELS.items()
        for session, share in zip(path, divide(path, rules), strict=True)
        if share > 0
    }


def six_digits(value: float | Decimal) -> Decimal:
    """A decimal of six digits."""
    return Decimal(value).quantize(Decimal("0.000001"), ROUND_HALF_UP)
