"""Segments of persons: rules, clusters that keep their numbers from night to night, and RFM scores."""

from models.segments.segmentation import SegmentResult, SegmentRules, segment_users

__all__ = ["SegmentResult", "SegmentRules", "segment_users"]
