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
