"""Lists of small hand-computed cases: order, filters, fall-backs, reasons."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recommend_frames import EVENTS, catalogue, dense, model_of, no_factors, touched
from scipy.sparse import csr_matrix

from models.recommend import RECOMMENDATION_COLUMNS, recommend, similar_items
from models.recommend.cooccurrence import DAMPING, cooccurrence_scores, neighbours_of
from models.recommend.factorisation import CONFIDENCE, REGULARISATION, ItemFactors, person_factors
from models.recommend.matrix import scaled_by_row, strongest_of_row
from models.recommend.rank import NO_BLEND, STRATEGIES, Blend, rank, recency_scores, recommender

AGAIN, TOGETHER, FACTORS, CATEGORY = (tuple(float(i == j) for j in range(4)) for i in range(4))


def shown(known, model, blend: Blend, n: int = 3):  # type: ignore[no-untyped-def]
    """Item ids of each person's list."""
    lists = rank(known, model, blend, n)
    return ["".join(model.catalogue.items[i] for i in row if i >= 0) for row in lists.items]


def test_similarity_is_the_cosine_of_damped_columns() -> None:
    """By hand: two persons who touched everything alike count each ln(1 + 1) ln(1 + 3/2); length² 2x² + damping x²."""
    known = touched([(0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 1)], 2, 3)
    expected = round(2 / (2 + DAMPING), 6)
    assert dense(neighbours_of(known.weights)) == [[0, expected, 0], [expected, 0, 0], [0, 0, 0]]


def test_who_touches_everything_says_less_about_a_pair_than_who_touches_two() -> None:
    picky = [(0, 0, 1.0), (0, 1, 1.0)]
    greedy = [(1, item, 1.0) for item in (1, 2, 3, 4, 5, 6, 7)]
    together = neighbours_of(touched(picky + greedy, 2, 8).weights).toarray()
    assert together[1, 0] > together[1, 2] > 0


def test_scores_add_up_over_what_a_person_touched() -> None:
    near = csr_matrix(np.array([[0, 0.5, 0.2], [0, 0, 0.1], [0, 0, 0]]))
    weights = touched([(0, 0, np.e - 1), (0, 1, np.e - 1)], 1, 3).weights
    assert dense(cooccurrence_scores(weights, near)) == [[0, 0.5, 0.3]]


def test_person_factors_solve_the_weighted_least_squares_of_the_paper() -> None:
    """(YᵀY + Yᵀ(C − I)Y + λI) x = YᵀC p, solved here by numpy on dense matrices."""
    rng = np.random.default_rng(3)
    y = rng.normal(size=(5, 3)).astype(np.float32)
    known = touched([(0, 1, 2.0), (0, 4, 0.5)], 1, 5)
    c = 1 + CONFIDENCE * np.log1p(known.weights.toarray()[0])
    p = known.weights.toarray()[0] > 0
    expected = np.linalg.solve(y.T @ (c[:, None] * y) + REGULARISATION * np.eye(3), y.T @ (c * p))
    found = person_factors(known.weights, ItemFactors(np.arange(5), y))
    assert found[0] == pytest.approx(expected, rel=1e-3)


def test_what_was_bought_is_never_recommended_however_long_ago() -> None:
    items = catalogue([0, 0, 0, 0], [9, 8, 7, 6])
    known = touched([(0, 1, 5.0)], 2, 4, bought={(0, 0), (0, 1)})
    model = model_of(items, known)
    for blend in (NO_BLEND, AGAIN, TOGETHER, FACTORS, CATEGORY):
        assert shown(known, model, blend) == ["cd", "abc"]


def test_with_allow_repeat_what_was_bought_may_be_recommended() -> None:
    items = catalogue([0, 0, 0, 0], [9, 8, 7, 6])
    known = touched([(0, 1, 5.0)], 1, 4, bought={(0, 1)})
    assert shown(known, model_of(items, known, allow_repeat=True), AGAIN) == ["bac"]


@pytest.mark.parametrize("blend", [NO_BLEND, AGAIN, TOGETHER, FACTORS, CATEGORY])
def test_what_is_not_available_is_never_recommended(blend: Blend) -> None:
    entries = [(p, i, 1.0) for p in range(3) for i in range(4)]
    items = catalogue([0, 0, 1, 1], [9, 8, 7, 6], gone=(0, 2))
    known = touched(entries, 3, 4)
    assert set("".join(shown(known, model_of(items, known), blend))) == {"b", "d"}


def test_who_has_no_history_gets_what_is_popular_ties_by_id() -> None:
    items = catalogue([0, 0, 0, 0], [1, 5, 5, 0])
    known = touched([(0, 3, 1.0)], 2, 4)
    assert shown(known, model_of(items, known), AGAIN) == ["dbc", "bca"]


def test_popularity_fills_a_list_that_purchases_thin_out() -> None:
    """Ten popular items were bought, and the list is still full."""
    items = catalogue([-1] * 14, [float(20 - i) for i in range(14)])
    known = touched([], 1, 14, bought={(0, i) for i in range(10)})
    assert shown(known, model_of(items, known), NO_BLEND, n=4) == ["klmn"]


def test_the_favourite_category_comes_first_each_by_its_most_popular_items() -> None:
    items = catalogue([0, 0, 1, 1], [9, 8, 3, 4])
    known = touched([(0, 2, 9.0), (0, 0, 1.0)], 1, 4)
    assert shown(known, model_of(items, known), CATEGORY, n=4) == ["dcab"]


def test_what_was_touched_last_is_first_by_recency() -> None:
    known = touched([(0, 2, 1.0), (0, 0, 1.0), (0, 1, 1.0)], 1, 3)
    assert dense(recency_scores(known)) == [[0.5, 1.0, round(1 / 3, 6)]]


def test_a_blend_adds_strategies_that_are_scaled_within_a_person() -> None:
    items = catalogue([0, 0, 0, 1], [1, 1, 1, 1])
    known = touched([(0, 0, 8.0), (0, 3, 1.0)], 1, 4)
    near = csr_matrix(np.array([[0, 0.001, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0.001, 0]]))
    model = recommender(items, near, no_factors())
    # scaled, the neighbour of a has 1 from co-occurrence although similarities are tiny
    lists = rank(known, model, (0.5, 0.5, 0.0, 0.0), 4)
    low = np.log1p(1.0) / np.log1p(8.0)
    assert [model.catalogue.items[i] for i in lists.items[0]] == ["a", "b", "c", "d"]
    assert lists.scores[0] == pytest.approx([0.5, 0.5, low / 2, low / 2], abs=1e-6)
    assert [STRATEGIES[s] for s in lists.strategies[0]] == ["recently_viewed", "co_occurrence"] * 1 + [
        "co_occurrence",
        "recently_viewed",
    ]


def explained(blend: Blend) -> dict[str, tuple[str, str]]:
    """Item → strategy and reason, of a person who viewed a and c and bought b."""
    items = catalogue([0, 0, 1, 1, 1], [5, 4, 3, 2, 1])
    learned = touched(
        [(p, i, 1.0) for p in range(4) for i in (0, 3)] + [(p, i, 1.0) for p in range(4, 9) for i in (1, 4)], 9, 5
    )
    known = touched([(0, 0, 1.0), (0, 2, 3.0), (0, 1, 5.0)], 1, 5, bought={(0, 1)})
    found = recommend(["p"], known, model_of(items, learned), blend, 5, EVENTS, date(2026, 1, 31), "v")
    assert list(found.columns) == RECOMMENDATION_COLUMNS
    assert list(found["rank"]) == list(range(1, len(found) + 1))
    return {row.item_id: (row.strategy, row.reason) for row in found.itertuples()}


@pytest.mark.parametrize(
    ("blend", "item", "strategy", "reason"),
    [
        (AGAIN, "a", "recently_viewed", "you viewed it lately"),
        (TOGETHER, "d", "co_occurrence", "because you viewed a"),
        (TOGETHER, "e", "co_occurrence", "because you bought b"),
        (FACTORS, "d", "factorisation", "because you viewed a"),
        (FACTORS, "e", "factorisation", "because you bought b"),
        (CATEGORY, "d", "category_popularity", "popular in category kind1, because you viewed c"),
        (CATEGORY, "c", "category_popularity", "popular in category kind1"),
        (NO_BLEND, "a", "popularity", "popular in the last 30 days"),
    ],
)
def test_a_reason_names_the_item_that_led_to_it(blend: Blend, item: str, strategy: str, reason: str) -> None:
    assert explained(blend)[item] == (strategy, reason)


def test_similar_items_are_in_order_and_name_nothing_that_is_gone() -> None:
    near = csr_matrix(np.array([[0, 0.2, 0.9, 0.2], [0.2, 0, 0, 0], [0.9, 0, 0, 0], [0.2, 0, 0, 0]]))
    found = similar_items(recommender(catalogue([0] * 4, gone=(2,)), near, no_factors()), date(2026, 1, 31), "v", n=2)
    assert [tuple(r) for r in found[["item_id", "rank", "similar_item_id", "similarity"]].to_numpy()] == [
        ("a", 1, "b", 0.2),
        ("a", 2, "d", 0.2),
        ("b", 1, "a", 0.2),
        ("c", 1, "a", 0.9),
        ("d", 1, "a", 0.2),
    ]


def test_without_any_interaction_there_are_no_lists_and_no_error() -> None:
    known = touched([], 3, 0)
    model = model_of(catalogue([]), known)
    assert len(recommend(["a", "b", "c"], known, model, TOGETHER, 10, EVENTS, date(2026, 1, 31), "v")) == 0
    assert len(similar_items(model, date(2026, 1, 31), "v")) == 0


ENTRIES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 11), st.floats(0.1, 50)), max_size=60)


@given(
    ENTRIES, st.sets(st.tuples(st.integers(0, 5), st.integers(0, 11))), st.sets(st.integers(0, 11)), st.integers(0, 34)
)
def test_no_list_repeats_an_item_or_holds_one_bought_or_gone(
    entries: list[tuple[int, int, float]], bought: set[tuple[int, int]], gone: set[int], number: int
) -> None:
    entries = list({(p, i): (p, i, w) for p, i, w in entries}.values())
    known = touched(entries, 6, 12, bought)
    blend = (
        [
            *(
                tuple(x / 4 for x in (a, b, c, 4 - a - b - c))
                for a in range(5)
                for b in range(5 - a)
                for c in range(5 - a - b)
            )
        ]
    )[number]
    items = catalogue([i % 3 for i in range(12)], [float(i) for i in range(12)], gone=tuple(gone))
    lists = rank(known, model_of(items, known), blend, 5)
    for person, row in enumerate(lists.items):
        present = row[row >= 0]
        assert len(set(present)) == len(present)
        assert not {(person, i) for i in present} & bought
        assert not set(present) & gone
        # all there is to recommend is there: at least the popular items that are left
        assert len(present) == min(5, sum((person, i) not in bought and i not in gone for i in range(12)))
        scores = lists.scores[person][row >= 0]
        assert (np.diff(scores) <= 0).all() and (scores <= 1 + 1e-6).all()


@given(st.lists(st.lists(st.floats(0, 9), min_size=4, max_size=4), min_size=1, max_size=5), st.integers(1, 4))
def test_the_strongest_of_a_row_are_those_a_sort_gives(rows: list[list[float]], n: int) -> None:
    matrix = csr_matrix(np.array(rows))
    kept = strongest_of_row(matrix, n).toarray()
    for row, found in zip(rows, kept, strict=True):
        assert sorted(found[found > 0]) == sorted(sorted((x for x in row if x > 0), reverse=True)[:n])
    assert scaled_by_row(matrix).max() in (0.0, 1.0)
