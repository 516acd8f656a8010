{# What the tables of attribution have in common. #}

{# Each has its own columns `<model>_share` and `<model>_revenue` in fct_attribution_touches. #}
{% macro attribution_models() %}
    {{ return(['first_touch', 'last_touch', 'last_non_direct_touch', 'linear', 'position_based', 'time_decay']) }}
{% endmacro %}

{# What each model owes, added up over rows in which an order stands once. #}
{% macro attribution_sums() -%}
    {%- for model in attribution_models() %}
        sum({{ model }}_share) as {{ model }}_share,
        sum({{ model }}_revenue) as {{ model }}_revenue,
        sum({{ model }}_orders) as {{ model }}_orders
        {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
