"""Customer value: one row for each order history of as_of, with possible probabilities, orders and revenue."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def values(params: GateParams) -> Probe:
    return Probe(
        sql=f"""
            select
                abs(count(*) - (
                    select count(*) from marts.order_histories where as_of_date = date '{params.as_of_date}'
                )) as n_persons_off,
                count(*) filter (where as_of_date <> date '{params.as_of_date}') as n_other_date,
                count(*) filter (
                    where probability_alive not between 0 and 1 or probability_of_order not between 0 and 1
                        or probability_of_order > probability_alive + 1e-9
                ) as n_probability_outside,
                -- no more dates with an order than dates, and no fewer than the chance of one; NaN sorts above numbers
                count(*) filter (
                    where expected_orders is null or expected_orders < 0 or expected_orders > horizon_days + 1e-6
                        or expected_orders < probability_of_order - 1e-6
                ) as n_orders_outside,
                -- the factors are rounded to nine digits before, and a double holds fifteen
                count(*) filter (
                    where expected_revenue < 0 or isnan(expected_revenue)
                        or abs(expected_revenue - expected_orders * expected_order_value)
                            > 0.01 + 1e-9 * (abs(expected_order_value) + expected_orders + abs(expected_revenue))
                ) as n_revenue_off
            from ml.customer_value
        """,
        checks=[
            zero("n_persons_off", "persons compared with the order histories of as_of"),
            zero("n_other_date", "rows of another date than as_of"),
            zero("n_probability_outside", "probabilities outside 0 to 1, or of an order above that of being alive"),
            zero("n_orders_outside", "expected orders below the probability of one or above one a day"),
            zero("n_revenue_off", "expected revenue that is not expected orders by expected order value"),
        ],
    )


PROBES = (values,)
