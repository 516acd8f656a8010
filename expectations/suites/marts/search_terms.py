"""Searches: none counted twice, and shares of them that are possible."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def terms(params: GateParams) -> Probe:
    rates = ("item_view_rate", "add_to_cart_rate", "conversion_rate", "refinement_rate", "exit_rate")
    return Probe(
        sql=f"""
            select
                count(*) filter (where not ({" and ".join(f"{rate} between 0 and 1" for rate in rates)}))
                    as n_rates_off,
                count(*) filter (where n_persons > n_sessions or n_sessions > n_searches) as n_counts_off,
                abs(
                    coalesce(sum(n_searches) filter (where period = 'day'), 0)
                    - coalesce(sum(n_searches) filter (where period = 'all'), 0)
                ) as n_searches_off,
                greatest(0, coalesce(sum(n_searches) filter (where period = 'all'), 0) - (
                    select count(*) from marts.fct_events where event_name = 'search' and not is_bot
                )) as n_more_than_events
            from marts.search_terms
        """,
        checks=[
            zero("n_rates_off", "terms with a share below 0 or above 1"),
            zero("n_counts_off", "terms with more persons than sessions, or more sessions than searches"),
            zero("n_searches_off", "searches of all days compared with all searches"),
            zero("n_more_than_events", "searches beyond the search events of marts.fct_events"),
        ],
    )


PROBES = (terms,)
