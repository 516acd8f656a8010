-- One row per path from a session's first event: its first ten steps, repeats collapsed.

with sessions as (
    select
        person_id,
        path,
        is_converted
    from {{ ref('fct_session_paths') }}
    where anchor = 'entry'
),

paths as (
    select
        path,
        count(*) as n_sessions,
        count(distinct person_id) as n_persons,
        sum(case when is_converted then 1 else 0 end) as n_converted
    from sessions
    group by path
)

select
    cast(path as {{ dbt.type_string() }}) as path,
    cast(n_sessions as {{ dbt.type_bigint() }}) as n_sessions,
    cast(n_persons as {{ dbt.type_bigint() }}) as n_persons,
    cast(n_sessions as double) / sum(n_sessions) over () as session_share,
    cast(n_converted as double) / n_sessions as conversion_rate
from paths
