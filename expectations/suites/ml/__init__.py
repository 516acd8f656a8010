"""Gate ml: model output, untyped until here. Whether a model is good enough to be used, models/ decides."""

STAGE = "ml"
