"""Section `customer_value`: the horizon of expected orders and revenue."""

from __future__ import annotations

from pipeline.settings.types import Count, Section


class CustomerValue(Section):
    """How many days after as_of expected orders and revenue cover."""

    horizon_days: Count = 90
