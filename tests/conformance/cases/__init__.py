"""Tiny logs with answers worked out by hand, by area: one trap each, named by it."""
