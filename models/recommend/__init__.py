"""Recommendations: who may like which item, how well that was known earlier, and why.

`matrix` holds what persons did, `cooccurrence`, `factorisation` and `popularity` find candidates, `rank` blends them into
lists, `reasons` says why, `metrics` and `contest` measure lists on later data, `store` keeps what was learned.
"""
