# English messages, in Fluent syntax (projectfluent.org/fluent/guide).
#
# The id of a message is the code of a finding, or names a label. Figures are variables: { $rows }.
# Functions: COUNT($n) 19,684; PERCENT($share, places: 1) 29.9%; SIGNED_PERCENT($share) +14%; NUM($x, digits: 3) 0.252;
# FIXED($x, places: 2) 1,234.50; SHORT($x, digits: 3) 1,234, 12 or 0.252; SHORT_PERCENT($share, places: 2) 10% or 12.5%;
# MONTH($number) January; WEEKDAY($number) Monday, which is 0. Plurals and choices are Fluent selectors on a number or a
# code.

## Data: logs, cleaning and the RFM

rows-without-id = { COUNT($rows) } { $rows ->
    [one] row
   *[other] rows
    } without a customer id { $rows ->
    [one] was
   *[other] were
    } set aside
customers-left-out = { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } first seen by { $day } { $customers ->
    [one] was
   *[other] were
    } left out
log-misses-cutoff-day = The log as known on { $day } has no row of that { $period }, but the log as known now has: were these rows left out?

rfm-customers = { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } with { COUNT($repeat_purchases) } repeat { $repeat_purchases ->
    [one] purchase
   *[other] purchases
    }
rfm-observed = observed to { $end }
rfm-clock = times in { $unit }s, purchases merged within the { $merge_within }
rfm-clock-zone = times in { $unit }s, purchases merged within the { $merge_within }, zone { $zone }
rfm-clock-discrete = times in calendar { $unit }s, each one opportunity to buy
rfm-clock-discrete-zone = times in calendar { $unit }s, each one opportunity to buy, zone { $zone }
rfm-bought-once = { PERCENT($share, places: 1) } bought once
rfm-first-purchase-counts = monetary_value includes the first purchase

holdout-customers = { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } known at { $calibration_end }, followed to { $holdout_end }
holdout-purchases = { COUNT($purchases) } { $purchases ->
    [one] purchase
   *[other] purchases
    } by { PERCENT($share, places: 1) } of them in these { $length } { $unit }s
holdout-new-customers = { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } first seen after the cutoff, with { COUNT($purchases) } { $purchases ->
    [one] purchase
   *[other] purchases
    }

cleaning-rows = { COUNT($rows) } { $rows ->
    [one] row
   *[other] rows
    } became { COUNT($transactions) } { $transactions ->
    [one] transaction
   *[other] transactions
    }
cleaning-merged = { COUNT($lines) } { $lines ->
    [one] line was
   *[other] lines were
    } merged into orders
cleaning-set-aside = { COUNT($rows) } { $rows ->
    [one] row was
   *[other] rows were
    } set aside
cleaning-money = { FIXED($money_in, places: 2) } of money in, { FIXED($money_kept, places: 2) } kept

export-further-line = { COUNT($rows) } { $rows ->
    [one] row was
   *[other] rows were
    } left out: further lines of an order, whose total is on its first line
export-not-a-payment = { COUNT($rows) } { $rows ->
    [one] row was
   *[other] rows were
    } left out: neither payments received nor their refunds
export-not-a-purchase-event = { COUNT($rows) } { $rows ->
    [one] row was
   *[other] rows were
    } left out: events other than purchases and refunds
export-repeated-order = { COUNT($rows) } { $rows ->
    [one] row was
   *[other] rows were
    } left out: an order sent again

ledger-rows-in = rows in
ledger-kept = kept
ledger-no-customer-id = no customer id
ledger-void-status = status that is not a sale
ledger-no-amount = no amount
ledger-internal-account = internal account
ledger-non-product = code that is not a product
ledger-exact-duplicate = exact duplicate
ledger-refund-dropped = refund dropped
ledger-refund-netted = refund netted
ledger-refund-beyond-purchase = refund larger than its purchase
ledger-refund-before-purchase = refund before any purchase
ledger-refund-unmatched = refund without a matching purchase
ledger-purchase-reversed = purchase reversed
ledger-purchase-reduced = purchase reduced
ledger-zero-amount = zero amount
ledger-merged-into-order = merged into its order
ledger-outlier-flagged = outlier flagged
ledger-outlier-winsorized = outlier winsorized

rows-after-end = { COUNT($rows) } { $rows ->
    [one] row
   *[other] rows
    } after { $end } { $rows ->
    [one] was
   *[other] were
    } left out

## Profile: what a log can support

profile-independence-unknown = the relation between frequency and spend is unknown, because one of the two does not vary
profile-independence-supported = { profile-independence-correlation }: the data agree with the independence that Gamma-Gamma assumes
profile-independence-weakly-violated = { profile-independence-correlation }: the independence that Gamma-Gamma assumes is weakly violated, and values of very frequent or very rare buyers are off
profile-independence-violated = { profile-independence-correlation }: the independence that Gamma-Gamma assumes is clearly violated; check money by frequency first
profile-independence-correlation = frequency and average order value have a correlation of { FIXED($correlation, places: 2) } over { COUNT($customers) } customers (p = { NUM($p_value, digits: 2) }){ $has_ratio ->
    [yes] ; the most frequent 10% of customers spend { FIXED($spend_ratio, places: 2) } times as much per purchase as the others
   *[no] {""}
    }

## Estimators: fits, certificates and limits

fit-converged = the gradient is zero and the likelihood falls in every direction
fit-not-identified = the data do not identify { $coordinates }
fit-purchase-rates-equal = all customers buy at the same rate: { $parameter } is indistinguishable from infinity
fit-purchases-by-few = a few customers make all purchases: { $parameter } is indistinguishable from 0
fit-no-repeat-purchases = there are no repeat purchases: { $parameter } and all expected purchases are indistinguishable from 0
fit-purchase-probabilities-equal = all customers buy with the same probability: { $parameter } is indistinguishable from infinity
fit-purchases-always-or-never = each customer buys at every opportunity or at none: { $parameter } is indistinguishable from 0
fit-purchases-at-every-opportunity = customers buy at every opportunity until they drop out: { $parameter } is indistinguishable from 1
fit-dropout-equal = all customers are equally likely to drop out: { $parameter } is indistinguishable from infinity
fit-dropout-at-once-or-never = each customer drops out immediately or never: { $parameter } is indistinguishable from 0
fit-dropout-after-next-purchase = every customer drops out after the next purchase: { $parameter } is indistinguishable from 1
fit-dropout-before-next-opportunity = every customer drops out before the next opportunity: { $parameter } is indistinguishable from 1
fit-dropout-at-same-age = every customer drops out at the same age: { $parameter } is indistinguishable from infinity
fit-no-dropout = no dropout is visible in these data: { $parameter } is indistinguishable from 0
fit-no-dropout-nbd = no dropout is visible in these data: { $parameter } is indistinguishable from 0, and predictions equal those of the NBD model
fit-no-aging = the risk of dropout does not grow with age: { $parameter } is indistinguishable from 0, and predictions equal those of the Pareto/NBD model
fit-spend-within-unbounded = spend varies without bound within a customer: { $parameter } is indistinguishable from 0
fit-spend-within-constant = each customer always spends the same: { $parameter } is indistinguishable from infinity
fit-spend-equal = all customers have the same mean spend: { $parameter } is indistinguishable from infinity
fit-spend-unbounded = mean spend varies without bound between customers: { $parameter } is indistinguishable from 0
fit-coefficient-infinite = { $parameter } is indistinguishable from infinity (l2= keeps it finite)
fit-coefficient-minus-infinite = { $parameter } is indistinguishable from minus infinity (l2= keeps it finite)

## Value

value-terms = purchases of the next { $horizon_has_unit ->
    [yes] { $horizon }
   *[no] { SHORT($horizon) } time units
    }, discounted at { SHORT_PERCENT($annual_rate) } per year from { $timing ->
    [continuous] the time of each purchase
   *[period_end] the end of each { $period }
    }, with a margin of { SHORT_PERCENT($margin) }

## Validation: comparisons, totals, crosscheck

## Report: the verdict, cautions, labels

## Scoring: gates, monitoring, registry

gate-reference = { $reference ->
    [run] the run as of { $reference_as_of }
    [champion] the champion's fit
   *[fit] the fit
    }
gate-fit-status = The fit of { $process } ended as { $status }{ $definite ->
    [yes] { "" }
   *[no] , and the likelihood is flat or rising there
    }{ $passed ->
    [yes] { "" }
   *[no] ; allowed: { $allowed }
    }
gate-parameters = { $process }: { $parameter } is { NUM($new, digits: 4) }; the champion's is { NUM($before, digits: 4) }. This is { FIXED($standard_errors, places: 1) } standard errors apart; { $passed ->
    [yes] no parameter moved by more than
   *[no] a parameter must not move by more than both
    } { SHORT($limit_errors) } standard errors (parameter_errors) and { PERCENT($limit_change, places: 0) } (parameter_change).
gate-parameters-other-process = { $process } is not compared: the champion is a model of another kind.
gate-parameters-other-terms = { $process } is not compared: its covariates or groups differ from the champion's.
gate-parameters-other-clock = { $process } is not compared: it measures time in { $clock }, the champion in { $champion_clock }.
gate-rows-earlier-day = Not compared: { gate-reference } has later data, up to { $reference_as_of }.
gate-refused = { COUNT($refused) } of { COUNT($customers) } customers ({ PERCENT($share, places: 2) }) cannot be scored (refused limit { PERCENT($limit, places: 2) }).
gate-rows-lost = { COUNT($remaining) } customers had bought by { $reference_as_of }, { $direction ->
    [same] the same number as in
    [fewer] { PERCENT($share, places: 2) } fewer than in
   *[more] { PERCENT($share, places: 2) } more than in
    } { gate-reference }: { COUNT($before) } (rows_lost limit { PERCENT($limit, places: 2) } either way).
gate-rows-gained = { COUNT($customers) } customers, { SIGNED_PERCENT($share, places: 2) } compared with { gate-reference } (rows_gained limit { SIGNED_PERCENT($limit, places: 0) }).
gate-drift-allowance = { $purchases_allowed ->
    [yes] { " " }+ { FIXED($bought_since, places: 3) } who bought since
   *[no] { "" }
    }
gate-drift = { $quantity } of the customers who had bought by { $reference_as_of }, compared with { gate-reference }: PSI { FIXED($psi, places: 3) }{ $psi_checked ->
    [yes] { " " }(psi limit { SHORT($psi_setting) }{ gate-drift-allowance })
   *[no] { "" }
    }, KS { FIXED($ks, places: 3) }{ $ks_checked ->
    [yes] { " " }(ks limit { SHORT($ks_setting) }{ gate-drift-allowance })
   *[no] { "" }
    }.
gate-total = { $column } adds up to { SHORT($now, digits: 6) }, { SIGNED_PERCENT($change, places: 1) } compared with { SHORT($before, digits: 6) } in the run as of { $reference_as_of } (total_change limit { PERCENT($limit, places: 0) } either way).
gate-activity = { COUNT($actual) } repeat purchases since the fit ({ $fit_as_of }), { SIGNED_PERCENT($change, places: 1) } compared with the { COUNT($expected) } expected (activity limit { PERCENT($limit, places: 0) }, plus { SHORT($limit_errors) } standard errors of { COUNT($standard_error) }).

refit-forecast = customers scored as of { $as_of } were expected to buy { COUNT($predicted) } times by { $end } and bought { COUNT($actual) } times, { $direction ->
    [same] as forecast
    [fewer] { PERCENT($size, places: 1) } fewer
   *[more] { PERCENT($size, places: 1) } more
    } ({ FIXED($errors_size, places: 1) } standard errors).
refit-unknown = Too early to tell: no run expected { SHORT($least) } purchases in the time since it.
refit-needed = Refit: { refit-forecast }
refit-needed-since = Refit: { refit-forecast } This has been so for every run since { $since }.
refit-not-needed = No need to refit: { refit-forecast }
refit-watch-cohorts = No need to refit for the total, but some cohorts drift: { refit-forecast }
refit-watch-intervals = No need to refit for the total, but only { PERCENT($coverage, places: 1) } of customers bought within their { PERCENT($level, places: 0) } intervals: { refit-forecast }
refit-cohort = Customers who first bought in { $cohort } made { COUNT($actual) } purchases by { $end }, { SIGNED_PERCENT($change, places: 1) } compared with the { COUNT($predicted) } forecast.
refit-left-out = { COUNT($windows) } unfinished { $windows ->
    [one] horizon was
   *[other] horizons were
    } left out: { $windows ->
    [one] its model is
   *[other] their models are
    } not in the registry, or { $windows ->
    [one] needs
   *[other] need
    } more than frequency, recency and T.

score-no-money = The source has no money: only purchases are predicted.

## Command line
