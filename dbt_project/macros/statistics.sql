{# Statistics that no engine brings along. No business rule belongs here. #}

{# The p-value of a chi-square statistic with one degree of freedom: erfc(√(x/2)) by the Chebyshev fit of Numerical Recipes (Press et al.,
   "erfcc"), whose relative error is below 1.2e-7 everywhere. #}
{% macro chi_square_p(chi_square) -%}
    {%- set coefficients = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
        0.17087277] -%}
    {%- set z = 'sqrt((' ~ chi_square ~ ') / 2.0)' -%}
    {%- set t = '(1.0 / (1.0 + 0.5 * ' ~ z ~ '))' -%}
    (
        {{ t }} * exp(
            -({{ chi_square }}) / 2.0
            {%- for c in coefficients %} + {{ t ~ ' * (' if not loop.first }}{{ c }}{% endfor -%}
            {{ ')' * (coefficients | length - 1) }}
        )
    )
{%- endmacro %}

{# The chi-square statistic of a 2×2 table (no continuity correction): n cases, n_a of which are a, n_b are b, n_ab both. #}
{% macro chi_square(n, n_a, n_b, n_ab) -%}
    power(cast({{ n_ab }} as double) * {{ n }} - cast({{ n_a }} as double) * {{ n_b }}, 2)
    * {{ n }}
    / nullif(cast({{ n_a }} as double) * ({{ n }} - {{ n_a }}) * {{ n_b }} * ({{ n }} - {{ n_b }}), 0)
{%- endmacro %}

{# The least of the four counts one would expect in that table by chance; chi-square is not valid where it is below 5 (Cochran). #}
{% macro least_expected(n, n_a, n_b) -%}
    cast(least({{ n_a }}, {{ n }} - {{ n_a }}) as double) * least({{ n_b }}, {{ n }} - {{ n_b }}) / nullif({{ n }}, 0)
{%- endmacro %}
