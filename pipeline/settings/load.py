"""Reads `growth.yaml` into `Settings`, and turns every mistake into a ConfigError with key, line and remedy."""

from __future__ import annotations

import difflib
import glob
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, PrivateAttr, ValidationError, field_validator

from pipeline.settings import analysis as a
from pipeline.settings import campaigns as c
from pipeline.settings import product as p
from pipeline.settings import sources as s
from pipeline.settings.alerts import Alerts
from pipeline.settings.errors import ConfigError
from pipeline.settings.types import Section
from pipeline.settings.unsupported import Location, refused, unused


class Settings(Section):
    """Everything the config says, with defaults filled in, and where config and home are."""

    site: s.Site
    sources: tuple[s.Source, ...]
    cleaning: s.Cleaning = s.Cleaning()
    identity: s.Identity = s.Identity()
    privacy: s.Privacy = s.Privacy()
    sessions: s.Sessions = s.Sessions()
    funnels: tuple[a.Funnel, ...] = Field(default_factory=a.default_funnels)
    retention: a.Retention = a.Retention()
    attribution: a.Attribution = a.Attribution()
    paths: p.Paths = p.Paths()
    aha: p.Aha = p.Aha()
    churn: a.Churn = a.Churn()
    purchase: a.Purchase = a.Purchase()
    training: a.Training = a.Training()
    customer_value: a.CustomerValue = a.CustomerValue()
    segments: a.Segments = a.Segments()
    market_basket: a.MarketBasket = a.MarketBasket()
    recommendations: a.Recommendations = a.Recommendations()
    interventions: tuple[c.Intervention, ...] = ()
    global_holdout: c.GlobalHoldout = c.GlobalHoldout()
    experiments: tuple[c.Experiment, ...] = ()
    alerts: Alerts = Alerts()

    _home: Path = PrivateAttr(default=Path("."))
    _config_path: Path = PrivateAttr(default=Path("growth.yaml"))
    _notices: tuple[str, ...] = PrivateAttr(default=())

    @field_validator("sources")
    @classmethod
    def _some_source(cls, value: tuple[s.Source, ...]) -> tuple[s.Source, ...]:
        if not value:
            raise ValueError("expected at least one source")
        return value

    @field_validator("sources", "funnels", "interventions", "experiments")
    @classmethod
    def _distinct_names(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        names = [getattr(entry, "campaign", None) or entry.name for entry in value]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the name '{name}' is used twice")
        return value

    @property
    def home(self) -> Path:
        """The folder that holds all state."""
        return self._home

    @property
    def config_path(self) -> Path:
        """The file the settings were read from."""
        return self._config_path

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know about a config that is valid: keys that nothing reads yet."""
        return self._notices

    @property
    def data_dir(self) -> Path:
        """`home/data`."""
        return self._home / "data"

    @property
    def has_default_funnels(self) -> bool:
        """Whether the config has no `funnels` key: steps that never occur are then dropped with a warning."""
        return "funnels" not in self.model_fields_set

    @property
    def unavailable_items(self) -> Path | None:
        """The file that lists the items not to recommend, where the config names one."""
        named = self.recommendations.unavailable_items
        return self._config_path.parent / Path(named.replace("{home}", str(self._home))).expanduser() if named else None

    def error_at(self, location: Location, problem: str, remedy: str) -> ConfigError:
        """A mistake that shows only when a night uses the value at this place of the config."""
        root = yaml.compose(self._config_path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
        line = _line(root, location) if root else None
        return ConfigError(problem, key=_key_text(location), line=line, remedy=remedy, path=self._config_path)

    def source_pattern(self, source: s.Source) -> str:
        """The absolute glob of a source."""
        pattern = source.path.replace("{home}", glob.escape(str(self._home)))
        return str(Path(glob.escape(str(self._config_path.parent))) / Path(pattern).expanduser())

    def source_files(self, source: s.Source) -> list[Path]:
        """The files of a source that exist now, sorted by path."""
        return [path for path in self._matches(source) if path.is_file()]

    def source_folders(self, source: s.Source) -> list[Path]:
        """The folders that a source's glob matches: they are not read."""
        return [path for path in self._matches(source) if path.is_dir()]

    def _matches(self, source: s.Source) -> list[Path]:
        return sorted(map(Path, set(glob.glob(self.source_pattern(source), recursive=True))))


def load_settings(config: Path, home: Path | None = None) -> Settings:
    """Read and check a config; `home` defaults to the config's folder."""
    config = Path(config).expanduser().resolve()
    try:
        text = config.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError("no such file", path=config, remedy="`growthhouse init` writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", path=config, remedy="save it as readable UTF-8") from error
    settings = parse_settings(text, config)
    settings._home = Path(home).expanduser().resolve() if home else config.parent
    settings._config_path = config
    return settings


def parse_settings(text: str, path: Path | None = None) -> Settings:
    """Check the text of a config."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        line = mark.line + 1 if mark else None
        remedy = "check indentation, quotes and brackets"
        raise ConfigError(f"not valid YAML: {problem}", line=line, remedy=remedy, path=path) from error
    if not isinstance(data, dict) or root is None:
        raise ConfigError("expected keys `site` and `sources`", line=1, remedy="see `growthhouse init`", path=path)
    _refuse_repeated_keys(root, path)
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        found = [entry for entry in error.errors() if not _is_aftermath(entry)]
        raise _together([_as_config_error(entry, root, path) for entry in found]) from error
    if not_honoured := [
        ConfigError(problem, key=_key_text(place), line=_line(root, place), remedy=remedy, path=path)
        for place, problem, remedy in refused(settings)
    ]:
        raise _together(not_honoured)
    name = path.name if path else "config"
    settings._notices = tuple(
        f"{name}, line {_line(root, place)}: {_key_text(place)}: accepted, but nothing uses it yet"
        for place in unused(settings)
    )
    return settings


def _is_aftermath(entry: Any) -> bool:
    """pydantic also calls a list too short whose entries are wrong."""
    return entry["type"] == "too_short" and bool(entry["input"])


def _together(errors: list[ConfigError]) -> ConfigError:
    """One error that tells all of them, in the order of the file."""
    first, *others = sorted(errors, key=lambda error: error.line or 0)
    return ConfigError(
        first.problem, key=first.key, line=first.line, remedy=first.remedy, path=first.path, others=tuple(others)
    )


def _line(root: yaml.Node, location: Location) -> int:
    node, _ = _find_node(root, location)
    return int(node.start_mark.line) + 1


def _refuse_repeated_keys(node: yaml.Node, path: Path | None, trail: str = "") -> None:
    """YAML keeps the last of two equal keys silently; here it is a mistake."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            name = f"{trail}.{key.value}" if trail else str(key.value)
            line = key.start_mark.line + 1
            if name in seen:
                raise ConfigError(
                    f"given twice, first on line {seen[name]}", key=name, line=line, remedy="keep one", path=path
                )
            seen[name] = line
            _refuse_repeated_keys(value, path, name)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _refuse_repeated_keys(value, path, f"{trail}[{index}]")


def _find_node(root: yaml.Node, location: tuple[int | str, ...]) -> tuple[yaml.Node, tuple[int | str, ...]]:
    """The node nearest to a location of pydantic's, and the part of the location that exists in the file."""
    node, walked = root, []
    for part in location:
        step: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            step = next((value for key, value in node.value if key.value == str(part)), None)
            named = next((key for key, _ in node.value if key.value == str(part)), None)
            if step is not None and named is not None:
                step.start_mark = named.start_mark
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            step = node.value[part]
        if step is None:
            continue  # a part that pydantic adds: the arm of a union, '[key]'
        node = step
        walked.append(part)
    return node, tuple(walked)


def _key_text(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _as_config_error(entry: Any, root: yaml.Node, path: Path | None) -> ConfigError:
    location = tuple(entry["loc"])
    kind = entry["type"]
    node, walked = _find_node(root, location)
    line = node.start_mark.line + 1
    if kind == "missing":
        key = _key_text((*walked, location[-1]))
        return ConfigError("is missing", key=key, line=line, remedy=f"add `{location[-1]}:`", path=path)
    if kind == "extra_forbidden":
        return ConfigError("unknown key", key=_key_text(walked), line=line, remedy=_nearest(location), path=path)
    problem = entry["msg"].removeprefix("Value error, ")
    given = "" if isinstance(entry["input"], (dict, list, Section)) else f", not {entry['input']!r}"
    if kind == "literal_error":
        problem = f"expected {entry['ctx']['expected']}"
    elif kind == "string_pattern_mismatch":
        problem = f"expected text that matches {entry['ctx']['pattern']}"
    elif kind != "value_error":
        problem = problem[0].lower() + problem[1:]
    return ConfigError(problem + given, key=_key_text(walked), line=line, remedy="correct this value", path=path)


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    """The keys that a section of the config may have."""
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


def _nearest(location: tuple[int | str, ...]) -> str:
    known = _known_keys(location)
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"expected one of {', '.join(known)}" if known else "remove it"
