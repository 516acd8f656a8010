{# Comments on a table and its columns as one statement. dbt's own macro first asks the database for the columns, twice a table, and then
   leaves out a described column that does not exist, with a warning; here it is an error. #}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- set comments = [] -%}
    {%- if for_relation and config.persist_relation_docs() and model.description -%}
        {%- do comments.append(alter_relation_comment(relation, model.description)) -%}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() -%}
        {%- for column in model.columns.values() -%}
            {%- do comments.append(
                'comment on column ' ~ relation ~ '.' ~ adapter.quote(column.name) ~ ' is ' ~ duckdb_escape_comment(column.description) ~ ';'
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if comments -%}{%- do run_query(comments | join('\n')) -%}{%- endif -%}
{%- endmacro %}
