"""The one exception for an error in the config."""

from __future__ import annotations

from pathlib import Path


class ConfigError(Exception):
    """An error in `growth.yaml`: which key, on which line, what is wrong and how to fix it."""

    def __init__(
        self,
        problem: str,
        *,
        key: str = "",
        line: int | None = None,
        remedy: str = "",
        path: Path | None = None,
        others: tuple[ConfigError, ...] = (),
    ) -> None:
        self.problem, self.key, self.line, self.remedy, self.path = problem, key, line, remedy, path
        self.others = others
        super().__init__(self._text())

    def _text(self) -> str:
        place = str(self.path) if self.path else "config"
        if self.line is not None:
            place += f", line {self.line}"
        text = f"{place}: {self.key + ': ' if self.key else ''}{self.problem}"
        if self.remedy:
            text += f" ({self.remedy})"
        return "\n".join([text, *(str(other) for other in self.others)])


def combine(errors: list[ConfigError]) -> ConfigError:
    """One error that reports all of them, in the order of the file."""
    first, *others = sorted(errors, key=lambda error: error.line or 0)
    return ConfigError(
        first.problem, key=first.key, line=first.line, remedy=first.remedy, path=first.path, others=tuple(others)
    )
