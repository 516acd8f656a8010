"""The report of a night: one HTML file per published version, made from that version alone.

Belongs here: what a report says, how it looks, where it lies. Not here: when it is made (`assets/report.py`), the
command (`report_commands.py`), and any number that no published table or model card holds.

A report holds sums, shares and names (of funnel steps, segments, channels, features), never a person's id or row, so
taking a person out (`pipeline.privacy`) changes none; `erase` looks through them all the same. Names come with the
data and may be anything, so the template escapes every value, and the page forbids itself scripts and addresses
outside.
"""

from pipeline.reports.write import ReportError, describe_scoring, latest_report, write_report

__all__ = ["ReportError", "describe_scoring", "latest_report", "write_report"]
