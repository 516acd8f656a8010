{#
  The entries that the config names without looking further (`first`, `every`), and the walk from each through an ordered or strict
  funnel: always on to the earliest event that serves a step that may come next, of equal times the earlier step.

  The windows of the entries of one person (or session) do not overlap, so each row belongs to one entry at most, and a step of the walk is
  a minimum over the rows of its entry: no row meets another.
#}

{% macro funnel_entries(funnel, prefix) %}
    {#- <prefix>_entries: person_id, base, unit_id, entry_t, entry_number (of its first event), excluded_after. -#}
{{ prefix }}_openings as (
    select
        {{ funnel_columns(funnel) }},
        event_number as entry_number,
        row_number() over (partition by {{ funnel.base }}, t order by event_number) as in_instant
        {%- if funnel.entry == 'first' %},
        row_number() over (partition by person_id order by event_number) as in_person
        {%- endif %}
    from {{ prefix }}_rows
    where is_start = 1
),

{%- if funnel.entry == 'first' %}

{{ prefix }}_entries as (
    select
        {{ funnel_columns(funnel) }},
        entry_number,
        t as entry_t
    from {{ prefix }}_openings
    where in_person = 1
),
{%- else %}

{{- funnel_every_other(funnel, prefix) }}

{{ prefix }}_entries as (
    select
        opening.*,
        opening.t as entry_t
    from {{ prefix }}_openings as opening
    inner join {{ prefix }}_nodes as node
        on opening.{{ funnel.base }} = node.{{ funnel.base }} and opening.t = node.t
    inner join {{ prefix }}_counted as counted
        on node.{{ funnel.base }} = counted.{{ funnel.base }} and node.node_number = counted.node_number
    where opening.in_instant = 1
),
{%- endif %}
{%- endmacro %}


{% macro funnel_every_other(funnel, prefix) %}
    {#-
      From the first instant with an entry to the first one after its window, and so on. Each node links to the next; the nodes of a chain are
      marked in rounds that double the jump, so a chain of a million entries takes twenty joins. Rounds enough for a century.
    -#}

{{ prefix }}_nodes as (
    select
        {{ funnel.base }},
        t,
        row_number() over (partition by {{ funnel.base }} order by t) as node_number,
        row_number() over (partition by {{ funnel.base }} order by t) + count(*) over (
            partition by {{ funnel.base }} order by t desc range between {{ funnel.window_us }} preceding and current row
        ) as next_number
    from {{ prefix }}_openings
    where in_instant = 1
),

{{ prefix }}_marked_0 as (
    select
        {{ funnel.base }},
        node_number
    from {{ prefix }}_nodes
    where node_number = 1
),

{{ prefix }}_jumps_0 as (
    select
        {{ funnel.base }},
        node_number,
        next_number
    from {{ prefix }}_nodes
),

{%- set rounds = [] %}
{%- for r in range(1, 33) if 2 ** (r - 1) * funnel.window_s < 3200000000 %}
{%- do rounds.append(r) %}

{{ prefix }}_marked_{{ r }} as (
    select * from {{ prefix }}_marked_{{ r - 1 }}
    union all
    select
        jump.{{ funnel.base }},
        jump.next_number as node_number
    from {{ prefix }}_jumps_{{ r - 1 }} as jump
    inner join {{ prefix }}_marked_{{ r - 1 }} as marked
        on jump.{{ funnel.base }} = marked.{{ funnel.base }} and jump.node_number = marked.node_number
),

{{ prefix }}_jumps_{{ r }} as (
    select
        jump.{{ funnel.base }},
        jump.node_number,
        onward.next_number
    from {{ prefix }}_jumps_{{ r - 1 }} as jump
    inner join {{ prefix }}_jumps_{{ r - 1 }} as onward
        on jump.{{ funnel.base }} = onward.{{ funnel.base }} and jump.next_number = onward.node_number
),
{%- endfor %}

{{ prefix }}_counted as (
    select * from {{ prefix }}_marked_{{ rounds | length }}
),
{%- endmacro %}


{% macro funnel_walk(funnel, prefix) %}
    {%- set strict = funnel.order == 'strict' %}
    {%- set chained = funnel_has_chains(funnel) %}
    {%- set own = 'over (partition by ' ~ funnel.base ~ ', entry_t)' %}
    {%- set rows = prefix ~ ('_rows' if strict else '_instants') %}

{{ prefix }}_of_entries as (
    select
        candidate.*,
        {%- if funnel.entry == 'first' %}
        entry.t as latest_t
    from {{ rows }} as candidate
    inner join {{ prefix }}_entries as entry
        on candidate.{{ funnel.base }} = entry.{{ funnel.base }}
        {%- else %}
        max(entry.t) over (
            partition by candidate.{{ funnel.base }} order by candidate.t range between unbounded preceding and current row
        ) as latest_t
    from {{ rows }} as candidate
    left join {{ prefix }}_entries as entry
        on candidate.{{ funnel.base }} = entry.{{ funnel.base }} and candidate.t = entry.t
        {%- endif %}
),

{{ prefix }}_walked_1 as (
    select
        candidate.*,
        entry.entry_t,
        entry.entry_number,
        entry.entry_t as at_1,
        1 as step_1
        {%- if chained %},
        2 as here_1
        {%- endif %}
    from {{ prefix }}_of_entries as candidate
    inner join {{ prefix }}_entries as entry
        on candidate.unit_id = entry.unit_id and candidate.latest_t = entry.t
    where candidate.t >= entry.t and candidate.t <= entry.t + {{ funnel.window_us }}
),

{%- for move in range(2, funnel.n + 1) %}
{%- set last = move - 1 %}

{{ prefix }}_walked_{{ move }} as (
    select
        *
        {%- if chained %},
        case when at_{{ move }} = at_{{ last }} then here_{{ last }} else 0 end
        + case step_{{ move }}
            {%- for k in range(2, funnel.n + 1) %}
            when {{ k }} then {{ 2 ** k }}
            {%- endfor %}
        end as here_{{ move }}
        {%- endif %}
    from (
        select
            *,
            {{ whole_division('move_' ~ move, 64) }} as at_{{ move }},
            move_{{ move }} % 64 as step_{{ move }}
        from (
            select
                *,
                min(
                    case
                        {%- for k in range(move, funnel.n + 1) if funnel.has_optional or k == move %}
                        when
                            is_step_{{ k }} = 1
                            and step_{{ last }} >= {{ funnel.before[k] }} and step_{{ last }} < {{ k }}
                            and t - at_{{ last }} <= {{ funnel.steps[k - 1].gap_us }}
                            {%- if strict %}
                            and event_number = entry_number + {{ last }}
                            {%- elif chained %}
                            and (t > at_{{ last }} or (t = at_{{ last }} and {{ funnel_fits(funnel, k, 'here_' ~ last) }}))
                            {%- else %}
                            and t >= at_{{ last }}
                            {%- endif %}
                            then t * 64 + {{ k }}
                        {%- endfor %}
                    end
                ) {{ own }} as move_{{ move }}
            from {{ prefix }}_walked_{{ last }}
        ) as moved
    ) as chained
),
{%- endfor %}

{{ prefix }}_walks as (
    select
        *,
        case
            {%- for move in range(1, funnel.n + 1) %}
            when step_{{ move }} = {{ funnel.n }} then at_{{ move }}
            {%- endfor %}
        end as converted_t
    from {{ prefix }}_walked_{{ funnel.n }}
    where {{ 'event_number = entry_number' if strict else 't = entry_t' }}
),

{{ prefix }}_reached as (
    {%- for move in range(1, funnel.n + 1) %}
    select
        person_id,
        unit_id,
        entry_t,
        {% if funnel.exclude -%}
        coalesce(excluded_after < coalesce(converted_t, entry_t + {{ funnel.window_us }}), false)
        {%- else -%}
        false
        {%- endif %} as is_excluded,
        step_{{ move }} as position,
        step_{{ move }} as step_number,
        at_{{ move }} as t
        {%- if strict %},
        entry_number + {{ move - 1 }} as event_number
        {%- endif %}
    from {{ prefix }}_walks
    where step_{{ move }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),
{%- endmacro %}


{% macro funnel_fits(funnel, k, here) -%}
    {#- Whether step k can be served in the instant that already serves the steps of `here` (the sum of 2 ** step). -#}
    (false
    {%- for chain in funnel.chains if chain[-1] == k and chain | length > 1 %}
    {%- set marks = [] -%}
    {%- for step in chain[:-1] -%}{%- do marks.append(2 ** step) -%}{%- endfor %}
    or ({{ here }} = {{ marks | sum }} and {{ funnel_can_serve(funnel, chain) }})
    {%- endfor -%}
    )
{%- endmacro %}
