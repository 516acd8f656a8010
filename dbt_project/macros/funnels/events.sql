{# The end of a funnel's walk: the events that stand behind the steps that were reached. How they were reached is not known here. #}

{% macro funnel_events(funnel, prefix) %}
    {#-
      <prefix>_reached (person_id, unit_id, entry_t, is_excluded, position, step_number, t; event_number where the order is strict) meets
      the events: of several of one instant, the first; as the entry of a best way, the last. Where one event could serve two steps,
      the steps choose in turn, first among the events that are needed latest.
    -#}
{%- set per_step = funnel.shared and funnel.order != 'strict' %}
{%- if per_step %}

{{ prefix }}_needed as (
    select
        *
        {%- for k in range(2, funnel.n + 1) %},
        max(case when position = {{ k }} then 1 else 0 end) over (partition by unit_id, entry_t, t) as needs_{{ k }}
        {%- endfor %}
    from {{ prefix }}_reached
),
{%- endif %}

{%- for k in range(1, (funnel.n if per_step else 1) + 1) %}

{{ prefix }}_chosen_{{ k }} as (
    select *
    from (
        select
            reached.person_id,
            reached.unit_id,
            reached.entry_t,
            reached.is_excluded,
            reached.position,
            reached.step_number,
            event.event_number,
            event.source,
            event.event_id,
            event.event_at,
            event.event_date,
            event.session_id,
            event.revenue,
            event.breakdown_value,
            row_number() over (
                partition by reached.unit_id, reached.entry_t, reached.position
                order by
                    {%- if per_step %}{{ funnel_preferred(funnel, k) }}{% endif %}
                    case when reached.step_number = 1 then {{ '-' if funnel.entry == 'best' }}event.event_number end,
                    event.event_number
            ) as choice_number
        from {{ prefix }}_{{ 'needed' if per_step else 'reached' }} as reached
        inner join {{ prefix }}_matched as event
            on
                reached.unit_id = event.unit_id
                {%- if funnel.order == 'strict' %}
                and reached.event_number = event.event_number
                {%- else %}
                and reached.t = event.t
                {%- endif %}
        {%- for used in range(1, k) %}
        left join {{ prefix }}_chosen_{{ used }} as used_{{ used }}
            on
                reached.unit_id = used_{{ used }}.unit_id
                and reached.entry_t = used_{{ used }}.entry_t
                and event.event_number = used_{{ used }}.event_number
        {%- endfor %}
        where
            {%- if per_step %}
            {#- in any order the event that completes the count may serve another of the shared steps #}
            reached.position = {{ k }}
            and {{ funnel_serves(funnel_any_group(funnel, k) if funnel.order == 'any' else [k], 'event.') }}
            {%- else %}
            1 = case reached.position
                {%- for step in range(1, funnel.n + 1) %}
                when {{ step }} then event.is_step_{{ step }}
                {%- endfor %}
            end
            {%- endif %}
    ) as choices
    where choice_number = 1
),
{%- endfor %}

{{ prefix }}_steps as (
    select
        {{ sql_string(funnel.name) }} as funnel_name,
        person_id,
        concat({{ sql_string(funnel.name) }}, '|', max(case when step_number = 1 then concat(source, ':', event_id) end) over entry) as entry_key,
        max(case when step_number = 1 then breakdown_value end) over entry as breakdown_value,
        min(event_at) over entry as entered_at,
        is_excluded,
        step_number,
        case position
            {%- for step in funnel.steps %}
            when {{ loop.index }} then {{ sql_string(step.name) }}
            {%- endfor %}
        end as step_name,
        event_at as reached_at,
        event_date as reached_date,
        source,
        event_id,
        session_id,
        revenue
    from (
        {%- for k in range(1, (funnel.n if per_step else 1) + 1) %}
        select * from {{ prefix }}_chosen_{{ k }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as chosen
    window entry as (partition by unit_id, entry_t)
)
{%- endmacro %}


{% macro funnel_preferred(funnel, k) %}
    {#- Of the events of one instant step k takes one that is free, that serves it, that serves few of the steps to come here, and those late. #}
                    {%- for used in range(1, k) %}
                    case when used_{{ used }}.event_number is null then 0 else 1 end,
                    {%- endfor %}
                    event.is_step_{{ k }} desc,
                    {%- if k < funnel.n %}
                    {% for later in range(k + 1, funnel.n + 1) %}reached.needs_{{ later }} * event.is_step_{{ later }}{{ ' + ' if not loop.last }}{% endfor %},
                    case
                        {%- for later in range(k + 1, funnel.n + 1) %}
                        when reached.needs_{{ later }} * event.is_step_{{ later }} = 1 then {{ later }}
                        {%- endfor %}
                        when 1 = 1 then {{ funnel.n + 1 }}
                    end desc,
                    {%- endif %}
{% endmacro %}
