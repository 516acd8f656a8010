"""What buyers are worth and how long persons stay: order histories (gate marts), customer value and survival (gate ml)."""

from expectations.params import GateParams
from expectations.suites.base import Probe, Suite, none_of_each


def _histories_sql(params: GateParams) -> str:
    return f"""
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
                where n_order_days < 1 or recency_days < 0 or recency_days > age_days or n_order_days > recency_days + 1
            ) as n_impossible,
            count(*) filter (where (as_of_date = date '{params.as_of_date}') <> (n_days_after is null)) as n_knowing_the_future
        from marts.order_histories
    """


_histories_checks = none_of_each("n_persons_off", "n_after_as_of", "n_impossible", "n_knowing_the_future")


def _value_sql(params: GateParams) -> str:
    return f"""
        select
            abs(count(*) - (
                select count(*) from marts.order_histories where as_of_date = date '{params.as_of_date}'
            )) as n_persons_off,
            count(*) filter (where as_of_date <> date '{params.as_of_date}') as n_other_date,
            count(*) filter (
                where probability_alive not between 0 and 1 or probability_of_order not between 0 and 1
                    or probability_of_order > probability_alive + 1e-9
            ) as n_probability_outside,
            -- no more dates with an order than dates, and no fewer than the chance of one; NaN sorts above every number
            count(*) filter (
                where expected_orders is null or expected_orders < 0 or expected_orders > horizon_days + 1e-6
                    or expected_orders < probability_of_order - 1e-6
            ) as n_orders_outside,
            count(*) filter (
                where expected_revenue < 0 or isnan(expected_revenue)
                    or abs(expected_revenue - expected_orders * expected_order_value) > 0.01
            ) as n_revenue_off
        from ml.customer_value
    """


_value_checks = none_of_each(
    "n_persons_off", "n_other_date", "n_probability_outside", "n_orders_outside", "n_revenue_off"
)


def _survival_sql(params: GateParams) -> str:
    return f"""
        with in_order as (
            select
                *,
                coalesce(lag(survival_rate) over (partition by breakdown, breakdown_value order by lifetime_day), 1) as rate_before,
                row_number() over (partition by breakdown, breakdown_value order by lifetime_day) as place
            from ml.survival_curves
        )
        select
            breakdown,
            abs(sum(n_at_risk) filter (where place = 1) - (
                select count(*) from marts.user_features where as_of_date = date '{params.as_of_date}'
            )) as n_persons_off,
            abs(sum(n_at_risk) filter (where place = 1) - sum(n_events + n_censored)) as n_ends_off,
            count(*) filter (where as_of_date <> date '{params.as_of_date}') as n_other_date,
            count(*) filter (where survival_rate > rate_before + 1e-9) as n_rising,
            count(*) filter (
                where survival_rate not between 0 and 1 or hazard_rate not between 0 and 1 or n_events + n_censored > n_at_risk
            ) as n_rate_outside,
            count(*) filter (where survival_rate not between ci_low and ci_high) as n_outside_interval
        from in_order
        group by breakdown
    """


_survival_checks = none_of_each(
    "n_persons_off", "n_ends_off", "n_other_date", "n_rising", "n_rate_outside", "n_outside_interval", may_be_empty=True
)


SUITES: tuple[Suite, ...] = (
    Suite("marts.order_histories", "marts", (Probe("histories", _histories_sql, _histories_checks),)),
    Suite("ml.customer_value", "ml", (Probe("values", _value_sql, _value_checks),)),
    Suite("ml.survival_curves", "ml", (Probe("curves", _survival_sql, _survival_checks, keys=("breakdown",)),)),
)
