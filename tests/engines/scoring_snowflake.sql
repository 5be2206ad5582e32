WITH log_rows AS (SELECT CASE WHEN LOWER(TRIM("customer_id", '	\n\r                  　​‎‏⁠﻿')) IN ('', 'guest', 'GUEST', 'Guest', 'it\'s', 'IT\'S', 'It\'S') OR TRIM("customer_id", '	\n\r                  　​‎‏⁠﻿') IN ('', 'guest', 'GUEST', 'Guest', 'it\'s', 'IT\'S', 'It\'S') THEN NULL ELSE TRIM("customer_id", '	\n\r                  　​‎‏⁠﻿') END AS customer_id, CAST(DATEDIFF(DAY, DATE '1970-01-01', CAST(CAST(CONVERT_TIMEZONE('Europe/Paris', "date") AS TIMESTAMP_NTZ) AS DATE)) AS BIGINT) AS tick, CAST("amount" AS DOUBLE) AS amount FROM orders),
rows_with_id AS (
  SELECT
    *
  FROM log_rows
  WHERE
    NOT customer_id IS NULL AND tick <= 10134
), coarse AS (
  SELECT
    *,
    CAST(FLOOR(amount * CAST(64 AS DOUBLE)) AS BIGINT) AS money_1
  FROM rows_with_id
), left_over AS (
  SELECT
    customer_id,
    tick,
    money_1,
    amount - CAST(money_1 AS DOUBLE) / CAST(64 AS DOUBLE) AS rest
  FROM coarse
), fine AS (
  SELECT
    *,
    CAST(FLOOR(rest * CAST(8589934592 AS DOUBLE)) AS BIGINT) AS money_2
  FROM left_over
), purchases AS (
  SELECT
    customer_id,
    tick,
    COUNT(*) AS tick_rows,
    CAST(SUM(money_1) AS BIGINT) AS money_1,
    CAST(SUM(money_2) AS BIGINT) AS money_2,
    CAST(SUM(
      CAST(FLOOR(
        (
          rest - CAST(money_2 AS DOUBLE) / CAST(8589934592 AS DOUBLE)
        ) * CAST(1152921504606846976 AS DOUBLE) + CAST(0.5 AS DOUBLE)
      ) AS BIGINT)
    ) AS BIGINT) AS money_3
  FROM fine
  GROUP BY
    customer_id,
    tick
), reduced AS (
  SELECT
    customer_id,
    CAST(COUNT(*) AS BIGINT) AS purchases,
    CAST(MIN(tick) AS BIGINT) AS first_tick,
    CAST(MAX(tick) AS BIGINT) AS last_tick,
    CAST(SUM(tick_rows) AS BIGINT) AS customer_rows,
    CAST(SUM(money_1) - MIN_BY(money_1, tick) AS BIGINT) AS money_1,
    CAST(SUM(money_2) - MIN_BY(money_2, tick) AS BIGINT) AS money_2,
    CAST(SUM(money_3) - MIN_BY(money_3, tick) AS BIGINT) AS money_3
  FROM purchases
  GROUP BY
    customer_id
), customers AS (
  SELECT
    customer_id,
    purchases - 1 AS frequency,
    last_tick - first_tick AS recency_ticks,
    10134 - first_tick AS age_ticks,
    purchases - 1 AS monetary_count,
    CAST(money_1 AS DOUBLE) / CAST(64 AS DOUBLE) + CAST(money_2 AS DOUBLE) / CAST(8589934592 AS DOUBLE) + CAST(money_3 AS DOUBLE) / CAST(1152921504606846976 AS DOUBLE) AS monetary_sum
  FROM reduced
)
SELECT
  customers.customer_id,
  customers.frequency,
  CAST(customers.recency_ticks AS DOUBLE) / CAST(7.0 AS DOUBLE) AS recency,
  CAST(customers.age_ticks AS DOUBLE) / CAST(7.0 AS DOUBLE) AS T,
  CASE WHEN monetary_count > 0 THEN monetary_sum / CAST(monetary_count AS DOUBLE) END AS monetary_value,
  monetary_count,
  states.probability_alive,
  states.expected_purchases_12_months
FROM customers
LEFT JOIN states AS states
  ON customers.frequency = states.frequency
  AND customers.recency_ticks = states.recency_ticks
  AND customers.age_ticks = states.age_ticks
