{# Models of a whole night that hold too much in memory for millions of events at once: they are made for some persons after the others.
   A model with `replaces_changed(in_parts=true)` says `person_part()` where it reads fct_events; it makes the first part, and the same SQL
   makes the others after it. Parts by date: see events.sql. #}

{% macro n_person_parts() %}
    {%- set n_events = 0 -%}
    {#- only compiled (to be read or tested), it is one statement and asks nothing #}
    {%- if execute and flags.WHICH != 'compile' and not is_delta() -%}
        {%- set n_events = run_query('select count(*) from ' ~ built('marts', 'fct_events')).columns[0].values()[0] -%}
    {%- endif -%}
    {{ return(1 + (n_events / (2 * var('events_per_part'))) | int) }}
{% endmacro %}

{# A further condition on events: that the person is of the part. #}
{% macro person_part(alias) -%}
    {%- set n_parts = n_person_parts() -%}
    {%- if n_parts > 1 -%}
        and {{ quick_hash([alias ~ '.person_id']) }} % {{ n_parts }} = {{ part_marker(0) }}
    {%- endif %}
{%- endmacro %}

{% macro part_marker(number) %}{{ return(number ~ ' /* part */') }}{% endmacro %}

{% macro insert_other_persons() %}
    {%- if execute and not is_delta() -%}
        {%- for number in range(1, n_person_parts()) %}
    {{ insert_part(model['compiled_code'] | replace(part_marker(0), part_marker(number))) }}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}

{# Add the rows of a further part to the model's table. By name: a contract may order the columns otherwise than the query. #}
{% macro insert_part(query) %}
    {%- set columns = adapter.get_columns_in_relation(this) | map(attribute='quoted') | join(', ') %}
    insert into {{ this }} ({{ columns }})
    select {{ columns }}
    from (
        {{ query }}
    ) as part_of_rows;
{% endmacro %}
