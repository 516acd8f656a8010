"""The config `growth.yaml`: its sections (one file each in sections/), defaults, and loading with helpful errors.

Belongs here: what the config may contain. Not here: what the pipeline does with it.
"""

from pipeline.settings.allowed_sql import EVENT_COLUMNS
from pipeline.settings.default_config import default_config_text
from pipeline.settings.errors import ConfigError, combine
from pipeline.settings.load import load_settings, parse_settings
from pipeline.settings.locations import Location
from pipeline.settings.predicates import are_apart, breakdown_table
from pipeline.settings.sections.alerts import Alerts, Email, Webhook
from pipeline.settings.sections.churn import Churn
from pipeline.settings.sections.funnels import Funnel, FunnelStep
from pipeline.settings.sections.identity import PLACEHOLDERS, trimmed
from pipeline.settings.sections.purchase import Purchase
from pipeline.settings.sections.sources import CANONICAL_COLUMNS, LogEvent, Source
from pipeline.settings.settings import Settings
from pipeline.settings.unsupported import PLANNED_FORMATS

__all__ = [
    "CANONICAL_COLUMNS",
    "EVENT_COLUMNS",
    "PLACEHOLDERS",
    "PLANNED_FORMATS",
    "Alerts",
    "Churn",
    "ConfigError",
    "Email",
    "Funnel",
    "FunnelStep",
    "Location",
    "LogEvent",
    "Purchase",
    "Settings",
    "Source",
    "Webhook",
    "are_apart",
    "breakdown_table",
    "combine",
    "default_config_text",
    "load_settings",
    "parse_settings",
    "trimmed",
]
