"""The funnels of one night as dbt reads them, and what was left out of the default ones.

Not here: which keys a funnel has (`pipeline.settings`), and the SQL made of them (`dbt_project/macros/funnels`).
"""

from __future__ import annotations

from dataclasses import dataclass
from glob import iglob
from pathlib import Path
from typing import Any

import duckdb

from pipeline.settings import Funnel, FunnelStep, Settings, are_apart, breakdown_table


@dataclass(frozen=True)
class Occurring:
    """What the default funnels are fitted to: the event names of the data, and whether any purchase is above 0."""

    event_names: tuple[str, ...]
    has_amounts: bool = True


def has_amounts(lake_events: str, ledger: Path) -> bool:
    """Whether a purchase of the loaded files carries an amount; ends at the first one. True where the lake is empty."""
    if next(iglob(lake_events), None) is None:
        return True
    row = duckdb.execute(
        "select 1 from read_parquet(?) semi join (from read_parquet(?) where status = 'loaded') using (file_id) "
        "where event_name = 'purchase' and revenue > 0 limit 1",
        [lake_events, str(ledger)],
    ).fetchone()
    return row is not None


def funnel_variables(settings: Settings, data: Occurring) -> list[dict[str, Any]]:
    """Funnels as dbt reads them; the default ones have the steps that occur."""
    if not settings.has_default_funnels:
        return [_variables(funnel, funnel.steps) for funnel in settings.funnels]
    return [_variables(funnel, steps) for funnel, steps in _fitted(settings, data)]


def left_out(settings: Settings, data: Occurring) -> list[dict[str, str]]:
    """What the default funnels lack in this data, one `funnel_name` and `left_out` each; empty for the config's own."""
    if not settings.has_default_funnels:
        return []
    kept = {funnel.name: steps for funnel, steps in _fitted(settings, data)}
    found = []
    for funnel in settings.funnels:
        steps = _occurring(funnel, data)
        names = [step.event for step in funnel.steps if step.event not in data.event_names]
        names += [str(step.where) for step in funnel.steps if step.where and any(one == _bare(step) for one in steps)]
        if steps and funnel.name not in kept:
            names.append("the funnel itself, as it is the same as another or has one step")
        found += [{"funnel_name": funnel.name, "left_out": name} for name in names]
    return found


def _fitted(settings: Settings, data: Occurring) -> list[tuple[Funnel, tuple[FunnelStep, ...]]]:
    """The default funnels with steps that occur; none twice, and the first one even with a single step."""
    found: list[tuple[Funnel, tuple[FunnelStep, ...]]] = []
    for funnel in settings.funnels:
        steps = _occurring(funnel, data)
        if steps and (not found or len(steps) > 1) and steps not in [others for _, others in found]:
            found.append((funnel, steps))
    return found


def _occurring(funnel: Funnel, data: Occurring) -> tuple[FunnelStep, ...]:
    steps = (step for step in funnel.steps if step.event in data.event_names)
    return tuple(step if data.has_amounts or step.event != "purchase" else _bare(step) for step in steps)


def _bare(step: FunnelStep) -> FunnelStep:
    return step.model_copy(update={"where": None})


def _variables(funnel: Funnel, steps: tuple[FunnelStep, ...]) -> dict[str, Any]:
    return {
        "name": funnel.name,
        "window_s": int(funnel.window),
        "order": funnel.order,
        "entry": funnel.entry,
        "scope": funnel.scope,
        "breakdown": funnel.breakdown,
        "breakdown_table": breakdown_table(funnel.breakdown) if funnel.breakdown else None,
        "exclude": list(funnel.exclude),
        "hold_constant": list(funnel.hold_constant),
        "steps": [_step_variables(step, steps) for step in steps],
    }


def _step_variables(step: FunnelStep, steps: tuple[FunnelStep, ...]) -> dict[str, Any]:
    """`apart`: the steps (from 1) of the same event that no event can serve together with this one."""
    apart = [
        number
        for number, other in enumerate(steps, start=1)
        if other.event == step.event and are_apart(other.where, step.where)
    ]
    return {
        "name": step.step_name,
        "event": step.event,
        "where": step.where,
        "optional": step.optional,
        "within_s": step.within,
        "apart": apart,
    }
