{# Tests that dbt does not bring along. #}

{% test unique_combination(model, columns) %}
    {#- The columns together name one row; null is a value like any other here. Rows are grouped by a hash first, which is much cheaper on
        large tables than grouping by text; what shares a hash is compared by its values. -#}
    with suspects as (

        select {{ quick_hash(columns) }} as key_hash
        from {{ model }}
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
