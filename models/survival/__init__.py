"""Survival of persons: how long until they leave, by group."""

from models.survival.kaplan_meier import SurvivalCurve, curves_by_group, kaplan_meier, survival_curves

__all__ = ["SurvivalCurve", "curves_by_group", "kaplan_meier", "survival_curves"]
