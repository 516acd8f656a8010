-- Grain: month × number of days active in it, from 1 to the days of the month: how many persons were active on just so many days.
with persons as (

    select
        period_start as month_start,
        n_active_days,
        count(*) as n_persons
    from {{ ref('lifecycle_persons') }}
    where grain = 'month'
    group by period_start, n_active_days

),

months as (

    select
        month_start,
        {{ add_days(add_periods('month', 'month_start', 1), -1) }} as last_date,
        sum(n_persons) as n_active
    from persons
    group by month_start

),

numbers as (

    {%- for number in range(1, 32) %}
    select {{ number }} as n_active_days
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

)

select
    months.month_start,
    cast(numbers.n_active_days as {{ dbt.type_bigint() }}) as n_active_days,
    cast(coalesce(persons.n_persons, 0) as {{ dbt.type_bigint() }}) as n_persons,
    cast(coalesce(persons.n_persons, 0) as double) / months.n_active as person_share,
    months.last_date <= {{ as_of_date() }} as is_mature
from months
inner join numbers on {{ days_between('months.month_start', 'months.last_date') }} + 1 >= numbers.n_active_days
left join persons on months.month_start = persons.month_start and numbers.n_active_days = persons.n_active_days
