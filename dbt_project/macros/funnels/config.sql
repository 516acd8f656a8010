{#
  The funnels of the config, complete with their defaults, and their definitions as rows. README.md explains the generator; figures are the
  models' business.

  A funnel: {name, window_s, order: 'ordered'|'strict'|'any', entry: 'best'|'first'|'every', scope: 'person'|'session', breakdown,
  breakdown_table: 'fct_events'|'fct_sessions'|'dim_users', exclude: [event], hold_constant: [column], steps: [{name, event, where, optional, within_s, apart}]}. `apart` lists the steps of
  which no event can serve this one too; steps of different events are apart anyway.
#}

{% macro funnel_list() %}
    {#- The configured funnels, complete with their defaults; one this project cannot count is an error, not a silent zero. -#}
    {%- set funnels = [] -%}
    {%- for given in var('funnels') -%}
        {%- set funnel = {
            'name': given.name,
            'window_s': given.window_s | int,
            'order': given.get('order') or 'ordered',
            'entry': given.get('entry') or 'best',
            'scope': given.get('scope') or 'person',
            'breakdown': given.get('breakdown'),
            'breakdown_table': given.get('breakdown_table') or 'fct_events',
            'exclude': given.get('exclude') or [],
            'hold': given.get('hold_constant') or [],
            'steps': [],
        } -%}
        {%- for key, known in [('order', ['ordered', 'strict', 'any']), ('entry', ['best', 'first', 'every']), ('scope', ['person', 'session'])] -%}
            {%- if funnel[key] not in known -%}
                {{ exceptions.raise_compiler_error("funnel " ~ funnel.name ~ ": " ~ key ~ " '" ~ funnel[key] ~ "' is not known") }}
            {%- endif -%}
        {%- endfor -%}
        {%- for step in given.steps -%}
            {%- do funnel.steps.append({
                'name': step.get('name') or step.event,
                'event': step.event,
                'where': step.get('where'),
                'optional': step.get('optional') or false,
                'gap_us': ([step.get('within_s') or funnel.window_s, funnel.window_s] | min) * 1000000,
                'apart': step.get('apart') or [],
            }) -%}
        {%- endfor -%}
        {%- if funnel.steps -%}
            {%- do funnels.append(funnel_shape(funnel)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(funnels) }}
{% endmacro %}


{% macro funnel_shape(funnel) %}
    {#-
      What follows from the config alone: before[k], the first step that may come directly before step k (all between are optional);
      shared, the pairs of steps that one event could serve; chains, the steps that may be served one after the other in one instant,
      each chain by its last step. Where no event can serve two steps, a chain is a single step.
    -#}
    {%- set n_steps = funnel.steps | length -%}
    {%- set before = {1: 0} -%}
    {%- for k in range(2, n_steps + 1) -%}
        {%- do before.update({k: before[k - 1] if funnel.steps[k - 2].optional and k > 2 else k - 1}) -%}
    {%- endfor -%}
    {%- set shared = [] -%}
    {%- for k in range(2, n_steps + 1) -%}
        {%- for j in range(1, k) -%}
            {%- if funnel.steps[j - 1].event == funnel.steps[k - 1].event and j not in funnel.steps[k - 1].apart -%}
                {%- do shared.append([j, k]) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set chains = [] -%}
    {%- for k in range(1, n_steps + 1) -%}
        {%- set ending = [[k]] -%}
        {%- if shared and funnel.order == 'ordered' -%}
            {%- for j in range(k - 1, before[k] - 1, -1) -%}
                {%- for chain in chains if chain[-1] == j -%}{%- do ending.append(chain + [k]) -%}{%- endfor -%}
            {%- endfor -%}
        {%- endif -%}
        {%- do chains.extend(ending) -%}
    {%- endfor -%}
    {%- do funnel.update({
        'n': n_steps, 'before': before, 'shared': shared, 'chains': chains, 'window_us': funnel.window_s * 1000000,
        'has_optional': funnel.steps | selectattr('optional') | list | length > 0,
        'base': 'base_id' if funnel.hold else 'unit_id',
    }) -%}
    {{ return(funnel) }}
{% endmacro %}


{% macro funnel_step_name(funnel, number) %}
    {#- In any order the k-th row of the table is about k different steps, whichever they were. -#}
    {%- if funnel.order == 'any' -%} {{ return(number ~ (' step' if number == 1 else ' steps')) }} {%- endif -%}
    {{ return(funnel.steps[number - 1].name) }}
{% endmacro %}


{% macro funnel_definitions() %}
    {#- One row per funnel and step: funnel_name, n_steps, window_s, has_breakdown, step_number, step_name, is_optional. -#}
    {%- set funnels = funnel_list() -%}
    {%- for funnel in funnels %}
    {%- set outer = loop -%}
    {%- for step in funnel.steps %}
    select
        cast({{ sql_string(funnel.name) }} as {{ dbt.type_string() }}) as funnel_name,
        cast({{ funnel.n }} as {{ dbt.type_bigint() }}) as n_steps,
        cast({{ funnel.window_s }} as {{ dbt.type_bigint() }}) as window_s,
        {{ 'true' if funnel.breakdown else 'false' }} as has_breakdown,
        cast({{ loop.index }} as {{ dbt.type_bigint() }}) as step_number,
        cast({{ sql_string(funnel_step_name(funnel, loop.index)) }} as {{ dbt.type_string() }}) as step_name,
        {{ 'true' if step.optional else 'false' }} as is_optional
    {% if not (outer.last and loop.last) %}union all{% endif %}
    {%- endfor -%}
    {%- else %}
    select
        cast(null as {{ dbt.type_string() }}) as funnel_name,
        cast(null as {{ dbt.type_bigint() }}) as n_steps,
        cast(null as {{ dbt.type_bigint() }}) as window_s,
        false as has_breakdown,
        cast(null as {{ dbt.type_bigint() }}) as step_number,
        cast(null as {{ dbt.type_string() }}) as step_name,
        false as is_optional
    where 1 = 0
    {%- endfor %}
{% endmacro %}


{% macro funnel_breakdown(joined) -%}
    {#- The entry's value: of the funnels `joined` from the table of their column, of the others from the entry event. -#}
    case
        {%- for funnel in joined %}
        when entries.funnel_name = {{ sql_string(funnel.name) }} then cast({{ funnel.breakdown_table }}.{{ funnel.breakdown }} as {{ dbt.type_string() }})
        {%- endfor %}
        when 1 = 1 then entries.breakdown_value
    end
{%- endmacro %}
