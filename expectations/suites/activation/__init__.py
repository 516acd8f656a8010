"""Gate ml, its second layer: what is made of scores and segments."""

STAGE = "ml"
