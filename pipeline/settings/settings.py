"""`Settings`: all sections with defaults filled in, and the files that the config refers to. No parsing here."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, PrivateAttr, field_validator

from pipeline.home.open_files import has_open_name
from pipeline.settings.errors import ConfigError
from pipeline.settings.globs import find_matches, find_unlisted, is_match
from pipeline.settings.locations import Location, key_text, line_of
from pipeline.settings.sections.aha import Aha
from pipeline.settings.sections.alerts import Alerts
from pipeline.settings.sections.attribution import Attribution
from pipeline.settings.sections.churn import Churn
from pipeline.settings.sections.cleaning import Cleaning
from pipeline.settings.sections.collector import Collector
from pipeline.settings.sections.customer_value import CustomerValue
from pipeline.settings.sections.experiments import Experiment
from pipeline.settings.sections.funnels import Funnel, default_funnels
from pipeline.settings.sections.global_holdout import GlobalHoldout
from pipeline.settings.sections.identity import Identity
from pipeline.settings.sections.interventions import Intervention
from pipeline.settings.sections.market_basket import MarketBasket
from pipeline.settings.sections.paths import Paths
from pipeline.settings.sections.privacy import Privacy
from pipeline.settings.sections.purchase import Purchase
from pipeline.settings.sections.recommendations import Recommendations
from pipeline.settings.sections.retention import Retention
from pipeline.settings.sections.segments import Segments
from pipeline.settings.sections.sessions import Sessions
from pipeline.settings.sections.site import Site
from pipeline.settings.sections.sources import Source
from pipeline.settings.sections.training import Training
from pipeline.settings.types import Section


class Settings(Section):
    """The complete config, and where config and home are."""

    site: Site
    sources: tuple[Source, ...]
    cleaning: Cleaning = Cleaning()
    identity: Identity = Identity()
    privacy: Privacy = Privacy()
    sessions: Sessions = Sessions()
    funnels: tuple[Funnel, ...] = Field(default_factory=default_funnels)
    retention: Retention = Retention()
    attribution: Attribution = Attribution()
    paths: Paths = Paths()
    aha: Aha = Aha()
    churn: Churn = Churn()
    purchase: Purchase = Purchase()
    training: Training = Training()
    customer_value: CustomerValue = CustomerValue()
    segments: Segments = Segments()
    market_basket: MarketBasket = MarketBasket()
    recommendations: Recommendations = Recommendations()
    interventions: tuple[Intervention, ...] = ()
    global_holdout: GlobalHoldout = GlobalHoldout()
    experiments: tuple[Experiment, ...] = ()
    alerts: Alerts = Alerts()
    collector: Collector = Collector()

    _home: Path = PrivateAttr(default=Path("."))
    _config_path: Path = PrivateAttr(default=Path("growth.yaml"))
    _text: str = PrivateAttr(default="")
    _notices: tuple[str, ...] = PrivateAttr(default=())

    @field_validator("sources")
    @classmethod
    def _has_source(cls, value: tuple[Source, ...]) -> tuple[Source, ...]:
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
        """The folder that contains all state."""
        return self._home

    @property
    def config_path(self) -> Path:
        """The file that was read."""
        return self._config_path

    @property
    def notices(self) -> tuple[str, ...]:
        """Remarks about a valid config: keys that are accepted but not used yet."""
        return self._notices

    @property
    def data_dir(self) -> Path:
        """`home/data`."""
        return self._home / "data"

    @property
    def has_default_funnels(self) -> bool:
        """Whether the config has no `funnels` key; steps that never occur are then dropped with a warning."""
        return "funnels" not in self.model_fields_set

    @property
    def unavailable_items(self) -> Path | None:
        """The file with the items not to recommend, if configured."""
        named = self.recommendations.unavailable_items
        return self._config_path.parent / Path(named.replace("{home}", str(self._home))).expanduser() if named else None

    def error_at(self, location: Location, problem: str, remedy: str) -> ConfigError:
        """An error in the value at this location that whoever uses the value has found."""
        root = yaml.compose(self._text, Loader=yaml.SafeLoader)
        line = line_of(root, location) if root else None
        return ConfigError(problem, key=key_text(location), line=line, remedy=remedy, path=self._config_path)

    def source_pattern(self, source: Source) -> str:
        """The absolute glob of a source."""
        pattern = source.path.replace("{home}", glob.escape(str(self._home)))
        return str(Path(glob.escape(str(self._config_path.parent))) / Path(pattern).expanduser())

    def source_files(self, source: Source) -> list[Path]:
        """The files of a source that exist now, sorted by path; not those that are still written."""
        return [path for path in self._matches(source) if _is_file(path) and not has_open_name(path)]

    def open_files(self, source: Source) -> list[Path]:
        """The files of a source that are still written, or were when their process ended; they are not read."""
        return [path for path in self._matches(source) if has_open_name(path) and _is_file(path)]

    def is_read_by(self, name: str, path: Path) -> bool:
        """Whether the glob of a source matches the name of a file, which need not exist."""
        return any(is_match(self.source_pattern(source), path) for source in self.sources if source.name == name)

    def source_folders(self, source: Source) -> list[Path]:
        """The folders that a source's glob matches; they are not read."""
        return [path for path in self._matches(source) if os.path.isdir(path)]

    def unlisted_folders(self, source: Source) -> list[tuple[Path, str]]:
        """The folders that a source's glob has to look into and cannot, each with the reason."""
        return sorted((Path(folder), why) for folder, why in find_unlisted(self.source_pattern(source)).items())

    def _matches(self, source: Source) -> list[Path]:
        return sorted(map(Path, find_matches(self.source_pattern(source))))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # nobody may look: reading it says why
        return True
