"""The config `growth.yaml`: its sections, their defaults, and loading with errors a person can act on.

Belongs here: what may stand in the config. Not here: what the pipeline does with it.
"""

from pipeline.settings.default_config import default_config_text
from pipeline.settings.errors import ConfigError
from pipeline.settings.load import Settings, load_settings, parse_settings
from pipeline.settings.sources import CANONICAL_COLUMNS, Source

__all__ = [
    "CANONICAL_COLUMNS",
    "ConfigError",
    "Settings",
    "Source",
    "default_config_text",
    "load_settings",
    "parse_settings",
]
