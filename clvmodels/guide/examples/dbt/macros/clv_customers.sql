{# One row per customer as of a day: the keys of the customer's state (repeat purchases, whole days) and money. #}
{% macro clv_customers(orders, customer_id, date, amount, observation_end) %}
    select
        bought.customer_id,
        bought.days - 1 as frequency,
        {{ dbt.datediff("bought.first_day", "bought.last_day", "day") }} as recency_ticks,
        {{ dbt.datediff("bought.first_day", "cast('" ~ observation_end ~ "' as date)", "day") }} as age_ticks,
        bought.days - 1 as monetary_count,
        coalesce(paid.monetary_sum, 0) as monetary_sum
    from (
        select
            {{ customer_id }} as customer_id,
            min(cast({{ date }} as date)) as first_day,
            max(cast({{ date }} as date)) as last_day,
            count(distinct cast({{ date }} as date)) as days
        from {{ orders }}
        where {{ customer_id }} is not null and cast({{ date }} as date) <= cast('{{ observation_end }}' as date)
        group by {{ customer_id }}
    ) as bought
    left join (
        -- money of repeat purchases only: the first day is not counted
        select log_rows.{{ customer_id }} as customer_id, sum(log_rows.{{ amount }}) as monetary_sum
        from {{ orders }} as log_rows
        inner join (
            select {{ customer_id }} as customer_id, min(cast({{ date }} as date)) as first_day
            from {{ orders }}
            group by {{ customer_id }}
        ) as firsts on firsts.customer_id = log_rows.{{ customer_id }}
        where
            cast(log_rows.{{ date }} as date) > firsts.first_day
            and cast(log_rows.{{ date }} as date) <= cast('{{ observation_end }}' as date)
        group by log_rows.{{ customer_id }}
    ) as paid on paid.customer_id = bought.customer_id
{% endmacro %}
