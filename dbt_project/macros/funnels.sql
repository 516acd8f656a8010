{#
  What the funnel and retention models share: reading the funnels of the config, and the walk over a person's events.
  Engine differences do not belong here but in dispatch.sql; figures do not belong here but in the models.

  A funnel: {name, window_s, order: 'ordered', entry: 'best'|'first', scope: 'person'|'session', breakdown, steps: [{name, event, where}]}.
#}

{% macro funnel_list() %}
    {#- The configured funnels, complete with their defaults; one this project cannot count is an error, not a silent zero. -#}
    {%- set funnels = [] -%}
    {%- for given in var('funnels') -%}
        {%- set funnel = {
            'name': given.name,
            'window_s': given.window_s | int,
            'entry': given.get('entry') or 'best',
            'order': given.get('order') or 'ordered',
            'scope': given.get('scope') or 'person',
            'breakdown': given.get('breakdown'),
            'steps': [],
        } -%}
        {%- if funnel.order != 'ordered' -%}
            {{ exceptions.raise_compiler_error("funnel " ~ funnel.name ~ ": order '" ~ funnel.order ~ "' is not known; use 'ordered'") }}
        {%- endif -%}
        {%- if funnel.entry not in ['best', 'first'] -%}
            {{ exceptions.raise_compiler_error("funnel " ~ funnel.name ~ ": entry '" ~ funnel.entry ~ "' is not known; use 'best' or 'first'") }}
        {%- endif -%}
        {%- for step in given.steps -%}
            {%- do funnel.steps.append({'name': step.get('name') or step.event, 'event': step.event, 'where': step.get('where')}) -%}
        {%- endfor -%}
        {%- if funnel.steps -%}
            {%- do funnels.append(funnel) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(funnels) }}
{% endmacro %}


{% macro funnel_definitions() %}
    {#- One row per funnel and step: funnel_name, n_steps, window_s, has_breakdown, step_number, step_name. -#}
    {%- set funnels = funnel_list() -%}
    {%- for funnel in funnels %}
    {%- set outer = loop -%}
    {%- for step in funnel.steps %}
    select
        cast({{ sql_string(funnel.name) }} as {{ dbt.type_string() }}) as funnel_name,
        cast({{ funnel.steps | length }} as {{ dbt.type_bigint() }}) as n_steps,
        cast({{ funnel.window_s }} as {{ dbt.type_bigint() }}) as window_s,
        {{ 'true' if funnel.breakdown else 'false' }} as has_breakdown,
        cast({{ loop.index }} as {{ dbt.type_bigint() }}) as step_number,
        cast({{ sql_string(step.name) }} as {{ dbt.type_string() }}) as step_name
    {% if not (outer.last and loop.last) %}union all{% endif %}
    {%- endfor -%}
    {%- else %}
    select
        cast(null as {{ dbt.type_string() }}) as funnel_name,
        cast(null as {{ dbt.type_bigint() }}) as n_steps,
        cast(null as {{ dbt.type_bigint() }}) as window_s,
        false as has_breakdown,
        cast(null as {{ dbt.type_bigint() }}) as step_number,
        cast(null as {{ dbt.type_string() }}) as step_name
    where 1 = 0
    {%- endfor %}
{% endmacro %}


{% macro funnel_next_use(n_steps, after, alias='') %}
    {#- The next step this event could serve after step `after`: of equal candidates the one needed latest is spent first. -#}
    case
        {%- for later in range(after + 1, n_steps + 1) %}
        when {{ alias }}is_step_{{ later }} = 1 then {{ later }}
        {%- endfor %}
        when 1 = 1 then {{ n_steps + 1 }}
    end
{%- endmacro %}


{% macro funnel_ctes(funnel, prefix, events) %}
    {#-
      The CTEs of one funnel; <prefix>_reached has one row per counted entry and step reached.

      Each walk starts at a step-1 event and takes, step by step, the earliest event that serves the next step. For one entry nothing
      gets deeper or ends earlier than this, so the best of all walks of a person is the person's best way.
      The next instant of each step is known per instant (one window pass), so a step costs a join on equality, not on a range.
    -#}
    {%- set n_steps = funnel.steps | length -%}
    {%- set unit = 'session_id' if funnel.scope == 'session' else 'person_id' %}

{{ prefix }}_matched as (
    select
        person_id,
        {{ unit }} as unit_id,
        concat(source, ':', event_id) as event_key,
        event_at,
        event_date,
        {% if funnel.breakdown -%}
        cast({{ funnel.breakdown }} as {{ dbt.type_string() }}) as breakdown_value
        {%- else -%}
        cast(null as {{ dbt.type_string() }}) as breakdown_value
        {%- endif -%}
        {%- for step in funnel.steps %},
        case
            when event_name = {{ sql_string(step.event) }}
                {%- if step.where %} and ({{ step.where }}){% endif %} then 1
            else 0
        end as is_step_{{ loop.index }}
        {%- endfor %}
    from {{ events }}
    where
        not is_bot
        and {{ unit }} is not null
        and event_name in (
            {%- for step in funnel.steps %}{{ sql_string(step.event) }}{{ ', ' if not loop.last }}{% endfor -%}
        )
),

{#- Nothing before the first entry and nothing after the last window can count. #}
{{ prefix }}_spans as (
    select
        unit_id,
        min(event_at) as first_entry_at,
        {{ add_seconds('max(event_at)', 'cast(' ~ funnel.window_s ~ ' as ' ~ dbt.type_bigint() ~ ')') }} as last_window_ends_at
    from {{ prefix }}_matched
    where is_step_1 = 1
    group by unit_id
),

{{ prefix }}_in_span as (
    select matched.*
    from {{ prefix }}_matched as matched
    inner join {{ prefix }}_spans as span
        on matched.unit_id = span.unit_id
    where matched.event_at >= span.first_entry_at and matched.event_at <= span.last_window_ends_at
),

{#- Events of one instant that serve the same steps are alike: as many as there are steps are enough. #}
{{ prefix }}_ranked as (
    select
        *,
        row_number() over (
            partition by unit_id, event_at{% for k in range(1, n_steps + 1) %}, is_step_{{ k }}{% endfor %}
            order by event_key {{ 'desc' if funnel.entry == 'best' else 'asc' }}
        ) as copy_number
    from {{ prefix }}_in_span
    where {% for k in range(1, n_steps + 1) %}{{ ' or ' if not loop.first }}is_step_{{ k }} = 1{% endfor %}
),

{{ prefix }}_events as (
    select * from {{ prefix }}_ranked where copy_number <= {{ n_steps }}
),

{{ prefix }}_instants as (
    select
        unit_id,
        event_at
        {%- for k in range(2, n_steps + 1) %},
        min(min(case when is_step_{{ k }} = 1 then event_at end)) over (
            partition by unit_id order by event_at rows between 1 following and unbounded following
        ) as next_step_{{ k }}_at
        {%- endfor %}
    from {{ prefix }}_events
    group by unit_id, event_at
),

{{ prefix }}_starts as (
    select
        *,
        {{ add_seconds('event_at', 'cast(' ~ funnel.window_s ~ ' as ' ~ dbt.type_bigint() ~ ')') }} as window_ends_at,
        row_number() over (
            partition by person_id order by event_at, {{ funnel_next_use(n_steps, 1) }} desc, event_key
        ) as start_number
    from {{ prefix }}_events
    where is_step_1 = 1
),

{{ prefix }}_walk_1 as (
    select
        event_key as entry_key,
        person_id,
        unit_id,
        breakdown_value,
        window_ends_at,
        event_key as key_1,
        event_at as at_1,
        event_date as date_1
    from {{ prefix }}_starts
    {%- if funnel.entry == 'first' %}
    where start_number = 1
    {%- endif %}
),

{%- for k in range(2, n_steps + 1) %}

{{ prefix }}_targets_{{ k }} as (
    select
        walk.*,
        walk.at_{{ k - 1 }} as target_at
    from {{ prefix }}_walk_{{ k - 1 }} as walk
    union all
    select
        walk.*,
        instant.next_step_{{ k }}_at as target_at
    from {{ prefix }}_walk_{{ k - 1 }} as walk
    inner join {{ prefix }}_instants as instant
        on walk.unit_id = instant.unit_id and walk.at_{{ k - 1 }} = instant.event_at
    where instant.next_step_{{ k }}_at <= walk.window_ends_at
),

{{ prefix }}_choices_{{ k }} as (
    select
        target.*,
        event.event_key as key_{{ k }},
        event.event_at as at_{{ k }},
        event.event_date as date_{{ k }},
        row_number() over (
            partition by target.entry_key
            order by event.event_at, {{ funnel_next_use(n_steps, k, 'event.') }} desc, event.event_key
        ) as choice_number
    from {{ prefix }}_targets_{{ k }} as target
    inner join {{ prefix }}_events as event
        on target.unit_id = event.unit_id and target.target_at = event.event_at
    where
        event.is_step_{{ k }} = 1
        {%- for used in range(1, k) %}
        and event.event_key <> target.key_{{ used }}
        {%- endfor %}
),

{{ prefix }}_walk_{{ k }} as (
    select
        entry_key,
        person_id,
        unit_id,
        breakdown_value,
        window_ends_at
        {%- for done in range(1, k + 1) %},
        key_{{ done }},
        at_{{ done }},
        date_{{ done }}
        {%- endfor %}
    from {{ prefix }}_choices_{{ k }}
    where choice_number = 1
),
{%- endfor %}

{{ prefix }}_walked as (
    {%- for k in range(1, n_steps + 1) %}
    select
        entry_key,
        person_id,
        breakdown_value,
        at_1 as entered_at,
        {{ k }} as step_number,
        {{ sql_string(funnel.steps[k - 1].name) }} as step_name,
        at_{{ k }} as reached_at,
        date_{{ k }} as reached_date
    from {{ prefix }}_walk_{{ k }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

{{ prefix }}_ways as (
    select
        entry_key,
        person_id,
        row_number() over (
            partition by person_id
            order by max(step_number) desc, max(reached_at) asc, min(entered_at) desc, entry_key desc
        ) as way_number
    from {{ prefix }}_walked
    group by entry_key, person_id
),

{{ prefix }}_reached as (
    select
        {{ sql_string(funnel.name) }} as funnel_name,
        walked.*
    from {{ prefix }}_walked as walked
    inner join {{ prefix }}_ways as way
        on walked.entry_key = way.entry_key
    where way.way_number = 1
)
{%- endmacro %}


{% macro funnel_week_start(date_column) %}
    {#- The first day of the site's week that holds a date. date_trunc weeks start on Monday on every engine used here. -#}
    {%- set names = ['monday', 'sunday', 'saturday', 'friday', 'thursday', 'wednesday', 'tuesday'] -%}
    {%- set shift = names.index(var('week_start') | lower) -%}
    {%- if shift == 0 -%}
        cast({{ dbt.date_trunc('week', date_column) }} as date)
    {%- else -%}
        {{ add_days('cast(' ~ dbt.date_trunc('week', add_days(date_column, shift)) ~ ' as date)', -shift) }}
    {%- endif -%}
{%- endmacro %}
