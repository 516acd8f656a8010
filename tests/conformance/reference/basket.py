"""Items bought or viewed together, counted pair by pair as the definition says it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

Seen = tuple[str, int, str]  # basket, moment, item
Pair = tuple[str, str, int, int, int, int]  # item_a, item_b, together, with a, with b, all


def pairs(seen: Iterable[Seen], min_together: int, max_items: int) -> list[Pair]:
    """Pairs in at least `min_together` baskets; of a basket the first `max_items` different items count, by time, then
    item.
    """
    baskets: dict[str, list[str]] = {}
    for basket, _, item in sorted(seen, key=lambda one: (one[0], one[1], one[2])):
        items = baskets.setdefault(basket, [])
        if item not in items and len(items) < max_items:
            items.append(item)
    found = []
    for one, other in combinations(sorted({item for items in baskets.values() for item in items}), 2):
        together = sum(one in items and other in items for items in baskets.values())
        if together >= min_together:
            with_one, with_other = (sum(which in items for items in baskets.values()) for which in (one, other))
            found.append((one, other, together, with_one, with_other, len(baskets)))
    return found
