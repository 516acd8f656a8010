"""The archive of a scikit-learn model is the same bytes for the same model."""

import skops.io
from sklearn.linear_model import LogisticRegression

from models.propensity.algorithms.skops_file import stable_archive


def test_stable_archive_is_idempotent() -> None:
    content = skops.io.dumps(LogisticRegression().fit([[0.0], [1.0]], [0, 1]))
    assert stable_archive(stable_archive(content)) == stable_archive(content)
