"""What dbt offers to a model, as far as sqlfluff's jinja templater needs it to render one: no dbt, no database.

The project's own macros are loaded as they are (`.sqlfluff`), in their DuckDB form; variables have the project's
defaults. Here stand only dbt's own names.
"""

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytz
import yaml
from jinja2 import pass_context
from jinja2.runtime import Context

PROJECT = yaml.safe_load((Path(__file__).parent.parent / "dbt_project.yml").read_text(encoding="utf-8"))
DEFAULTS = PROJECT["vars"] | PROJECT["vars"][PROJECT["name"]]
# Without a funnel or a second snapshot there would be little to lint, without a server source half of the sessions.
EXAMPLES = {
    "funnels": [{"name": "purchase", "window_s": 60, "steps": [{"event": "view_item"}, {"event": "purchase"}]}],
    "server_sources": ["erp"],
    "snapshot_dates": ["2026-01-24", "2026-01-31"],
    "cut_at_midnight": True,
    "cut_on_campaign": True,
}
execute = True  # a full build is linted: while dbt parses, every night counts as a delta night
flags = SimpleNamespace(WHICH="lint")
modules = SimpleNamespace(pytz=pytz, datetime=SimpleNamespace(datetime=datetime, timedelta=timedelta))


def run_query(_: str) -> Any:
    """One row with a 1: there are files."""
    return SimpleNamespace(columns=[SimpleNamespace(values=lambda: [1])])


def var(name: str, default: Any = None) -> Any:
    return EXAMPLES.get(name, DEFAULTS.get(name, default))


class _Adapter:
    @pass_context
    def dispatch(self, context: Context, name: str, project: str) -> Any:
        return context[f"default__{name}"]


adapter = _Adapter()
dbt = SimpleNamespace(
    type_string=lambda: "text",
    type_bigint=lambda: "bigint",
    type_timestamp=lambda: "timestamp",
    hash=lambda text: f"md5({text})",
    date_trunc=lambda part, moment: f"date_trunc('{part}', {moment})",
)
