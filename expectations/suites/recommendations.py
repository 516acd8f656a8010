"""Gate ml: the lists of recommended items. Judges that they can be shown to people; how good they are, models/ decides."""

from expectations.params import GateParams
from expectations.suites.base import Check, Probe, Suite, between, none_of, none_of_each


def _lists_sql(params: GateParams) -> str:
    bought = "false" if params.allow_repeat else "true"
    return f"""
        with lists as (
            select person_id, count(*) as n_items, max(rank) as last_rank from ml.recommendations group by person_id
        ),
        bought as (
            select distinct person_id, item_id from intermediate.int_person_item_days where is_bought and {bought}
        ),
        persons as (
            select person_id from marts.dim_users where not is_bot
        )
        select
            count(*) filter (where reason is null or reason = '' or strategy is null) as n_unexplained,
            count(*) filter (where model_version is null) as n_without_version,
            count(*) filter (where as_of_date <> date '{params.as_of_date}') as n_other_date,
            count(*) filter (where score is null or isnan(score) or score not between 0 and 1.000001) as n_score_outside,
            (select count(*) from lists where last_rank <> n_items) as n_lists_with_gaps,
            (select count(*) from lists where n_items > {params.top_n}) as n_lists_too_long,
            (select count(*) from lists anti join persons using (person_id)) as n_not_for_persons,
            (select count(*) from ml.recommendations semi join bought using (person_id, item_id)) as n_bought_before,
            (
                select count(*) from (select distinct item_id from ml.recommendations)
                anti join intermediate.int_person_item_days using (item_id)
            ) as n_items_unknown,
            case when (select count(*) from intermediate.int_person_item_days) > 0 then
                1 - (select count(*) from lists) / nullif((select count(*) from persons), 0)
            end as without_list_rate
        from ml.recommendations
    """


def _lists_checks(params: GateParams) -> list[Check]:
    columns = (
        "n_unexplained", "n_without_version", "n_other_date", "n_score_outside", "n_lists_with_gaps", "n_lists_too_long",
        "n_not_for_persons", "n_bought_before", "n_items_unknown",
    )  # fmt: skip
    return [
        *(none_of(column) for column in columns),
        # popularity fills lists: nobody is left out, unless hardly any item is left to recommend
        between("without_list_rate", 0, 0.05, severity="warn", may_be_empty=True),
    ]


def _similar_sql(params: GateParams) -> str:
    return f"""
        select
            count(*) filter (where item_id = similar_item_id) as n_like_themselves,
            count(*) filter (where similarity is null or similarity <= 0 or similarity > 1) as n_similarity_outside,
            count(*) filter (where as_of_date <> date '{params.as_of_date}' or model_version is null) as n_of_no_night,
            (
                select count(*) from ml.similar_items as one inner join ml.similar_items as next
                    on one.item_id = next.item_id and one.rank + 1 = next.rank
                where one.similarity < next.similarity
            ) as n_out_of_order
        from ml.similar_items
    """


SUITES: tuple[Suite, ...] = (
    Suite("ml.recommendations", "ml", (Probe("lists", _lists_sql, _lists_checks),)),
    Suite(
        "ml.similar_items",
        "ml",
        (
            Probe(
                "pairs",
                _similar_sql,
                none_of_each("n_like_themselves", "n_similarity_outside", "n_of_no_night", "n_out_of_order"),
            ),
        ),
    ),
)
