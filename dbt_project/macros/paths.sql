{# What the path models share: the name of a step and the number of steps kept. No figures, no engine differences here. #}

{# Steps of a path that are kept, counted from its anchor. #}
{% macro max_path_steps() %}{{ return(10) }}{% endmacro %}

{# A LIKE pattern of a page group: `*` stands for any text, everything else for itself. Unlike a regular expression it cannot run away. #}
{% macro page_group_pattern(group) -%}
    {%- set pattern = group | replace('!', '!!') | replace('%', '!%') | replace('_', '!_') | replace('*', '%') -%}
    {{ sql_string(pattern) }} escape '!'
{%- endmacro %}

{# A name that visitors may send, in quotes where it is that of an end of each path. #}
{% macro no_path_end(name) -%}
    case when {{ name }} in ('(entry)', '(exit)') then '"' || {{ name }} || '"' else {{ name }} end
{%- endmacro %}

{# The step an event is: its name; where page groups are configured, of a page event the first group that its path matches, else the path
   itself. A slash at the end of a path makes no difference. #}
{% macro path_step(alias='') -%}
    {%- set rules = var('paths') -%}
    {%- if rules.groups -%}
    {%- set page = "coalesce(nullif(trim(trailing '/' from " ~ alias ~ "page_path), ''), '/')" -%}
    case
        when
            {{ alias }}page_path is null
            or {{ alias }}event_name not in ({% for name in rules.page_events %}{{ sql_string(name) }}{{ ', ' if not loop.last }}{% endfor %})
            then {{ no_path_end(alias ~ 'event_name') }}
        {%- for group in rules.groups %}
        when {{ page }} like {{ page_group_pattern(group) }} then {{ sql_string(group) }}
        {%- endfor %}
        else {{ no_path_end(page) }}
    end
    {%- else -%} {{ no_path_end(alias ~ 'event_name') }} {%- endif -%}
{%- endmacro %}

{# The step of an event, and that of the event after it in its session: null after the last. #}
{% macro path_step_and_next(alias='') -%}
        {{ path_step(alias) }} as step,
        {% if var('paths').groups -%}
        lead({{ path_step(alias) }}) over (partition by {{ alias }}session_id order by {{ alias }}event_number) as next_step
        {%- else -%}
        {{ no_path_end(alias ~ 'next_event_name') }} as next_step
        {%- endif %}
{%- endmacro %}

{# One column per kept step: `step_1, …`; `position` counts from the anchor, which is 1. #}
{% macro path_step_columns(position) -%}
    {%- for k in range(1, max_path_steps() + 1) %}
        max(case when {{ position }} = {{ k }} then step end) as step_{{ k }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# The kept steps in the order they were taken, joined by arrows. #}
{% macro path_text(is_backwards=false) -%}
    {%- set places = range(1, max_path_steps() + 1) | list -%}
    concat_ws(' → ', {% for k in (places | reverse if is_backwards else places) %}step_{{ k }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}
