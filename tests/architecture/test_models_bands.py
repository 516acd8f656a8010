"""What the comments of the tables say of the bands is what the models use."""

from pathlib import Path

import pytest
import yaml

from models.propensity.scoring import BAND_COLUMN, BANDS

MODELS = Path(__file__).parents[2] / "dbt_project" / "models"


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("churn", "ml/churn_scores.yml"),
        ("purchase", "ml/purchase_scores.yml"),
        ("churn", "activation/user_profiles.yml"),
        ("purchase", "activation/user_profiles.yml"),
    ],
)
def test_the_comment_of_a_band_names_its_thresholds(kind: str, file: str) -> None:
    models = yaml.safe_load((MODELS / file).read_text(encoding="utf-8"))["models"]
    (comment,) = [
        column["description"] for model in models for column in model["columns"] if column["name"] == BAND_COLUMN[kind]
    ]
    edges = ", ".join(f"{name} from {edge:g}" for edge, name in BANDS[kind])
    assert f"{edges}, else low" in comment
