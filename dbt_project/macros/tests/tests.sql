{# Tests that dbt does not bring along, and `relationships` for tables of which a delta night changes some rows.

   `changed_since`: the model's column (a date or a time) from which on a delta night rebuilds its rows for the persons of int_changed.
   Only those are tested; all others passed the same test in the night that built them. A full build tests all. #}

{# The rows that the night made. #}
{% macro made_rows(model, changed_since) -%}
    {%- if changed_since and is_delta() -%}
        (
            select built.*
            from {{ model }} as built
            inner join {{ ref('int_changed') }} as changed on {{ is_changed('built', changed_since) }}
        ) as made
    {%- else -%} {{ model }} {%- endif -%}
{%- endmacro %}

{% test unique_combination(model, columns, changed_since=none) %}
    {#- The columns together name one row; null is a value like any other here. Rows are grouped by a hash first, which is much cheaper on
        large tables than grouping by text; what shares a hash is compared by its values. Made rows are compared with all rows. -#}
    with suspects as (

        select {{ quick_hash(columns) }} as key_hash
        from {{ model }}
        {%- if changed_since and is_delta() %}
        where {{ quick_hash(columns) }} in (select {{ quick_hash(columns) }} from {{ made_rows(model, changed_since) }})
        {%- endif %}
        group by {{ quick_hash(columns) }}
        having count(*) > 1

    )

    select
        {{ columns | join(', ') }},
        count(*) as n_rows
    from {{ model }}
    where {{ quick_hash(columns) }} in (select key_hash from suspects)
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}

{% test relationships(model, column_name, to, field, changed_since=none) %}
    {#- A value that is not null is one of `field` of `to`. A removed parent belonged to a changed person, whose children are rebuilt too. -#}
    with children as (

        select {{ column_name }} as from_field
        from {{ made_rows(model, changed_since) }}
        where {{ column_name }} is not null

    ),

    parents as (

        select {{ field }} as to_field
        from {{ to }}

    )

    select children.from_field
    from children
    left join parents on children.from_field = parents.to_field
    where parents.to_field is null
{% endtest %}

{% test one_entry_per_person(model) %}
    {#- A funnel that does not count every entry counts each person once. -#}
    select
        funnel_name,
        person_id,
        count(*) as n_rows
    from {{ model }}
    where funnel_name not in (
        ''
        {%- for funnel in funnel_list() if funnel.entry == 'every' %}, {{ sql_string(funnel.name) }}{% endfor -%}
    )
    group by funnel_name, person_id
    having count(*) > 1
{% endtest %}
