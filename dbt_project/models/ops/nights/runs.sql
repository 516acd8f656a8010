-- Bookkeeping closes the night, so it waits for the last gate.
-- depends_on: {{ ref('user_profiles') }}
{%- set stages = ['ingest', 'sessions', 'marts', 'train', 'ml', 'activation', 'bookkeeping', 'publish'] -%}
-- Grain: run. Every run that worked on this home, failed and killed ones too, with the seconds of its stages.
with runs as (

    {{ parquet_or_empty(var('runs'), {
        'run_id': 'string',
        'as_of_date': 'date',
        'started_at': 'timestamp',
        'ended_at': 'timestamp',
        'status': 'string',
        'failed_step': 'string',
        'duration_s': 'double',
        'n_new_files': 'bigint',
        'n_new_lines': 'bigint',
        'n_new_events': 'bigint'
    }) }}

),

stages as (

    select
        run_id,
        {% for stage in stages -%}
        sum(case when stage = '{{ stage }}' then duration_s end) as {{ stage }}_s,
        {% endfor -%}
        sum(case when stage like 'gate_%' then duration_s end) as gates_s
    from {{ ref('run_stages') }}
    group by run_id

)

select
    runs.run_id,
    runs.as_of_date,
    runs.started_at,
    runs.ended_at,
    runs.status,
    runs.failed_step,
    runs.duration_s,
    {% for stage in stages -%}
    cast(stages.{{ stage }}_s as double) as {{ stage }}_s,
    {% endfor -%}
    cast(round(stages.gates_s, 3) as double) as gates_s,
    runs.n_new_files,
    runs.n_new_lines,
    runs.n_new_events
from runs
left join stages on runs.run_id = stages.run_id
