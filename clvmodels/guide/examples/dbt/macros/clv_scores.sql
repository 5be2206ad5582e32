{# e0 makes a number a 64-bit float (in PostgreSQL, a decimal); dbt.type_float() has 32 bits in DuckDB. #}
{# Joins the predictions of each customer's state, and computes expected spend and value. #}
{% macro clv_scores(customers, states, horizons, days_per_unit, spend, margin) %}
    {% set expected_spend %}{{ clv_expected_spend(spend) }}{% endset %}
    select
        customers.customer_id,
        customers.frequency,
        customers.recency_ticks / {{ days_per_unit }}e0 as recency,
        customers.age_ticks / {{ days_per_unit }}e0 as "T",
        states.probability_alive
        {%- for horizon in horizons %},
        states.expected_purchases_{{ horizon }}
        {%- endfor %}
        {%- if spend %},
        {{ expected_spend }} as expected_spend
        {%- for horizon in horizons %},
        {{ margin }} * states.discounted_purchases_{{ horizon }} * ({{ expected_spend }}) as lifetime_value_{{ horizon }}
        {%- endfor %}
        {%- endif %}
    from ({{ customers }}) as customers
    left join {{ states }} as states
        on states.frequency = customers.frequency
        and states.recency_ticks = customers.recency_ticks
        and states.age_ticks = customers.age_ticks
{% endmacro %}

{# Gamma-Gamma: Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value", eq. 5. #}
{% macro clv_expected_spend(spend) %}
    {%- if spend -%}
    case when {{ spend.p }} * customers.monetary_count + {{ spend.q }} > 1
        then {{ spend.p }} * ({{ spend.v }} + customers.monetary_sum)
            / ({{ spend.p }} * customers.monetary_count + {{ spend.q }} - 1)
    end
    {%- endif -%}
{% endmacro %}
