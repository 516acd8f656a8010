-- Events of the build that a copy received earlier has taken the place of. Empty in a full build, which builds on nothing.
{%- if is_delta() %}
select
    built.person_id,
    built.anonymous_id,
    built.event_name,
    built.event_at,
    built.order_id
from {{ source('previous', 'fct_events') }} as built
inner join {{ ref('int_duplicates') }} as duplicates
    on built.file_id = duplicates.file_id and built.line_number = duplicates.line_number
{%- else %}
select
    cast(null as {{ dbt.type_string() }}) as person_id,
    cast(null as {{ dbt.type_string() }}) as anonymous_id,
    cast(null as {{ dbt.type_string() }}) as event_name,
    cast(null as {{ dbt.type_timestamp() }}) as event_at,
    cast(null as {{ dbt.type_string() }}) as order_id
where 1 = 0
{%- endif %}
