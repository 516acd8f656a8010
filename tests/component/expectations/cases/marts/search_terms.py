"""Good and bad frames of marts.search_terms, and damage to the healthy warehouse that it finds."""

GOOD = {
    "terms": {"n_rates_off": 0, "n_counts_off": 0, "n_searches_off": 0, "n_more_than_events": 0},
}
HEALTHY = """
update marts.fct_events set event_name = 'search' where i in (11, 12);
create table marts.search_terms as
    select period, 'shoes' as search_term, 2 as n_searches, 1 as n_persons, 1 as n_sessions,
        0.5::double as item_view_rate, 0::double as add_to_cart_rate, 0::double as conversion_rate,
        0.5::double as refinement_rate, 0::double as exit_rate
    from (values ('all'), ('day'), ('week')) as t(period);
"""
DAMAGE = [
    ("n_rates_off", "update marts.search_terms set exit_rate = 1.5"),
    ("n_counts_off", "update marts.search_terms set n_persons = 3"),
    ("n_searches_off", "delete from marts.search_terms where period = 'day'"),
    ("n_more_than_events", "update marts.search_terms set n_searches = 3"),
]
