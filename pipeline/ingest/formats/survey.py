"""Surveys: NPS, CSAT, CES and free text as tables, one row per answer. Each is an event `survey_response`.

Belongs here: what an answer is, and when two rows are two answers. Not here: what becomes of answers (`marts.nps`).
"""

from __future__ import annotations

from pipeline.home.sql_text import quote
from pipeline.ingest.column_guess import guess_columns
from pipeline.ingest.formats.base import Beginning, Draft, Format, Guess
from pipeline.ingest.formats.table import columns
from pipeline.ingest.json_keys import FoundKeys, KnownKeys
from pipeline.ingest.mapping import columns_draft, json_lines_draft, row_as_text
from pipeline.ingest.text.layout import Layout
from pipeline.settings import Source

_EVENT = "survey_response"
_OF_ANSWER = ("score", "comment", "category")
_USUAL_NAMES = {
    "response_id": ("response_id", "responseid", "respondent id"),
    "score": ("nps", "nps_score", "score", "csat", "ces", "rating"),
    "comment": ("comment", "comments", "feedback", "answer", "text", "why"),
}

MACROS = (
    # `9`, `9.0`, `9/10`, `10 - extremely likely`; a score that is none stays as it is, for the line to be rejected.
    r"""create or replace temp macro survey_score(v) as case
        when regexp_matches(v, '^-?\d+([.,]\d+)?($|[^\d.,])')
        then regexp_replace(replace(regexp_extract(v, '^-?\d+([.,]\d+)?'), ',', '.'), '\.0+$', '')::json
        else to_json(v) end""",
)


def config_problem(source: Source) -> str | None:
    """What `columns` has to name."""
    if "event_at" not in source.columns:
        return "`columns` must contain event_at, when the answer was given"
    if not {"score", "comment"} & source.columns.keys():
        return "`columns` must contain score or comment"
    if not source.header and any(isinstance(theirs, str) for theirs in source.columns.values()):
        return "with header: false, `columns` must be positions (0, 1, …)"
    return None


def json_keys(source: Source) -> KnownKeys:
    """The keys that hold columns; those of the answer are taken from the properties."""
    return {"$": tuple(dict.fromkeys(_apart({c: str(theirs) for c, theirs in source.columns.items()})[0].values()))}


def _apart(taken: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The names of columns of events, and those of the answer."""
    events = {"event_id" if c == "response_id" else c: theirs for c, theirs in taken.items() if c not in _OF_ANSWER}
    return events, {c: theirs for c, theirs in taken.items() if c in _OF_ANSWER}


def draft(source: Source, layout: Layout, found: FoundKeys) -> Draft:
    """Times have the format that the config names, but for those that Parquet has as times."""
    time = source.timestamp_format
    if layout.kind == "json_lines":
        mapping, answer = _apart({canonical: str(theirs) for canonical, theirs in source.columns.items()})
        return Draft(
            lambda lines: _answers_sql(source, answer, json_lines_draft(mapping, found["$"], lines, _EVENT)),
            "line",
            time,
            time,
        )
    mapping, answer = _apart(columns(source, layout))
    if layout.type_of(mapping["event_at"]).startswith(("TIMESTAMP", "DATE")):
        time = "iso"
    return Draft(
        lambda rows: _answers_sql(source, answer, columns_draft(mapping, layout, rows, _EVENT)),
        row_as_text(layout),
        time,
        time,
    )


def _answers_sql(source: Source, answer: dict[str, str], rows: str) -> str:
    """The answer among the properties, under its own names.

    Without an id and a person, equal rows of a file are answers of several people: the first is told from the second,
    and a file that is delivered again has the same.
    """
    given = {name: f"json_extract_string(properties, {quote(_pointer(theirs))})" for name, theirs in answer.items()}
    removed = [f"{quote(theirs)}, null" for name, theirs in answer.items() if theirs != name]
    named = [f"{quote(name)}, to_json(answer_{name})" for name in answer if name != "score"]
    if "score" in answer:
        named.append("'score', survey_score(answer_score)")
    entries = ", ".join([*removed, f"'kind', {quote(source.kind)}", *named])
    values = ", ".join(f"filled({text}) as filled_{name}" for name, text in given.items())
    answers = ", ".join(f"present(filled_{name}) as answer_{name}" for name in given)
    is_score = "try_cast(json_extract_string(scored, '/score') as double)"
    allowed = f"{is_score} in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)" if source.kind == "nps" else f"{is_score} >= 0"
    fault = f"case when answer_score is not null and not coalesce({allowed}, false) then 'type_conflict' end"
    return f"""
    select
        * exclude (scored) replace (
            coalesce(fault, {fault if "score" in answer else "null"}) as fault,
            scored as properties,
            case when event_id is null and user_id is null and anonymous_id is null then concat(
                row_text, chr(31), row_number() over (partition by file_number, row_text order by line_number)
            ) else row_text end as row_text
        )
    from (
        select *, json_merge_patch(coalesce(properties, '{{}}')::json, json_object({entries}))::varchar as scored
        from (select *, {answers} from (select *, {values} from ({rows})))
    )"""


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def recognise(beginning: Beginning) -> Guess | None:
    """A table with a time and a column that is called a score or an NPS."""
    if beginning.is_json or not beginning.has_header:
        return None
    names = {name.strip().lower(): name for name in beginning.layout.columns}
    given = guess_columns(beginning).columns
    found = {c: theirs for c, theirs in given.items() if c in ("event_at", "user_id", "anonymous_id")}
    for column, usual in _USUAL_NAMES.items():
        if name := next((names[name] for name in usual if name in names), None):
            found[column] = name
    if not {"event_at", "score", "comment"} <= found.keys():
        return None
    return Guess("survey", 1.0, {"columns": found}, ("is `kind: nps` right? csat, ces and text are the others",))


FORMAT = Format(
    name="survey",
    layouts=("json_lines", "delimited", "parquet"),
    draft=draft,
    json_keys=json_keys,
    columns=columns,
    config_keys=("columns", "header", "delimiter", "kind", "header_rows", "timestamp_format"),
    config_problem=config_problem,
    may_lack_identity=True,
    recognise=recognise,
    macros=MACROS,
)
