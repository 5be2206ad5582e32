{{ clv_scores(
    customers=clv_customers(
        source("clv", "orders"), var("clv_customer_id"), var("clv_date"), var("clv_amount"), var("clv_observation_end")
    ),
    states=source("clv", "clv_states"),
    horizons=var("clv_horizons"),
    days_per_unit=var("clv_days_per_unit"),
    spend=var("clv_spend"),
    margin=var("clv_margin"),
) }}
