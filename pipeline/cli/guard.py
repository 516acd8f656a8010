"""How a command ends when something goes wrong that it does not handle itself: with a sentence and an exit code.

Not here: errors that a command expects, which it reports with `fail`. GROWTH_TRACEBACK=1 shows the trace of an
unexpected error.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort, Exit, TyperException

from pipeline.cli import signals
from pipeline.cli.options import fail
from pipeline.home.interrupts import is_interrupt

TRACEBACK_VARIABLE = "GROWTH_TRACEBACK"
BROKEN_PIPE = 141  # as shells report a program whose reader has gone
_END_THEMSELVES = ("run", "backfill", "sql", "collect")  # commands that answer signals in ways of their own
_AGAIN = "Then run the same command again."
_OURS = ("pipeline.", "models.", "expectations.")  # their errors have messages for a person

_consequences: list[Callable[[], str]] = []


class GuardedGroup(TyperGroup):
    """A group whose commands never end with a traceback."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **options: Any) -> Any:
        try:
            return super().main(args, *more, **options)
        except SystemExit as end:
            if args is None and end.code in signals.EXIT_CODES:
                os._exit(int(end.code))  # the end of the interpreter would wait for queries that were interrupted
            raise

    def invoke(self, ctx: Any) -> Any:
        with signals.heeding_signals(), _flushed_output():
            try:
                name = next(iter(ctx._protected_args), "")
                with nullcontext() if name in _END_THEMSELVES else signals.ending_soon(_print_stop):
                    answer = super().invoke(ctx)
                sys.stdout.flush()
                return answer
            except (Exit, TyperException):
                raise
            except Abort as error:  # Ctrl-C at a question
                raise _ending_of(KeyboardInterrupt()) from error
            except BaseException as error:
                if os.environ.get(TRACEBACK_VARIABLE):
                    raise
                raise _ending_of(error) from error


@contextmanager
def explaining_stop(describe: Callable[[], str]) -> Iterator[None]:
    """Where a signal ends the block, the message says what that leaves."""
    _consequences.append(describe)
    try:
        yield
    except BaseException as error:
        if is_interrupt(error):
            raise  # and the message needs it
        _consequences.remove(describe)
        raise
    _consequences.remove(describe)


def _ending_of(error: BaseException) -> typer.Exit:
    if isinstance(error, BrokenPipeError):  # e.g. `growthhouse sql … | head`
        return typer.Exit(BROKEN_PIPE)
    if is_interrupt(error):
        number = signals.received() or signal.SIGINT
        _print_stop(number)
        return typer.Exit(signals.exit_code(number))
    if isinstance(error, SystemExit):
        raise error
    return fail(_message(error))


def _print_stop(number: signal.Signals) -> None:
    left = "".join(f"; {describe()}" for describe in _consequences)
    _consequences.clear()
    typer.echo(f"stopped by {signals.describe(number)}{left}", err=True)


def _message(error: BaseException) -> str:
    """A sentence with the cause and what to do."""
    from pipeline.home.error_advice import advice_for

    if type(error).__module__.startswith(_OURS):
        return str(error)
    if isinstance(error, UnicodeEncodeError):
        return (
            f"the output holds characters that its encoding ({error.encoding}) lacks; "
            "set PYTHONUTF8=1, or write to a file with `growthhouse export`"
        )
    what = _describe_os_error(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}".strip()
    if advice := advice_for(what, then=_AGAIN):
        return f"{advice}\n  {what.splitlines()[0]}"
    if isinstance(error, OSError):
        return f"{what}; `growthhouse doctor` checks the home"
    return (
        f"unexpected {what.splitlines()[0]}\n  {TRACEBACK_VARIABLE}=1 shows where, for a report of this fault. "
        "`growthhouse doctor` checks the home"
    )


def _describe_os_error(error: OSError) -> str:
    """The file, if the error names one, and the reason."""
    reason = error.strerror or str(error) or type(error).__name__
    return f"'{error.filename}': {reason}" if error.filename else reason


@contextmanager
def _flushed_output() -> Iterator[None]:
    """Nothing is left for the interpreter to write at its end, where an error could no longer be reported."""
    with suppress(AttributeError, ValueError):  # the name of a file may be in no encoding: its bytes are printed
        sys.stdout.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                _discard(stream)


def say(text: str) -> None:
    """Print a line of progress. Where nobody can read it any more, the work goes on without."""
    try:
        typer.echo(text)
    except OSError:
        _discard(sys.stdout)


def _discard(stream: Any) -> None:
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
