{# Models that hold too much in memory for millions of events at once: they are made for some persons after the others. Such a model says
   `person_part(alias, n)` wherever it reads rows of persons, and has the post-hook `insert_other_persons(n)`: it makes the first part, and
   the same SQL makes the others after it. `replaces_changed(in_parts=true)` does so by the number of events, in whole nights.
   Parts by date: see events.sql. #}

{% macro n_person_parts() %}
    {{ return(1 if is_delta() else n_parts('marts', 'fct_events', 1)) }}
{% endmacro %}

{# Of user_features, which every night makes anew: each day of a person counts for each snapshot. #}
{% macro n_feature_parts() %}
    {{ return(n_parts('intermediate', 'int_person_event_days', snapshot_dates() | length)) }}
{% endmacro %}

{% macro n_parts(schema, table, times) %}
    {%- set n_rows = 0 -%}
    {#- only compiled (to be read or tested), it is one statement and asks nothing #}
    {%- if execute and flags.WHICH != 'compile' -%}
        {%- set n_rows = times * run_query('select count(*) from ' ~ built(schema, table)).columns[0].values()[0] -%}
    {%- endif -%}
    {{ return(1 + (n_rows / (2 * var('events_per_part'))) | int) }}
{% endmacro %}

{# A further condition on rows of persons: that the person is of the part. #}
{% macro person_part(alias, parts=none) -%}
    {%- set parts = parts or n_person_parts() -%}
    {%- if parts > 1 -%}
        and {{ quick_hash([alias ~ '.person_id' if alias else 'person_id']) }} % {{ parts }} = {{ part_marker(0) }}
    {%- endif %}
{%- endmacro %}

{% macro part_marker(number) %}{{ return(number ~ ' /* part */') }}{% endmacro %}

{% macro insert_other_persons(parts) %}
    {%- if execute -%}
        {%- for number in range(1, parts) %}
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
