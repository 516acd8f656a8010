"""Items like an item: not itself, the most similar first."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def pairs(params: GateParams) -> Probe:
    return Probe(
        sql=f"""
            select
                count(*) filter (where item_id = similar_item_id) as n_like_themselves,
                count(*) filter (where similarity is null or similarity <= 0 or similarity > 1) as n_similarity_outside,
                count(*) filter (where as_of_date <> date '{params.as_of_date}' or model_version is null)
                    as n_of_no_night,
                (
                    select count(*) from ml.similar_items as one inner join ml.similar_items as next
                        on one.item_id = next.item_id and one.rank + 1 = next.rank
                    where one.similarity < next.similarity
                ) as n_out_of_order
            from ml.similar_items
        """,
        checks=[
            zero("n_like_themselves", "items that are similar to themselves"),
            zero("n_similarity_outside", "similarities outside 0 to 1"),
            zero("n_of_no_night", "rows of another date than as_of, or without the version of the model"),
            zero("n_out_of_order", "items ranked before one that is more similar"),
        ],
    )


PROBES = (pairs,)
