{# Full builds of models that would hold too much in memory for all rows at once: their SQL runs once for each part of the rows.

   A part is a set of session variables. The model compares its rows with them (`and_person_in_part`, `where_time_in_part`); the pre-hook
   `set_first_part` sets those of the first part, which the model itself makes; the post-hook `insert_other_parts` sets those of each
   further part and inserts what the same SQL then returns. Where there is one part, and in a delta night, all of this is empty. #}

{% macro set_first_part(parts) %}
    {%- if parts | length > 1 %}{{ set_part(parts[0]) }}{% endif %}
{%- endmacro %}

{# By name: a contract may order the columns otherwise than the query. #}
{% macro insert_other_parts(parts) %}
    {%- if execute and parts | length > 1 -%}
        {%- set columns = adapter.get_columns_in_relation(this) | map(attribute='quoted') | join(', ') -%}
        {%- for part in parts[1:] %}
    {{ set_part(part) }}
    insert into {{ this }} ({{ columns }})
    select {{ columns }}
    from (
        {{ model['compiled_code'] }}
    ) as part_of_rows;
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}

{% macro set_part(part) %}
    {%- for name, value in part.items() %}
    set variable {{ name }} = {{ value }};
    {%- endfor %}
{%- endmacro %}

{# -- some persons after the others -- #}

{% macro parts_by_person() %}
    {{ return(split_persons(1 if is_delta() else n_rows(ref('fct_events')))) }}
{% endmacro %}

{# Of user_features, which every night builds: each day of a person counts for each snapshot. #}
{% macro parts_of_features() %}
    {{ return(split_persons(n_rows(ref('int_person_event_days')) * (snapshot_dates() | length))) }}
{% endmacro %}

{% macro split_persons(n_rows) %}
    {%- set parts = [] -%}
    {%- for number in range(1 + (n_rows / (2 * var('events_per_part'))) | int) -%}{%- do parts.append({'part': number}) -%}{%- endfor -%}
    {{ return(parts) }}
{% endmacro %}

{% macro n_rows(relation) %}
    {{ return(run_query('select count(*) from ' ~ relation).columns[0].values()[0] if may_query() else 0) }}
{% endmacro %}

{# A further condition on rows of persons: that the person is of the part. #}
{% macro and_person_in_part(alias, parts) -%}
    {%- if parts | length > 1 -%}
        and {{ quick_hash([alias ~ '.person_id' if alias else 'person_id']) }} % {{ parts | length }} = {{ session_variable('part') }}
    {%- endif %}
{%- endmacro %}

{# -- some dates after the others, in a full build -- #}

{% macro parts_by_time() %}
    {%- set sessionized = ref('int_sessionized') -%}
    {%- set starts = ["timestamp '-infinity'"] -%}
    {%- if may_query() and not is_delta() -%}
        {%- set found = run_query(
            'select cast(event_at as date) as event_day, count(*) as n_events from ' ~ sessionized
            ~ ' group by cast(event_at as date) order by event_day'
        ) -%}
        {%- set part = namespace(n_events=0) -%}
        {%- for row in found.rows -%}
            {%- if part.n_events and part.n_events + row[1] > var('events_per_part') -%}
                {%- do starts.append("timestamp '" ~ row[0] ~ " 00:00:00'") -%}
                {%- set part.n_events = 0 -%}
            {%- endif -%}
            {%- set part.n_events = part.n_events + row[1] -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set parts = [] -%}
    {%- for start in starts -%}
        {%- do parts.append({'part_start': start, 'part_end': "timestamp 'infinity'" if loop.last else starts[loop.index]}) -%}
    {%- endfor -%}
    {{ return(parts) }}
{% endmacro %}

{% macro where_time_in_part(column, parts) %}
    {%- if parts | length > 1 %}
    where {{ column }} >= {{ session_variable('part_start') }} and {{ column }} < {{ session_variable('part_end') }}
    {%- endif %}
{%- endmacro %}

{# Whether a macro may query the tables that the model reads: not while dbt parses, only compiles, or runs a unit test. #}
{% macro may_query() %}
    {{ return(execute and flags.WHICH in ('run', 'build') and model.resource_type == 'model') }}
{% endmacro %}
