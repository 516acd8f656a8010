"""Metrics of lists: hand-computed answers, and random input against scikit-learn and implicit."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from implicit.evaluation import ranking_metrics_at_k
from scipy.sparse import csr_matrix
from sklearn.metrics import average_precision_score, ndcg_score

from models.recommend import metrics as m

LISTS = np.array([[3, 1, 4, -1], [0, 2, -1, -1], [-1, -1, -1, -1]])
# of the third list nothing was ever found: an empty list counts, it is not left out
RELEVANT = csr_matrix(np.array([[1, 1, 0, 0, 1], [0, 0, 1, 0, 0], [1, 0, 0, 0, 0]]))
N_RELEVANT = np.array([4, 1, 1])  # one of the first person's is an item nobody knew


def test_known_answers_by_hand() -> None:
    hits = m.hits_of(LISTS, RELEVANT)
    assert hits.tolist() == [[False, True, True, False], [False, True, False, False], [False] * 4]
    assert m.recall(hits, N_RELEVANT, 3).tolist() == [2 / 4, 1.0, 0.0]
    best = 1 + 1 / math.log2(3) + 1 / 2
    assert m.ndcg(hits, N_RELEVANT, 3) == pytest.approx([(1 / math.log2(3) + 1 / 2) / best, 1 / math.log2(3), 0.0])
    assert m.average_precision(hits, N_RELEVANT, 3) == pytest.approx([(1 / 2 + 2 / 3) / 3, 1 / 2, 0.0])


def test_places_after_the_cut_do_not_count() -> None:
    hits = m.hits_of(LISTS, RELEVANT)
    assert m.recall(hits, N_RELEVANT, 1).tolist() == [0.0, 0.0, 0.0]
    assert m.average_precision(hits, N_RELEVANT, 2).tolist() == [1 / 4, 1 / 2, 0.0]


def test_a_list_that_has_ended_is_no_hit_on_the_first_item() -> None:
    everything = csr_matrix(np.ones((3, 5)))
    assert m.hits_of(LISTS, everything).sum() == (LISTS >= 0).sum()


def test_coverage_novelty_and_diversity_by_hand() -> None:
    assert m.coverage(LISTS, 10, 2) == 4 / 10  # 3, 1, 0, 2
    n_persons = np.array([8.0, 4, 2, 1, 8])
    assert m.novelty(LISTS[:2], n_persons, 8, 2) == pytest.approx([(3 + 1) / 2, (0 + 2) / 2])
    kinds = np.array([0, 1, 0, 1, 2])
    assert m.diversity(LISTS[:2], kinds, 3) == pytest.approx([2 / 3, 0.0])
    assert np.isnan(m.diversity(LISTS[2:], kinds, 3)).all()


@pytest.mark.parametrize("k", [1, 5, 10, 20])
@pytest.mark.parametrize("seed", range(4))
def test_map_ndcg_and_precision_agree_with_implicit_on_random_input(k: int, seed: int) -> None:
    """implicit evaluates only a recommender, so one returns our lists."""
    rng = np.random.default_rng(seed)
    n_persons, n_items = 60, 40
    lists = np.vstack([rng.permutation(n_items)[:20] for _ in range(n_persons)])
    relevant = csr_matrix((rng.random((n_persons, n_items)) < 0.15).astype(float))
    n_relevant = np.diff(relevant.indptr)

    class Fixed:
        def recommend(self, userid, user_items, N=10, **_):  # type: ignore[no-untyped-def]
            return lists[userid][:, :N].astype(np.int32), np.zeros((len(userid), N))

    nothing = csr_matrix((n_persons, n_items))
    theirs = ranking_metrics_at_k(Fixed(), nothing, relevant, K=k, show_progress=False, num_threads=1)
    asked = n_relevant > 0
    hits, n = m.hits_of(lists[asked], relevant[asked]), n_relevant[asked]
    assert m.ndcg(hits, n, k).mean() == pytest.approx(theirs["ndcg"], abs=1e-6)
    assert m.average_precision(hits, n, k).mean() == pytest.approx(theirs["map"], abs=1e-6)
    found = (m.recall(hits, n, k) * n).sum() / np.minimum(n, k).sum()
    assert found == pytest.approx(theirs["precision"], abs=1e-6)


@given(st.integers(0, 10_000), st.integers(2, 30), st.integers(1, 30))
def test_ndcg_and_full_average_precision_agree_with_scikit_learn(seed: int, n_items: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    lists = rng.permutation(n_items)[None, :]
    truth = rng.random((1, n_items)) < 0.3
    truth[0, rng.integers(n_items)] = True
    relevant, n = csr_matrix(truth.astype(float)), np.array([truth.sum()])
    hits = m.hits_of(lists, relevant)
    scores = np.empty((1, n_items))
    scores[0, lists[0]] = np.arange(n_items, 0, -1)
    k = min(k, n_items)
    assert m.ndcg(hits, n, k)[0] == pytest.approx(ndcg_score(truth.astype(int), scores, k=k))
    assert m.average_precision(hits, n, n_items)[0] == pytest.approx(average_precision_score(truth[0], scores[0]))
