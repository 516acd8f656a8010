"""The simulation loop: for each day, what happens, what arrives, and who leaves.

Belongs here: the order of the steps. Not here: the steps. Memory holds the people, one day of events and the lines not
yet delivered, so it does not grow with the length of the history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from pipeline.simulate import lines
from pipeline.simulate.delivery import deliver
from pipeline.simulate.fakes import fake_day
from pipeline.simulate.people import BOT, BRUSHER, NEVER, Population, churn_tonight, make_population, record_day
from pipeline.simulate.refunds import Refunds
from pipeline.simulate.sessions import Events, concat, simulate_day
from pipeline.simulate.survey import survey_rows
from pipeline.simulate.truth import totals, truth_json
from pipeline.simulate.vendors import VENDORS, Translator
from pipeline.simulate.world import DAY_MS, QUERY_WORDS, REFUND, make_catalogue
from pipeline.simulate.writer import Batch, FileCounts, RawWriter, SimulationError

DEFAULT_START = date(2026, 1, 1)
DEFAULT_CURRENCY = "USD"  # as in the config that `init` writes


@dataclass(frozen=True)
class SimulationReport:
    """What was written; counts are of the tracker files unless their name says otherwise."""

    home: Path
    truth_file: Path
    first_day: date
    last_day: date
    n_lines: int
    n_events: int
    n_duplicates: int
    n_malformed: int
    n_late: int
    n_skewed: int
    n_orders: int
    n_refunds: int
    n_access_lines: int
    n_survey_rows: int
    n_persons: int
    n_signed_up: int
    n_churned: int
    n_bots: int
    n_brushing: int
    files: tuple[FileCounts, ...]


def simulate(
    home: Path,
    users: int = 5000,
    days: int = 60,
    seed: int = 7,
    start: date = DEFAULT_START,
    currency: str = DEFAULT_CURRENCY,
    progress: Callable[[str], None] | None = None,
    vendor: str = "tracker",
) -> SimulationReport:
    """Write the raw logs of a simulated shop and its truth to `home/data`. The same arguments give the same bytes.

    `vendor` is the tool in whose export format the events are written.
    """
    if users < 1 or days < 1:
        raise SimulationError(f"users and days must be at least 1 (got users={users}, days={days})")
    if seed < 0:
        raise SimulationError(f"seed must not be negative (got {seed})")
    if vendor not in ("tracker", *VENDORS):
        raise SimulationError(
            f"{vendor} is no format of a simulation, choose one of {', '.join(('tracker', *VENDORS))}"
        )
    translate = None if vendor == "tracker" else Translator(vendor)
    shop, people = make_catalogue(seed), make_population(users, days, seed)
    vocabulary = lines.Vocabulary(people, shop, currency)
    refunds = Refunds()
    with RawWriter(home / "data", start, translate) as writer:
        for day in range(days):
            rng = np.random.default_rng([seed, 1000 + day])
            today = start + timedelta(days=day)
            human = simulate_day(people, shop, day, today.weekday(), rng)
            events = concat([human, fake_day(people, shop, day, rng)])
            events = events.take(events.at_ms < days * DAY_MS)
            record_day(people, events.person, events.code, events.at_ms // DAY_MS)
            orders = lines.order_ids(day, events)
            _write_day(writer, vocabulary, events, orders, days * DAY_MS, start, rng)
            refund_rng = np.random.default_rng([seed, 3, 1 + day])  # so that nothing else depends on refunds
            returned, returned_orders = refunds.of_day(people, events, orders, refund_rng)
            record_day(people, returned.person, returned.code, returned.at_ms // DAY_MS)
            _write_day(writer, vocabulary, returned, returned_orders, days * DAY_MS, start, refund_rng)
            writer.append("survey", survey_rows(people, day, days * DAY_MS, start, rng))
            writer.close_day(day, rng)
            churn_tonight(people, day, rng)
            if progress is not None:
                progress(f"{today}: {writer.files[-1].n_lines} lines")
        parameters = {"users": users, "days": days, "seed": seed, "start": str(start), "currency": currency}
        truth = writer.publish(truth_json(parameters, people, refunds.done, writer.files, writer.table_rows, start))
    return _report(home, truth, people, len(refunds.done), writer, start, days)


def _write_day(
    writer: RawWriter,
    vocabulary: lines.Vocabulary,
    events: Events,
    orders: list[str],
    end_ms: int,
    start: date,
    rng: np.random.Generator,
) -> None:
    """Write a day's events to the server logs at once, and to the tracker with its delays and faults.

    `orders` has an order id per event; only purchases and refunds use it.
    """
    n = events.code.size
    words = rng.integers(0, len(QUERY_WORDS), n)
    page = lines.pages(vocabulary, events, words)
    true_stamps = lines.iso(start, events.at_ms)
    writer.append("orders", lines.order_rows(vocabulary.people, events, true_stamps, orders))
    writer.append("access", lines.access_lines(vocabulary, events, true_stamps, page))

    skew = vocabulary.people.device_skew_ms[events.device]
    heads = lines.tracker_heads(vocabulary, events, lines.iso(start, events.at_ms + skew), lines.event_ids(n, rng))
    tails = lines.tracker_tails(vocabulary, events, page, lines.properties(vocabulary, events, orders, words))
    sending = deliver(events.at_ms, end_ms, rng)
    sent = lines.iso(start, sending.sent_ms + skew[sending.event])
    received = lines.iso(start, sending.received_ms)
    texts = [
        f'{heads[e]},"sentAt":"{s}Z","receivedAt":"{r}Z",{tails[e]}'
        for e, s, r in zip(sending.event.tolist(), sent, received, strict=True)
    ]
    # Deliveries are in order of receipt, so those of one day are one slice.
    days = sending.received_ms // DAY_MS
    for received_day in np.unique(days).tolist():
        a, b = np.searchsorted(days, [received_day, received_day + 1]).tolist()
        writer.hold(
            received_day,
            Batch(
                sending.received_ms[a:b],
                texts[a:b],
                sending.is_duplicate[a:b],
                sending.is_late[a:b],
                skew[sending.event[a:b]] != 0,
                events.code[sending.event[a:b]] != REFUND,
            ),
        )


def _report(
    home: Path, truth: Path, people: Population, n_refunds: int, writer: RawWriter, start: date, days: int
) -> SimulationReport:
    sums = totals(writer.files)
    sums.pop("malformed_kinds")
    return SimulationReport(
        home=home,
        truth_file=truth,
        first_day=start,
        last_day=start + timedelta(days=days - 1),
        **sums,
        n_orders=writer.table_rows["orders"],
        n_refunds=n_refunds,
        n_access_lines=writer.table_rows["access"],
        n_survey_rows=writer.table_rows["survey"],
        n_persons=people.size,
        n_signed_up=int((people.signed_up_day != NEVER).sum()),
        n_churned=int((people.churned_day != NEVER).sum()),
        n_bots=int((people.kind == BOT).sum()),
        n_brushing=int((people.kind == BRUSHER).sum()),
        files=tuple(writer.files),
    )
