{# The interest in an item that an event shows. `weighted`: [{event, weight}], the heaviest first; without any of them every
   event weighs 1. Business rules of recommendations do not belong here. #}

{% macro interaction_weight(event_name, weighted) -%}
    {%- if weighted -%}
    case {{ event_name }}
        {%- for one in weighted %} when {{ sql_string(one.event) }} then cast({{ one.weight }} as double){% endfor %} else 0 end
    {%- else -%} cast(1 as double) {%- endif -%}
{%- endmacro %}

{# The place of the event among those with a weight: 1 is the heaviest. #}
{% macro interaction_rank(event_name, weighted) -%}
    {%- if weighted -%}
    case {{ event_name }}
        {%- for one in weighted %} when {{ sql_string(one.event) }} then {{ loop.index }}{% endfor %} else {{ weighted | length + 1 }} end
    {%- else -%} 1 {%- endif -%}
{%- endmacro %}

{# The event at that place; `otherwise` where it has no weight. #}
{% macro interaction_event(event_rank, otherwise, weighted) -%}
    {%- if weighted -%}
    case {{ event_rank }}
        {%- for one in weighted %} when {{ loop.index }} then {{ sql_string(one.event) }}{% endfor %} else {{ otherwise }} end
    {%- else -%} {{ otherwise }} {%- endif -%}
{%- endmacro %}
