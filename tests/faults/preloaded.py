"""Imported by the process that every night is a fork of."""

from tests.faults.warm import preload

preload()
