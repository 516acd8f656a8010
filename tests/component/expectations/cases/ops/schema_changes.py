"""Good and bad frames of ops.schema_changes, and damage to the healthy warehouse that it finds."""

HEALTHY = """
    create schema if not exists ops;
    create table ops.schema_changes as
    select 'shop' as source, 'purchase' as event_name, null::varchar as property, 'first_seen' as change,
        date '2026-01-30' as change_date, 'event' as value_type, true as is_regular
    union all select 'shop', 'purchase', 'revenue', 'gone', date '2026-01-28', 'number', true
    union all select 'shop', 'purchase', 'coupon', 'gone', date '2026-01-31', 'string', false
    union all select 'shop', 'purchase', 'price', 'new_type', date '2026-01-28', 'string', true;
"""
GOOD = {"changes": {"source": "shop", "n_new_types": 0, "n_gone": 0}}
BAD = {"n_new_types": [1], "n_gone": [1]}
DAMAGE = [
    ("n_new_types", "update ops.schema_changes set change_date = '2026-01-29' where change = 'new_type'"),
    ("n_gone", "update ops.schema_changes set change_date = '2026-01-29' where property = 'revenue'"),
    ("n_gone", "update ops.schema_changes set is_regular = true where property = 'coupon'"),
]
