"""Every channel of GA4's default channel group by hand: what a session's landing event says, and the channel.

The rules are read from support.google.com/analytics/answer/9756891 (May 2026), top down, the first that matches.
"""

from __future__ import annotations

from typing import Any

from tests.conformance.harness import Line, line

_SITE = "https://www.shop.example/p"


def _utm(source: str | None = None, medium: str | None = None, campaign: str | None = None) -> dict[str, Any]:
    given = {"utm_source": source, "utm_medium": medium, "utm_campaign": campaign}
    return {key: value for key, value in given.items() if value is not None}


def _from(referrer: str, url: str = _SITE) -> dict[str, Any]:
    return {"context": {"page": {"url": url, "referrer": referrer}}}


CHANNELS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "direct"),
    "direct_by_name": (_utm("(direct)", "(none)"), "direct"),
    "own_pages": (_from("https://www.shop.example/q"), "direct"),
    "a_host_of_the_site_below": (_from("https://pay.shop.example/q"), "direct"),
    "a_host_that_only_ends_alike": (_from("https://myshop.example/q"), "referral"),
    "cross_network_goes_before_paid": (_utm("google", "cpc", "x-Cross-Network-y"), "cross_network"),
    "paid_shop_by_source": (_utm("amazon.com", "cpc"), "paid_shopping"),
    "paid_shop_by_campaign": (_utm("google", "cpc", "Summer-Shopping"), "paid_shopping"),
    # [^a-df-z]shop: of the letters only e may stand before it
    "workshop_is_no_shop_campaign": (_utm("google", "cpc", "workshop"), "paid_search"),
    "eshop_is_a_shop_campaign": (_utm("leaflet", "link", "eshop"), "organic_shopping"),
    "paid_search": (_utm("google", "cpc"), "paid_search"),
    "paid_search_with_cpm": (_utm("bing", "cpm"), "paid_search"),
    "paid_search_in_capitals": (_utm("Google", "CPC"), "paid_search"),
    "retargeting_is_paid": (_utm("yahoo", "retargeting"), "paid_search"),
    "click_id_is_paid_search": (_from("https://www.google.com/", _SITE + "?gclid=abc"), "paid_search"),
    "paid_social": (_utm("facebook", "paid_social"), "paid_social"),
    "paid_social_by_host": (_utm("l.facebook.com", "ppc"), "paid_social"),
    "paid_video": (_utm("youtube.com", "cpv-cpx"), "paid_video"),
    "display": (_utm("somewhere", "banner"), "display"),
    "cpm_of_no_known_site_is_display": (_utm("somewhere", "cpm"), "display"),
    "paid_other": (_utm("somewhere", "cpc"), "paid_other"),
    "organic_shopping_by_source": (_utm("etsy.com", "referral"), "organic_shopping"),
    "organic_shopping_by_referrer": (_from("https://www.ebay.co.uk/itm/1"), "organic_shopping"),
    "organic_social_by_medium": (_utm("leaflet", "social-media"), "organic_social"),
    "organic_social_by_source": (_utm("instagram", None), "organic_social"),
    "organic_social_by_referrer": (_from("https://l.facebook.com/l.php?u=x"), "organic_social"),
    "organic_social_added_site": (_from("https://weixin.qq.com/"), "organic_social"),
    "facebook_in_another_name_is_none": (_from("https://notfacebook.com/"), "referral"),
    "organic_video_by_medium": (_utm("leaflet", "my_video_x"), "organic_video"),
    "organic_video_by_referrer": (_from("https://m.youtube.com/watch?v=1"), "organic_video"),
    "organic_search_by_medium": (_utm("some engine", "organic"), "organic_search"),
    "organic_search_by_referrer": (_from("https://www.google.com/"), "organic_search"),
    "organic_search_in_another_country": (_from("https://www.google.co.uk/search?q=x"), "organic_search"),
    "organic_search_of_baidu_mobile": (_from("https://m.baidu.com/s?wd=x"), "organic_search"),
    "shopping_at_a_search_engine": (_from("https://shopping.yahoo.co.jp/x"), "organic_shopping"),
    "groups_of_a_search_engine_are_social": (_from("https://groups.google.com/g/x"), "organic_social"),
    "log_in_at_google_is_no_search": (_from("https://accounts.google.com/o/oauth2"), "referral"),
    "google_as_part_of_another_host": (_from("https://google.evil.example/"), "referral"),
    "ai_assistant_by_referrer": (_from("https://chatgpt.com/"), "ai_assistant"),
    "gemini_is_no_search": (_from("https://gemini.google.com/app"), "ai_assistant"),
    "ai_assistant_by_medium": (_utm("somewhere", "ai-assistant"), "ai_assistant"),
    "ai_assistant_names_itself_as_source": (_utm("chatgpt.com"), "ai_assistant"),
    "paid_at_an_ai_assistant_stays_paid": (_utm("chatgpt.com", "cpc"), "paid_other"),
    "referral_by_medium": (_utm("partner.example", "link"), "referral"),
    "referral_by_referrer": (_from("https://blog.example/post"), "referral"),
    "email_by_medium": (_utm("newsletter", "E-Mail"), "email"),
    "email_by_source": (_utm("e_mail", "letter"), "email"),
    "newsletter_alone_is_unassigned": (_utm("newsletter", "newsletter"), "unassigned"),
    "affiliates": (_utm("partner", "affiliate"), "affiliates"),
    "affiliates_in_the_plural_are_unassigned": (_utm("partner", "affiliates"), "unassigned"),
    "audio": (_utm("podcast", "audio"), "audio"),
    "sms_by_source": (_utm("sms", "text"), "sms"),
    "sms_by_medium": (_utm("crm", "sms"), "sms"),
    "push_by_ending": (_utm("crm", "webpush"), "mobile_push"),
    "push_by_notification": (_utm("crm", "app-notification-x"), "mobile_push"),
    "push_by_firebase": (_utm("firebase", "campaign"), "mobile_push"),
    "pushed_is_none": (_utm("crm", "pushed"), "unassigned"),
    "campaign_without_source_and_medium": (_utm(campaign="spring"), "unassigned"),
}


def channel_lines() -> list[Line]:
    """One landing per case, of person `channel/case`."""
    return [
        line(f"channel/{name}", "page_view", "2025-05-05T10:00:00Z", **said) for name, (said, _) in CHANNELS.items()
    ]
