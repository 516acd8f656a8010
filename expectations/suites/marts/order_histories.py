"""Order histories for customer value: agree with the orders, and do not see the future."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def histories(params: GateParams) -> Probe:
    return Probe(
        sql=f"""
            with counted as (
                select person_id, count(distinct order_date) as n_order_days
                from marts.fct_orders
                where not is_suspicious and not is_bot and known_date <= date '{params.as_of_date}'
                group by person_id
            ),
            now as (from marts.order_histories where as_of_date = date '{params.as_of_date}')
            select
                (
                    select count(*) from counted full join now using (person_id)
                    where counted.n_order_days is distinct from now.n_order_days
                ) as n_persons_off,
                count(*) filter (where as_of_date > date '{params.as_of_date}') as n_after_as_of,
                count(*) filter (
                    where n_order_days < 1 or recency_days < 0 or recency_days > age_days
                        or n_order_days > recency_days + 1
                ) as n_impossible,
                count(*) filter (where (as_of_date = date '{params.as_of_date}') <> (n_days_after is null))
                    as n_knowing_the_future
            from marts.order_histories
        """,
        checks=[
            zero("n_persons_off", "persons whose days with an order differ from marts.fct_orders"),
            zero("n_after_as_of", "histories later than as_of"),
            zero("n_impossible", "histories with more days of orders than days, or a last order outside their age"),
            zero("n_knowing_the_future", "histories of as_of that know later days, or earlier ones that do not"),
        ],
    )


PROBES = (histories,)
