{# How a night that only applies what is new differs from one that builds everything. Business rules do not belong here.

   A whole night (`is_full`) reads the whole lake. A delta night reads only the lake files that the build does not hold yet, and opens
   again, for each person they touch, everything from the session in which the first change falls (int_reopened). The pipeline decides
   which of the two it is (pipeline/build/plan.py). Either way the tables come out the same. #}

{% macro is_delta() %}{{ return(not var('is_full')) }}{% endmacro %}

{# A table as the night before left it. Not a ref: it is read before it is brought up to date, and ref() would close a circle. #}
{% macro built(schema, table) %}
    {{ return(api.Relation.create(database=target.database, schema=schema, identifier=table)) }}
{% endmacro %}

{# Before any event: ingest refuses what is older. #}
{% macro beginning_of_time() -%} cast('1970-01-01 00:00:00' as {{ dbt.type_timestamp() }}) {%- endmacro %}

{# Incremental strategy: what `incremental_predicates` describes goes, the model's rows come. Both in one transaction. #}
{% macro get_incremental_replace_changed_sql(arg_dict) %}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') %}
    delete from {{ arg_dict['target_relation'] }} as built {{ arg_dict['incremental_predicates'] | join(' ') }};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{% endmacro %}

{# A model whose rows are made anew for the persons of int_changed, from where their change begins (`since`: the model's column of a
   date or a time) or, without it, as a whole; all other rows stay. `in_parts`: see macros/parts.sql. #}
{% macro replaces_changed(since=none, in_parts=false) %}
    {%- do also_after(['int_changed']) -%}
    {{- config(materialized='incremental', incremental_predicates=[
        'using intermediate.int_changed as changed where ' ~ is_changed('built', since)
    ], post_hook=['{{ insert_other_persons(n_person_parts()) }}'] if in_parts else []) -}}
{% endmacro %}

{# The join that leaves, in a delta night, only what such a model makes anew. #}
{% macro only_changed(alias, since=none) %}
    {%- if is_delta() %}
    inner join {{ ref('int_changed') }} as changed on {{ is_changed(alias, since) }}
    {%- endif %}
{%- endmacro %}

{# The same as a further condition, for wide tables of which a night makes few rows anew: the others are left before their columns are read. #}
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
    {%- if since %} and {{ alias }}.{{ since }} >= changed.{{ 'changed_from_date' if since.endswith('_date') else 'changed_from_at' }}{% endif %}
{%- endmacro %}

{# Rows of the devices that a delta night looks at again: those of `found`, those whose events were taken out or displaced. #}
{% macro of_devices_of(found) -%}
    where built.anonymous_id in (
        select anonymous_id from intermediate.{{ found }}
        union all select anonymous_id from intermediate.pending_devices
        union all select anonymous_id from intermediate.int_displaced where anonymous_id is not null
    )
{%- endmacro %}

{# The local dates (as SQL literals) of events that are opened again: spelled out, they let the engine skip whole row groups. #}
{% macro reopened_dates() %}
    {%- if not execute or not is_delta() -%}{{ return([]) }}{%- endif -%}
    {%- set found = run_query('select distinct event_date from ' ~ built('intermediate', 'int_reopened_events')) -%}
    {%- set dates = [] -%}
    {%- for day in found.columns[0].values() -%}{%- do dates.append("date '" ~ day ~ "'") -%}{%- endfor -%}
    {{ return(dates) }}
{% endmacro %}

{# Tables that a model reads in a delta night only: said at parse time, so that they are built before it. #}
{% macro also_after(names) %}
    {%- if not execute %}{% for name in names %}{% do ref(name) %}{% endfor %}{% endif -%}
{% endmacro %}

{# dbt started by hand, with variables of its own: the night that comes must not add to what that leaves. Without a state it builds
   everything anew (pipeline/build/plan.py). A night passes the id of its run. #}
{% macro forget_build_by_hand() -%}
    {%- if execute and var('run_id') == 'dev' and flags.WHICH in ('run', 'build') -%}
        {%- set state = adapter.get_relation(target.database, 'intermediate', 'build_state') -%}
        {%- if state %} delete from {{ state }} {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# The file_ids of which the build holds some lines and the lake is read all the same, as an SQL list. #}
{% macro partial_files() -%}
    ({% for file in var('partial_files') %}{{ sql_string(file) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}
