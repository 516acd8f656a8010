{# How a session came about: its source and medium, and the channel they make, after GA4's default channel group (support.google.com/
   analytics/answer/9756891, as of 2026-05: rules in this order, the first that matches; AI assistants were added 2026-05-13).
   What kind of site a source is stands in the seed channel_sources. All values are compared in lower case. #}

{# The last labels of a host: last_labels("'l.facebook.com'", 2) is facebook.com; '' where there are fewer. #}
{% macro last_labels(host, n_labels) -%} regexp_extract({{ host }}, '([^.]*[.]){{ '{' ~ (n_labels - 1) ~ '}' }}[^.]*$', 0) {%- endmacro %}

{# Of the categories that a source is listed in, the one that counts comes first: a narrower kind of site before the wider one. #}
{% macro source_priority(category) -%}
    case {{ category }}
        {%- for name in ['ai_assistant', 'shopping', 'video', 'social', 'search'] %}
        when '{{ name }}' then {{ loop.index }}
        {%- endfor %}
    end
{%- endmacro %}

{# The name of the search engine that a referrer's host belongs to, in whatever country; '' where it is none. #}
{% macro search_engine(host) -%}
    regexp_extract(
        {{ host }},
        '^(?:(?:m|search|images|cse|[a-z]{2}|(?:[a-z]{2}|espanol|malaysia)[.]search)[.])?(google|bing|yahoo|baidu|duckduckgo|yandex|sogou|ecosia|naver|daum|seznam|qwant|ask|aol|rambler)[.][a-z]{2,3}(?:[.][a-z]{2})?$',
        1
    )
{%- endmacro %}

{# The referrer is a page of the site itself, or of a host above or below it. #}
{% macro is_same_site(host, other) -%}
    ({{ host }} = {{ other }} or {{ host }} like concat('%.', {{ other }}) or {{ other }} like concat('%.', {{ host }}))
{%- endmacro %}

{# An advertisement of Google's that carries a click id instead of campaign values. #}
{% macro has_click_id(url) -%} {{ matches(url, '[?&](gclid|gbraid|wbraid)=[^&#]') }} {%- endmacro %}

{# GA4's list of media that are paid for, and of campaigns for a shop. #}
{% macro is_paid_medium(medium) -%} {{ matches(medium, '^(.*cp.*|ppc|retargeting|paid.*)$') }} {%- endmacro %}
{% macro is_shop_campaign(campaign) -%} {{ matches(campaign, '^(.*(([^a-df-z]|^)shop|shopping).*)$') }} {%- endmacro %}

{# Arguments in lower case; source and medium are known ('(not set)' where not given), campaign is '' where there is none. #}
{% macro channel(source, medium, campaign, category) -%}
    case
        when {{ source }} in ('(direct)', 'direct') and {{ medium }} in ('(none)', '(not set)') then 'direct'
        when {{ campaign }} like '%cross-network%' then 'cross_network'
        when
            ({{ category }} = 'shopping' or {{ is_shop_campaign(campaign) }})
            and {{ is_paid_medium(medium) }} then 'paid_shopping'
        {%- for kind in ['search', 'social', 'video'] %}
        when {{ category }} = '{{ kind }}' and {{ is_paid_medium(medium) }} then 'paid_{{ kind }}'
        {%- endfor %}
        when {{ medium }} in ('display', 'banner', 'expandable', 'interstitial', 'cpm') then 'display'
        when {{ is_paid_medium(medium) }} then 'paid_other'
        when
            {{ medium }} = 'ai-assistant'
            or ({{ category }} = 'ai_assistant' and {{ medium }} in ('referral', '(not set)')) then 'ai_assistant'
        when {{ category }} = 'shopping' or {{ is_shop_campaign(campaign) }} then 'organic_shopping'
        when
            {{ category }} = 'social'
            or {{ medium }} in ('social', 'social-network', 'social-media', 'sm', 'social network', 'social media')
            then 'organic_social'
        when {{ category }} = 'video' or {{ medium }} like '%video%' then 'organic_video'
        when {{ category }} = 'search' or {{ medium }} = 'organic' then 'organic_search'
        when {{ medium }} in ('referral', 'app', 'link') then 'referral'
        when
            {{ source }} in ('email', 'e-mail', 'e_mail', 'e mail')
            or {{ medium }} in ('email', 'e-mail', 'e_mail', 'e mail') then 'email'
        when {{ medium }} = 'affiliate' then 'affiliates'
        when {{ medium }} = 'audio' then 'audio'
        when {{ source }} = 'sms' or {{ medium }} = 'sms' then 'sms'
        when
            {{ medium }} like '%push' or {{ medium }} like '%mobile%' or {{ medium }} like '%notification%'
            or {{ source }} = 'firebase' then 'mobile_push'
        else 'unassigned'
    end
{%- endmacro %}
