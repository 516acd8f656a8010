{# Differences between engines, one dispatch macro each; `default__` is ANSI or DuckDB. No business rule belongs here. #}

{# -- files -- #}
{% macro parquet_files(path) %}{{ return(adapter.dispatch('parquet_files', 'growthhouse')(path)) }}{% endmacro %}
{% macro default__parquet_files(path) -%}
    {%- if path is string -%} read_parquet({{ sql_string(path) }}, union_by_name = true)
    {%- else -%} read_parquet([{% for file in path %}{{ sql_string(file) }}{{ ', ' if not loop.last }}{% endfor %}], union_by_name = true)
    {%- endif -%}
{%- endmacro %}

{% macro has_files(path) %}{{ return(adapter.dispatch('has_files', 'growthhouse')(path)) }}{% endmacro %}
{% macro default__has_files(path) %}
    {% if not execute %}{{ return(true) }}{% endif %}
    {% if path is not string %}{{ return(path | length > 0) }}{% endif %}
    {% set found = run_query("select count(*) from glob(" ~ sql_string(path) ~ ")") %}
    {{ return(found.columns[0].values()[0] | int > 0) }}
{% endmacro %}

{# The columns (name: type) of Parquet files (a pattern, or a list of files), or no rows of that shape where there is no file yet. #}
{% macro parquet_or_empty(path, columns) %}
    select
    {%- set present = has_files(path) %}
    {%- for name, type in columns.items() %}
        cast({{ name if present else 'null' }} as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
    {% if present -%} from {{ parquet_files(path) }} {%- else -%} where false {%- endif %}
{% endmacro %}

{# The same for files that older versions wrote: a column that a file lacks is null. #}
{% macro parquet_history(path, columns) %}
    {%- if has_files(path) %}
    select
    {%- for name, type in columns.items() %}
        cast({{ name }} as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
    from ({{ adapter.dispatch('with_columns', 'growthhouse')(parquet_files(path), columns) }}) as kept
    {%- else %}{{ parquet_or_empty(path, columns) }}{% endif %}
{% endmacro %}
{% macro default__with_columns(files, columns) -%}
    select * from {{ files }} union all by name select
    {%- for name, type in columns.items() %} cast(null as {{ type }}) as {{ name }}{{ ',' if not loop.last }}{% endfor %} where false
{%- endmacro %}

{# -- JSON -- #}
{# An object's keys with the type of each value, as JSON: objects of the same shape give the same text. #}
{% macro json_shape(object) %}{{ return(adapter.dispatch('json_shape', 'growthhouse')(object)) }}{% endmacro %}
{% macro default__json_shape(object) -%} cast(json_structure({{ object }}) as varchar) {%- endmacro %}

{# One row per key of a shape, with columns `property` and `kind` (string, number, boolean, object, array; null where all are null). #}
{% macro keys_of_shape(relation, shape, columns) %}{{ return(adapter.dispatch('keys_of_shape', 'growthhouse')(relation, shape, columns)) }}{% endmacro %}
{% macro default__keys_of_shape(relation, shape, columns) -%}
    select
        {{ columns | join(', ') }},
        entry.key as property,
        case
            when cast(entry.value as varchar) = '"VARCHAR"' then 'string'
            when cast(entry.value as varchar) = '"BOOLEAN"' then 'boolean'
            when cast(entry.value as varchar) in ('"UBIGINT"', '"BIGINT"', '"HUGEINT"', '"UHUGEINT"', '"DOUBLE"') then 'number'
            when starts_with(cast(entry.value as varchar), '[') then 'array'
            when starts_with(cast(entry.value as varchar), '{') or cast(entry.value as varchar) = '"JSON"' then 'object'
        end as kind
    from (
        select {{ columns | join(', ') }}, unnest(map_entries(cast(cast({{ shape }} as json) as map(varchar, json)))) as entry
        from {{ relation }}
        where starts_with({{ shape }}, '{') -- an empty object is '"JSON"'
    )
{%- endmacro %}

{# -- time -- #}
{% macro is_utc() %}{{ return(var('timezone') in ['UTC', 'Etc/UTC']) }}{% endmacro %}

{# The site's wall clock of a UTC timestamp. #}
{% macro local_time(utc) %}{{ return(adapter.dispatch('local_time', 'growthhouse')(utc)) }}{% endmacro %}
{% macro default__local_time(utc) -%}
    {%- if is_utc() -%} {{ utc }}
    {%- else -%} timezone('{{ var("timezone") }}', timezone('UTC', {{ utc }})) {%- endif -%}
{%- endmacro %}

{% macro local_date(utc) -%} cast({{ local_time(utc) }} as date) {%- endmacro %}
{% macro local_hour(utc) -%} extract(hour from {{ local_time(utc) }}) {%- endmacro %}

{% macro seconds_between(earlier, later) %}{{ return(adapter.dispatch('seconds_between', 'growthhouse')(earlier, later)) }}{% endmacro %}
{% macro default__seconds_between(earlier, later) -%} ((epoch_us({{ later }}) - epoch_us({{ earlier }})) / 1000000.0::double) {%- endmacro %}

{% macro add_seconds(moment, seconds) %}{{ return(adapter.dispatch('add_seconds', 'growthhouse')(moment, seconds)) }}{% endmacro %}
{% macro default__add_seconds(moment, seconds) -%} ({{ moment }} + to_microseconds(cast(({{ seconds }}) * 1000000 as bigint))) {%- endmacro %}

{% macro add_days(day, days) %}{{ return(adapter.dispatch('add_days', 'growthhouse')(day, days)) }}{% endmacro %}
{% macro default__add_days(day, days) -%} ({{ day }} + cast({{ days }} as integer)) {%- endmacro %}

{% macro days_between(earlier, later) %}{{ return(adapter.dispatch('days_between', 'growthhouse')(earlier, later)) }}{% endmacro %}
{% macro default__days_between(earlier, later) -%} cast({{ later }} - {{ earlier }} as bigint) {%- endmacro %}

{# Of the first day of a month: the same day so many months later. #}
{% macro add_months(day, months) %}{{ return(adapter.dispatch('add_months', 'growthhouse')(day, months)) }}{% endmacro %}
{% macro default__add_months(day, months) -%} cast({{ day }} + to_months(cast({{ months }} as integer)) as date) {%- endmacro %}

{# The day as a number, for windows over so many days. #}
{% macro day_number(day) -%} {{ days_between("cast('1970-01-01' as date)", day) }} {%- endmacro %}

{# One row per day, both ends included; the column is called `day`. #}
{% macro days_from_to(first_day, last_day) %}{{ return(adapter.dispatch('days_from_to', 'growthhouse')(first_day, last_day)) }}{% endmacro %}
{% macro default__days_from_to(first_day, last_day) -%}
    select cast(unnest(generate_series(cast({{ first_day }} as timestamp), cast({{ last_day }} as timestamp), interval 1 day)) as date) as day
{%- endmacro %}

{% macro as_of_date() -%} cast('{{ var("as_of_date") }}' as date) {%- endmacro %}

{# The first instant after as_of in the site's timezone, as UTC: midnight by the offset of the day before or of the day after, so that one
   of them is right whatever changes between. Where midnight comes twice (clocks put back over it) the first one is meant; where it is
   skipped, the instant of the change. By the engine's rules of time zones, as every date is. #}
{% macro as_of_end_utc() -%}
    {%- set next_day = modules.datetime.datetime.strptime(var('as_of_date') | string, '%Y-%m-%d') + modules.datetime.timedelta(days=1) -%}
    {%- set timestamp = dbt.type_timestamp() -%}
    {%- set midnight = "cast('" ~ next_day.strftime('%Y-%m-%d %H:%M:%S') ~ "' as " ~ timestamp ~ ")" -%}
    {%- if is_utc() -%} {{ midnight }}
    {%- else -%}
    least(
        {%- for days in [-1, 1] %}
        {%- set near = "cast('" ~ (next_day + modules.datetime.timedelta(days=days)).strftime('%Y-%m-%d %H:%M:%S') ~ "' as " ~ timestamp ~ ")" %}
        {%- set start = '(' ~ midnight ~ ' - (' ~ local_time(near) ~ ' - ' ~ near ~ '))' %}
        case when {{ local_date(start) }} > {{ as_of_date() }} then {{ start }} end{{ ',' if not loop.last }}
        {%- endfor %}
    )
    {%- endif -%}
{%- endmacro %}

{# -- aggregates and windows -- #}
{# The latest value that is not null in the window that follows: `{{ last_known('x') }} over (…)`. #}
{% macro last_known(value) %}{{ return(adapter.dispatch('last_known', 'growthhouse')(value)) }}{% endmacro %}
{% macro default__last_known(value) -%} last_value({{ value }} ignore nulls) {%- endmacro %}

{# The value of the row with the least (greatest) order; rows with a null value are passed over. #}
{% macro first_by(value, order) %}{{ return(adapter.dispatch('first_by', 'growthhouse')(value, order)) }}{% endmacro %}
{% macro default__first_by(value, order) -%} arg_min({{ value }}, {{ order }}) {%- endmacro %}

{# How many different values a window holds. #}
{% macro count_distinct_over(value, window) %}{{ return(adapter.dispatch('count_distinct_over', 'growthhouse')(value, window)) }}{% endmacro %}
{% macro default__count_distinct_over(value, window) -%} count(distinct {{ value }}) over ({{ window }}) {%- endmacro %}

{# A sum that is the same whatever the order of the rows, which a sum of doubles is not: the values are added as decimals,
   those beyond ±1e18 as ±1e18. Null where no value is known. #}
{% macro stable_sum(value, digits=6) -%}
    cast(sum(cast(
        case when {{ value }} > 1e18 then 1e18 when {{ value }} < -1e18 then -1e18 else {{ value }} end as decimal(38, {{ digits }})
    )) as double)
{%- endmacro %}

{% macro quantile(value, share) %}{{ return(adapter.dispatch('quantile', 'growthhouse')(value, share)) }}{% endmacro %}
{% macro default__quantile(value, share) -%} quantile_cont({{ value }}, {{ share }}) {%- endmacro %}

{% macro median(value) -%} {{ quantile(value, 0.5) }} {%- endmacro %}

{# Whole numbers divided, the rest dropped; exact where a double is not. #}
{% macro whole_division(value, divisor) %}{{ return(adapter.dispatch('whole_division', 'growthhouse')(value, divisor)) }}{% endmacro %}
{% macro default__whole_division(value, divisor) -%} ({{ value }} // {{ divisor }}) {%- endmacro %}

{% macro any_true(condition) -%} coalesce(max(case when {{ condition }} then 1 else 0 end), 0) = 1 {%- endmacro %}

{# -- text -- #}
{# A string literal of any text. #}
{% macro sql_string(text) -%} '{{ text | string | replace("'", "''") }}' {%- endmacro %}

{# A 64-bit hash for grouping inside one query: it may collide and differs between engines, so it is never stored. #}
{% macro quick_hash(columns) %}{{ return(adapter.dispatch('quick_hash', 'growthhouse')(columns)) }}{% endmacro %}
{% macro default__quick_hash(columns) -%} hash({{ columns | join(', ') }}) {%- endmacro %}

{% macro matches(text, pattern) %}{{ return(adapter.dispatch('matches', 'growthhouse')(text, pattern)) }}{% endmacro %}
{% macro default__matches(text, pattern) -%} regexp_matches({{ text }}, '{{ pattern }}') {%- endmacro %}

{# The host of a URL in lower case without `www.`, or null. #}
{% macro url_host(url) -%} nullif(regexp_extract(lower({{ url }}), '^(?:[a-z]+:)?//(?:www[.])?([^/:?#]+)', 1), '') {%- endmacro %}

{# A number written as text; null where it is none. #}
{% macro number_in_text(text) -%} try_cast({{ text }} as double) {%- endmacro %}

{% macro json_text(json, key) %}{{ return(adapter.dispatch('json_text', 'growthhouse')(json, key)) }}{% endmacro %}
{% macro default__json_text(json, key) -%} json_extract_string({{ json }}, '$."{{ key }}"') {%- endmacro %}

{# The list under a key of an object, as JSON; null where there is none. #}
{% macro json_list(json, key) %}{{ return(adapter.dispatch('json_list', 'growthhouse')(json, key)) }}{% endmacro %}
{% macro default__json_list(json, key) -%}
    case when json_type({{ json }}, '$."{{ key }}"') = 'ARRAY' then json_extract({{ json }}, '$."{{ key }}"') end
{%- endmacro %}

{# Rows of a list in JSON: its entries, to be unnested. #}
{% macro json_entries(list) %}{{ return(adapter.dispatch('json_entries', 'growthhouse')(list)) }}{% endmacro %}
{% macro default__json_entries(list) -%} unnest(json_extract({{ list }}, '$[*]')) {%- endmacro %}

{# The position of each of these rows, from 1. #}
{% macro json_positions(list) %}{{ return(adapter.dispatch('json_positions', 'growthhouse')(list)) }}{% endmacro %}
{% macro default__json_positions(list) -%} unnest(range(1, cast(json_array_length({{ list }}) as bigint) + 1)) {%- endmacro %}

{% macro epoch_micros(moment) %}{{ return(adapter.dispatch('epoch_micros', 'growthhouse')(moment)) }}{% endmacro %}
{% macro default__epoch_micros(moment) -%} epoch_us({{ moment }}) {%- endmacro %}

{# -- conditions of the config -- #}
{# Null where a value of the row makes the expression raise an error: no event may stop a night. #}
{% macro null_on_error(expression) %}{{ return(adapter.dispatch('null_on_error', 'growthhouse')(expression)) }}{% endmacro %}
{% macro default__null_on_error(expression) -%} try({{ expression }}) {%- endmacro %}

{# -- the session -- #}
{# A variable of the session, set with `set variable`. The engine treats it as a constant of the query. #}
{% macro session_variable(name) %}{{ return(adapter.dispatch('session_variable', 'growthhouse')(name)) }}{% endmacro %}
{% macro default__session_variable(name) -%} getvariable('{{ name }}') {%- endmacro %}

{# A text with single spaces, and none at its ends. #}
{% macro single_spaced(text) %}{{ return(adapter.dispatch('single_spaced', 'growthhouse')(text)) }}{% endmacro %}
{% macro default__single_spaced(text) -%} trim(regexp_replace({{ text }}, '[[:space:]]+', ' ', 'g')) {%- endmacro %}
