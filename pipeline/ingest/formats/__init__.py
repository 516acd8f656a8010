"""The source formats, one file each. This registry finds them; `format:` in growth.yaml is one of their names.

To add a format:
1. `formats/<name>.py` with `FORMAT = Format(name="<name>", layouts=…, draft=…)` (base.py describes each field).
2. `docs/formats/<name>.md`: where such files come from, and which field becomes which column.
3. `tests/component/ingest/test_format_<name>.py`: files as the tool writes them, with the expected events, and lines
   that must be rejected, with their reasons.
A key of its own in growth.yaml is a field of `Source` (pipeline/settings/sections/sources.py), listed in `config_keys`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from pipeline.ingest import config_trial
from pipeline.ingest.formats.base import Draft, Format, Guess
from pipeline.settings import PLANNED_FORMATS, ConfigError, Settings, Source, combine

__all__ = ["FORMATS", "Draft", "Format", "Guess", "check_formats", "format_of", "sources_without_identities"]

_NAMES = (module.name for module in iter_modules(__path__) if module.name != "base")
FORMATS: dict[str, Format] = {name: import_module(f"{__name__}.{name}").FORMAT for name in _NAMES}


def format_of(source: Source) -> Format:
    """The format of a source."""
    return FORMATS[source.format]


def sources_without_identities(settings: Settings) -> list[str]:
    """Names of the sources of which an event may name nobody."""
    return [source.name for source in settings.sources if format_of(source).may_lack_identity]


def check_formats(settings: Settings) -> Settings:
    """The same settings, after checking each source against its format, and with DuckDB what only it can judge.

    Raises ConfigError with all mistakes.
    """
    if errors := list(_config_errors(settings)):
        raise combine(errors)
    return settings


def _config_errors(settings: Settings) -> Iterator[ConfigError]:
    for index, source in enumerate(settings.sources):
        place = ("sources", index)
        if source.format in FORMATS:
            for key, problem, remedy in _problems(source):
                yield settings.error_at((*place, *key), problem, remedy)
        elif source.format in PLANNED_FORMATS:
            remedy = "use tracker, or table, which reads any CSV, TSV, Parquet or JSON lines"
            yield settings.error_at((*place, "format"), f"{source.format!r} is not supported yet", remedy)
        else:
            expected = ", ".join(map(repr, FORMATS))
            problem = f"expected one of {expected}, not {source.format!r}"
            yield settings.error_at((*place, "format"), problem, "correct this value")
    for location, problem in config_trial.problems(settings):
        yield settings.error_at(location, problem, "correct this value")


def _problems(source: Source) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Key, problem and remedy of what the format does not read as it is configured."""
    used = format_of(source).config_keys
    for key in sorted({key for form in FORMATS.values() for key in form.config_keys} & source.model_fields_set):
        if key not in used:
            users = " or ".join(form.name for form in FORMATS.values() if key in form.config_keys)
            yield (key,), f"is for `format: {users}` only", f"remove it, or set format: {users}"
    if problem := format_of(source).config_problem(source):
        yield (), problem, "correct this value"
