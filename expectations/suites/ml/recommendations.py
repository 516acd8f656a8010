"""Lists of recommended items: can be shown to people, each with a reason, and nearly nobody without one."""

from expectations.checks import Probe, between, zero
from expectations.params import GateParams


def lists(params: GateParams) -> Probe:
    bought = "false" if params.allow_repeat else "true"
    return Probe(
        sql=f"""
            with lists as (
                select person_id, count(*) as n_items, max(rank) as last_rank from ml.recommendations group by person_id
            ),
            bought as (
                select distinct person_id, item_id
                from intermediate.int_person_item_days
                where is_bought and {bought}
            ),
            persons as (select person_id from marts.dim_users where not is_bot)
            select
                count(*) filter (where reason is null or reason = '' or strategy is null) as n_unexplained,
                count(*) filter (where model_version is null) as n_without_version,
                count(*) filter (where as_of_date <> date '{params.as_of_date}') as n_other_date,
                count(*) filter (where score is null or isnan(score) or score not between 0 and 1.000001)
                    as n_score_outside,
                (select count(*) from lists where last_rank <> n_items) as n_lists_with_gaps,
                (select count(*) from lists where n_items > {params.top_n}) as n_lists_too_long,
                (select count(*) from lists anti join persons using (person_id)) as n_not_for_persons,
                (select count(*) from ml.recommendations semi join bought using (person_id, item_id))
                    as n_bought_before,
                (
                    select count(*) from (select distinct item_id from ml.recommendations)
                    anti join intermediate.int_person_item_days using (item_id)
                ) as n_items_unknown,
                case when (select count(*) from intermediate.int_person_item_days) > 0 then
                    1 - (select count(*) from lists) / nullif((select count(*) from persons), 0)
                end as without_list_rate
            from ml.recommendations
        """,
        checks=[
            zero("n_unexplained", "items without a reason or a strategy"),
            zero("n_without_version", "rows without the version of the model"),
            zero("n_other_date", "rows of another date than as_of"),
            zero("n_score_outside", "scores outside 0 to 1"),
            zero("n_lists_with_gaps", "lists whose ranks do not run from 1 without a gap"),
            zero("n_lists_too_long", "lists longer than recommendations.top_n"),
            zero("n_not_for_persons", "lists for bots, or for persons who are not in marts.dim_users"),
            zero("n_bought_before", "items that the person has bought, where recommendations.allow_repeat is false"),
            zero("n_items_unknown", "items that no person ever viewed or bought"),
            # Popularity fills lists: nobody is left out, unless hardly any item is left to recommend.
            between(
                "without_list_rate",
                0,
                0.05,
                "share of persons without recommendations: few items, or nearly all of them unavailable",
                look="select strategy, count(*) from ml.recommendations group by all",
                severity="warn",
                may_be_empty=True,
            ),
        ],
    )


PROBES = (lists,)
