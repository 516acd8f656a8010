"""The constants of the simulated shop: events, transition odds, catalogue, latent types and planted effects.

Belongs here: constants and what follows from them. Not here: anything drawn for one person or one day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

DAY_MS = 86_400_000
SITE = "https://shop.example"
LOCAL_OFFSET_HOURS = 8  # visitors are in UTC+8; dates of files and of the truth are UTC

EVENTS = (
    "page_view",
    "view_item_list",
    "search",
    "view_item",
    "add_to_cart",
    "add_to_wishlist",
    "begin_checkout",
    "add_payment_info",
    "purchase",
    "share",
    "add_friend",
    "sign_up",
    "login",
    "refund",
)
(
    PAGE_VIEW,
    VIEW_LIST,
    SEARCH,
    VIEW_ITEM,
    ADD_TO_CART,
    WISHLIST,
    CHECKOUT,
    PAYMENT,
    PURCHASE,
    SHARE,
    ADD_FRIEND,
    SIGN_UP,
    LOGIN,
    REFUND,
) = range(14)
N_WALK = 11  # states of the Markov walk; sign_up, login and refund are inserted where a session needs them
END = N_WALK

# Row: current event. Columns: page list search item cart wish checkout payment purchase share friend END
_WALK = {
    PAGE_VIEW: (10, 24, 12, 22, 0, 0, 0, 0, 0, 0.8, 4, 24),
    VIEW_LIST: (6, 12, 6, 52, 0, 0, 0, 0, 0, 0.4, 1, 18),
    SEARCH: (4, 10, 14, 52, 0, 0, 0, 0, 0, 0.2, 0.5, 18),
    VIEW_ITEM: (6, 16, 8, 33, 12, 5, 0, 0, 0, 2.0, 2.0, 16),
    ADD_TO_CART: (4, 9, 4, 22, 4, 2, 44, 0, 0, 0.5, 1, 12),
    WISHLIST: (5, 16, 6, 44, 6, 3, 0, 0, 0, 1.0, 1, 16),
    CHECKOUT: (6, 2, 1, 8, 1, 0, 0, 66, 0, 0, 0, 14),
    PAYMENT: (2, 0, 0, 2, 0, 0, 4, 0, 80, 0, 0, 10),
    PURCHASE: (14, 8, 2, 8, 0, 0, 0, 0, 0, 4.0, 4, 56),
    SHARE: (10, 12, 4, 34, 2, 1, 0, 0, 0, 2.0, 2, 30),
    ADD_FRIEND: (16, 10, 4, 20, 0, 1, 0, 0, 0, 2.0, 18, 24),
}
TRANSITIONS: FloatArray = np.array([_WALK[state] for state in range(N_WALK)], dtype=np.float64)
START: FloatArray = np.array([62, 8, 4, 26], dtype=np.float64) / 100  # page_view, view_item_list, search, view_item
MAX_STEPS = 60

# Local hours 0–23: quiet night, lunch bump, evening peak.
_HOURS = (2, 1, 0.6, 0.4, 0.4, 0.7, 1.5, 3, 4, 4.5, 5, 5.5, 6.5, 5.5, 4.5, 4.5, 4.5, 5, 6, 7.5, 9, 9.5, 7.5, 4.5)
HOUR_SHARE: FloatArray = np.roll(np.array(_HOURS) / sum(_HOURS), -LOCAL_OFFSET_HOURS)  # by UTC hour
WEEKDAY_FACTOR = (0.90, 0.90, 0.95, 1.00, 1.10, 1.25, 1.15)  # Monday first


@dataclass(frozen=True)
class LatentType:
    """The hidden traits of a person; never in the logs."""

    name: str
    share: float
    daily_hazard: float
    sessions_per_day: float
    sign_up_chance: float
    intent_weight: float
    nps_mean: float


TYPES = (
    LatentType("loyal", 0.15, 0.003, 1.25, 0.60, 1.3, 9.2),
    LatentType("regular", 0.35, 0.012, 0.75, 0.50, 1.0, 8.0),
    LatentType("casual", 0.30, 0.030, 0.50, 0.35, 0.8, 7.0),
    LatentType("fickle", 0.20, 0.080, 0.50, 0.30, 0.6, 5.5),
)
SHARE_WEIGHT = 1.5  # equal for all types
# A person's visits per day: the rate of the type times a log-normal factor, within limits.
RATE_LOG_MEAN, RATE_LOG_SD = -0.405, 0.9
RATE_LIMITS = (0.02, 6.0)


@dataclass(frozen=True)
class PlantedEffect:
    """Doing `event` at least `min_count` times in the first `within_days` multiplies the churn hazard from then on."""

    event: str
    code: int
    min_count: int
    within_days: int
    hazard_multiplier: float
    is_causal: bool


# The last is a confounder: people share more only because they visit more, and frequent visitors stay.
EFFECTS = (
    PlantedEffect("add_friend", ADD_FRIEND, 2, 7, 0.40, True),
    PlantedEffect("add_to_wishlist", WISHLIST, 2, 7, 0.60, True),
    PlantedEffect("share", SHARE, 2, 7, 1.00, False),
)

CAMPAIGNS = (("", ""), ("google", "organic"), ("google", "cpc"), ("wechat", "social"), ("newsletter", "email"))
CAMPAIGN_SHARE: FloatArray = np.array([0.46, 0.22, 0.12, 0.13, 0.07])
REFERRERS = ("", "https://www.google.com/", "https://www.google.com/", "https://weixin.qq.com/", "")
DEVICE_TYPES = ("mobile", "desktop", "tablet")
USER_AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.2 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile "
    "Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
    "Safari/605.1.15",
    "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://bot.example/about)",
    "python-requests/2.32.3",
)
AGENTS_OF_TYPE = ((0, 3), (1, 4), (2, 2))
BOT_AGENTS = (5, 6)

CATEGORIES = (
    "phones",
    "laptops",
    "audio",
    "cameras",
    "kitchen",
    "furniture",
    "toys",
    "books",
    "shoes",
    "dresses",
    "beauty",
    "sports",
)
QUERY_WORDS = ("cheap", "new", "gift", "best", "red", "small", "pro", "sale")
N_PRODUCTS = 600


@dataclass(frozen=True)
class Catalogue:
    """Products with a category, a price in cents and a Zipf popularity within their category."""

    category: IntArray
    price_cents: IntArray
    by_category: tuple[IntArray, ...]
    cumulative: tuple[FloatArray, ...]

    def draw(self, rng: np.random.Generator, category: IntArray) -> IntArray:
        """Draw one product for each category."""
        u = rng.random(category.size)
        out = np.zeros(category.size, dtype=np.int64)
        for c, (products, cum) in enumerate(zip(self.by_category, self.cumulative, strict=True)):
            mask = category == c
            out[mask] = products[np.searchsorted(cum, u[mask], side="right").clip(max=products.size - 1)]
        return out


def make_catalogue(seed: int) -> Catalogue:
    """The products of one simulated shop."""
    rng = np.random.default_rng([seed, 1])
    category = np.arange(N_PRODUCTS, dtype=np.int64) % len(CATEGORIES)
    typical = rng.lognormal(4.8, 0.9, len(CATEGORIES))
    price = np.round(typical[category] * rng.lognormal(0, 0.5, N_PRODUCTS) * 100).astype(np.int64).clip(100)
    groups = tuple(np.flatnonzero(category == c).astype(np.int64) for c in range(len(CATEGORIES)))
    cumulative = []
    for products in groups:
        weight = 1.0 / np.arange(1, products.size + 1) ** 1.05
        cumulative.append(np.cumsum(weight / weight.sum()))
    return Catalogue(category, price, groups, tuple(cumulative))
