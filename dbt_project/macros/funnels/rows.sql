{#
  The CTEs of one funnel, and the first of them: the rows that take part, as rows and as instants. The last are in events.sql.
  Every macro here returns CTEs of one funnel, their names beginning with `prefix`. Times are microseconds (`t`), because windows are
  ranges of whole numbers on every engine.

  Frames of windows end at the current row: where one reaches ahead, the order is reversed. DuckDB finds such ends in passing and others
  by a search that takes ever longer in a person with millions of events.

  A row is identified by (unit_id, event_number); event_number is the person's order: event_at, then event_id.
  base_id is the person or session; unit_id is the same, and the values of hold_constant with it: only rows of one unit meet. A null
  matches nothing, so a row with a null is a unit of its own.
#}

{% macro funnel_matched(funnel, prefix, events) %}
    {%- set scope = 'session_id' if funnel.scope == 'session' else 'person_id' %}
    {%- set names = funnel.steps | map(attribute='event') | list + funnel.exclude %}

{{ prefix }}_matched as (
    select
        person_id,
        {{ scope }} as {{ funnel.base }},
        {%- if funnel.hold %}
        case
            when {% for column in funnel.hold %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %}
                then concat({{ scope }}, '|null:', cast(event_number as {{ dbt.type_string() }}))
            else concat({{ scope }}
                {%- for column in funnel.hold %}
                {%- set text = 'cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')' -%}
                , '|', cast(length({{ text }}) as {{ dbt.type_string() }}), ':', {{ text }}
                {%- endfor -%}
            )
        end as unit_id,
        {%- endif %}
        event_number,
        source,
        event_id,
        event_at,
        event_date,
        {{ epoch_micros('event_at') }} as t,
        session_id,
        revenue,
        cast({{ funnel.breakdown if funnel.breakdown and funnel.breakdown_table == 'fct_events' else 'null' }} as {{ dbt.type_string() }}) as breakdown_value
        {%- for step in funnel.steps %},
        case
            when event_name = {{ sql_string(step.event) }}
                {%- if step.where %} and {{ null_on_error(step.where) }}{% endif %} then 1
            else 0
        end as is_step_{{ loop.index }}
        {%- endfor %}
        {%- if funnel.exclude %},
        case
            when event_name in ({% for name in funnel.exclude %}{{ sql_string(name) }}{{ ', ' if not loop.last }}{% endfor %}) then 1
            else 0
        end as is_excluding
        {%- endif %}
    from {{ events }}
    where
        not is_bot
        and {{ scope }} is not null
        and event_name in ({% for name in names %}{{ sql_string(name) }}{{ ', ' if not loop.last }}{% endfor %})
),
{%- endmacro %}


{% macro funnel_candidates(funnel, prefix) %}
    {#- The rows that serve a step, narrow; excluded_before and excluded_after: the nearest excluding event of the person or session. -#}
{%- if funnel.exclude %}

{{ prefix }}_times as (
    select
        {{ funnel.base }},
        t,
        max(case when is_excluding = 1 then t end) as excluding_t
    from {{ prefix }}_matched
    group by {{ funnel.base }}, t
),

{{ prefix }}_nearest as (
    select
        {{ funnel.base }},
        t,
        max(excluding_t) over (partition by {{ funnel.base }} order by t rows between unbounded preceding and 1 preceding) as excluded_before,
        min(excluding_t) over (partition by {{ funnel.base }} order by t desc rows between unbounded preceding and 1 preceding) as excluded_after
    from {{ prefix }}_times
),

{{ prefix }}_seen as (
    select
        matched.*,
        nearest.excluded_before,
        nearest.excluded_after
    from {{ prefix }}_matched as matched
    inner join {{ prefix }}_nearest as nearest
        on matched.{{ funnel.base }} = nearest.{{ funnel.base }} and matched.t = nearest.t
),
{%- endif %}

{{ prefix }}_serving as (
    select
        {{ funnel_columns(funnel) }},
        event_number,
        {{ funnel_start(funnel) }} as is_start
        {%- for k in range(1, funnel.n + 1) %},
        is_step_{{ k }}
        {%- endfor %}
    from {{ prefix ~ ('_seen' if funnel.exclude else '_matched') }}
    where {% for k in range(1, funnel.n + 1) %}{{ ' or ' if not loop.first }}is_step_{{ k }} = 1{% endfor %}
),

{#- Nothing before the first entry and nothing after the last window can count. #}
{{ prefix }}_spans as (
    select
        unit_id,
        min(t) as first_t,
        max(t) + {{ funnel.window_us }} as last_t
    from {{ prefix }}_serving
    where is_start = 1
    group by unit_id
),

{{ prefix }}_rows as (
    select serving.*
    from {{ prefix }}_serving as serving
    inner join {{ prefix }}_spans as span
        on serving.unit_id = span.unit_id
    where serving.t >= span.first_t and serving.t <= span.last_t
),
{%- endmacro %}


{% macro funnel_columns(funnel) -%}
    person_id, unit_id, {{ 'base_id, ' if funnel.hold }}t {{- ', excluded_before, excluded_after' if funnel.exclude }}
{%- endmacro %}


{% macro funnel_start(funnel) -%}
    {%- if funnel.order == 'any' -%} 1 {%- else -%} is_step_1 {%- endif -%}
{%- endmacro %}


{% macro funnel_instants(funnel, prefix) %}
    {#- One row per unit and instant: rows of one instant are in any order. n_2_3 counts those that serve step 2 or 3. -#}

{{ prefix }}_instants as (
    select
        {{ funnel_columns(funnel) }},
        max(is_start) as is_start,
        min(event_number) as first_number
        {%- for k in range(1, funnel.n + 1) %},
        max(is_step_{{ k }}) as is_step_{{ k }}
        {%- endfor %}
        {%- for steps in funnel_counted(funnel) %},
        sum(case when {% for k in steps %}is_step_{{ k }} = 1{{ ' or ' if not loop.last }}{% endfor %} then 1 else 0 end) as n_{{ steps | join('_') }}
        {%- endfor %}
    from {{ prefix }}_rows
    group by {{ funnel_columns(funnel) }}
),
{%- endmacro %}


{% macro funnel_counted(funnel) %}
    {#- The sets of steps whose events compete in some chain, each once. -#}
    {%- set counted = [] -%}
    {%- for chain in funnel.chains -%}
        {%- for steps in funnel_rivals(funnel, chain) if steps not in counted -%}{%- do counted.append(steps) -%}{%- endfor -%}
    {%- endfor -%}
    {{ return(counted) }}
{% endmacro %}


{% macro funnel_rivals(funnel, chain) %}
    {#-
      The sets of steps of a chain that need as many events as they are steps: every pair that one event could serve, and all steps of
      one event name (Hall's condition, whole for up to three such steps).
    -#}
    {%- set rivals = [] -%}
    {%- for pair in funnel.shared if pair[0] in chain and pair[1] in chain -%}{%- do rivals.append(pair) -%}{%- endfor -%}
    {%- for name in funnel.steps | map(attribute='event') | unique -%}
        {%- set same = [] -%}
        {%- for k in chain if funnel.steps[k - 1].event == name -%}{%- do same.append(k) -%}{%- endfor -%}
        {%- if same | length > 2 -%}{%- do rivals.append(same) -%}{%- endif -%}
    {%- endfor -%}
    {{ return(rivals) }}
{% endmacro %}


{% macro funnel_can_serve(funnel, chain) -%}
    {#- Whether one instant has an event for each step of the chain. -#}
    {%- for k in chain %}is_step_{{ k }} = 1{{ ' and ' if not loop.last }}{% endfor %}
    {%- for steps in funnel_rivals(funnel, chain) %} and n_{{ steps | join('_') }} >= {{ steps | length }}{% endfor %}
{%- endmacro %}


{% macro funnel_ctes(funnel, prefix, events) %}
    {#- The CTEs of one funnel; <prefix>_steps has one row per entry and step reached. -#}
{{ funnel_matched(funnel, prefix, events) }}
{{ funnel_candidates(funnel, prefix) }}
    {%- if funnel.order != 'strict' %}{{ funnel_instants(funnel, prefix) }}{% endif %}
    {%- if funnel.entry != 'best' %}{{ funnel_entries(funnel, prefix) }}{% endif %}
    {%- if funnel.order == 'any' %}{{ funnel_any(funnel, prefix) }}
    {%- elif funnel.entry == 'best' %}{{ funnel_best(funnel, prefix) }}
    {%- else %}{{ funnel_walk(funnel, prefix) }}{% endif %}
{{ funnel_events(funnel, prefix) }}
{%- endmacro %}
