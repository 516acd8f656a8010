"""Signals that ask a command to end: SIGTERM (`kill`, a shutdown) and SIGHUP (a closed terminal) act as Ctrl-C.

Belongs here: which signal came, whoever handled it. Not here: what is printed then (`guard.py`).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_NAMES = {
    signal.SIGINT: "Ctrl-C (SIGINT)",
    signal.SIGTERM: "SIGTERM (sent by kill, a service manager or a shutdown)",
    signal.SIGHUP: "SIGHUP (the terminal was closed)",
}
_REPEAT_S = 1.0
GRACE_S = 6.0  # containers are killed 10 s after SIGTERM

_wake_up: int | None = None  # where Python writes the number of each signal that it handles
_received: signal.Signals | None = None
_heeded: set[signal.Signals] = set()  # not those that were ignored when the command started


@contextmanager
def heeding_signals() -> Iterator[None]:
    """Within the block, `received` knows the first signal that asked to end. One that is ignored stays ignored."""
    global _wake_up, _received, _heeded
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    # Dagster and dbt install handlers of their own; this works beside any handler.
    earlier_writer = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    earlier = {number: signal.getsignal(number) for number in _NAMES}
    for number, handler in earlier.items():
        if handler is signal.SIG_DFL:
            signal.signal(number, _act_as_ctrl_c)
    if earlier[signal.SIGINT] is signal.SIG_IGN:  # a background job: Dagster would make SIGTERM ignored, too
        signal.signal(signal.SIGINT, _ignore)
    _wake_up, _received = reader, None
    _heeded = {number for number, handler in earlier.items() if handler is not signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(earlier_writer)
        _wake_up = None
        os.close(reader)
        os.close(writer)


def received() -> signal.Signals | None:
    """The first signal that asked to end, also where the exception it raised was lost."""
    global _received
    if _received is None and _wake_up is not None:
        with suppress(BlockingIOError):
            _received = next((known for number in os.read(_wake_up, 512) if (known := _known(number))), None)
    return _received


def exit_code(number: signal.Signals) -> int:
    """As shells report a program that this signal ended: 130 for Ctrl-C, 143 for SIGTERM."""
    return 128 + number


EXIT_CODES = {exit_code(number) for number in _NAMES}


def describe(number: signal.Signals) -> str:
    """The signal for a person."""
    return _NAMES[number]


@contextmanager
def ending_soon(give_up: Callable[[signal.Signals], object]) -> Iterator[None]:
    """After a signal, make the block end: DuckDB, dbt and steps may lose the exception that the signal raised.

    The signal is repeated. Where that does not help (closing a connection waits for its query), `give_up` reports it
    and the process exits, as if it was killed.
    """
    main, ended = threading.main_thread(), threading.Event()

    def watch() -> None:
        n_repeated = 0
        while not ended.wait(_REPEAT_S):
            if (number := received()) is None or main.ident is None:
                continue
            if n_repeated * _REPEAT_S >= GRACE_S:
                try:
                    give_up(number)
                finally:
                    os._exit(exit_code(number))
            signal.pthread_kill(main.ident, signal.SIGTERM)
            n_repeated += 1

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _known(number: int) -> signal.Signals | None:
    return next((known for known in _heeded if known == number), None)


def _act_as_ctrl_c(number: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler) and handler is not _ignore:
        handler(number, frame)
    else:
        raise KeyboardInterrupt


def _ignore(number: int, frame: FrameType | None) -> None:
    """Nothing: unlike SIG_IGN, the number still reaches `received`, where it is SIGTERM that Dagster sends here."""
