"""Changes of what sources deliver, in the days up to as_of: warnings, since a site may change what it tracks."""

from expectations.checks import Probe, at_most
from expectations.params import GateParams

_RECENT_DAYS = 3  # the days after a change on which a night warns of it
_LOOK = (
    "select source, event_name, property, value_type, previous_value_type, last_seen_date from ops.schema_changes "
    "where change = '{}' order by change_date desc"
)


def changes(params: GateParams) -> Probe:
    recent = f"change_date between date '{params.as_of_date}' - {_RECENT_DAYS - 1} and date '{params.as_of_date}'"
    return Probe(
        sql=f"""
            select
                source,
                count(*) filter (where change = 'new_type' and {recent}) as n_new_types,
                count(*) filter (where change = 'gone' and is_regular and {recent}) as n_gone
            from ops.schema_changes
            group by source
        """,
        keys=("source",),
        checks=[
            at_most(
                "n_new_types",
                0,
                "properties that have values of another type than before",
                look=_LOOK.format("new_type"),
                severity="warn",
            ),
            at_most(
                "n_gone",
                0,
                "events or properties that came on most days, and have not come for 7",
                look=_LOOK.format("gone"),
                severity="warn",
            ),
        ],
    )


PROBES = (changes,)
