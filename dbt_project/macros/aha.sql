{# What the models of aha moments share. No engine differences here. #}

{# A behaviour that so large a share of those who stay shows is one that staying can hardly do without. #}
{% macro aha_structural_recall() %}{{ return(0.95) }}{% endmacro %}

{# Persons of one stratum were equally active: as many sessions (15 and more are one), and events within the same power of two. #}
{% macro aha_stratum(n_sessions, n_events) -%}
    (least({{ n_sessions }}, 15) * 100 + floor(ln(1 + {{ n_events }}) / ln(2) + 1e-9))
{%- endmacro %}
