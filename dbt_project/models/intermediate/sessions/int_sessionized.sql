-- Every event of this night with its session, in the person's order (event_at, then event_id; source where one id came from two sources).
-- In a delta night a person's order continues from the events that were not opened again (int_reopened).
--
-- A session begins at a person's first event, after a gap strictly longer than session_timeout_minutes, strictly more than
-- session_max_hours after its first event and, where configured, at local midnight or at a new campaign. Server events (sources with
-- `sessions: false`) never make, end or stretch a session: one joins the session under way at its moment, that is no more than the
-- timeout after that session's latest event and not over a cut; where there is none its session_id is null.
{%- set timeout_s = var('session_timeout_minutes') * 60 %}
{%- set max_s = var('session_max_hours') * 3600 %}
{%- set person_order = 'event_at, is_server, event_id, source' if var('server_sources') else 'event_at, event_id, source' %}
with recursive events as (

    select
        row_key,
        file_id,
        line_number,
        source,
        event_id,
        person_id,
        event_at,
        event_date,
        event_name,
        utm_campaign,
        {{ is_server_event('source') }} as is_server
    from {{ ref('int_events') }}

),

{% if is_delta() -%}
{%- set events_before = source('previous', 'fct_events') %}
{%- if var('cut_on_campaign') %}
-- the last campaign of each person before the events that are opened again
campaigns_before as ( -- noqa: ST03

    select
        built.person_id,
        {{ first_by('built.utm_campaign', '-built.event_number') }} as campaign
    from {{ events_before }} as built
    inner join {{ ref('int_reopened') }} as reopened
        on built.person_id = reopened.person_id and built.event_at < reopened.reopen_at
    where built.utm_campaign is not null and not built.is_server_event
    group by built.person_id

),

{% endif -%}
{% endif -%}
-- `previous_*`: of the person's preceding event that can carry a session
with_previous as (

    select
        events.row_key,
        events.file_id,
        events.line_number,
        events.person_id,
        events.event_at,
        events.event_date,
        events.event_name,
        events.is_server,
        {%- if var('cut_on_campaign') %}
        events.utm_campaign,
        coalesce(
            {{ last_known('case when not events.is_server then events.utm_campaign end') }} over before_this,
            {{ 'campaigns_before.campaign' if is_delta() else 'null' }}
        ) as previous_campaign,
        {%- endif %}
        {%- if var('server_sources') %}
        {{ last_known('case when not events.is_server then events.event_at end') }} over before_this as previous_at,
        {{ last_known('case when not events.is_server then events.event_date end') }} over before_this as previous_date,
        {%- else %}
        lag(events.event_at) over in_order as previous_at,
        {%- if var('cut_at_midnight') %}
        lag(events.event_date) over in_order as previous_date,
        {%- endif %}
        {%- endif %}
        row_number() over in_order {{- ' + reopened.n_events_before' if is_delta() }} as event_number
    from events
    {%- if is_delta() %}
    inner join {{ ref('int_reopened') }} as reopened on events.person_id = reopened.person_id
    {%- if var('cut_on_campaign') %}
    left join campaigns_before on events.person_id = campaigns_before.person_id
    {%- endif %}
    {%- endif %}
    window
        in_order as (partition by events.person_id order by {{ person_order }}),
        before_this as (
            partition by events.person_id order by {{ person_order }} rows between unbounded preceding and 1 preceding
        )

),

with_cuts as (

    select
        row_key,
        file_id,
        line_number,
        person_id,
        event_at,
        event_date,
        event_name,
        event_number,
        is_server,
        (
            previous_at is null
            or {{ seconds_between('previous_at', 'event_at') }} > {{ timeout_s }}
            {%- if var('cut_at_midnight') %}
            or event_date <> previous_date
            {%- endif %}
            {%- if var('cut_on_campaign') %}
            or (not is_server and coalesce(utm_campaign <> coalesce(previous_campaign, ''), false) and event_at > previous_at)
            {%- endif %}
        ) as is_cut
    from with_previous

),

-- an island: events that no gap and no cut divides, known by the time of its first event
islands as (

    select
        row_key,
        file_id,
        line_number,
        person_id,
        event_at,
        event_date,
        event_name,
        event_number,
        is_server,
        is_cut and not is_server as is_start,
        is_cut and is_server as is_outside,
        {{ last_known('case when is_cut and not is_server then event_at end') }} over up_to_this as started_at,
        lead(case when not is_cut then event_name end) over by_number as next_event_name,
        lead(case when not is_cut then event_at end) over by_number as next_event_at
    from with_cuts
    window
        by_number as (partition by person_id order by event_number),
        up_to_this as (partition by person_id order by event_number rows between unbounded preceding and current row)

),

-- the few islands that last longer than max_hours hold several sessions
long_islands as (

    select distinct
        person_id,
        started_at
    from islands
    where not is_server and {{ seconds_between('started_at', 'event_at') }} > {{ max_s }}

),

long_island_events as (

    select
        islands.*,
        islands.started_at as island_started_at
    from islands
    inner join long_islands
        on islands.person_id = long_islands.person_id and islands.started_at = long_islands.started_at
    where not islands.is_outside

),

-- the next session begins at the first event that comes too late for the last
long_island_starts as (

    select
        person_id,
        island_started_at,
        event_number as start_number,
        event_at as started_at
    from long_island_events
    where is_start

    union all

    select
        later.person_id,
        later.island_started_at,
        min(later.event_number) as start_number,
        min(later.event_at) as started_at
    from long_island_starts as latest
    inner join long_island_events as later
        on latest.person_id = later.person_id and latest.island_started_at = later.island_started_at
    where not later.is_server and {{ seconds_between('latest.started_at', 'later.event_at') }} > {{ max_s }}
    group by later.person_id, later.island_started_at

),

long_island_sessions as (

    select
        events.row_key,
        events.file_id,
        events.line_number,
        events.person_id,
        events.event_at,
        events.event_date,
        events.event_name,
        events.event_number,
        events.is_server,
        starts.start_number is not null as is_start,
        events.is_outside,
        {{ last_known('starts.started_at') }} over in_island_so_far as started_at,
        case when lead(starts.start_number) over in_island is null then events.next_event_name end as next_event_name,
        case when lead(starts.start_number) over in_island is null then events.next_event_at end as next_event_at
    from long_island_events as events
    left join long_island_starts as starts
        on events.person_id = starts.person_id and events.event_number = starts.start_number
    window
        in_island as (partition by events.person_id, events.island_started_at order by events.event_number),
        in_island_so_far as (
            partition by events.person_id, events.island_started_at order by events.event_number
            rows between unbounded preceding and current row
        )

),

placed as (

    select islands.*
    from islands
    left join long_islands
        on islands.person_id = long_islands.person_id and islands.started_at = long_islands.started_at
    where long_islands.person_id is null or islands.is_outside

    union all

    select * from long_island_sessions

)

select
    row_key,
    file_id,
    line_number,
    person_id,
    case
        when not is_outside
            then {{ dbt.hash("concat(person_id, '|', cast(" ~ epoch_micros('started_at') ~ " as " ~ dbt.type_string() ~ "))") }}
    end as session_id,
    event_at,
    event_date,
    event_name,
    event_number,
    is_start as is_session_start,
    not is_outside and next_event_at is null as is_session_end,
    case when not is_outside then next_event_name end as next_event_name,
    case when not is_outside then {{ seconds_between('event_at', 'next_event_at') }} end as next_gap_s,
    is_server
from placed
