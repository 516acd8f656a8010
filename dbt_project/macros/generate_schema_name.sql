{# The schema is exactly the folder's (staging, intermediate, marts, …), never prefixed with the target's:
   schema.table is the asset key, the file stem and the suite name. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
