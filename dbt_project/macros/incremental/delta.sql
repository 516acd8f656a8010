{# How a delta night differs from a full build. Business rules do not belong here.

   A full build (`is_full`) reads the whole lake. A delta night reads only the lake files that the build does not hold yet, and opens
   again, for each person with new events, everything from the session in which the first change falls (int_reopened). What it reads of
   last night's tables is source('previous', …). The pipeline decides which of the two a night is (pipeline/build/plan.py); the tables
   come out the same. #}

{# While dbt parses, every night counts as a delta night: so the graph has all edges, and does not depend on a variable. #}
{% macro is_delta() %}{{ return(not execute or not var('is_full')) }}{% endmacro %}

{# Before any event: ingest refuses what is older. #}
{% macro beginning_of_time() -%} cast('1970-01-01 00:00:00' as {{ dbt.type_timestamp() }}) {%- endmacro %}

{# -- models of which a delta night replaces rows: one of these in the head of the model -- #}

{# The rows of persons in int_changed are replaced from where their change begins. `changed_since` in the meta of the model's yml is the
   column of a date or a time that says so, or `whole_person`. `in_parts`: see parts.sql. #}
{% macro replaces_changed(in_parts=false) %}
    {%- do ref('int_changed') if is_delta() -%}
    {{- config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        pre_hook='{{ set_first_part(parts_by_person()) }}' if in_parts else [],
        post_hook='{{ insert_other_parts(parts_by_person()) }}' if in_parts else []
    ) -}}
{% endmacro %}

{# The same for persons in int_reopened, in the models that int_changed is made of; `since` is a condition on `built` and `reopened`. #}
{% macro replaces_reopened(since) %}
    {%- do ref('int_reopened') if is_delta() -%}
    {{- config(
        materialized='incremental',
        incremental_strategy='replace_reopened',
        incremental_predicates=['built.person_id = reopened.person_id', since]
    ) -}}
{% endmacro %}

{# All rows of a device are replaced that the model has rows of, or of which events were taken out or displaced. #}
{% macro replaces_devices() %}
    {%- if is_delta() -%}{%- do ref('int_displaced') -%}{%- do source('state', 'pending_devices') -%}{%- endif -%}
    {{- config(materialized='incremental', incremental_strategy='replace_devices') -}}
{% endmacro %}

{# Their incremental strategies. #}
{% macro get_incremental_replace_changed_sql(arg_dict) %}
    {{ replace_rows(arg_dict, 'using ' ~ ref('int_changed') ~ ' as changed where ' ~ is_changed('built', model.config.meta.changed_since)) }}
{% endmacro %}

{% macro get_incremental_replace_reopened_sql(arg_dict) %}
    {{ replace_rows(arg_dict, 'using ' ~ ref('int_reopened') ~ ' as reopened where ' ~ arg_dict['incremental_predicates'] | join(' and ')) }}
{% endmacro %}

{% macro get_incremental_replace_devices_sql(arg_dict) %}
    {%- set devices %}
        where built.anonymous_id in (
            select anonymous_id from {{ arg_dict['temp_relation'] }}
            union all select anonymous_id from {{ source('state', 'pending_devices') }}
            union all select anonymous_id from {{ ref('int_displaced') }} where anonymous_id is not null
        )
    {%- endset %}
    {{ replace_rows(arg_dict, devices) }}
{% endmacro %}

{# Both statements in one transaction. By name: a contract may order the columns otherwise than the query. #}
{% macro replace_rows(arg_dict, which) %}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') %}
    delete from {{ arg_dict['target_relation'] }} as built {{ which }};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{% endmacro %}

{# The join that leaves, in a delta night, only the rows that such a model replaces. #}
{% macro only_changed(alias, since=none) %}
    {%- if is_delta() %}
    inner join {{ ref('int_changed') }} as changed on {{ is_changed(alias, since) }}
    {%- endif %}
{%- endmacro %}

{# The same as a condition, for wide tables of which few rows are replaced: the others are skipped before their columns are read. #}
{% macro and_row_is_changed(alias, relation, since=none) %}
    {%- if is_delta() %}
    and {{ alias }}.rowid in (
        select built.rowid
        from {{ relation }} as built
        inner join {{ ref('int_changed') }} as changed on {{ is_changed('built', since) }}
    )
    {%- endif %}
{%- endmacro %}

{% macro is_changed(alias, since=none) -%}
    {{ alias }}.person_id = changed.person_id
    {%- if since and since != 'whole_person' %} and {{ alias }}.{{ since }} >= changed.{{ 'changed_from_date' if since.endswith('_date') else 'changed_from_at' }}{% endif %}
{%- endmacro %}

{# -- events that are read again -- #}

{# The local dates (as SQL literals) of events that are opened again: spelled out, they let the engine skip whole row groups. #}
{% macro reopened_dates() %}
    {%- set reopened = ref('int_reopened_events') if is_delta() -%}
    {%- if not execute or not is_delta() -%}{{ return([]) }}{%- endif -%}
    {%- set dates = [] -%}
    {%- for day in run_query('select distinct event_date from ' ~ reopened).columns[0].values() -%}
        {%- do dates.append("date '" ~ day ~ "'") -%}
    {%- endfor -%}
    {{ return(dates) }}
{% endmacro %}

{# Whether the lake files of this delta night include some of which the build holds lines already. #}
{% macro has_partial_files() %}{{ return(is_delta() and (var('partial_files') or not execute)) }}{% endmacro %}

{# The file_ids of those, as an SQL list. #}
{% macro partial_files() -%}
    ({% for file in var('partial_files') %}{{ sql_string(file) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}
