"""All suites, found by file: `<schema>/<table>.py` is the suite of schema.table, its folder names the gate.

A suite's file has `PROBES`: functions from the gate's parameters to a query and the checks on its result. A file whose
name begins with an underscore is shared by its neighbours.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from expectations.checks import Suite

STAGES: tuple[str, ...] = ("raw", "sessions", "marts", "ml")


def find_suites(package: ModuleType) -> dict[str, Suite]:
    """The suites below a package, by table."""
    suites = {}
    for schema in iter_modules(package.__path__):
        folder = import_module(f"{package.__name__}.{schema.name}")
        for file in iter_modules(folder.__path__):
            if not file.name.startswith("_"):
                name = f"{schema.name}.{file.name}"
                probes = import_module(f"{package.__name__}.{name}").PROBES
                suites[name] = Suite(name, folder.STAGE, probes)
    return suites


SUITES: dict[str, Suite] = find_suites(import_module(__name__))
