-- transactions
WITH log_rows AS (SELECT CAST(24 * DATEDIFF(CAST(`date` AS DATE), DATE '1970-01-01') + EXTRACT(HOUR FROM `date`) AS BIGINT) AS tick, CASE WHEN LOWER(TRIM(BOTH '	\n\r                  　​‎‏⁠﻿' FROM `customer_id`)) IN ('', 'guest', 'GUEST', 'Guest', 'it\'s', 'IT\'S', 'It\'S') OR TRIM(BOTH '	\n\r                  　​‎‏⁠﻿' FROM `customer_id`) IN ('', 'guest', 'GUEST', 'Guest', 'it\'s', 'IT\'S', 'It\'S') THEN NULL ELSE TRIM(BOTH '	\n\r                  　​‎‏⁠﻿' FROM `customer_id`) END AS customer_id, `date` AS date, CASE WHEN LOWER(TRIM(BOTH '	\n\r                  　​‎‏⁠﻿' FROM `order_id`)) IN ('', 'guest', 'GUEST', 'Guest', 'it\'s', 'IT\'S', 'It\'S') OR TRIM(BOTH '	\n\r                  　​‎‏⁠﻿' FROM `order_id`) IN ('', 'guest', 'GUEST', 'Guest', 'it\'s', 'IT\'S', 'It\'S') THEN NULL ELSE TRIM(BOTH '	\n\r                  　​‎‏⁠﻿' FROM `order_id`) END AS order_id, CAST(`quantity` AS DOUBLE) AS quantity, CAST(`price` AS DOUBLE) AS price, `product` AS product, `status` AS status, LOWER(TRIM(BOTH '	\n\r                  　​‎‏⁠﻿' FROM CAST(`test` AS STRING))) AS test_word, `test` AS test, CAST(`discount` AS DOUBLE) AS discount, `note` AS other_0 FROM orders),
costs AS (
  SELECT
    *,
    quantity * price * (
      CAST(1 AS DOUBLE) - COALESCE(ABS(discount), CAST(0 AS DOUBLE)) / CAST(1.0 AS DOUBLE)
    ) AS paid,
    CAST(NULL AS DOUBLE) AS paid_back
  FROM log_rows
), parts AS (
  SELECT
    *,
    CASE
      WHEN ABS(paid) <= CAST(1000000000000.0 AS DOUBLE)
      THEN CAST(FLOOR(ABS(paid)) AS BIGINT)
    END AS whole,
    CASE
      WHEN ABS(paid) <= CAST(1000000000000.0 AS DOUBLE)
      THEN CAST(FLOOR(
        (
          ABS(paid) - FLOOR(ABS(paid))
        ) * CAST(1000000 AS DOUBLE) + CAST(0.5 AS DOUBLE)
      ) AS BIGINT)
    END AS micro,
    CASE
      WHEN ABS(paid_back) <= CAST(1000000000000.0 AS DOUBLE)
      THEN CAST(FLOOR(ABS(paid_back)) AS BIGINT)
    END AS refund_whole,
    CASE
      WHEN ABS(paid_back) <= CAST(1000000000000.0 AS DOUBLE)
      THEN CAST(FLOOR(
        (
          ABS(paid_back) - FLOOR(ABS(paid_back))
        ) * CAST(1000000 AS DOUBLE) + CAST(0.5 AS DOUBLE)
      ) AS BIGINT)
    END AS refund_micro
  FROM costs
), signed AS (
  SELECT
    tick,
    customer_id,
    date,
    order_id,
    quantity,
    price,
    product,
    status,
    test,
    discount,
    other_0,
    test_word,
    paid,
    whole * CASE
      WHEN paid < 0
      OR (
        COALESCE(quantity < 0, FALSE)
        OR COALESCE(SUBSTRING(CAST(order_id AS STRING), 1, 1) = 'C', FALSE)
      )
      THEN -1
      ELSE 1
    END AS whole,
    micro * CASE
      WHEN paid < 0
      OR (
        COALESCE(quantity < 0, FALSE)
        OR COALESCE(SUBSTRING(CAST(order_id AS STRING), 1, 1) = 'C', FALSE)
      )
      THEN -1
      ELSE 1
    END AS micro,
    CASE WHEN refund_whole > 0 OR refund_micro > 0 THEN refund_whole END AS refund_whole,
    CASE WHEN refund_whole > 0 OR refund_micro > 0 THEN refund_micro END AS refund_micro,
    paid_back
  FROM parts
), marked AS (
  SELECT
    *,
    CASE
      WHEN customer_id IS NULL
      THEN 0
      WHEN (
        COALESCE(CAST(status AS STRING) IN ('cancelled'), FALSE)
      )
      OR (
        FALSE AND refund_whole IS NULL
      )
      THEN 2
      WHEN COALESCE(
        test_word IN (
          'true',
          't',
          '1',
          '1.0',
          'yes',
          'y',
          'x',
          'ja',
          'oui',
          'si',
          'sí',
          'sim',
          '是',
          'はい',
          'test',
          'wahr',
          'vrai'
        ),
        FALSE
      )
      THEN 3
      WHEN quantity IS NULL OR price IS NULL
      THEN 5
      WHEN COALESCE(CAST(customer_id AS STRING) IN ('k7'), FALSE)
      THEN 6
      WHEN COALESCE(CAST(product AS STRING) IN ('POST', 'it\'s'), FALSE)
      THEN 7
      ELSE -1
    END AS rule
  FROM signed
), numbered_items AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY rule, customer_id, date, order_id, quantity, price, product, status, test, discount, other_0
      ORDER BY tick NULLS LAST
    ) AS copy_number
  FROM marked
), items AS (
  SELECT
    customer_id,
    date,
    order_id,
    quantity,
    price,
    product,
    status,
    test,
    discount,
    other_0,
    tick,
    paid,
    whole,
    micro,
    refund_whole,
    refund_micro,
    CASE
      WHEN rule = -1 AND copy_number > 1 AND NOT order_id IS NULL
      THEN 8
      WHEN rule = -1 AND whole = 0 AND micro = 0 AND refund_whole IS NULL
      THEN 17
      ELSE rule
    END AS rule
  FROM numbered_items
), own_items AS (
  SELECT
    items.*
  FROM items
  LEFT JOIN own_customers AS elsewhere
    ON items.customer_id = elsewhere.customer_id
  WHERE
    elsewhere.customer_id IS NULL
), lines AS (
  SELECT
    *
  FROM own_items
  WHERE
    rule = -1
), own_orders AS (
  SELECT
    customer_id,
    order_id,
    MIN(date) AS date,
    COUNT(*) AS order_lines,
    TRY_SUM(whole) AS whole,
    TRY_SUM(micro) AS micro
  FROM lines
  WHERE
    NOT order_id IS NULL
  GROUP BY
    customer_id,
    order_id
  UNION ALL
  SELECT
    customer_id,
    order_id,
    date,
    1 AS order_lines,
    whole,
    micro
  FROM lines
  WHERE
    order_id IS NULL
), every_order AS (
  SELECT
    customer_id,
    order_id,
    date,
    CAST(whole AS BIGINT) + CAST(FLOOR(CAST(micro AS DOUBLE) / 1000000) AS BIGINT) AS whole,
    CAST(micro AS BIGINT) - CAST(FLOOR(CAST(micro AS DOUBLE) / 1000000) AS BIGINT) * 1000000 AS micro
  FROM own_orders
  UNION ALL
  SELECT
    customer_id,
    order_id,
    date,
    whole,
    micro
  FROM own_orders_of_them
), all_orders AS (
  SELECT
    customer_id,
    order_id,
    date,
    whole,
    micro,
    CASE
      WHEN whole < 0 OR micro < 0
      THEN -(
        ABS(CAST(whole AS DOUBLE)) + ABS(CAST(micro AS DOUBLE)) / CAST(1000000 AS DOUBLE)
      )
      ELSE ABS(CAST(whole AS DOUBLE)) + ABS(CAST(micro AS DOUBLE)) / CAST(1000000 AS DOUBLE)
    END AS amount
  FROM every_order
)
SELECT
  customer_id,
  order_id,
  date,
  CASE WHEN amount > CAST(100.0 AS DOUBLE) THEN CAST(100.0 AS DOUBLE) ELSE amount END AS amount,
  amount >= CAST(100.0 AS DOUBLE) AS outlier
FROM all_orders;

-- set_aside
WITH log_rows AS (SELECT CAST(24 * DATEDIFF(CAST(`date` AS DATE), DATE '1970-01-01') + EXTRACT(HOUR FROM `date`) AS BIGINT) AS tick, CASE WHEN LOWER(TRIM(BOTH '	\n\r                  　​‎‏⁠﻿' FROM `customer_id`)) IN ('', 'guest', 'GUEST', 'Guest', 'it\'s', 'IT\'S', 'It\'S') OR TRIM(BOTH '	\n\r                  　​‎‏⁠﻿' FROM `customer_id`) IN ('', 'guest', 'GUEST', 'Guest', 'it\'s', 'IT\'S', 'It\'S') THEN NULL ELSE TRIM(BOTH '	\n\r                  　​‎‏⁠﻿' FROM `customer_id`) END AS customer_id, `date` AS date, CASE WHEN LOWER(TRIM(BOTH '	\n\r                  　​‎‏⁠﻿' FROM `order_id`)) IN ('', 'guest', 'GUEST', 'Guest', 'it\'s', 'IT\'S', 'It\'S') OR TRIM(BOTH '	\n\r                  　​‎‏⁠﻿' FROM `order_id`) IN ('', 'guest', 'GUEST', 'Guest', 'it\'s', 'IT\'S', 'It\'S') THEN NULL ELSE TRIM(BOTH '	\n\r                  　​‎‏⁠﻿' FROM `order_id`) END AS order_id, CAST(`quantity` AS DOUBLE) AS quantity, CAST(`price` AS DOUBLE) AS price, `product` AS product, `status` AS status, LOWER(TRIM(BOTH '	\n\r                  　​‎‏⁠﻿' FROM CAST(`test` AS STRING))) AS test_word, `test` AS test, CAST(`discount` AS DOUBLE) AS discount, `note` AS other_0 FROM orders),
costs AS (
  SELECT
    *,
    quantity * price * (
      CAST(1 AS DOUBLE) - COALESCE(ABS(discount), CAST(0 AS DOUBLE)) / CAST(1.0 AS DOUBLE)
    ) AS paid,
    CAST(NULL AS DOUBLE) AS paid_back
  FROM log_rows
), parts AS (
  SELECT
    *,
    CASE
      WHEN ABS(paid) <= CAST(1000000000000.0 AS DOUBLE)
      THEN CAST(FLOOR(ABS(paid)) AS BIGINT)
    END AS whole,
    CASE
      WHEN ABS(paid) <= CAST(1000000000000.0 AS DOUBLE)
      THEN CAST(FLOOR(
        (
          ABS(paid) - FLOOR(ABS(paid))
        ) * CAST(1000000 AS DOUBLE) + CAST(0.5 AS DOUBLE)
      ) AS BIGINT)
    END AS micro,
    CASE
      WHEN ABS(paid_back) <= CAST(1000000000000.0 AS DOUBLE)
      THEN CAST(FLOOR(ABS(paid_back)) AS BIGINT)
    END AS refund_whole,
    CASE
      WHEN ABS(paid_back) <= CAST(1000000000000.0 AS DOUBLE)
      THEN CAST(FLOOR(
        (
          ABS(paid_back) - FLOOR(ABS(paid_back))
        ) * CAST(1000000 AS DOUBLE) + CAST(0.5 AS DOUBLE)
      ) AS BIGINT)
    END AS refund_micro
  FROM costs
), signed AS (
  SELECT
    tick,
    customer_id,
    date,
    order_id,
    quantity,
    price,
    product,
    status,
    test,
    discount,
    other_0,
    test_word,
    paid,
    whole * CASE
      WHEN paid < 0
      OR (
        COALESCE(quantity < 0, FALSE)
        OR COALESCE(SUBSTRING(CAST(order_id AS STRING), 1, 1) = 'C', FALSE)
      )
      THEN -1
      ELSE 1
    END AS whole,
    micro * CASE
      WHEN paid < 0
      OR (
        COALESCE(quantity < 0, FALSE)
        OR COALESCE(SUBSTRING(CAST(order_id AS STRING), 1, 1) = 'C', FALSE)
      )
      THEN -1
      ELSE 1
    END AS micro,
    CASE WHEN refund_whole > 0 OR refund_micro > 0 THEN refund_whole END AS refund_whole,
    CASE WHEN refund_whole > 0 OR refund_micro > 0 THEN refund_micro END AS refund_micro,
    paid_back
  FROM parts
), marked AS (
  SELECT
    *,
    CASE
      WHEN customer_id IS NULL
      THEN 0
      WHEN (
        COALESCE(CAST(status AS STRING) IN ('cancelled'), FALSE)
      )
      OR (
        FALSE AND refund_whole IS NULL
      )
      THEN 2
      WHEN COALESCE(
        test_word IN (
          'true',
          't',
          '1',
          '1.0',
          'yes',
          'y',
          'x',
          'ja',
          'oui',
          'si',
          'sí',
          'sim',
          '是',
          'はい',
          'test',
          'wahr',
          'vrai'
        ),
        FALSE
      )
      THEN 3
      WHEN quantity IS NULL OR price IS NULL
      THEN 5
      WHEN COALESCE(CAST(customer_id AS STRING) IN ('k7'), FALSE)
      THEN 6
      WHEN COALESCE(CAST(product AS STRING) IN ('POST', 'it\'s'), FALSE)
      THEN 7
      ELSE -1
    END AS rule
  FROM signed
), numbered_items AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY rule, customer_id, date, order_id, quantity, price, product, status, test, discount, other_0
      ORDER BY tick NULLS LAST
    ) AS copy_number
  FROM marked
), items AS (
  SELECT
    customer_id,
    date,
    order_id,
    quantity,
    price,
    product,
    status,
    test,
    discount,
    other_0,
    tick,
    paid,
    whole,
    micro,
    refund_whole,
    refund_micro,
    CASE
      WHEN rule = -1 AND copy_number > 1 AND NOT order_id IS NULL
      THEN 8
      WHEN rule = -1 AND whole = 0 AND micro = 0 AND refund_whole IS NULL
      THEN 17
      ELSE rule
    END AS rule
  FROM numbered_items
), own_items AS (
  SELECT
    items.*
  FROM items
  LEFT JOIN own_customers AS elsewhere
    ON items.customer_id = elsewhere.customer_id
  WHERE
    elsewhere.customer_id IS NULL
), every_row AS (
  SELECT
    customer_id,
    date,
    order_id,
    quantity,
    price,
    product,
    status,
    test,
    discount,
    CASE rule
      WHEN 0
      THEN 'no_customer_id'
      WHEN 1
      THEN 'superseded'
      WHEN 2
      THEN 'void_status'
      WHEN 3
      THEN 'test_order'
      WHEN 4
      THEN 'no_date'
      WHEN 5
      THEN 'no_amount'
      WHEN 6
      THEN 'internal_account'
      WHEN 7
      THEN 'non_product'
      WHEN 8
      THEN 'exact_duplicate'
      WHEN 9
      THEN 'repeated_total'
      WHEN 10
      THEN 'refund_of_void_order'
      WHEN 11
      THEN 'refund_dropped'
      WHEN 12
      THEN 'refund_netted'
      WHEN 13
      THEN 'refund_beyond_purchase'
      WHEN 14
      THEN 'refund_before_purchase'
      WHEN 15
      THEN 'refund_unmatched'
      WHEN 16
      THEN 'purchase_reversed'
      WHEN 17
      THEN 'zero_amount'
    END AS reason
  FROM own_items
  WHERE
    rule >= 0
  UNION ALL
  SELECT
    customer_id,
    date,
    order_id,
    quantity,
    price,
    product,
    status,
    test,
    discount,
    reason
  FROM own_rows_of_them
)
SELECT
  customer_id AS `customer_id`,
  date AS `date`,
  order_id AS `order_id`,
  quantity AS `quantity`,
  price AS `price`,
  product AS `product`,
  status AS `status`,
  test AS `test`,
  discount AS `discount`,
  reason
FROM every_row;
