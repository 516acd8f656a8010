-- Grain: event (source, event_id). Every accepted event up to as_of exactly once, with its person and session.
-- Many events are made in parts (macros/events.sql): the first is the model, the others come after it.
{{ config(
    materialized='incremental',
    pre_hook="{% if is_delta() %}update {{ this }} set is_bot = changed.is_bot from intermediate.int_changed as changed
        where {{ this.identifier }}.person_id = changed.person_id and {{ this.identifier }}.is_bot <> changed.is_bot{% endif %}",
    post_hook="{{ insert_other_parts_of_events() }}",
    incremental_predicates=[
        'using intermediate.int_reopened as changed',
        'where built.person_id = changed.person_id and built.event_at >= changed.reopen_at'
    ]
) }}
{{ also_after(['int_changed', 'int_reopened_events']) }}
{{ events_with_sessions(parts_of_events()[0]) }}
