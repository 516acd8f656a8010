"""`growthhouse erase`: who is to be erased, whether that can be, and what is printed and has to be confirmed.

Start here; the steps are in steps.py. An erasure that was killed is finished before anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import duckdb

from pipeline.home.paths import HomePaths
from pipeline.ingest import PrivacyFilter, privacy_filter
from pipeline.ingest.lake import Lake, clear_orphans, ledger_problem, read_ledger
from pipeline.privacy.journal import Journal
from pipeline.privacy.lake import linked_devices
from pipeline.privacy.proof import Proof, Searched
from pipeline.privacy.share import Share, measure
from pipeline.privacy.steps import Erasure, carry_out, search
from pipeline.settings import Settings, trimmed

KINDS = ("user", "anonymous")


class EraseError(Exception):
    """Why an erasure cannot begin; the message is for a person."""


def erase(
    settings: Settings,
    kind: str,
    given: str,
    *,
    also: Iterable[str] = (),
    is_rest_left: bool = False,
    now: datetime | None = None,
    say: Callable[[str], object] = print,
    agree: Callable[[Share], bool] = lambda share: True,
) -> Proof:
    """Remove a person and search for what is left. `given` is the id as in the raw data. Needs the writer lock.

    `also` are longer words that mean the person too; with `is_rest_left` all others do not. `agree` decides where an
    unlikely share of all lines would go (`privacy.max_erased_rate`); EraseError if it does not.
    """
    finish_pending(settings, say)
    _checked(settings, kind, given)
    lake = Lake(HomePaths(settings.home).lake)
    clear_orphans(lake, read_ledger(lake.ledger))  # no id from what was never committed
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    with _prepared(settings, kind, given, also, say) as work:
        work.journal.is_rest_left = is_rest_left
        work.journal.started_at = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        share = measure(work.con, settings, work.files, work.lake, work.person)
        if share.is_unlikely(settings.privacy.max_erased_rate) and not agree(share):
            raise EraseError(f"{share.text}; nothing was changed")
        work.journal.write()
        return carry_out(work)


def preview(settings: Settings, kind: str, given: str, *, also: Iterable[str] = ()) -> Searched:
    """What an erasure would find; nothing is changed. Needs the writer lock."""
    if Journal.place(settings.data_dir).exists():
        raise EraseError(
            "an erasure that was killed comes first: run `growthhouse erase` without --dry-run, or a night"
        )
    with _prepared(settings, kind, given, also, print) as work:
        return search(work)


def is_pending(settings: Settings) -> bool:
    """Whether an erasure has begun and not ended."""
    return Journal.place(settings.data_dir).exists()


def finish_pending(settings: Settings, say: Callable[[str], object] = print) -> Proof | None:
    """Finish an erasure that was killed; None if there was none. Needs the writer lock."""
    journal = Journal.read(settings.data_dir)
    if journal is None:
        return None
    if not settings.identity.is_valid_id(journal.given):  # begun by a version that did not check it
        journal.drop()
        say(f"dropped the erasure that began at {journal.started_at}: {journal.given!r} is nobody's id")
        return None
    say(f"finishing the erasure that began at {journal.started_at}")
    with duckdb.connect() as con:
        work = Erasure(settings, HomePaths(settings.home), con, journal, say)
        work.person.words.install(con)
        proof = carry_out(work)
    for place, what in proof.remaining.items():
        say(f"the erasure that began at {journal.started_at} left the person in {place}: {what}")
    return proof


@contextmanager
def _prepared(
    settings: Settings, kind: str, given: str, also: Iterable[str], say: Callable[[str], object]
) -> Iterator[Erasure]:
    """An erasure that knows all ids of the person, and has changed nothing yet."""
    given, privacy = _checked(settings, kind, given), privacy_filter(settings)
    journal = Journal(Journal.place(settings.data_dir), kind, given, also=sorted(set(also)))
    with duckdb.connect() as con:
        work = Erasure(settings, HomePaths(settings.home), con, journal, say)
        _find_ids(journal, con, work.lake, privacy)
        if strange := [word for word in journal.also if not any(given in word for given in work.person.ids)]:
            raise EraseError(
                f"{strange[0]!r} does not contain the id, so it is no longer word of it; nothing was changed"
            )
        work.person.words.install(con)
        yield work


def _checked(settings: Settings, kind: str, given: str) -> str:
    """The id without blanks around it. Raises EraseError where no erasure is possible."""
    given = trimmed(given)
    if kind not in KINDS:
        raise EraseError("name the person: --user ID or --anonymous ID")
    if not settings.identity.is_valid_id(given):
        raise EraseError(
            f"{given or 'an empty text'!r} is nobody's id: it stands where there is none (identity.invalid_ids and "
            "what programs write for no value), so the lines of everybody without an id would go; nothing was changed"
        )
    if problem := ledger_problem(Lake(HomePaths(settings.home).lake)):
        raise EraseError(f"the lake's ledger {problem}: `growthhouse run` rebuilds it; erase after that")
    return given


def _find_ids(journal: Journal, con: duckdb.DuckDBPyConnection, lake: Lake, privacy: PrivacyFilter) -> None:
    """Every id of the person: as the raw files have it and, where ingest hashes ids, as the lake has it."""
    column = "user_id" if journal.kind == "user" else "anonymous_id"
    ids = {journal.given, privacy.pseudonym(column, journal.given)}
    if journal.kind == "anonymous":
        journal.anonymous = sorted(ids)
        return
    journal.users = sorted(ids)
    journal.devices = sorted(linked_devices(con, lake, frozenset(ids)))
