-- One row per funnel entry and step reached, those of excluded entries included. The walk over the events is in macros/funnels/;
-- entries are counted from here.
-- depends_on: {{ ref('fct_events') }}
{{ replaces_changed() }}
{%- set funnels = funnel_list() %}

with
{%- if is_delta() %}
events_of_changed as ( -- noqa: ST03
    select events.*
    from {{ ref('fct_events') }} as events
    inner join {{ ref('int_changed') }} as changed on events.person_id = changed.person_id
),
{%- endif %}

steps as (
    {%- for funnel in funnels %}
    -- each with CTEs of its own: all in one list would be nested too deep for the engine
    select * from (
        with {{ funnel_ctes(funnel, 'funnel_' ~ loop.index, 'events_of_changed' if is_delta() else ref('fct_events')) }}
        select * from funnel_{{ loop.index }}_steps
    ) as funnel_{{ loop.index }}
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select
        cast(null as {{ dbt.type_string() }}) as funnel_name,
        cast(null as {{ dbt.type_string() }}) as person_id,
        cast(null as {{ dbt.type_string() }}) as entry_key,
        cast(null as {{ dbt.type_string() }}) as breakdown_value,
        cast(null as {{ dbt.type_timestamp() }}) as entered_at,
        false as is_excluded,
        cast(null as {{ dbt.type_bigint() }}) as step_number,
        cast(null as {{ dbt.type_string() }}) as step_name,
        cast(null as {{ dbt.type_timestamp() }}) as reached_at,
        cast(null as date) as reached_date,
        cast(null as {{ dbt.type_string() }}) as source,
        cast(null as {{ dbt.type_string() }}) as event_id,
        cast(null as {{ dbt.type_string() }}) as session_id,
        cast(null as double) as revenue
    where 1 = 0
    {%- endfor %}
),

timed as (
    select
        *,
        lag(reached_at) over in_order as previous_at,
        lag(step_number) over in_order as previous_step_number
    from steps
    window in_order as (partition by entry_key order by step_number)
)

select
    cast(funnel_name as {{ dbt.type_string() }}) as funnel_name,
    cast({{ dbt.hash('entry_key') }} as {{ dbt.type_string() }}) as entry_id,
    cast(person_id as {{ dbt.type_string() }}) as person_id,
    cast(breakdown_value as {{ dbt.type_string() }}) as breakdown_value,
    is_excluded,
    cast(step_number as {{ dbt.type_bigint() }}) as step_number,
    cast(step_name as {{ dbt.type_string() }}) as step_name,
    cast(previous_step_number as {{ dbt.type_bigint() }}) as previous_step_number,
    cast(reached_at as {{ dbt.type_timestamp() }}) as reached_at,
    cast(reached_date as date) as reached_date,
    cast({{ seconds_between('previous_at', 'reached_at') }} as double) as since_previous_s,
    cast(case when step_number > 1 then {{ seconds_between('entered_at', 'reached_at') }} end as double) as since_entry_s,
    cast(revenue as double) as revenue,
    cast(source as {{ dbt.type_string() }}) as source,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    cast(session_id as {{ dbt.type_string() }}) as session_id
from timed
