-- One row per funnel entry (one per person unless every entry counts): how deep, how fast, and whether the window is over.
-- depends_on: {{ ref('fct_sessions') }}, {{ ref('dim_users') }}
{%- set joined = funnel_list() | selectattr('breakdown') | rejectattr('breakdown_table', 'equalto', 'fct_events') | list %}
{%- set tables = joined | map(attribute='breakdown_table') | list %}

with steps as (
    select * from {{ ref('fct_funnel_steps') }}
),

definitions as (
    {{ funnel_definitions() }}
),

funnels as (
    select
        funnel_name,
        n_steps,
        window_s
    from definitions
    where step_number = 1
),

entries as (
    select
        funnel_name,
        entry_id,
        person_id,
        min(reached_at) as entered_at,
        min(reached_date) as entered_date,
        max(reached_at) as last_reached_at,
        max(step_number) as level,
        max(case when step_number = 1 then breakdown_value end) as breakdown_value,
        max(case when step_number = 1 then session_id end) as session_id,
        {{ any_true('is_excluded') }} as is_excluded
    from steps
    group by funnel_name, entry_id, person_id
),

windowed as (
    select
        entries.funnel_name,
        entries.entry_id,
        entries.person_id,
        entries.entered_at,
        entries.entered_date,
        entries.last_reached_at,
        entries.level,
        entries.is_excluded,
        {{ funnel_breakdown(joined) }} as breakdown_value,
        {{ add_seconds('entries.entered_at', 'funnels.window_s') }} as window_ends_at,
        entries.level = funnels.n_steps as is_converted
    from entries
    inner join funnels
        on entries.funnel_name = funnels.funnel_name
    {%- if 'fct_sessions' in tables %}
    left join {{ ref('fct_sessions') }} as fct_sessions
        on entries.session_id = fct_sessions.session_id
    {%- endif %}
    {%- if 'dim_users' in tables %}
    left join {{ ref('dim_users') }} as dim_users
        on entries.person_id = dim_users.person_id
    {%- endif %}
)

select
    funnel_name,
    entry_id,
    person_id,
    entered_at,
    entered_date,
    cast(window_ends_at as {{ dbt.type_timestamp() }}) as window_ends_at,
    window_ends_at < {{ as_of_end_utc() }} as is_window_closed,
    cast(level as {{ dbt.type_bigint() }}) as level,
    is_converted,
    case when is_converted then last_reached_at end as converted_at,
    cast(
        case when is_converted then {{ seconds_between('entered_at', 'last_reached_at') }} end as double
    ) as time_to_convert_s,
    breakdown_value,
    is_excluded
from windowed
