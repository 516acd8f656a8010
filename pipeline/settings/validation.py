"""Turns pydantic's validation errors into ConfigErrors. Rules about values are in the sections."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipeline.settings.errors import ConfigError
from pipeline.settings.locations import Location, find_node, key_text
from pipeline.settings.settings import Settings
from pipeline.settings.types import Section


def config_errors(error: ValidationError, root: yaml.Node, path: Path | None) -> list[ConfigError]:
    """One ConfigError per invalid value."""
    return [_config_error(entry, root, path) for entry in error.errors() if not _is_consequence(entry)]


def _is_consequence(entry: Any) -> bool:
    """pydantic also reports a list as too short if its entries are invalid."""
    return entry["type"] == "too_short" and bool(entry["input"])


def _config_error(entry: Any, root: yaml.Node, path: Path | None) -> ConfigError:
    location = tuple(entry["loc"])
    node, walked = find_node(root, location)
    line = node.start_mark.line + 1
    if entry["type"] == "missing":
        key = key_text((*walked, location[-1]))
        return ConfigError("is missing", key=key, line=line, remedy=f"add `{location[-1]}:`", path=path)
    if entry["type"] == "extra_forbidden":
        return ConfigError("unknown key", key=key_text(walked), line=line, remedy=_known_key(location), path=path)
    return ConfigError(_problem(entry), key=key_text(walked), line=line, remedy="correct this value", path=path)


def _problem(entry: Any) -> str:
    kind = entry["type"]
    problem = entry["msg"].removeprefix("Value error, ")
    if kind == "literal_error":
        problem = f"expected {entry['ctx']['expected']}"
    elif kind == "string_pattern_mismatch":
        problem = f"expected text that matches {entry['ctx']['pattern']}"
    elif kind != "value_error":
        problem = problem[0].lower() + problem[1:]
    given = "" if isinstance(entry["input"], (dict, list, Section)) else f", not {entry['input']!r}"
    return problem + given


def _known_key(location: Location) -> str:
    known = _known_keys(location)
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"expected one of {', '.join(known)}" if known else "remove it"


def _known_keys(location: Location) -> list[str]:
    """The keys of the section that contains a location."""
    model: Any = Settings
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        fields = getattr(model, "model_fields", {})
        if part not in fields:
            return []
        model = _section_in(fields[part].annotation)
    return list(getattr(model, "model_fields", {}))


def _section_in(annotation: Any) -> Any:
    """The Section inside `tuple[X, ...]`, `X | None` or `Annotated[X, …]`."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _section_in(inner)
        if found is not None:
            return found
    return None
