"""Good and bad frames of intermediate.int_duplicates, and damage to the healthy warehouse that it finds."""

GOOD = {
    "rates": {"source": "shop", "duplicate_rate": 0.01},
}
BAD = {"duplicate_rate": [0.21]}
DAMAGE = [
    ("duplicate_rate", "insert into intermediate.int_duplicates select 'shop', 'e2' from range(200)"),
]
