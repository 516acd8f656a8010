"""What the comments of the tables say of the bands is what the models use."""

from pathlib import Path

import pytest
import yaml

from models.propensity import BAND_COLUMN
from models.propensity.bands import HIGH_LIFT

MODELS = Path(__file__).parents[2] / "dbt_project" / "models"


@pytest.mark.parametrize("kind", ["churn", "purchase"])
def test_the_comment_of_a_band_names_its_thresholds(kind: str) -> None:
    (table,) = yaml.safe_load((MODELS / f"ml/{kind}_scores.yml").read_text(encoding="utf-8"))["models"]
    (comment,) = [column["description"] for column in table["columns"] if column["name"] == BAND_COLUMN[kind]]
    assert HIGH_LIFT == 2 and "high from twice that rate or from half the rate of the opposite" in comment
    assert f"or as {kind}.bands says" in comment
