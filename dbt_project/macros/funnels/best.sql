{#
  The deepest way of each person through an ordered or strict funnel, over all entries (entry `best`).

  Of all ways that reach a step with one event, only the one that started last matters: it has the most of its window left. So a pass
  over the rows per step is enough, whatever number of entries there are: each row keeps, for each step it can serve, the score of its
  best way: start * 64 + number of steps before this one. Among ways to the same level, end and start, one with more steps (optional
  ones) wins; the steps between are then found backwards, each as early as it can be, only for the one way that counts.

  With excluding events, an entry that converts is removed by one before the conversion; one that does not, by one before the end of its
  window. The second is known of an entry alone, so levels short of conversion come from a pass over the entries without one (`clean`).
#}

{% macro funnel_best(funnel, prefix) %}
{{ funnel_layers(funnel, prefix, 'all') }}
{%- if funnel.exclude %}{{ funnel_layers(funnel, prefix, 'clean') }}{% endif %}

{{ prefix }}_layers as (
    {%- for run in ['all', 'clean'] if run == 'all' or funnel.exclude %}
    {%- set outer = loop %}
    {%- for k in range(1, funnel.n + 1) %}
    select
        '{{ run }}' as run,
        person_id,
        unit_id,
        t,
        {{ 'event_number' if funnel.order == 'strict' else 'first_number' }} as event_number,
        {{ k }} as step_number,
        score_{{ k }} as score,
        {{ 'chain_' ~ k if funnel_has_chains(funnel) else k }} as chain_id,
        {%- if not funnel.exclude %} 0
        {%- elif run == 'clean' %} 0
        {%- elif k == funnel.n %} case when excluded_before > {{ whole_division('score_' ~ k, 64) }} then 1 else 0 end
        {%- else %} 1 {%- endif %} as is_excluded
    from {{ prefix }}_{{ run }}_{{ funnel.n }}
    where score_{{ k }} is not null
    {{ 'union all' if not (outer.last and loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

{{ prefix }}_ways as (
    select
        *,
        row_number() over (
            partition by person_id order by is_excluded, step_number desc, t, score desc, unit_id desc, event_number, run
        ) as way_number
    from {{ prefix }}_layers
),

{{ prefix }}_chains as (
    {%- for chain in funnel.chains %}
    select
        {{ loop.index if funnel_has_chains(funnel) else chain[0] }} as chain_id,
        {{ chain | length }} as n_steps,
        {{ funnel.before[chain[0]] }} as first_before,
        {{ chain[0] - 1 }} as last_before,
        {{ funnel.steps[chain[0] - 1].gap_us }} as gap_us
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

{{ prefix }}_back_1 as (
    select
        person_id,
        unit_id,
        run,
        is_excluded = 1 as is_excluded,
        {{ whole_division('score', 64) }} as entry_t,
        t,
        event_number,
        score,
        chain_id
    from {{ prefix }}_ways
    where way_number = 1
),

{%- for hop in range(2, funnel.n + 1) %}

{{ prefix }}_back_{{ hop }} as (
    select
        person_id,
        unit_id,
        run,
        is_excluded,
        entry_t,
        t,
        event_number,
        score,
        chain_id
    from (
        select
            after.person_id,
            after.unit_id,
            after.run,
            after.is_excluded,
            after.entry_t,
            layer.t,
            layer.event_number,
            layer.score,
            layer.chain_id,
            row_number() over (partition by after.person_id order by layer.t, layer.step_number desc) as choice_number
        from {{ prefix }}_back_{{ hop - 1 }} as after
        inner join {{ prefix }}_chains as chain
            on after.chain_id = chain.chain_id
        inner join {{ prefix }}_layers as layer
            on
                after.unit_id = layer.unit_id
                and after.run = layer.run
                and after.score - chain.n_steps = layer.score
        where
            layer.step_number >= chain.first_before
            and layer.step_number <= chain.last_before
            {%- if funnel.order == 'strict' %}
            and layer.event_number = after.event_number - 1
            {%- else %}
            and layer.t >= after.t - chain.gap_us
            and layer.t {{ '<' if funnel_has_chains(funnel) else '<=' }} after.t
            {%- endif %}
    ) as choices
    where choice_number = 1
),
{%- endfor %}

{{ prefix }}_chain_steps as (
    {%- for chain in funnel.chains %}
    {%- set outer = loop %}
    {%- for k in chain %}
    select
        {{ outer.index if funnel_has_chains(funnel) else k }} as chain_id,
        {{ k }} as step_number
    {{ 'union all' if not (outer.last and loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

{{ prefix }}_back as (
    {%- for hop in range(1, funnel.n + 1) %}
    select * from {{ prefix }}_back_{{ hop }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

{{ prefix }}_reached as (
    select
        back.person_id,
        back.unit_id,
        back.entry_t,
        back.is_excluded,
        chain_step.step_number as position,
        chain_step.step_number,
        back.t,
        back.event_number
    from {{ prefix }}_back as back
    inner join {{ prefix }}_chain_steps as chain_step
        on back.chain_id = chain_step.chain_id
),
{%- endmacro %}


{% macro funnel_has_chains(funnel) %}{{ return(funnel.chains | length > funnel.n) }}{% endmacro %}


{% macro funnel_layers(funnel, prefix, run) %}
    {#- score_k for each row and step: from_k is the best way into the row's instant whose next step is k. -#}
    {%- set chained = funnel_has_chains(funnel) %}
    {%- for k in range(1, funnel.n + 1) %}

{{ prefix }}_{{ run }}_{{ k }} as (
    select
        *
        {%- if chained %},
        {{ funnel_best_chain(funnel, k) }}
        {%- else %},
        case when is_step_{{ k }} = 1 then from_{{ k }} end as score_{{ k }}
        {%- endif %}
    from (
        {%- if k == 1 %}
        select
            *,
            {% if run == 'clean' -%}
            case when excluded_after is null or excluded_after >= t + {{ funnel.window_us }} then t * 64 end as from_1
            {%- else -%}
            t * 64 as from_1
            {%- endif %}
        from {{ prefix }}_{{ 'rows' if funnel.order == 'strict' else 'instants' }}
        {%- else %}
        select
            *,
            case when into_{{ k }} >= (t - {{ funnel.window_us }}) * 64 then into_{{ k }} end as from_{{ k }}
        from (
            select
                *,
                {% if funnel.order == 'strict' -%}
                case
                    when
                        lag(event_number) over in_order = event_number - 1
                        and t - lag(t) over in_order <= {{ funnel.steps[k - 1].gap_us }}
                        {%- if funnel.hold %} and lag(unit_id) over in_order = unit_id{% endif %}
                        then lag({{ funnel_best_before(funnel, k) }}) over in_order
                end as into_{{ k }}
                {%- else -%}
                max({{ funnel_best_before(funnel, k) }}) over (
                    partition by unit_id order by t {{ funnel_frame(funnel, k, chained) }}
                ) as into_{{ k }}
                {%- endif %}
            from {{ prefix }}_{{ run }}_{{ k - 1 }}
            {%- if funnel.order == 'strict' %}
            window in_order as (partition by {{ funnel.base }} order by event_number)
            {%- endif %}
        ) as arriving
        {%- endif %}
    ) as arrived
),
    {%- endfor %}
{%- endmacro %}


{% macro funnel_frame(funnel, k, chained) -%}
    {#-
      The instants before step k: without a bound of its own all, since what started before the window drops out by its score. With chains
      the step's own instant is not among them.
    -#}
    {%- set gap_us = funnel.steps[k - 1].gap_us -%}
    {%- if gap_us < funnel.window_us -%} range between {{ gap_us }} preceding and {{ '1 preceding' if chained else 'current row' }}
    {%- else -%} rows between unbounded preceding and {{ '1 preceding' if chained else 'current row' }} {%- endif -%}
{%- endmacro %}


{% macro funnel_best_before(funnel, k) -%}
    {#- The best score of the steps that may come directly before step k, and this one counted. -#}
    {%- set scores = [] -%}
    {%- for j in range(funnel.before[k], k) -%}{%- do scores.append('score_' ~ j) -%}{%- endfor -%}
    {{ 'greatest(' ~ scores | join(', ') ~ ')' if scores | length > 1 else scores[0] }} + 1
{%- endmacro %}


{% macro funnel_best_chain(funnel, k) -%}
    {#- score_k and chain_k: of the chains that end with step k in this instant the best, and of equal ones the shortest. -#}
    {%- set ending = [] -%}
    {%- for chain in funnel.chains if chain[-1] == k -%}
        {%- do ending.append({'id': loop.index0, 'steps': chain}) -%}
    {%- endfor -%}
    {%- set candidates = [] -%}
    {%- for chain in ending -%}
        {%- do candidates.append(
            'case when ' ~ funnel_can_serve(funnel, chain.steps) ~ ' then from_' ~ chain.steps[0] ~ ' + ' ~ (chain.steps | length - 1) ~ ' end'
        ) -%}
    {%- endfor -%}
    {%- set best = 'greatest(' ~ candidates | join(', ') ~ ')' if candidates | length > 1 else candidates[0] -%}
    {{ best }} as score_{{ k }},
    case {{ best }}
        {%- for chain in ending %}
        when {{ candidates[loop.index0] }} then {{ funnel_chain_id(funnel, chain.steps) }}
        {%- endfor %}
    end as chain_{{ k }}
{%- endmacro %}


{% macro funnel_chain_id(funnel, steps) %}
    {%- for chain in funnel.chains if chain == steps -%}{{ return(funnel.chains.index(chain) + 1) }}{%- endfor -%}
{% endmacro %}
