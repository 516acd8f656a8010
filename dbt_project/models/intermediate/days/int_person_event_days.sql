-- Grain: person × local date × date the events became known × event name. The one base of everything counted per person and day.
{{ replaces_changed(since='activity_date') }}
{{ event_days(ref('fct_events'), is_stateful=true) }}
