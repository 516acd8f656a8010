"""Good and bad frames of marts.dim_identities_history, and damage to the healthy warehouse that it finds."""

GOOD = {
    "intervals": {"n_backwards": 0, "n_not_the_latest": 0},
}
DAMAGE = [
    ("n_backwards", "update marts.dim_identities_history set known_until = known_from where known_until is not null"),
    ("n_not_the_latest", "update marts.dim_identities set person_id = 'p2'"),
    ("n_not_the_latest", "delete from marts.dim_identities_history where known_until is null"),
]
