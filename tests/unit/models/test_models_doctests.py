"""The examples in the docstrings of `models` are true."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import models

MODULES = [module.name for module in pkgutil.walk_packages(models.__path__, "models.") if not module.ispkg]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0
