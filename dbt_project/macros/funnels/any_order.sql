{#
  Funnels whose steps may come in any order: for every instant, when each step first occurs in the window that begins there.
  Where one event could serve two steps, a step occurs when it and the shared steps before it in the config can all have an event of
  their own. The k-th different step in time is step_number k.
#}

{% macro funnel_any(funnel, prefix) %}
    {%- set sets = funnel_any_sets(funnel) %}

{%- if sets | selectattr('place', 'gt', 1) | list %}

{{ prefix }}_placed as (
    select
        *
        {%- for one in sets if one.place > 1 %},
        case when {{ funnel_serves(one.steps) }} then lead(t, {{ one.place - 1 }}) over (
            partition by unit_id, case when {{ funnel_serves(one.steps) }} then 1 else 0 end order by t, event_number
        ) end as {{ one.name }}
        {%- endfor %}
    from {{ prefix }}_rows
),

{{ prefix }}_places as (
    select
        unit_id,
        t
        {%- for one in sets if one.place > 1 %},
        min({{ one.name }}) as {{ one.name }}
        {%- endfor %}
    from {{ prefix }}_placed
    group by unit_id, t
),
{%- endif %}

{{ prefix }}_ahead as (
    select
        instant.*
        {%- for one in sets %},
        min({% if one.place > 1 %}place.{{ one.name }}{% else %}case when {{ funnel_serves(one.steps, 'instant.') }} then instant.t end{% endif %}) over (
            partition by instant.unit_id order by instant.t desc range between {{ funnel.window_us }} preceding and current row
        ) as next_{{ one.name }}
        {%- endfor %}
    from {{ prefix }}_instants as instant
    {%- if sets | selectattr('place', 'gt', 1) | list %}
    inner join {{ prefix }}_places as place
        on instant.unit_id = place.unit_id and instant.t = place.t
    {%- endif %}
),

{{ prefix }}_timed as (
    select
        *
        {%- for k in range(1, funnel.n + 1) %},
        {{ funnel_any_time(funnel, k) }} as step_{{ k }}_t
        {%- endfor %}
    from {{ prefix }}_ahead
),

{{ prefix }}_bounded as (
    select
        {{ funnel_columns(funnel) }},
        first_number
        {%- for k in range(1, funnel.n + 1) %},
        case when step_{{ k }}_t <= t + {{ funnel.window_us }} then step_{{ k }}_t end as at_{{ k }}
        {%- endfor %}
    from {{ prefix }}_timed
),

{{ prefix }}_depths as (
    select
        *,
        {% for k in range(1, funnel.n + 1) %}case when at_{{ k }} is null then 0 else 1 end{{ ' + ' if not loop.last }}{% endfor %} as level,
        {% if funnel.n > 1 %}greatest({% for k in range(1, funnel.n + 1) %}at_{{ k }}{{ ', ' if not loop.last }}{% endfor %}){% else %}at_1{% endif %} as last_t
    from {{ prefix }}_bounded
),

{{ prefix }}_evaluated as (
    select
        *,
        {% if funnel.exclude -%}
        coalesce(excluded_after < case when level = {{ funnel.n }} then last_t else t + {{ funnel.window_us }} end, false)
        {%- else -%}
        false
        {%- endif %} as is_excluded
    from {{ prefix }}_depths
),

{{ prefix }}_walks as (
    {%- if funnel.entry == 'best' %}
    select *
    from (
        select
            *,
            row_number() over (partition by person_id order by is_excluded, level desc, last_t, t desc, unit_id desc) as way_number
        from {{ prefix }}_evaluated
    ) as ways
    where way_number = 1
    {%- else %}
    select evaluated.*
    from {{ prefix }}_evaluated as evaluated
    inner join {{ prefix }}_entries as entry
        on evaluated.unit_id = entry.unit_id and evaluated.t = entry.t
    {%- endif %}
),

{{ prefix }}_each as (
    {%- for k in range(1, funnel.n + 1) %}
    select
        person_id,
        unit_id,
        t as entry_t,
        is_excluded,
        {{ k }} as position,
        at_{{ k }} as t
    from {{ prefix }}_walks
    where at_{{ k }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

{{ prefix }}_reached as (
    select
        *,
        row_number() over (partition by unit_id, entry_t order by t, position) as step_number
    from {{ prefix }}_each
),
{%- endmacro %}


{% macro funnel_serves(steps, alias='') -%}
    ({% for k in steps %}{{ alias }}is_step_{{ k }} = 1{{ ' or ' if not loop.last }}{% endfor %})
{%- endmacro %}


{% macro funnel_any_group(funnel, k) %}
    {#- Step k and the steps before it that share events with it, directly or through others. -#}
    {%- set group = [k] -%}
    {%- for turn in range(funnel.n) -%}
        {%- for pair in funnel.shared if pair[1] <= k -%}
            {%- if pair[0] in group and pair[1] not in group -%}{%- do group.append(pair[1]) -%}{%- endif -%}
            {%- if pair[1] in group and pair[0] not in group -%}{%- do group.append(pair[0]) -%}{%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(group | sort) }}
{% endmacro %}


{% macro funnel_any_subsets(steps) %}
    {#- Single steps, pairs and all of them: Hall's condition whole for up to three steps. -#}
    {%- set subsets = [] -%}
    {%- for j in steps -%}{%- do subsets.append([j]) -%}{%- endfor -%}
    {%- for j in steps -%}{%- for k in steps if k > j -%}{%- do subsets.append([j, k]) -%}{%- endfor -%}{%- endfor -%}
    {%- if steps | length > 2 -%}{%- do subsets.append(steps) -%}{%- endif -%}
    {{ return(subsets) }}
{% endmacro %}


{% macro funnel_any_name(steps, place) %}{{ return('s' ~ steps | join('_') ~ '_p' ~ place) }}{% endmacro %}


{% macro funnel_any_sets(funnel) %}
    {#- Every {steps, place}: the time of the place-th event that serves one of the steps. -#}
    {%- set sets = [] -%}
    {%- for k in range(1, funnel.n + 1) -%}
        {%- for one in funnel_any_bounds(funnel_any_group(funnel, k)) if one not in sets -%}{%- do sets.append(one) -%}{%- endfor -%}
    {%- endfor -%}
    {{ return(sets) }}
{% endmacro %}


{% macro funnel_any_bounds(group) %}
    {%- set bounds = [] -%}
    {%- for part in [group, group[:-1]] if part -%}
        {%- for subset in funnel_any_subsets(part) -%}
            {%- for place in range(1, subset | length + 1) -%}
                {%- set one = {'steps': subset, 'place': place, 'name': funnel_any_name(subset, place)} -%}
                {%- if one not in bounds -%}{%- do bounds.append(one) -%}{%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(bounds) }}
{% endmacro %}


{% macro funnel_any_nth(group, n) %}
    {#- When n of the steps of a group have an event each. -#}
    {%- set bounds = [] -%}
    {%- for subset in funnel_any_subsets(group) -%}
        {%- set place = n - (group | length - subset | length) -%}
        {%- if place >= 1 -%}
            {%- do bounds.append('coalesce(next_' ~ funnel_any_name(subset, place) ~ ', 9223372036854775807)') -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return('greatest(' ~ bounds | join(', ') ~ ')' if bounds | length > 1 else bounds[0]) }}
{% endmacro %}


{% macro funnel_any_time(funnel, k) %}
    {#- When step k has an event beside the shared steps before it: where the counts with and without it begin to differ. -#}
    {%- set group = funnel_any_group(funnel, k) -%}
    {%- set size = group | length -%}
    {%- if size == 1 -%}{{ return('next_' ~ funnel_any_name(group, 1)) }}{%- endif -%}
    case
        {%- for n in range(1, size) %}
        when {{ funnel_any_nth(group, n) }} < {{ funnel_any_nth(group[:-1], n) }} then {{ funnel_any_nth(group, n) }}
        {%- endfor %}
        when 1 = 1 then {{ funnel_any_nth(group, size) }}
    end
{%- endmacro %}
