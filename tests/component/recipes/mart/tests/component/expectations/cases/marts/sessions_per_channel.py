HEALTHY = """
    create table marts.sessions_per_channel as
    select 'ads' as channel, count(*) as n_sessions from marts.fct_sessions where not is_bot
"""
GOOD = {"sums": {"n_sessions_off": 0}}
DAMAGE = [("n_sessions_off", "delete from marts.sessions_per_channel")]
