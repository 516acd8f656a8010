"""Items bought or viewed together: each pair once, its counts and rates possible."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def rates(params: GateParams) -> Probe:
    return Probe(
        sql="""
            select
                count(*) filter (where item_a >= item_b) as n_not_in_order,
                count(*) filter (
                    where n_together > least(n_baskets_a, n_baskets_b) or greatest(n_baskets_a, n_baskets_b) > n_baskets
                ) as n_more_than_the_whole,
                count(*) filter (
                    where least(support, confidence_a_to_b, confidence_b_to_a) <= 0
                        or greatest(support, confidence_a_to_b, confidence_b_to_a) > 1 or lift <= 0
                ) as n_rate_outside
            from marts.item_pairs
        """,
        checks=[
            zero("n_not_in_order", "pairs whose first item does not sort before the second"),
            zero("n_more_than_the_whole", "pairs in more baskets than one of their items, or items in more than all"),
            zero("n_rate_outside", "pairs with a support or confidence outside 0 to 1, or a lift of 0 or less"),
        ],
    )


PROBES = (rates,)
