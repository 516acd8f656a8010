{# dbt started by a person on the database of a home: `growthhouse dbt` (pipeline/build/manual_dbt.py) or plain dbt. What a night itself
   does is not here; databases without a night's state are not looked at. #}

{# on-run-start. Refuses what would leave wrong tables; and what a person builds, no later night builds on: the next one rebuilds
   everything (pipeline/build/plan.py), and until then nothing is published. #}
{% macro prepare_manual_run() -%}
    {%- if execute and not var('is_night') -%}
        {%- set state = adapter.get_relation(target.database, 'state', 'build') -%}
        {%- if state -%}
            {%- if var('run_id') == 'dev' -%}{{ refuse_default_variables() }}{%- endif -%}
            {%- if flags.WHICH in ('run', 'build', 'seed', 'snapshot') -%}
                {%- if flags.WHICH in ('run', 'build') and var('is_full') and not flags.FULL_REFRESH -%}
                    {{ exceptions.raise_compiler_error('Tables built by hand are built whole: add --full-refresh. Nothing was changed.') }}
                {%- endif -%}
                {{ refuse_parts_of_a_night(state) }}
                {#- The queries above have begun a transaction, which dbt would roll back. -#}
                update {{ state }} set rules = 'dbt by hand';
                commit
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro refuse_default_variables() -%}
    {%- set home = target.path.removesuffix('/data/build/growth.duckdb') -%}
    {%- set selected = invocation_args_dict.get('select') or [] -%}
    {{ exceptions.raise_compiler_error(
        target.path ~ ' holds the tables of a night, and this dbt knows only the default variables: it would find no events of that night,'
        ~ ' no funnels and another as_of. Nothing was changed. With the variables of the last night: `growthhouse dbt'
        ~ (" --home '" ~ home ~ "'" if home != target.path else '') ~ ' -- ' ~ flags.WHICH
        ~ (' --select ' ~ selected | join(' ') if selected else '') ~ '`'
    ) }}
{%- endmacro %}

{# A delta night leaves in some tables only what it read (`holds_one_night`): whole tables are made of them only together with them. #}
{% macro refuse_parts_of_a_night(state) -%}
    {%- set built_whole = run_query('select is_full from ' ~ state).columns[0].values() -%}
    {%- if not (built_whole and built_whole[0]) -%}
        {%- for unique_id in selected_resources if graph.nodes.get(unique_id, {}).resource_type == 'model' -%}
            {%- set node = graph.nodes[unique_id] -%}
            {%- for parent in node.depends_on.nodes if parent not in selected_resources -%}
                {%- if graph.nodes.get(parent, {}).get('config', {}).get('meta', {}).get('holds_one_night') -%}
                    {{ exceptions.raise_compiler_error(
                        node.name ~ ' is made of ' ~ graph.nodes[parent].name ~ ', which holds only the events that the last night read.'
                        ~ ' Nothing was changed. Select it with what it is made of: +' ~ node.name
                    ) }}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
