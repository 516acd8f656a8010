-- Grain: session × local date. The part of a session that lies on one day: features at a snapshot add up the parts up to it, since the
-- whole of a session that crosses midnight is known only the day after.
{{ replaces_changed(since='activity_date') }}
{{ session_days(ref('fct_events'), is_stateful=true) }}
