"""Reads `growth.yaml` into `Settings`. Every error is a ConfigError with key, line and remedy."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from pipeline.settings.errors import ConfigError, combine
from pipeline.settings.locations import key_text, line_of
from pipeline.settings.settings import Settings
from pipeline.settings.unsupported import unused
from pipeline.settings.validation import config_errors


def load_settings(config: Path, home: Path | None = None) -> Settings:
    """Read and validate a config; `home` defaults to the config's folder."""
    config = Path(config).expanduser().resolve()
    try:
        text = config.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError("file not found", path=config, remedy="create it with `growthhouse init`") from None
    except OSError as error:
        remedy = "name a file that this user can read with --config"
        raise ConfigError(f"cannot be read: {error.strerror}", path=config, remedy=remedy) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"cannot be read: {error}", path=config, remedy="save it as UTF-8") from error
    settings = parse_settings(text, config)
    settings._home = Path(home).expanduser().resolve() if home else config.parent
    return settings


def parse_settings(text: str, path: Path | None = None) -> Settings:
    """Validate the text of a config."""
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
        raise combine(config_errors(error, root, path)) from error
    settings._text, settings._config_path = text, path or settings._config_path
    name = path.name if path else "config"
    settings._notices = tuple(
        f"{name}, line {line_of(root, location)}: {key_text(location)}: accepted, but not used yet"
        for location in unused(settings)
    )
    return settings


def _refuse_repeated_keys(node: yaml.Node, path: Path | None, trail: str = "") -> None:
    """YAML silently keeps the last of two equal keys; here it is an error."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            name = f"{trail}.{key.value}" if trail else str(key.value)
            line = key.start_mark.line + 1
            if name in seen:
                problem = f"given twice, first on line {seen[name]}"
                raise ConfigError(problem, key=name, line=line, remedy="keep one", path=path)
            seen[name] = line
            _refuse_repeated_keys(value, path, name)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _refuse_repeated_keys(value, path, f"{trail}[{index}]")
