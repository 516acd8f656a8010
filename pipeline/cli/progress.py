"""What `growthhouse run` prints during a night: a line per step, and its messages. Not here: the summary."""

import logging
import time
from collections.abc import Callable

import dagster as dg


class _StepLines(logging.Handler):
    def __init__(self, say: Callable[[str], object], started: float) -> None:
        super().__init__(logging.DEBUG)
        self._say = say
        self._started = started

    def emit(self, record: logging.LogRecord) -> None:
        details = getattr(record, "dagster_meta", {})
        event = details.get("dagster_event")
        step = details.get("step_key") or ""
        if event is None:
            # Dagster's own errors ("not executing …") only repeat the error of the failed step.
            if logging.INFO <= record.levelno < logging.ERROR:
                self._line(f"{step}: {details.get('orig_message', record.getMessage())}")
        elif event.is_step_start:
            self._line(step)
        elif event.is_step_failure:
            self._line(f"{step}: FAILED")
        elif event.is_step_up_for_retry:
            self._line(f"{step}: failed, retrying")

    def _line(self, text: str) -> None:
        self._say(f"{time.monotonic() - self._started:6.1f} s  {text}")


def progress_logger(say: Callable[[str], object], started: float, *others: logging.Handler) -> dg.LoggerDefinition:
    """A logger for Definitions(loggers={"console": …}): one line per step with the seconds since `started`.

    `others` get every record as well.
    """

    # The schema of the default logger keeps the job's snapshot closer to that of the UI.
    default = dg.colored_console_logger

    @dg.logger(config_schema=default.config_schema, description=default.description)
    def console(context: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("growthhouse", logging.DEBUG)
        for handler in (_StepLines(say, started), *others):
            logger.addHandler(handler)
        return logger

    return console
