# English messages, in Fluent syntax (projectfluent.org/fluent/guide).
#
# The id of a message is the code of a finding, or names a label. Figures are variables: { $rows }.
# Functions: COUNT($n) 19,684; PERCENT($share, places: 1) 29.9%; SIGNED_PERCENT($share) +14%; NUM($x, digits: 3) 0.252;
# FIXED($x, places: 2) 1,234.50; SHORT($x, digits: 3) 1,234, 12 or 0.252; SHORT_PERCENT($share, places: 2) 10% or 12.5%;
# P_VALUE($p) p = 0.044 or p < 0.001; LOCAL($word) a word of a table; MONTH($number) January; WEEKDAY($number) Monday, which is 0. Plurals and choices
# are Fluent selectors on a number or a code.

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

log-stray-dates = { COUNT($dates) } { $dates ->
    [one] date is
   *[other] dates are
    } far outside the rest, which runs from { $first } to { $last }: the log runs from { $earliest } to { $latest }
profile-id-placeholder = id { $id } has { PERCENT($share, places: 1) } of the rows ({ COUNT($rows) }), far more than any other: it probably stands for unknown customers
profile-id-dominant = id { $id } has { PERCENT($share, places: 1) } of the rows ({ COUNT($rows) }); the next has { COUNT($next) }
profile-id-variants = { COUNT($ids) } ids differ only by case, blanks or leading zeros and may be { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } (such as { $examples })
profile-id-tests = { COUNT($ids) } { $ids ->
    [one] id looks like an address
   *[other] ids look like addresses
    } for tests of the shop (such as { $examples }); if so, set them aside with internal_customers or internal_pattern of CleaningRules
profile-one-row-per-customer = Every one of the { COUNT($customers) } customers bought once: this is a summary with one row per customer, or customers have a new id with every order, or the log is too short for customers to return; no model can be fitted to it

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
rfm-calendar = models use calendar time
rfm-bought-once = { PERCENT($share, places: 1) } bought once
rfm-first-purchase-counts = monetary_value includes the first purchase

calendar-season = customers buy fastest in the week from { MONTH($fastest_month) } { COUNT($fastest_day) } ({ SIGNED_PERCENT($most) }) and slowest in the week from { MONTH($slowest_month) } { COUNT($slowest_day) } ({ SIGNED_PERCENT($least) }), by { FIXED($years, places: 1) } years ({ COUNT($degrees) } parameters)
calendar-no-season = no seasonal pattern detected in { FIXED($years, places: 1) } years
calendar-seen-once = most weeks of the year were observed only once, so an unusual week looks like a season
season-shared = { $comparison ->
    [tier] frequent and rare buyers share the season
    [acquired] customers acquired in a peak and others share the season
   *[orders] first and repeat orders share the season
} ({ P_VALUE($p_value) })
season-differs = { $comparison ->
    [tier] frequent and rare buyers have different seasons
    [acquired] customers acquired in a peak have another season than others
   *[orders] first orders have another season than repeat orders
} ({ P_VALUE($p_value) })
season-groups-too-small = { $comparison ->
    [tier] a tier has too few purchases to compare its season
    [acquired] too few customers were acquired in a peak, or at other times, to compare their season
   *[orders] there are too few first or repeat orders to compare their season
}
season-peak-customers = customers acquired in a peak bought { SIGNED_PERCENT($change) } relative to what was expected, compared with others ({ P_VALUE($p_value) }): a covariate for them may help
calendar-events = { $observed ->
    [0] no day of { COUNT($coming) ->
        [one] { COUNT($coming) } event
       *[other] { COUNT($coming) } events
    } to come was observed before
   *[other] { COUNT($observed) } observed days and periods of events changed purchases by { SIGNED_PERCENT($change) } on average; { COUNT($coming) } { $coming ->
        [one] is
       *[other] are
    } to come
}
calendar-promotions = { COUNT($observed) } observed promotions changed purchases by { SIGNED_PERCENT($change) } on average; the calendar assumes { COUNT($coming) } to come
calendar-records-lost = From { $first } to { $last } only { PERCENT($share) } of the purchases were recorded, so that customers' purchases are undercounted there
profile-outages = on { COUNT($periods) ->
    [one] { COUNT($periods) } occasion
   *[other] { COUNT($periods) } occasions
} purchases were far below the days around, mostly from { $first } to { $last } ({ PERCENT($share) } of the usual number{ $catches_up ->
    [yes] , more than usual right after
   *[no] {""}
}): was the shop closed, were records lost, or were goods out of stock?
calendar-chosen = At { $day } a season was estimated and used: totals of { COUNT($windows) } earlier windows were { PERCENT($without, places: 1) } off without it and { PERCENT($with, places: 1) } with it
calendar-chosen-untested = At { $day } a season was estimated and used; { FIXED($years, places: 1) } years are too short to test it on earlier windows
calendar-not-better = At { $day } a season is visible but was not used: totals of { COUNT($windows) } earlier windows were { PERCENT($without, places: 1) } off without it and { PERCENT($with, places: 1) } with it
calendar-none-visible = At { $day } no season is visible in { FIXED($years, places: 1) } years
calendar-horizon = From { $first } to { $last } the speed of purchases is { SIGNED_PERCENT($change) } against the average of the year, by the calendar
season-seen-twice = Each week of the year was observed at least twice: estimate_calendar can estimate the season
season-seen-once = Most weeks of the year were observed only once: estimate_calendar can estimate the season, but mistakes an unusual week for it
season-one-cohort = Most customers arrived within half a year, and the log covers less than two: the effects of their age and of the season cannot be separated, so use a calendar from another source
season-too-short = The log covers less than a year: use a calendar from another source
leaving-compared = Totals of { COUNT($windows) } earlier windows were { PERCENT($calendar, places: 1) } off with customers who leave by the calendar and { PERCENT($sun, places: 1) } with customers who leave in plain time, so { $better ->
    [sun] they leave in plain time
   *[other] they leave by the calendar
}
leaving-not-compared = The log is too short to compare customers who leave by the calendar with customers who leave in plain time
calendar-not-known-too-short = At { $day } no season can be estimated from { FIXED($years, places: 1) } years: a whole year is needed
calendar-not-known-one-cohort = At { $day } no season can be estimated: most customers arrived within half a year and were followed for { FIXED($years, places: 1) } years, so the effects of their age and of the season cannot be separated
calendar-too-short = The log covers { FIXED($years, places: 1) } years: a season shows only in a whole year
calendar-one-cohort = Most customers arrived within half a year and were followed for { FIXED($years, places: 1) } years, so the effects of their age and of the season cannot be separated

holdout-customers = { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } known at { $calibration_end }, followed to { $holdout_end }
holdout-purchases = { COUNT($purchases) } { $purchases ->
    [one] purchase
   *[other] purchases
    } by { PERCENT($share, places: 1) } of them in these { SHORT($length, digits: 4) } { $unit }s
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

cleaning-discounts = discounts were subtracted from { COUNT($rows) } { $rows ->
    [one] row
   *[other] rows
    }, { FIXED($money, places: 2) } in all, read as { $kind ->
    [share] shares of the price
    [percent] percentages
   *[other] amounts
    }
cleaning-unread-discounts = column { $column } looks like discounts, which were not subtracted: pass discount='{ $column }' if prices are before discounts
cleaning-shared-orders = { COUNT($orders) } order { $orders ->
    [one] id belongs
   *[other] ids belong
    } to several customers; each customer's lines are a separate purchase
cleaning-filled-customers = { COUNT($rows) } { $rows ->
    [one] line without a customer id has
   *[other] lines without a customer id have
    } the customer of the other lines of { $rows ->
    [one] its order
   *[other] their orders
    }
cleaning-unknown-statuses = { COUNT($rows) } { $rows ->
    [one] row
   *[other] rows
    } with a status of unknown meaning ({ $statuses }) { $treatment ->
    [void] { $rows ->
        [one] was
       *[other] were
        } set aside
   *[counted] { $rows ->
        [one] was
       *[other] were
        } counted as { $rows ->
        [one] a sale
       *[other] sales
        }
    }

file-encoding = { $file } was read as { $encoding }
file-delimiter = the columns of { $file } are separated by { $delimiter ->
    [comma] commas
    [semicolon] semicolons
    [tab] tabs
    [pipe] vertical bars
   *[other] another character
    }
file-decimal-comma = the numbers of { $file } have a decimal comma
file-header-row = the header of { $file } is row { $row }
file-repeated-headers = { COUNT($rows) } { $rows ->
    [one] row repeats the header and was left out
   *[other] rows repeat the header and were left out
    }
file-sheet = of { $file }, { $sheet } was read

export-further-line = { COUNT($rows) } { $rows ->
    [one] row was
   *[other] rows were
    } left out: further lines of an order, whose total is on its first line
export-not-a-payment = { COUNT($rows) } { $rows ->
    [one] row was
   *[other] rows were
    } left out: neither payments received nor their refunds
export-not-paid = { COUNT($rows) } { $rows ->
    [one] row was left out: an order that was not paid
   *[other] rows were left out: orders that were not paid
    }
export-not-a-purchase-event = { COUNT($rows) } { $rows ->
    [one] row was
   *[other] rows were
    } left out: events other than purchases and refunds
export-replaced-by-later-export = { COUNT($rows) } { $rows ->
    [one] row was
   *[other] rows were
    } left out: their order is in a later export
export-repeated-order = { COUNT($rows) } { $rows ->
    [one] row was
   *[other] rows were
    } left out: an order sent again

status-listed = named in { $word }
status-known = known status
status-part = contains "{ $word }"
status-amount-stated = refunded; the log states the amount
status-rows-of-refunds = partly refunded; refunds have separate rows
status-blank = no status
status-unknown = meaning unknown
ledger-rows-in = rows in
ledger-kept = kept
ledger-no-customer-id = no customer id
ledger-void-status = status that is not a sale
ledger-superseded = earlier state of an order that a later file has
ledger-test-order = test order
ledger-no-date = no date
ledger-no-amount = no amount
ledger-internal-account = internal account
ledger-non-product = code that is not a product
ledger-exact-duplicate = exact duplicate
ledger-refund-of-void-order = refund of an order that is not a sale
ledger-refund-dropped = refund dropped
ledger-refund-netted = refund netted
ledger-refund-beyond-purchase = refund larger than its purchase
ledger-refund-before-purchase = refund before any purchase
ledger-refund-unmatched = refund without a matching purchase
ledger-purchase-reversed = purchase reversed
ledger-purchase-reduced = purchase reduced
ledger-zero-amount = zero amount
ledger-merged-into-order = merged into its order
ledger-repeated-total = total of its order, repeated on a further line
ledger-order-id-reused = order id used again later, a separate purchase
ledger-order-spans-weeks = order whose lines span more than a week
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

profile-units = { $unit ->
    [day] days
    [week] weeks
    [month] months
   *[year] years
    }
profile-log = { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } with { COUNT($purchases) } { $purchases ->
    [one] purchase
   *[other] purchases
    }, { $first_day } to { $last_day } ({ SHORT($span, digits: 4) } { profile-units })
profile-bought-once = { PERCENT($share, places: 1) } of customers bought once; { COUNT($repeat_purchases) } repeat { $repeat_purchases ->
    [one] purchase
   *[other] purchases
    }
profile-same-day = { PERCENT($share, places: 1) } of { COUNT($transactions) } transactions were merged with another of the same customer and day
profile-line-items = these look like line items: clean them first (clv clean)

profile-intertimes-none = no customer has a repeat purchase, so there are no times between purchases
profile-intertimes = the typical time between purchases is { SHORT($median) } { profile-units } (half of the times are { SHORT($lower) } to { SHORT($upper) }, and 90% are at most { SHORT($most) })

profile-k = k = { $is_finite ->
    [yes] { FIXED($k, places: 2) }
   *[no] ∞
    }
profile-regularity-unknown = no customer has two repeat purchases, so the regularity of purchases is unknown
profile-regularity-regular = customers buy at regular intervals: { profile-k }, where 1 is random{ $few_days ->
    [yes] { " " }(purchases that are only days apart look more regular than they are, because they are counted by day)
   *[no] { "" }
    }
profile-regularity-clumped = purchases come in clumps: { profile-k }, where 1 is random
profile-regularity-random = the timing of purchases is about random: { profile-k }, where 1 is random

profile-arrivals-few-customers = { COUNT($customers) } { $customers ->
    [one] customer is
   *[other] customers are
    } too few to show whether customers are older than the log
profile-arrivals-one-cohort = nearly all customers are first seen { $days ->
    [one] on one day
   *[other] within { COUNT($days) } days
    }: either they are a cohort acquired then, or all are older than the log, and the log does not show which
profile-arrivals-window = { $window_days ->
    [one] on the first day
   *[other] in the first { $window_days } days
    }
profile-arrivals-early = { PERCENT($early_share) } of customers first appear { profile-arrivals-window }
profile-arrivals-crowd = { profile-arrivals-early }, { FIXED($crowding, places: 1) } times the usual number
profile-arrivals-follow-up = { FIXED($early_repeats, places: 2) } repeat purchases within { COUNT($follow_up_days) } days, compared with { FIXED($later_repeats, places: 2) }
profile-arrivals-seen = first purchases do not crowd at the start of the log ({ profile-arrivals-early }), so they show when customers were acquired
profile-arrivals-older = { profile-arrivals-crowd }, and they buy more often than later customers ({ profile-arrivals-follow-up }): they are older than the log. Without customers first seen by { $day }, { COUNT($remaining) } ({ PERCENT($remaining_share) }) would remain: try the log both with and without them
profile-arrivals-older-few-left = { profile-arrivals-crowd }, and they buy more often than later customers ({ profile-arrivals-follow-up }): they are older than the log. Without customers first seen by { $day }, only { COUNT($remaining) } ({ PERCENT($remaining_share) }) would remain, so the log hardly has new customers, and models would take the first purchase in the log for a customer's first
profile-arrivals-crowded = { profile-arrivals-crowd }, but do not clearly buy more often than later customers{ $has_follow_up ->
    [yes] { " " }({ profile-arrivals-follow-up })
   *[no] { "" }
    }: either a launch brought them, or they are older than the log. In the second case, leave out customers first seen by { $day }
profile-arrivals-more-frequent = customers who first appear { profile-arrivals-window } buy more often than later ones ({ profile-arrivals-follow-up }) but do not crowd: either new customers have changed, or some are older than the log
profile-acquired-after-option = to try the log without them, pass acquired_after='{ $day }', which drops { PERCENT($dropped_share) } of the customers; where this was tried, forecasts for the rest were 15% to 27% too low, so compare both in a backtest

profile-season-short-log = a seasonal pattern cannot be separated from a trend: this needs { COUNT($months_needed) } whole months, and the log has { COUNT($months) }
profile-season-few-purchases = a seasonal pattern cannot be seen: { COUNT($repeat_purchases) } repeat purchases are too few to compare months
profile-no-season = no seasonal pattern detected ({ P_VALUE($p_value) })
profile-season = the month of the year explains { PERCENT($strength) } of the variation of purchase rates around their trend: from { FIXED($quietest_index, places: 2) } times the average in { MONTH($quietest) } to { FIXED($busiest_index, places: 2) } in { MONTH($busiest) }. Without a calendar, compare whole years

profile-opportunities-none = purchases fall on any day
profile-opportunities = { PERCENT($share) } of purchases fall on { $kind ->
    [weekday] a { WEEKDAY($weekday) }
    [date] { MONTH($month) } { $day }
    [day_of_month] day { $day } of the month
    [last_day_of_month] the last day of the month
   *[before_end] the day { $days } days before the last of the month
    }, so each { $period } is one opportunity to buy
profile-opportunities-option = to count opportunities, pass time_unit='{ $period }' and merge_within='{ $period }'

profile-spend = the best-paying 1% of customers account for { PERCENT($top_1) } of the money{ $tail ->
    [no_mean] ; the tail of spend is so heavy (index { FIXED($tail_index, places: 2) }) that averages are meaningless: set the largest customers aside first
    [no_variance] ; the tail of spend is heavy (index { FIXED($tail_index, places: 2) } ± { FIXED($tail_error, places: 2) }), so a few large customers dominate averages
    [finite_variance] ; the tail of spend has index { FIXED($tail_index, places: 2) } ± { FIXED($tail_error, places: 2) } (up to 2 is heavy)
   *[unknown] { "" }
    }{ $has_free_purchases ->
    [yes] ; { PERCENT($zero, places: 1) } of purchases cost nothing
   *[no] { "" }
    }

profile-check = { $check ->
    [customers] customers
    [repeat_customers] customers with repeat purchases
    [repeat_purchases] repeat purchases
    [frequent_customers] customers with 2+ repeat purchases
    [span] length in times between purchases
   *[repeat_share] share with repeat purchases
    }
profile-check-failed = { profile-check }: { SHORT($value) }
profile-check-caution = { profile-check }: { SHORT($value, digits: 4) }, which is { $status } ({ SHORT($comfortable, digits: 4) } is comfortable): { $reason }
profile-check-customers = with fewer customers, the parameters are hard to distinguish
profile-check-repeat-customers = only these customers show purchase rates and spend
profile-check-repeat-purchases = each one adds information
profile-check-frequent-customers = they show the difference between having left and buying rarely
profile-check-span = in a shorter log, no customer appears to have left
profile-check-repeat-share = with a smaller share, there is little to learn from
profile-limits = { $limits ->
    [none] { "" }
    [older] ; note that customers are older than the log
    [season] ; note that a seasonal pattern cannot be seen
   *[both] ; note that customers are older than the log and that a seasonal pattern cannot be seen
    }
profile-sufficient = there are enough data to fit a model{ profile-limits }
profile-thin = the data are thin ({ $checks }){ profile-limits }
profile-insufficient = there are too few data ({ $checks }){ profile-limits }
profile-models = suitable models: { $titles }
profile-models-none = no model clearly suits these data

profile-model-older = { $is_older ->
    [yes] ; customers who are older than the log distort it
   *[no] { "" }
    }
profile-model-timing = { $is_regular ->
    [yes] timing is regular ({ profile-k }), which this model ignores without ranking customers worse
   *[no] timing is random
    }
profile-model-regular-timing = { $is_regular ->
    [yes] timing is regular ({ profile-k }), so it can be tried: where it was, totals changed and customers were ranked worse
   *[no] timing is not clearly regular
    }
profile-model-dropout-at-once = { PERCENT($once) } bought once, so { $many_once ->
    [yes] many may have left after the first purchase
   *[no] few left after the first purchase
    }
profile-model-alive-after-first = { $many_once ->
    [yes] ; but { PERCENT($once) } bought once, and this model assumes that they are all still active
   *[no] { "" }
    }
profile-model-opportunities = customers can buy once per { $period }{ profile-model-older }
profile-model-other-opportunities = purchases keep to one day of the { $period }: count opportunities instead of days
profile-model-mbgcnbd = { profile-model-regular-timing }; { profile-model-dropout-at-once }{ profile-model-older }
profile-model-bgcnbd = { profile-model-regular-timing }{ $is_regular ->
    [yes] { profile-model-alive-after-first }
   *[no] { "" }
    }{ profile-model-older }
profile-model-mbgnbd = { profile-model-timing }; { profile-model-dropout-at-once }{ profile-model-older }
profile-model-bgnbd = { profile-model-timing }{ profile-model-alive-after-first }{ profile-model-older }
profile-model-pareto-nbd = { profile-model-timing }; customers can leave at any time, not only after a purchase{ profile-model-older }
profile-model-ggompertz-nbd = a dropout rate that grows with age shows only over years, and the log has { FIXED($years, places: 1) }{ profile-model-older }
profile-model-nbd = a benchmark in which no customer leaves, which shows what dropout is worth{ profile-model-older }
profile-model-bgbb = purchases fall on any day, so there are no opportunities to count
profile-model-no-amounts = the log was read without amounts
profile-model-no-mean = the tail of spend is so heavy (index { FIXED($tail_index, places: 2) }) that no mean exists
profile-model-heavy-tail = the tail of spend is heavy (index { FIXED($tail_index, places: 2) }); { $independence }{ profile-model-older }
profile-model-heavy-tail-possible = the tail of spend may be heavy (index { FIXED($tail_index, places: 2) } ± { FIXED($tail_error, places: 2) }); { $independence }{ profile-model-older }
profile-model-spend-independence = { $independence }{ profile-model-older }

profile-independence-unknown = the relation between frequency and spend is unknown, because one of the two does not vary
profile-independence-supported = { profile-independence-correlation }: the data agree with the independence that Gamma-Gamma assumes
profile-independence-weakly-violated = { profile-independence-correlation }: the independence that Gamma-Gamma assumes is weakly violated, and values of very frequent or very rare buyers are off
profile-independence-violated = { profile-independence-correlation }: the independence that Gamma-Gamma assumes is clearly violated; check money by frequency first
profile-independence-correlation = frequency and average order value have a correlation of { FIXED($correlation, places: 2) } over { COUNT($customers) } customers ({ P_VALUE($p_value) }){ $has_ratio ->
    [yes] ; the most frequent 10% of customers spend { FIXED($spend_ratio, places: 2) } times as much per purchase as the others
   *[no] {""}
    }

## Estimators: fits, certificates and limits

fit-converged = the gradient is zero and the likelihood falls in every direction
fit-not-a-maximum = the parameters come from another fit: estimated from these customers, the log-likelihood would be about { FIXED($gain, places: 1) } higher
fit-uncertainty-not-known = the likelihood of these customers does not fall in every direction from these parameters: intervals do not allow for their uncertainty
fit-not-identified = the data do not identify { $coordinates }
fit-purchase-rates-equal = all customers buy at the same rate: { $parameter } is indistinguishable from infinity
fit-purchases-by-few = a few customers make all purchases: { $parameter } is indistinguishable from 0
fit-no-repeat-purchases = there are no repeat purchases: { $parameter } and all expected purchases are indistinguishable from 0
fit-purchase-probabilities-equal = all customers buy with the same probability: { $parameter } is indistinguishable from infinity
fit-purchases-always-or-never = each customer buys at every opportunity or at none: { $parameter } is indistinguishable from 0
fit-purchases-at-every-opportunity = customers buy at every opportunity until they drop out: { $parameter } is indistinguishable from 1
fit-dropout-equal = all customers are equally likely to drop out: { $parameter } is indistinguishable from infinity
fit-dropout-at-once-or-never = each customer drops out immediately or never: { $parameter } is indistinguishable from 0
fit-some-leave-at-once = some customers drop out immediately after their first purchase and hardly anybody later: { $parameter } is indistinguishable from infinity
fit-dropout-after-next-purchase = every customer drops out after the next purchase: { $parameter } is indistinguishable from 1
fit-dropout-before-next-opportunity = every customer drops out before the next opportunity: { $parameter } is indistinguishable from 1
fit-dropout-at-same-age = every customer drops out at the same age: { $parameter } is indistinguishable from infinity
fit-no-dropout = no dropout is visible in these data: { $parameter } is indistinguishable from 0
fit-no-dropout-nbd = no dropout is visible in these data: { $parameter } is indistinguishable from 0, and predictions equal those of the NBD model
fit-no-dropout-at-first = no customer drops out at first: { $parameter } is indistinguishable from 0
fit-no-aging = the risk of dropout does not grow with age: { $parameter } is indistinguishable from 0, and predictions equal those of the Pareto/NBD model
fit-spend-within-unbounded = spend varies without bound within a customer: { $parameter } is indistinguishable from 0
fit-spend-within-constant = each customer always spends the same: { $parameter } is indistinguishable from infinity
fit-spend-equal = all customers have the same mean spend: { $parameter } is indistinguishable from infinity
fit-spend-unbounded = mean spend varies without bound between customers: { $parameter } is indistinguishable from 0
fit-other-maximum = the likelihood has another maximum that is only { FIXED($difference, places: 2) } lower: see other_maxima for its parameters, which intervals do not include
fit-coefficient-infinite = { $parameter } is indistinguishable from infinity (l2= keeps it finite)
fit-coefficient-minus-infinite = { $parameter } is indistinguishable from minus infinity (l2= keeps it finite)

## Value

value-terms = { $horizon_has_unit ->
    [ever] all future purchases
    [yes] purchases of the next { $horizon }
   *[no] purchases of the next { SHORT($horizon) } time units
    }, discounted at { SHORT_PERCENT($annual_rate) } per year { $timing ->
    [continuous] from the time of each purchase
    [period_end] from the end of each { $period }
   *[other] by the convention “{ $timing }” in periods of one { $period }
    }, with a margin of { SHORT_PERCENT($margin) }
money-quantity = { $quantity ->
    [remaining_value] Remaining value, from the end of observation on
    [value_at_acquisition] Value at acquisition, from the first order on and before the cost of acquisition
   *[lifetime_net_value] Lifetime net value: realized and remaining value less the cost of acquisition, in money of the day of the first order
    }
money-terms = { money-quantity }{ $has_currency ->
    [yes] , in { $currency }
   *[no] { "" }
    }: { $terms }.
money-terms-since-first-order = { money-quantity }{ $has_currency ->
    [yes] , in { $currency }
   *[no] { "" }
    }: orders within { SHORT($days) } days of the first, that one included, { $discounted ->
    [yes] discounted at { SHORT_PERCENT($annual_rate) } per year to the day of the first order
   *[no] not discounted
    }, with a margin of { SHORT_PERCENT($margin) }.
money-negative-margin = The margin is negative ({ SHORT_PERCENT($margin) }), so every order reduces the value.
money-no-mean-spend = { COUNT($customers) } { $customers ->
    [one] customer has
   *[other] customers have
    } no expected spend and no value, and { $customers ->
    [one] is
   *[other] are
    } left out of sums.
money-negative = { COUNT($values) } of { COUNT($of) } values { $values ->
    [one] is
   *[other] are
    } negative and add up to { FIXED($sum, places: 2) }; sums include them.
money-negative-customers = { COUNT($customers) } of { COUNT($of) } customers have a negative value; sums include them.
money-sampled-futures = Intervals of sums over { COUNT($customers) } customers come from the futures of a sample of them, scaled to all; expected values are those of all.
unit-economics-no-cost = No acquisition cost is known for { $groups }, so CLV:CAC and ROI are missing there.
unit-economics-no-payback = Not expected to pay back within { COUNT($months) } months: { $groups }.
revenue-forecast = Revenue of { COUNT($months) } { $months ->
    [one] month
   *[other] months
    }{ $planned ->
    [0] { " " }of existing customers only
   *[other] , with { COUNT($planned) } customers to come by the plan, whose value is not part of customer equity
    }; intervals cover chance and the uncertainty of the parameters{ $learned ->
    [yes] , and changing conditions
   *[no] , but not a change in how customers behave
    }.
revenue-backtest = Forecasts of revenue at { COUNT($cutoffs) } { $cutoffs ->
    [one] cutoff
   *[other] cutoffs
    }, with arrivals forecast from the log: the total was off by { SIGNED_PERCENT($bias, places: 0) }, and the { PERCENT($level) } band contained { PERCENT($coverage) } of { COUNT($months) } months.
revenue-backtest-benchmark = Scaled errors (RMSSE) are { FIXED($rmsse, places: 2) }, and { FIXED($rmsse_benchmark, places: 2) } for { $benchmark ->
    [seasonal_naive] the same month a year before
   *[naive] the last whole month
    }.
value-concentration = The best { SHORT_PERCENT($top) } of customers made { PERCENT($past_profit) } of past profit, hold { PERCENT($expected_value) } of expected value, and will make about { PERCENT($future_value) } of future value: expected values alone understate the concentration.
value-concentration-negative = Negative amounts, of { COUNT($past) } customers in the past and of { COUNT($expected) } in expectation, make shares of the best larger; they may exceed 100%.
change-flags-none = No group differs visibly from its forecast; the chance of any false flag in the table is { SHORT_PERCENT($level) }.
change-flags = { $count ->
    [one] One group differs
   *[other] { COUNT($count) } groups differ
    } visibly from the forecast, after removing a shock common to all: { $groups }. The chance of any false flag in the table is { SHORT_PERCENT($level) }, if the forecast is right.
change-flags-year-none = No group changed visibly from the same weeks of the year before; the chance of any false flag in the table is { SHORT_PERCENT($level) }.
change-flags-year = { $count ->
    [one] One group changed
   *[other] { COUNT($count) } groups changed
    } visibly from the same weeks of the year before, after removing changes common to all: { $groups }. The chance of any false flag in the table is { SHORT_PERCENT($level) }, if only chance makes groups differ.
trend-falling = In the last { COUNT($days) } days these fell visibly: { $names }.
trend-rising = In the last { COUNT($days) } days these rose visibly: { $names }.
trend-stable = Nothing changed visibly in the last { COUNT($days) } days.
kpi-targets-missed = { $count ->
    [one] One target is missed
   *[other] { COUNT($count) } targets are missed
    }: { $names }.
kpi-targets-reached = { $count ->
    [0] No figure has a target that can be checked.
    [one] The target is reached.
   *[other] All { COUNT($count) } targets are reached.
    }
equity-bridge = From { $begin } to { $end }, the value of the customer base changed by { SIGNED_PERCENT($change, places: 1) }, with { COUNT($acquired) } { $acquired ->
    [one] customer
   *[other] customers
    } acquired.
elasticities = With { $terms }: one percent more hazard of leaving changes the value by { SIGNED_PERCENT($dropout_change, places: 2) }, one percent more spend or margin by { SIGNED_PERCENT($spend_change, places: 2) }. An elasticity is not an effect: it does not show what would change a driver.
elasticities-served-fixed = Costs while customers are served are held fixed.
costs-without-customers = The table of { $cost } has { $segments }, to which no customer belongs.

# The recommended forecaster

best-all-orders = Money: the spend of all orders, the first included, { $taken ->
    [yes] ranked customers visibly better than that of repeat orders and is used
   *[no] did not rank customers visibly better than that of repeat orders and is not used
    } (mean gain in Poisson deviance { NUM($gain, digits: 3) }, standard error { NUM($error, digits: 3) }).
best-stack = { $quantity ->
    [purchases] Purchases
   *[money] Money
    }: a stack of forecasts { $taken ->
    [yes] ranked customers visibly better than the best process and is used
   *[no] did not rank customers visibly better than the best process and is not used
    } (mean gain in Poisson deviance { NUM($gain, digits: 3) }, standard error { NUM($error, digits: 3) }).
best-trees = { $quantity ->
    [purchases] Purchases
   *[money] Money
    }: averaging with boosted trees { $taken ->
    [yes] improved the ranking visibly and is used
   *[no] did not improve the ranking visibly and is not used
    } (mean gain in Poisson deviance { NUM($gain, digits: 3) }, standard error { NUM($error, digits: 3) }).

total-interval-no-windows = There are no earlier windows of this log to learn from, so the interval is based only on errors of totals in { COUNT($shops) } other shops.
total-interval-short-windows = Earlier windows of { COUNT($days) } days are too short to learn a level from; two months are needed.
total-interval-level = Over { FIXED($weeks, places: 0) } earlier weeks, totals were { SIGNED_PERCENT($ratio) } off what was expected; { PERCENT($power, places: 0) } of this is expected to persist, which changes the total by { SIGNED_PERCENT($change) }.
total-interval-not-tested = Not tested at this horizon: errors of totals are known up to { COUNT($longest) } days, so the interval over { COUNT($days) } days is the model's own, which does not allow for changing conditions.
total-interval-other-shops = Intervals of sums allow for changing conditions by the errors of totals in { COUNT($shops) } other shops; earlier windows of this log are not used.
total-interval-level-not-tested = Not tested at this horizon: errors of totals are known up to { COUNT($longest) } days, so intervals of sums over { COUNT($days) } days assume that conditions change as much as over { COUNT($longest) } days, and may be too narrow.
total-interval-all-processes = This process is not among those whose totals were compared with what happened in { COUNT($shops) } other shops, so the errors of all of those are used.
total-interval-season = The uncertainty of the estimated season is about { PERCENT($error) } of the total over this horizon (one standard error), and is part of the interval.

## Validation: comparisons, totals, crosscheck

compare-none-fitted = No model could be fitted to these data.
compare-alone = { $title } is the only model: compare it with others to see how well it fits.
compare-dropout-not-visible = No dropout visible: { $title }, a model without dropout, fits as well.
compare-dropout-likely = Customers seem to drop out: { $title }, a model without dropout, fits somewhat worse (BIC { FIXED($bic_difference, places: 1) } higher).
compare-dropout-clear = Customers drop out: { $title }, a model without dropout, fits far worse (BIC { FIXED($bic_difference) } higher).
compare-dropout-at-limit = No dropout visible: the fit of { $title } ended at its limit without dropout.
compare-timing-random = k = { $k }: purchases are not regular, but come at random times.
compare-timing-not-visible = No regularity visible: k = { $k } fits no better than { $title }.
compare-timing-regular = k = { $k }: purchases are regular.
compare-fits-equal = { $titles } fit equally well (BIC within { SHORT($bic_limit) }).
compare-fit-best = { $title } fits best, { $next_title } second (BIC { FIXED($bic_difference) } higher).
compare-fit-at-limit = The fit of { $title } ended at a limit: { $limits }.
compare-same-model = { $titles } ended at the same limit{ $nobody_leaves ->
    [yes] , where nobody leaves
   *[no] { "" }
    }: here they are one and the same model.
compare-customers-alike = Customers hardly differ: in { $title }, purchase rates vary by { PERCENT($variation) } around their mean, so a ranking of customers shows little.
compare-cohorts-differ = Customers acquired later buy { $direction ->
    [fewer] less
   *[more] more
    } often: within { SHORT($span, digits: 3) } { $unit ->
    [hour] hours
    [day] days
    [week] weeks
    [month] months
   *[year] years
    }, { $title } expects { FIXED($later, places: 2) } repeat purchases of a new customer in the later half and { FIXED($earlier, places: 2) } in the earlier one. One model for both halves is wrong for new customers.
backtest-cohorts-drift = from the cohort { $first } to the cohort { $last }, actual purchases { $direction ->
    [fewer] fall
   *[more] rise
    } by { SIGNED_PERCENT($change) } relative to the forecast: newer customers buy { $direction ->
    [fewer] less
   *[more] more
    } than one model for all cohorts expects
compare-trade-off = In { $title }, { $first } and { $second } trade off: do not interpret either by itself.
compare-total-size = { $direction ->
    [right] right
    [low] { PERCENT($size, places: 1) } too low
   *[high] { PERCENT($size, places: 1) } too high
    }
compare-total = In the holdout period, the total forecast by { $title } was { compare-total-size }.
compare-total-also = { $direction ->
    [unknown] { "" }
   *[other] ; the total forecast by { $title } was { compare-total-size }
    }
compare-forecast-best = { $title } forecast the holdout period best{ compare-total-also }.
compare-forecasts-equal = { $titles } forecast the holdout period equally well{ compare-total-also }.

totals-interval = The { PERCENT($level) } interval of the total { $inside ->
    [yes] contains
   *[no] does not contain
    } the actual total. { $earlier ->
    [0] No earlier cutoff was complete by then, so it is not known how far totals are off.
    [one] The interval at the one earlier cutoff that was complete by then { $missed ->
        [0] contained its total.
       *[other] did not.
        } { totals-calibration }
   *[other] Of the { $earlier } earlier cutoffs that were complete by then, the intervals of { $missed } did not contain their totals. { totals-calibration }
    }
totals-calibration = { $calibrated ->
    [yes] Widened by these errors, the interval is calibrated on { $earlier } cutoffs.
   *[no] At least { $needed } are needed to calibrate it at { PERCENT($level) }: the interval is not widened.
    }

backtest-sample = Forecasts were tested on a sample of { COUNT($customers) } of the { COUNT($of) } customers known at the last cutoff, chosen by their ids: totals of the tests, and their intervals, are those of the sample
backtest-log-as-known = as it was known at each cutoff
backtest-fit-failed = { $title } could not be fitted: { $error }
backtest-cutoff-left-out = the cutoff { $cutoff } was left out: { $error }
backtest-revenue-left-out = the revenue from { $cutoff } on was not forecast: { $error }
backtest-horizon-not-over = { $horizon } from { $cutoff } is not over when the log ends
backtest-horizon-long = On { $cutoff }, the log reached back { SHORT($length) } { $unit }{ $length ->
    [1] { "" }
   *[other] s
    }, but the forecast reaches { $horizons } ahead: further than any time the models were fitted to

spend-no-mean = q is { FIXED($q, places: 2) }: average order value has no finite mean across customers, so new customers have no expected value.
spend-no-variance = q is { FIXED($q, places: 2) }: average order value has no finite variance across customers, so a few of them may decide the total.

goodness-agrees = The customers' numbers of purchases agree with { $title }: chi-square { FIXED($statistic, places: 2) } with { COUNT($degrees_of_freedom) } degrees of freedom, { P_VALUE($p_value) }.
goodness-differs = The customers' numbers of purchases differ from those that { $title } expects by more than chance explains: chi-square { FIXED($statistic, places: 2) } with { COUNT($degrees_of_freedom) } degrees of freedom, { P_VALUE($p_value) }.
goodness-no-test = There are too few classes of customers for a chi-square test of { $title }.
goodness-statistic-differs = { $statistic ->
    [share_without_repeat] The share of customers without a repeat purchase
    [variance] The variance of repeat purchases
    [share_of_top_5_percent] The share of repeat purchases by the most frequent 5% of customers
   *[mean_recency] The mean recency of customers with repeat purchases
    } is { NUM($observed, digits: 3) }, but 90% of histories simulated from the model have { NUM($lower, digits: 3) } to { NUM($upper, digits: 3) }.

lrt-statistic = Twice the log-likelihood rises by { FIXED($statistic, places: 2) }
lrt-significant = { lrt-statistic } with { lrt-parameters }, more than chance explains ({ P_VALUE($p_value) }).
lrt-not-significant = { lrt-statistic } with { lrt-parameters }, as it may by chance ({ P_VALUE($p_value) }).
lrt-parameters = { $degrees_of_freedom ->
    [one] one more parameter
   *[other] { $degrees_of_freedom } more parameters
    }
lrt-remedy = Compare BIC instead, or simulate: draw data from the smaller fit, fit both models to them, and count how often the statistic is as large.
lrt-no-dropout = { lrt-statistic }, but there is no p-value: { $small_title } is { $large_title } with a mean dropout of 0, at the edge of its range, and how dropout varies then has no meaning: neither a chi-square distribution nor a mixture of them holds (Davies 1987). { lrt-remedy }
lrt-no-aging = { lrt-statistic }, but there is no p-value: { $small_title } is { $large_title } as b approaches 0, the edge of its range: a chi-square distribution would give too large a p-value (Self & Liang 1987). { lrt-remedy }
lrt-whole-k = { lrt-statistic }, but there is no p-value: { $small_title } differs from { $large_title } only by its k of 1, and k is a whole number: no chi-square distribution holds. { lrt-remedy }
lrt-boundary = { lrt-statistic }, but there is no p-value: { $title } ended at a limit ({ $limits }), where no chi-square distribution holds. { lrt-remedy }

crosscheck-failed = { $title }: lifetimes{ $version ->
    [none] { "" }
   *[other] { " " }{ $version }
    } itself failed ({ $errors });
crosscheck-agrees = { $title }: lifetimes { $version } agrees:
crosscheck-differs = { $title }: lifetimes { $version } does not agree:
crosscheck-not-compared = nothing could be compared
crosscheck-compared = at our parameters it agrees on { $quantities }
crosscheck-agreement = its own search ends at a log-likelihood of { FIXED($theirs, places: 3) }, ours at { FIXED($ours, places: 3) } by the same function, with parameters at most { NUM($parameters, digits: 1) } apart (relative){ $sampled ->
    [yes] { " " }on a sample of { COUNT($customers) } customers, which sampling explains
   *[no] { "" }
    }; at the same parameters, the log-likelihood of no customer differs by more than { NUM($likelihood, digits: 1) }, and no prediction for { COUNT($predicted) } of them by more than { NUM($prediction, digits: 1) } (relative)
crosscheck-likelihood-differs = at { $parameters_of ->
    [ours] our
   *[lifetimes] lifetimes'
    } parameters the log-likelihood of { COUNT($customers) } customers differs{ $not_finite ->
    [0] { "" }
   *[other] , lifetimes' being not finite for { COUNT($not_finite) } (from { $statistic } { SHORT($not_finite_from, digits: 6) } on)
    }{ crosscheck-decision }
crosscheck-prediction-differs = at our parameters { $quantity } of { $customers } of { $of } customers differ{ $not_finite ->
    [0] { "" }
   *[other] , lifetimes' being missing or infinite for { $not_finite }
    }{ crosscheck-decision }
crosscheck-method = the model's definition, averaged numerically over how customers differ,
crosscheck-decision = { " " }(most for { $history }: ours { NUM($ours, digits: 8) }, lifetimes' { NUM($lifetimes, digits: 8) }){ $right ->
    [ours] , where ours is right: { crosscheck-method } gives { NUM($third, digits: 8) }
    [lifetimes] , where lifetimes' is right: { crosscheck-method } gives { NUM($third, digits: 8) }
   *[undecided] { $computable ->
        [yes] ; { crosscheck-method } does not decide between them: it gives { NUM($third, digits: 8) }
       *[no] ; { crosscheck-method } cannot be computed here to decide between them
        }
    }
crosscheck-better = better by { $finite ->
    [yes] { SHORT($theirs, digits: 4) } by its own likelihood and by { SHORT($ours, digits: 4) } by ours
   *[no] { SHORT($ours, digits: 4) } by our likelihood; its own is not finite there
    }
crosscheck-search-stopped-early = our parameters are { crosscheck-better }, so its search stopped early and ours is right
crosscheck-not-a-maximum = its parameters are { crosscheck-better }, so lifetimes is right, and this model is not a maximum for these customers
crosscheck-not-a-maximum-expected = its parameters are { crosscheck-better }, which is possible because the model { $reasons }
crosscheck-likelihoods-disagree = from our parameters to its own, the log-likelihood changes by { SHORT($ours, digits: 4) } by our function and by { SHORT($theirs, digits: 4) } by its own
crosscheck-other-customers = was fitted to other customers, or as of another day
crosscheck-prior = was fitted with a prior, which lifetimes does not have
crosscheck-probability-alive = P(alive)
crosscheck-expected-purchases = expected purchases
crosscheck-expected-spend = expected spend
crosscheck-log-likelihood = the log-likelihood

## Report: the first screen

glance-title = { $kind ->
    [money] { $has_name ->
        [yes] What the customers of { $name } are worth
       *[no] What these customers are worth
        }
   *[purchases] { $has_name ->
        [yes] How often the customers of { $name } will buy
       *[no] How often these customers will buy
        }
    }
glance-about = { COUNT($customers) } customers{ $tested ->
    [yes] { " " }known at the last test date
   *[no] { "" }
    } · orders from { $start } to { $end }
glance-money = { $currency } { $amount }
glance-value = { $revenue ->
    [yes] Expected revenue from these customers
   *[no] Value of these customers
    }{ $has_horizon ->
    [yes] , next { $horizon }
   *[no] { $lifetime ->
        [yes] , all future orders
       *[no] {""}
        }
    }
glance-half = Half of it comes from { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } ({ PERCENT($share, places: 1) }).
glance-newcomers-excluded = Future new customers are not included.
glance-margin = This is margin: { PERCENT($margin) } of what these customers are expected to spend.
glance-interval = { PERCENT($level) } interval
glance-untested-interval = { $chosen ->
    [model] The interval allows for chance and parameters only, not for a change in how customers behave.
   *[history] Errors of totals this far ahead are not known from any shop: the interval allows for chance and parameters only.
    }
glance-recent-level = Lately, customers bought { $more ->
    [yes] more
   *[no] less
    } than this forecast expects. If this lasts as long as such differences usually do, they bring { $amount } instead.
glance-recent-purchases = Lately, customers bought { $more ->
    [yes] more
   *[no] less
    } than this forecast expects. If this lasts as long as such differences usually do, they buy { $purchases } times instead.
glance-outlook = Purchases expected of these customers, next { $horizon }
glance-purchases = Purchases expected in the { $horizon } after { $cutoff }
glance-purchases-actual = The customers made { COUNT($actual) }.
glance-active = Still active
glance-active-note = { COUNT($active) } of { COUNT($customers) } customers are expected to buy again some day, by the purchase model { $title }.
glance-customer = Average customer
glance-customer-note = Half of the customers are worth less than { $median }.
glance-newcomer = { $revenue ->
    [yes] Revenue from a new customer
   *[no] A new customer is worth
    }
glance-newcomer-note = { $revenue ->
    [yes] In the first { $horizon }, first order included: { $lower } to { $upper }. Spend less than your margin on this to win one.
   *[no] Margin of the first { $horizon }, first order included: { $lower } to { $upper }. Spend less than this to win one.
    }
glance-change = Change since { $begin }
glance-change-note = { $direction ->
    [worse] Known customers did worse than expected
   *[better] Known customers did better than expected
    }: { $experience }. New customers: { $acquired }. Orders made and time passed, as expected: { $as_expected }. New estimates and terms: { $other }.
glance-change-revised = The report of that day stated { $stated }: since then its log has changed, or the model of the report.
report-change = From { $begin } to { $end } the value of the customers went from { COUNT($opening) } to { COUNT($closing) }: { COUNT($experience) } because known customers bought more or less than expected, { COUNT($acquired) } from new customers.

status-level = Total: { $grade ->
    [good] good
    [fair] fair
    [poor] poor
   *[none] not tested
    }
grade-level = Total. Good: within { PERCENT($good) } of what happened at every test date. Fair: within { PERCENT($fair) }, or good but tested over a shorter time than the total above covers.
status-level-evidence = { $cutoffs ->
    [one] At the test date
   *[other] At { COUNT($cutoffs) } test dates
    }, the forecast total of { $quantity } was { $direction ->
    [mixed] between { PERCENT($least) } too low and { PERCENT($most) } too high.
   *[other] { $cutoffs ->
        [one] { PERCENT($most) }
       *[other] { PERCENT($least) } to { PERCENT($most) }
        } too { $direction ->
        [high] high.
       *[low] low.
        }
    }{ $further ->
    [yes] {" "}{ $capped ->
        [yes] That would be good; it is fair because the total covers
       *[no] The total covers
        } { $horizon ->
        [lifetime] all future orders
       *[other] { $horizon }
        } and the tests only { $tested }.
   *[no] {""}
    }{ $sampled ->
    [yes] {" "}The tests use a sample of { COUNT($sample) } customers.
   *[no] {""}
    }
status-level-untested = Nothing was bought after the test dates, so the totals cannot be judged.
status-ranking = Ranking: { $grade ->
    [good] good
    [fair] fair
    [poor] poor
   *[none] not tested
    }
grade-ranking = Ranking, by the normalized Gini coefficient of purchases and of money at the last test date, whichever is lower. Good: at least 0.6. Fair: at least 0.3.
status-ranking-evidence = The 10% of customers ranked first made { PERCENT($captured) } of the later { $quantity ->
    [money] revenue
   *[purchases] purchases
    }; 10% picked at random make 10%.
status-ranking-untested = All customers did the same after the test date, so there was nothing to rank.
status-data = Data: { $grade ->
    [good] good
    [fair] fair
   *[poor] poor
    }
grade-data = Data. Good: no cautions about the data and the models. Fair: cautions. Poor: at least one problem.
status-data-evidence = { $problems ->
    [0] { $cautions ->
        [0] No problem was found in these data.
        [one] There is one caution about the data or the fits.
       *[other] There are { COUNT($cautions) } cautions about the data and the models.
        }
    [one] There is one problem with the data or the fits.
   *[other] There are { COUNT($problems) } problems with the data or the fits.
    }
report-cutoffs = { COUNT($done) } of { COUNT($of) } cutoffs done
report-step = { $step ->
    [profile] Profiling the log
    [backtest] Forecasting from each cutoff, and comparing with what happened
    [value] Valuing every customer as of the last day of the log
    [decisions] Sorting customers into tiers and lists
   *[page] Making the page
    }
next-step-deploy = Score the customers regularly: write a job file with “clv init”, and fit it with { $forecaster ->
    [best] “clv fit --forecaster best”, which learns totals and rankings from earlier windows of the log
   *[process] “clv fit --model { $model }”, which writes the model of this page
    }.
next-step-test = Before you act on a list of customers, leave some of them out at random. Only the difference shows whether the action pays.
next-step-repeat = Make this report again when the next { $horizon } are over: one more test date shows whether the forecast still holds.
tier-size = { COUNT($customers) } ({ PERCENT($share, places: 0) })
list-label = { $list ->
    [key-accounts] Key accounts
    [at-risk] At risk
    [win-back] To win back
   *[second-purchase] One order so far
    }
list-key-accounts = { $customers ->
    [0] no customer made 1% of the spend of the last year.
    [one] one customer made at least 1% of the spend of the last year, and is worth { $money } ({ PERCENT($share, places: 1) } of all).
   *[other] { COUNT($customers) } customers each made at least 1% of the spend of the last year. They are worth { $money } ({ PERCENT($share, places: 1) } of all).
    }
list-at-risk = { $customers ->
    [0] none of the { COUNT($candidates) } active repeat buyers: nothing depends on whether they stay.
   *[other] { $every ->
        [yes] all { COUNT($customers) } active repeat buyers: if some of them leave as expected, { $money } is lost in all.
       *[no] { COUNT($customers) } of { COUNT($candidates) } active repeat buyers, those with the most to lose: if some of them leave as expected, { $money } is lost in all.
        }
    }
list-win-back = { $customers ->
    [0] nobody: { COUNT($candidates) } repeat buyers have probably left.
   *[other] { $every ->
        [yes] all { COUNT($customers) } repeat buyers who have probably left. Back as active customers they would bring { $money } more.
       *[no] { COUNT($customers) } of { COUNT($candidates) } repeat buyers who have probably left. Back as active customers they would bring { $money } more.
        }
    }
list-second-purchase = { $customers ->
    [0] none of the { COUNT($candidates) } customers with one order is likely to order again soon.
   *[other] { $every ->
        [yes] all { COUNT($customers) } customers with one order, who are expected to bring { $money }.
       *[no] { COUNT($customers) } of { COUNT($candidates) } customers with one order, those with the most to come: they are expected to bring { $money }.
        }
    }
purchases-at-stake = { $number } { $one ->
    [yes] purchase
   *[no] purchases
    }
new-customer-cost = { $revenue ->
    [yes] A new customer brings revenue of { $value } in the first { $horizon }, first order included ({ $lower } to { $upper }; mean of { COUNT($customers) } customers). Multiply by your margin for the most that a new customer may cost.
   *[no] Pay at most { $value } for a new customer ({ $lower } to { $upper }): this is the margin of the first { $horizon }, first order included, as the mean of { COUNT($customers) } customers.
    }
now-forecast = Which forecast
now-forecast-page = { $both ->
    [yes] Use { $page } for budgets and for ranking customers. The numbers on this page come from it.
   *[no] Use { $page } for budgets. The numbers on this page come from it.
    }
now-forecast-budget = For the budget of the next { $horizon }, use { $total }{ $has_amount ->
    [yes] : it expects { $quantity ->
        [money] customers to spend { $amount }
       *[purchases] { $amount } purchases
        }, where the model behind the other numbers of this page expects { $of_page }.
   *[no] .
    }
now-forecast-ranking = Rank customers by { $ranking }.
now-forecast-others = { $by_it ->
    [yes] Rank customers by { $page }; all other numbers on this page come from it.
   *[no] { $same ->
        [yes] Rank customers by it, too.
       *[no] {""}
        } The other numbers on this page come from { $page }.
    }
forecast-named = “{ $title }”{ $has_gloss ->
    [yes] {" "}({ $gloss })
   *[no] {""}
    }
forecast-gloss = { $name ->
    [nobody] nobody buys again
    [own_rate] customers go on at their own past rate
    [past_spend] customers go on as they spent so far, scaled
    [population_mean] every customer gets the average of all
    [last_period] customers repeat the period before
    [hiatus] customers who were silent for long are gone, others go on as before
    [seasonal_naive] customers repeat the same period a year before
    [boosted_trees] machine learning on earlier periods of your data
    [blend] the average of a statistical model and machine learning
    [blend_process_total] a statistical model and machine learning averaged, with the total of the model
    [blend_learned_total] a statistical model and machine learning averaged, with a total learned from earlier periods
   *[best] it learns from earlier periods of your data how far to follow each of the others
    }
forecast-gloss-alike = a model of the same kind
forecast-gloss-process = a statistical model of how often customers buy{ $leaves ->
    [yes] { $spends ->
        [yes] , when they leave and what they spend
       *[no] {" "}and when they leave
        }
   *[no] { $spends ->
        [yes] {" "}and what they spend
       *[no] {""}
        }
    }
budget-forecast = For the next { $horizon }, “{ $title }” expects { $quantity ->
    [money] spending of { COUNT($expected) }
   *[purchases] { COUNT($expected) } purchases
    }, and “{ $page }” { COUNT($of_page) }. { $cutoffs ->
    [one] At the test date, the total of “{ $title }” was off by { SIGNED_PERCENT($lowest) }.
   *[other] At { COUNT($cutoffs) } test dates, the totals of “{ $title }” were off by { SIGNED_PERCENT($lowest) } to { SIGNED_PERCENT($highest) }.
    }
now-whom = Whom to look after
now-whom-text = The top { COUNT($customers) } customers (tier A) hold { PERCENT($share, places: 0) } of the { $kind ->
    [value] value
    [revenue] revenue
   *[purchases] expected purchases
    }.{ $has_list ->
    [yes] {" "}Of the active repeat buyers, { COUNT($at_risk) } are most at risk of leaving: if some of them leave as expected, { $money } is lost in all.
   *[no] {""}
    }
now-next = What to do next
now-next-text = { $has_range ->
    [yes] { $by_budget ->
        [yes] Plan the next { $horizon } with the budget forecast above. For longer plans, allow for the whole interval.
       *[no] Take the lower end of the interval as the safe case of the { $kind ->
            [value] value
            [revenue] revenue
           *[purchases] purchases
            }.
        }
   *[no] Allow for as much as past totals were off.
    }{ $has_list ->
    [yes] {" "}Contact a random half of those at risk and leave the other half alone: only comparing the two shows whether it helps.
   *[no] {""}
    } Repeat this report when the next { $horizon } are over.
short-table = Against simpler forecasts: { $quantity }, { $cutoffs ->
    [one] at the test date
   *[other] means over { COUNT($cutoffs) } test dates
    }
short-table-forecaster = forecast
short-table-bias = total off by
short-table-size = total off by, either way
short-table-rmse = error per customer
short-table-gini = ranking (1 is perfect)

value-basis = By { $model } and { $spend }, fitted to the whole log up to { $end }: { $terms }.{ $has_interval ->
    [yes] {" "}The { PERCENT($level, places: 0) } interval of the total is { COUNT($lower) } to { COUNT($upper) }: it covers chance and the uncertainty of the parameters{ $tested ->
        [yes] , and changes in how customers behave as large as this log and other shops have shown.
       *[no] , but not a change in how customers behave{ $chosen ->
            [model] .
           *[history] : errors of totals this far ahead are not known from any shop.
            }
        }
   *[no] {""}
    }

## Report: the verdict, cautions, labels

verdict-question-use = What to use it for
verdict-question-totals = Totals
verdict-question-ranking = Ranking
verdict-question-intervals = Intervals
verdict-question-benchmarks = Benchmarks
verdict-question-limits = Not for

verdict-evidence-use = all forecasters compared
verdict-evidence-totals = totals over time
verdict-evidence-ranking = gains and lifts
verdict-evidence-intervals = coverage of intervals
verdict-evidence-benchmarks = all forecasters compared
verdict-evidence-limits = intended use and limits

# use

verdict-use = { $ranking ->
    [good] Use its ranking of customers
    [fair] Use its ranking of customers with care
    [poor] Do not use its ranking of customers
   *[none] No ranking of customers to judge
    }; { $totals ->
    [0] totals
    [one] the total was
   *[other] totals were
    } { $direction ->
    [low] { $totals ->
        [one] { PERCENT($error, places: 1) }
       *[other] up to { PERCENT($error, places: 1) }
        } too low
    [high] { $totals ->
        [one] { PERCENT($error, places: 1) }
       *[other] up to { PERCENT($error, places: 1) }
        } too high
    [exact] accurate to 0.1%
    [either] off by up to { PERCENT($error, places: 1) }
   *[none] could not be checked
    }
verdict-use-unknown = There is not enough evidence to say what to use it for.
verdict-budget = { $quantity ->
    [money] For money, allow for
   *[purchases] In a budget for these customers over the next { $horizon }, allow for
    } { $direction ->
    [more] { PERCENT($more, places: 1) } more
    [fewer] { PERCENT($fewer, places: 1) } { $quantity ->
        [money] less
       *[purchases] fewer
        }
    [either] { PERCENT($fewer, places: 1) } { $quantity ->
        [money] less
       *[purchases] fewer
        } to { PERCENT($more, places: 1) } more
   *[exact] no more
    }{ $quantity ->
    [money] {""}
   *[purchases] {" "}purchases
    } than forecast.
verdict-budget-basis = { $cutoffs ->
    [one] That was the error of { $title } at the one cutoff tested; longer horizons were not tested.
    [2] That covers the errors of { $title } at both cutoffs tested; longer horizons were not tested.
   *[other] That covers the errors of { $title } at all { COUNT($cutoffs) } cutoffs tested; longer horizons were not tested.
    }
verdict-recommend = For the { $metric ->
    [bias] total
   *[gini] ranking
    }{ $quantity ->
    [all] {""}
   *[other] {" "}of { $quantity }
    }, use “{ $title }” instead: it was visibly better.
verdict-no-better = For the { $metric ->
    [both] total and the ranking
    [bias] total
   *[gini] ranking
    }{ $quantity ->
    [all] {""}
   *[other] {" "}of { $quantity }
    }, no other forecaster was visibly better.

verdict-visible = “Visibly better” is better at every cutoff, by at least 1% on average and by more than chance explains.

# totals

verdict-totals = { $outcome ->
    [close] Totals were close
    [low] Totals were too low
    [high] Totals were too high
    [sometimes-low] Totals were sometimes too low
    [sometimes-high] Totals were sometimes too high
    [either] Totals were sometimes too high, sometimes too low
   *[none] Totals could not be checked
    }
verdict-total = { $quantity ->
    [money] The total of money was
   *[purchases] In the { $horizon } after { $cutoff }, the total of purchases was
    } { $direction ->
    [low] { PERCENT($error, places: 1) } too low
    [high] { PERCENT($error, places: 1) } too high
   *[exact] accurate to 0.1%
    }: { NUM($predicted, digits: 4) } forecast, { NUM($actual, digits: 4) } actual.
verdict-total-undefined = The total of { $quantity } cannot be checked because there were none in the holdout period.
verdict-nothing-happened = There were no purchases in the holdout period, so the totals cannot be checked.
verdict-total-range = Over all { COUNT($cutoffs) } cutoffs, the total of { $quantity } was { $direction ->
    [low] { $constant ->
        [yes] { PERCENT($largest, places: 1) } too low
       *[no] { PERCENT($smallest, places: 1) } to { PERCENT($largest, places: 1) } too low
        }
    [high] { $constant ->
        [yes] { PERCENT($largest, places: 1) } too high
       *[no] { PERCENT($smallest, places: 1) } to { PERCENT($largest, places: 1) } too high
        }
    [either] { PERCENT($lowest, places: 1) } too low to { PERCENT($highest, places: 1) } too high
   *[exact] accurate to 0.1%
    }.
verdict-value = { $has_horizon ->
    [yes] The customers' value over the next { $horizon } adds
   *[no] The customers' lifetime values add
    } up to { NUM($total, digits: 4) }; expect errors of the same size.

# ranking

verdict-ranking = { $outcome ->
    [good] It ranks customers well
    [fair] It ranks customers fairly well
    [poor] It hardly ranks customers
   *[none] Nothing to rank
    }
verdict-top-decile = { $quantity ->
    [money] The 10% ranked highest by money made { PERCENT($captured) } of it
   *[purchases] The 10% of customers ranked highest made { PERCENT($captured) } of the purchases
    }{ $best_known ->
    [yes] ; the best possible 10% made { PERCENT($best) }.
   *[no] .
    }
verdict-top-decile-random = Picked at random, 10% of the customers would make 10%.
verdict-nothing-to-rank = All customers did the same in the holdout period, so there was nothing to rank.

# intervals

verdict-intervals = { $outcome ->
    [wide-enough] Intervals are wide enough
    [customers-only] Intervals are wide enough for customers, not for the total
    [total-only] Intervals are too narrow for customers
    [too-narrow] Intervals are too narrow
   *[none] No intervals
    }
verdict-no-intervals = This forecast has no intervals, so its uncertainty is unknown.
verdict-coverage = The { PERCENT($level) } intervals of single customers contained the actual purchases { PERCENT($coverage) } of the time{ $side ->
    [low] , which is too rarely.
    [high] , which is on the safe side.
   *[right] .
    }
verdict-total-interval = The interval of the total of { $quantity }, { NUM($lower, digits: 4) } to { NUM($upper, digits: 4) }, { $inside ->
    [yes] contained
   *[no] missed
    } the actual { NUM($actual, digits: 4) }.
verdict-total-intervals = The interval of the total of { $quantity } contained the actual total at { COUNT($inside) } of { COUNT($cutoffs) } cutoffs.
verdict-interval-widened = Widened by the errors at { COUNT($earlier) } earlier cutoffs, the interval of the total of purchases is { NUM($lower, digits: 4) } to { NUM($upper, digits: 4) }.
verdict-interval-unreliable = Do not quote the interval of the total: it allows for chance, but not for changing conditions. Quote how far totals were off instead. There are too few past forecasts to say how much wider it should be.
verdict-interval-missed = The interval of the total also allows for changing conditions, as far as errors of earlier totals show them, and still missed. Do not rely on its ends: plan with how far totals were off as well.
verdict-interval-of-process = These intervals are those of the purchase model alone, which allow for chance but not for changing conditions. Quote the interval of the value at the top of this page instead: it also allows for errors of totals in the past.

# benchmarks

verdict-benchmarks = { $quantity ->
    [purchases] For purchases, { $kind ->
        [rule] a simple rule is
        [learned] machine learning is
       *[process] another purchase model is
        }
    [money] For money, { $kind ->
        [rule] a simple rule is
        [learned] machine learning is
       *[process] another purchase model is
        }
   *[all] { $kind ->
        [rule] A simple rule is
        [learned] Machine learning is
       *[process] Another purchase model is
        }
    } visibly better in { $metrics ->
    [gini] the ranking
    [rmse] the error per customer
    [bias] the total
    [gini-rmse] the ranking and the error per customer
    [gini-bias] the ranking and the total
    [rmse-bias] the error per customer and the total
   *[gini-rmse-bias] the ranking, the error per customer and the total
    }
verdict-not-beaten = No other forecaster is visibly better
verdict-nothing-to-compare = Nothing to compare with
verdict-no-benchmark = There was no other forecaster to compare with.
verdict-no-rule-better = No simple rule was visibly better in total, ranking or error per customer.
verdict-better-bias = { $kind ->
    [rule] The simple rule “{ $title }”
   *[other] “{ $title }”
    } came closer to the total of { $quantity }: off by { PERCENT($value, places: 1) } instead of { PERCENT($reference_value, places: 1) }.
verdict-better-gini = { $kind ->
    [rule] The simple rule “{ $title }”
   *[other] “{ $title }”
    } ranked customers better by { $quantity }: { PERCENT($value, places: 1) } of a perfect ranking instead of { PERCENT($reference_value, places: 1) }{ $top ->
    [same] ; its top 10% made the same, { PERCENT($top_value) }.
    [different] ; its top 10% made { PERCENT($top_value) } instead of { PERCENT($top_reference) }.
   *[none] .
    }
verdict-better-rmse = { $kind ->
    [rule] The simple rule “{ $title }”
   *[other] “{ $title }”
    } had a smaller error per customer in { $quantity }: typically { NUM($value, digits: 3) } instead of { NUM($reference_value, digits: 3) }.
verdict-means = These are means over { COUNT($cutoffs) } cutoffs; each difference exceeds its spread and has the same sign at all of them.

# limits of use

verdict-limits = Campaign effects, single customers, total demand
verdict-limit-campaigns = Do not use it to choose whom a call or a campaign would persuade: it shows who is likely to buy anyway.
verdict-limit-customer = Do not promise anything about a single customer: the forecast is typically off by { NUM($rmse, digits: 2) } purchases, and the average customer made { NUM($mean, digits: 2) }.
verdict-limit-new-customers = Do not plan total demand with it: new customers made { $share_size ->
    [tiny] less than 1%
   *[other] { PERCENT($share) }
    } of the purchases in the holdout period, and no forecast includes them.
verdict-limit-no-new-customers = Do not plan total demand with it: no forecast includes new customers.
verdict-limit-season = Do not plan single weeks with it: it { $known ->
    [yes] follows the season, but does not know promotions to come
   *[no] does not know seasons or promotions
    }.
season-months = { MONTH($first) } to { MONTH($last) }
season-ahead = Season: in the next three months, { season-months }, customers usually buy { SIGNED_PERCENT($change) } compared with an average month. { $known ->
    [yes] This forecast follows the season.
   *[no] This forecast does not know it: move the budget between months accordingly.
    }
season-not-seen = Season: the next three months, { season-months }, are not in this log, so their seasonal effect is unknown.
season-not-visible-yet = Season: the log has { COUNT($months) } whole months, and { COUNT($needed) } are needed to separate a season from a trend. Compare the next three months, { season-months }, with the same months a year before.
season-few-purchases = Season: there are too few repeat purchases to compare months, so what { season-months } will be like is unknown.
season-none = Season: none is visible in { COUNT($months) } months, so { season-months } should be like any others.
verdict-mae = The mean absolute error (MAE) is listed but not used for the verdict: it is smallest for the forecast of each customer's median, so where most customers buy nothing, it rewards forecasting nothing.
verdict-mae-example = Here “zero” for every customer has a MAE of { NUM($zero, digits: 3) }, and { $title } has { NUM($mae, digits: 3) }.

# sections of the report

verdict-worst-group = largest error { $by ->
    [frequency] for frequency { $group }
    [recency] for recency { $group }
   *[decile] in decile { $group }
    }, { $direction ->
    [low] too low
   *[high] too high
    }
verdict-worst-decile = The forecast of { $title } is furthest off for { $position ->
    [highest] the customers with the highest forecasts (decile 1)
    [lowest] the customers with the lowest forecasts (decile 10)
   *[between] decile { $decile } of its forecasts
    }: { FIXED($expected, places: 2) } purchases per customer forecast, { FIXED($actual, places: 2) } actual.
verdict-widened = At the last cutoff, the interval is widened by the errors at the { COUNT($earlier) } cutoffs that had ended by then.
verdict-not-widened = No interval is widened by earlier errors: this needs { COUNT($needed) } cutoffs whose holdout periods had ended by the last cutoff, and there { $earlier ->
    [0] were none.
    [one] was 1.
   *[other] were { COUNT($earlier) }.
    }
verdict-fit = What each model learned about the customers at the last cutoff.
verdict-fit-range = { $has_interval ->
    [yes] { FIXED($estimate, $places) } ({ FIXED($lower, $places) } to { FIXED($upper, $places) })
   *[no] { NUM($estimate, digits: 3) }
    }
verdict-fit-share = { $has_interval ->
    [yes] { PERCENT($estimate, $places) } ({ PERCENT($lower, $places) } to { PERCENT($upper, $places) })
   *[no] { PERCENT($estimate, $places) }
    }
verdict-fit-time-between = According to { $title }, an active customer with an average purchase rate buys every { verdict-fit-range } { $unit }: { $alike ->
    [yes] customers hardly differ in this
   *[no] most customers buy less often, and a few much more often
    }.
verdict-fit-probability = According to { $title }, an active customer buys at { verdict-fit-share } of the opportunities.
verdict-fit-no-dropout = These data show no dropout: according to { $title }, every customer is still active, and P(alive) does not distinguish between customers.
verdict-fit-same-model = { $titles } all ended at this limit: here they are one and the same model.
verdict-fit-dropout-not-visible = NBD, a model in which nobody leaves, describes the data as well as { $title } does (BIC within { SHORT($bic_limit) }): these data do not show whether customers leave.
verdict-fit-gone = { $title } estimates that { verdict-fit-share } of the customers known at the cutoff are gone for good.
verdict-fit-one-time-buyers-stay = In { $title }, customers who bought once cannot have left, so it does not show how many customers are gone{ $has_other ->
    [yes] .
   *[no] : MBG/NBD and Pareto/NBD do.
    }
verdict-fit-disagreement = The models disagree on this, from { PERCENT($low) } ({ $low_title }) to { PERCENT($high) } ({ $high_title }): it depends on when each model lets customers leave, and only the purchases that follow can be checked.
verdict-fit-dropout-probability = On average, a new customer leaves after a purchase with a probability of { verdict-fit-share }.
verdict-fit-lifetime = Half of all new customers stop buying within { verdict-fit-range } { $unit }.
verdict-fit-converged = Every fit below has converged: no parameters near the estimates describe the data better.
verdict-failure-total = The total of { $quantity } was off by { SIGNED_PERCENT($bias, places: 1) } at the last cutoff.
verdict-failure-interval = The interval of the total of { $quantity } missed the actual total{ $cutoffs ->
    [one] .
   *[other] {" "}at { COUNT($missed) } of { COUNT($cutoffs) } cutoffs.
    }
verdict-no-failures = No failures were found.
verdict-past-errors = { $cutoffs ->
    [one] At the past cutoff, the total of money that { $title } forecast for the next { $horizon } was off by { SIGNED_PERCENT($lowest, places: 1) }.
   *[other] At { COUNT($cutoffs) } past cutoffs, the totals of money that { $title } forecast for the next { $horizon } were off by { SIGNED_PERCENT($lowest, places: 1) } to { SIGNED_PERCENT($highest, places: 1) }.
    }
verdict-past-errors-unknown = Unknown: no total of money was compared with the actual one.
verdict-cautions = { $cautions ->
    [one] One finding about the data or the fits needs caution.
   *[other] { COUNT($cautions) } findings about the data or the fits need caution.
    }
verdict-caution-older-customers = Many customers were acquired before this log begins, but every model treats them as new customers.
verdict-caution-fit = The fit ended with the status “{ $status }”.

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
gate-order = This run as of { $as_of } would replace the run as of { $newest } { $where ->
    [sink] in { $sink }
   *[manifest] that is published
    }: an older day never replaces a newer one.
gate-rows-earlier-day = Not compared: { gate-reference } has later data, up to { $reference_as_of }.
gate-refused = { COUNT($refused) } of { COUNT($customers) } customers ({ PERCENT($share, places: 2) }) cannot be scored (refused limit { PERCENT($limit, places: 2) }).
gate-bought-once = { COUNT($customers) } customers made { COUNT($repeats) } repeat purchases (bought_once limit: at least one if there are { COUNT($limit) } customers or more).{ $passed ->
    [yes] { "" }
   *[no] { " " }Is the source a summary with one row per customer, or does every order have a new customer id? If the shop is too young for repeat purchases, set bought_once = "off".
    }
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
gate-tiers = { COUNT($customers) } of { COUNT($before) } customers with a tier as of { $reference_as_of } { $move ->
    [risen] rose to a better one
   *[fallen] fell to a lower one
    }: { PERCENT($share, places: 2) } ({ $move ->
    [risen] tier_rises
   *[fallen] tier_falls
    } limit { PERCENT($limit, places: 2) }{ $purchases_allowed ->
    [yes] { " " }+ { PERCENT($bought_since, places: 2) } who bought since
   *[no] { "" }
    }).
gate-activity = { COUNT($actual) } repeat purchases since the fit ({ $fit_as_of }), { SIGNED_PERCENT($change, places: 1) } compared with the { COUNT($expected) } expected (activity limit { PERCENT($limit, places: 0) }, plus { SHORT($limit_errors) } standard errors of { COUNT($standard_error) }).
gate-activity-outlived = The forecast made at the fit ({ $fit_as_of }) does not reach this day, so purchases since then cannot be checked (activity): fit again.
gate-freshness = The latest row is of { $latest }, { COUNT($days) } { $days ->
    [one] day
   *[other] days
    } before the end; the longest pause of the past year had { COUNT($longest) } { $longest ->
    [one] day
   *[other] days
    } (freshness limit { SHORT($limit) } times as long).
gate-daily = { $quantity ->
    [rows] { SHORT($value, digits: 4) } rows
   *[amounts] A median amount of { SHORT($value, digits: 4) }
    } on { $day }: about { SHORT($expected, digits: 4) } expected of this weekday, and { SHORT($lowest, digits: 4) } to { SHORT($highest, digits: 4) } allowed ({ $quantity ->
    [rows] daily_rows
   *[amounts] daily_amounts
    } limit: the range of the past year times { SHORT($limit) }).
gate-repeated-rows = { PERCENT($share, places: 1) } of the { COUNT($rows) } rows on { $day } repeat another of the same customer, time and amount; at most { PERCENT($usual, places: 1) } did before (repeated_rows limit { PERCENT($limit, places: 0) } more).
gate-late-rows = { COUNT($late) } rows dated up to the last run ({ $reference_as_of }) { $direction ->
    [gone] were removed
   *[late] were added
    } since it; the four weeks up to it had { COUNT($usual) } (late_rows limit { PERCENT($limit, places: 0) } of these).

refit-forecast = customers scored as of { $as_of } were expected to buy { COUNT($predicted) } times by { $end } and bought { COUNT($actual) } times, { $direction ->
    [same] as forecast
    [fewer] { PERCENT($size, places: 1) } fewer
   *[more] { PERCENT($size, places: 1) } more
    } ({ FIXED($errors_size, places: 1) } standard errors).
refit-unknown = Too early to judge: no run has expected { SHORT($least) } purchases since.
refit-needed = Refit: { refit-forecast }
refit-needed-since = Refit: { refit-forecast } This has been so for every run since { $since }.
refit-not-needed = No need to refit: { refit-forecast }
refit-watch-cohorts = No need to refit for the total, but some cohorts drift: { refit-forecast }
refit-watch-intervals = No need to refit for the total, but only { PERCENT($coverage, places: 1) } of customers bought within their { PERCENT($level, places: 0) } intervals: { refit-forecast }
refit-cohort = Customers who first bought in { $cohort } made { COUNT($actual) } purchases by { $end }, { SIGNED_PERCENT($change, places: 1) } compared with the { COUNT($predicted) } forecast.
refit-saw-future = { COUNT($runs) } past { $runs ->
    [one] run was
   *[other] runs were
    } not compared: { $runs ->
    [one] its model was
   *[other] their models were
    } fitted to later data.
monitor-tiers = Of { COUNT($customers) } customers with a tier on { $earlier_as_of }, { PERCENT($risen, places: 1) } had risen and { PERCENT($fallen, places: 1) } had fallen by { $as_of }; { PERCENT($bought, places: 1) } bought in between.
monitor-feed = On { $as_of }, the latest row of the log was of { $latest }, { COUNT($days) } { $days ->
    [one] day
   *[other] days
    } before; the last day had { COUNT($rows) } { $rows ->
    [one] row
   *[other] rows
    }, and about { SHORT($expected, digits: 4) } are usual on this weekday.
monitor-feed-young = On { $as_of }, the latest row of the log was of { $latest }, { COUNT($days) } { $days ->
    [one] day
   *[other] days
    } before; the last day had { COUNT($rows) } { $rows ->
    [one] row
   *[other] rows
    }.
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

score-no-money = the source has no money, so only purchases are predicted
score-other-forecaster = the job has { $setting } = "{ $named }", but the model that scores was fitted with "{ $used }": fit the job again to score with "{ $named }", or set { $setting } = "{ $used }"
score-read-recent = read { COUNT($rows) } { $rows ->
    [one] row
   *[other] rows
    } dated { $since } or later, and added them to the state of earlier runs
score-read-full = read the whole log{ $reason ->
    [asked] , as asked
    [first] { "" }; the next run reads recent rows only
    [damaged] , because the state of earlier runs is damaged
    [settings] , because the state of earlier runs is of another source, other settings or another release
    [windows] , because the forecaster looks at more recent days than the state of earlier runs has
    [older-day] , because the date is earlier than the days that the state of earlier runs can serve
    [older-rows] , because the number of rows changed on { COUNT($days) } { $days ->
        [one] day
       *[other] days
        } before the overlap (first: { $day })
    [no-rows] , because it has no row after the last day of the state of earlier runs
    [faults] , because its recent rows need a check against all others
    [model] , because the model needs all purchases
   *[backfill] , because a backfill uses no state
    }

## Decisions: tiers, segments, lists

tiers-made = { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } in { COUNT($tiers) } tiers; { $tier } has { PERCENT($share, places: 1) } of them and { PERCENT($value_share, places: 1) } of the value
tiers-probability = on average, a customer in tier { $tier } will rank there over the horizon with probability { PERCENT($probability, places: 0) }
tiers-no-value = { COUNT($customers) } { $customers ->
    [one] customer has
   *[other] customers have
    } no value, and no tier
tiers-negative = { COUNT($customers) } { $customers ->
    [one] customer has
   *[other] customers have
    } a value below 0, so the shares of the others add up to more than 100%
tiers-empty = no customer is in { $names }
tiers-changed = of { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } with a published tier, { PERCENT($share, places: 1) } changed it; by today's values alone, { PERCENT($today, places: 1) } would have
tiers-other-terms = today's values are { NUM($ratio, digits: 3) } times the published ones for the median customer, as with another margin or currency, so these do not show who rose: customers rise when their value is 3% above a boundary
tiers-new-and-lost = { COUNT($customers) } { $customers ->
    [one] customer is
   *[other] customers are
    } new, { COUNT($lost) } { $lost ->
    [one] is
   *[other] are
    } no longer in the values

segments-made = { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } in { COUNT($segments) } segments; the largest, { $name }, has { PERCENT($share, places: 1) } of them
segments-volume = { COUNT($customers) } customers ({ PERCENT($share, places: 1) }) are { $name }: they made { PERCENT($share_of_purchases, places: 1) } of all purchases
segments-status = of { COUNT($customers) } customers, { COUNT($new) } are new, { COUNT($repeat) } bought again, and { COUNT($lapsed) } lapsed
stages-relationship = { COUNT($acquire) } customers bought once and are being acquired, { COUNT($manage) } are to be managed and { COUNT($retain) } to be retained{ $listed ->
    [0] { "" }
   *[other] ; { COUNT($attract) } of { COUNT($listed) } listed prospects are still to be attracted
    }
stages-made = of { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    }, { COUNT($overdue) } { $overdue ->
    [one] is
   *[other] are
    } overdue, { COUNT($lost) } probably lost and { COUNT($won_back) } won back
data-segments-found = { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } in { COUNT($segments) } segments, which are found again in other customers (agreement { FIXED($agreement, places: 2) }; without structure { FIXED($reference, places: 2) })
data-segments-none = no segments here: no number from 2 to { COUNT($most) } is found again more often than without structure
data-segments-too-few = no segments: { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    }, but { COUNT($fewest) } who differ in these columns are needed
data-segments-given = { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } in { COUNT($segments) } { $segments ->
    [one] segment
   *[other] segments
    }; whether the data show this number was not tested
data-segments-constant = { $names }: the same for all customers, so it has no effect
data-segments-missing = { COUNT($customers) } { $customers ->
    [one] customer has
   *[other] customers have
    } no { $name }; { $kind ->
    [text] "missing" is a separate value there
   *[other] they get the median
    }
crosstab-made = { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } in { COUNT($cells) } { $cells ->
    [one] cell
   *[other] cells
    }; { COUNT($empty) } more { $empty ->
    [one] is
   *[other] are
    } empty
crosstab-suppressed = { COUNT($cells) } { $cells ->
    [one] cell
   *[other] cells
    } with { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } { $cells ->
    [one] is
   *[other] are
    } suppressed, because cells with fewer than { COUNT($least) } are, or would follow from a total
segments-checked = the { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } in { $segment } made { PERCENT($share, places: 1) } of later spend; as many by past spend made { PERCENT($share_past_spend, places: 1) }, by RFM scores { PERCENT($share_rfm_sum, places: 1) }
actions-list = { $name }: { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } with { COUNT($money) } of margin at stake
audit-currency = amounts are in { $currency }
audit-change = revenue was { FIXED($revenue, places: 2) } in { $period }, after { FIXED($before, places: 2) } in { $earlier }
audit-largest-group = by customers, most of the change comes from { $part } ({ FIXED($amount, places: 2) })
audit-largest-driver = by drivers, most comes from { $part } ({ FIXED($amount, places: 2) })
audit-concentration = the 20% of customers with the most revenue in { $period } made { PERCENT($share, places: 1) } of it
audit-incomplete = the log does not cover all of { $names }, which is not compared with whole periods
plan-made = { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } to contact for { FIXED($cost, places: 2) }, with an assumed gain of { FIXED($gain, places: 2) }; { COUNT($control) } in the control group, { COUNT($suppressed) } suppressed
plan-assumed = the gain rests on assumed extra orders: compare with the control group before you rely on it
plan-partly-tested = the gain rests on extra orders that were tested for { COUNT($tested) } of { COUNT($rules) } rules and are assumed for the others: compare with the control group before you rely on it
plan-tested = { $rules ->
    [one] the gain rests on extra orders that were tested
   *[other] the gain rests on extra orders that were tested for all { COUNT($rules) } rules
    }
plan-expired = { COUNT($rules) } { $rules ->
    [one] rule of the playbook was
   *[other] rules of the playbook were
    } tested too long ago: test again
plan-no-control = there is no control group, so the effect of the actions cannot be measured
nobody-leaves = the model sees no customer leaving: P(alive) is above 99% for all of them, so this does not show who may have left. Fit another process or a longer log
actions-not-tested = money at stake is not what an action brings: keep a control group, and test it
experiment-assigned = { COUNT($units) } { $units ->
    [one] unit
   *[other] units
    } in { COUNT($strata) } { $strata ->
    [one] stratum
   *[other] strata
    }, { COUNT($control) } of them in the control group
experiment-small-strata = { COUNT($units) } { $units ->
    [one] unit is
   *[other] units are
    } in strata with fewer than { COUNT($fewest) } units, which form one stratum
experiment-late = { COUNT($units) } { $units ->
    [one] unit was
   *[other] units were
    } not in the earlier assignment, and form a separate stratum
experiment-units-needed = { COUNT($units) } units show an effect of { SHORT($effect, digits: 3) } per unit; without the adjustment, { COUNT($without) }
experiment-smallest-effect = { COUNT($units) } units show an effect of { SHORT($effect, digits: 3) } per unit with a probability of { PERCENT($power, places: 0) }
experiment-explained = what was known before explains { PERCENT($share, places: 0) } of the variance of the outcome
experiment-effect = { $shown ->
    [yes] the treatment changed the outcome by { SHORT($effect, digits: 3) } per unit
   *[other] the estimated effect is { SHORT($effect, digits: 3) } per unit
    } ({ PERCENT($confidence, places: 0) } interval { SHORT($lower, digits: 3) } to { SHORT($upper, digits: 3) }), against { SHORT($control_mean, digits: 3) } without it; { COUNT($treated) } treated units, { COUNT($control) } in the control group, { SHORT($total_effect, digits: 4) } in total
experiment-not-shown = the { PERCENT($confidence, places: 0) } interval contains 0: whether the treatment does anything is not shown, which is not the same as no effect
experiment-one-unit = one unit ({ $unit }, { FIXED($outcome, places: 2) }) accounts for { PERCENT($share) } of the variance of the outcome: net returns and canceled orders, or declare winsorize= before the next experiment
experiment-absent = { COUNT($customers) } { $customers ->
    [one] customer is
   *[other] customers are
    } not in the outcomes, and count as 0
experiment-early-look = this is a look at { PERCENT($share, places: 0) } of the planned time: its interval is wider, so that later looks remain valid
experiment-parts = effects in { COUNT($parts) } parts were read: the largest of several is too large on average, so test it again before you rely on it
experiment-parts-left-out = too few units in a group to compare in { $parts }
scorecard-made = { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } scored by { COUNT($indicators) } { $indicators ->
    [one] indicator
   *[other] indicators
    } in { COUNT($dimensions) } { $dimensions ->
    [one] dimension
   *[other] dimensions
    }
scorecard-effective = the indicators vary like { FIXED($count, places: 1) } without correlation
scorecard-absent = the table has no column for { $names }, so the score leaves this out
scorecard-missing = { COUNT($customers) } { $customers ->
    [one] customer has
   *[other] customers have
    } no { $name }; { $rule ->
    [worst] they have the lowest score there
   *[other] they have the score of the median there
    }
scorecard-constant = { $names }: the same for all customers, so it has no effect
scorecard-same = { $names } are nearly the same (correlation { FIXED($correlation, places: 2) }), so what they measure counts twice
scorecard-consistent = the judgments of { $name ->
    [between] dimensions
   *[other] { $name }
    } agree with each other (consistency ratio { FIXED($ratio, places: 2) })
scorecard-inconsistent = the judgments of { $name ->
    [between] dimensions
   *[other] { $name }
    } contradict each other (consistency ratio { FIXED($ratio, places: 2) }, above 0.1): look at them again
scorecard-sensitive = { PERCENT($share, places: 1) } of customers change tier if some weight moves by 10%; { $name } moves the most at once ({ PERCENT($most, places: 1) })
scorecard-learned-here = the weights were learned from this outcome; the comparison uses weights of other customers. Save the definition, and test it on a later period
scorecard-better = the score ranks the outcome better than { $name } alone: Gini { FIXED($gini, places: 3) } against { FIXED($other, places: 3) } (difference { FIXED($lower, places: 3) } to { FIXED($upper, places: 3) })
scorecard-no-better = the score ranks the outcome no better than { $name } alone: Gini { FIXED($gini, places: 3) } against { FIXED($other, places: 3) } (difference { FIXED($lower, places: 3) } to { FIXED($upper, places: 3) })
scorecard-worse = the score ranks the outcome worse than { $name } alone: Gini { FIXED($gini, places: 3) } against { FIXED($other, places: 3) } (difference { FIXED($lower, places: 3) } to { FIXED($upper, places: 3) })
scorecard-not-judged = whether the score ranks later money better than predicted value alone was not tested
accounts-made = { COUNT($accounts) } of { COUNT($all) } accounts are key accounts, with { PERCENT($share, places: 1) } of spend in the last { $window }
accounts-none = no account meets the rule
accounts-merged = { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } of the log make up { COUNT($accounts) } { $accounts ->
    [one] account
   *[other] accounts
    }
accounts-not-in-log = { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } of accounts have no purchase in the log
accounts-largest = if { $name } left, { PERCENT($share, places: 1) } of { $basis ->
    [expected] the expected margin of all accounts
   *[past] spend in the last { $window }
    } would be lost
accounts-concentrated = spend is as concentrated as if { FIXED($count, places: 0) } equal accounts made it
accounts-falling = { COUNT($accounts) } of { COUNT($all) } key accounts spent less than half of what they spent in the { $window } before
accounts-no-trend = the log does not cover the { $window } before, so there is no trend
accounts-probably-gone = { COUNT($accounts) } of { COUNT($all) } key accounts have probably left (P(alive) below 50%)
accounts-no-model = without models of purchases and spend, dependence is past spend, and the risk is unknown

## Compatibility: where results differ from those of lifetimes

compat-time-unit = customer_lifetime_value(): freq defaults to "{ $freq }", but these times are in units of "{ $recorded }", as the table that they come from records. The value is computed in "{ $recorded }"; lifetimes counts { SHORT($factor, digits: 2) } times the months. Pass freq="{ $recorded }" to silence this
compat-time-unit-passed = customer_lifetime_value(): freq="{ $freq }" was passed, but the table that these times come from records "{ $recorded }". The value is computed in "{ $freq }", as passed: check the unit of T
compat-time-unit-unknown = customer_lifetime_value(): T is taken to be in days, the default of freq. If it is in weeks, the value is several times too high: pass freq="W"; in days, pass freq="D" to silence this
compat-covariance = variance_matrix_ is the covariance of the parameters. In lifetimes its entries off the diagonal are wrong, and it is not symmetric; standard errors are the same
compat-refunds = { COUNT($periods) } { $periods ->
    [one] period whose refunds reach what was paid is no purchase
   *[other] periods whose refunds reach what was paid are no purchases
    } ({ FIXED($money, places: 2) } in all was left out); lifetimes counts each as a purchase. clvmodels.clean nets refunds against the orders that they belong to
compat-first-seen-in-holdout = { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    } first seen after the cutoff { $customers ->
    [one] has
   *[other] have
    } no row, with { COUNT($purchases) } of the { COUNT($of) } purchases of the holdout period: do not compare totals of this table with totals of the log. lifetimes leaves them out without a warning
compat-last-day = { COUNT($rows) } { $rows ->
    [one] transaction
   *[other] transactions
    } in the course of { $day } { $rows ->
    [one] belongs
   *[other] belong
    } to the period that ends with that day; lifetimes ends the period at midnight, when the day begins
compat-holdout-spend = monetary_value_holdout is the mean per purchase, as frequency_holdout counts purchases; in lifetimes it is the mean per row of the log, which differs for { COUNT($customers) } { $customers ->
    [one] customer
   *[other] customers
    }
compat-no-mean-spend = { COUNT($customers) } { $customers ->
    [one] customer has
   *[other] customers have
    } no mean spend under these parameters (it needs p x + q > 1), so that the result is missing; lifetimes returns a negative or meaningless amount. Fit with q_constraint=True, or use GammaGamma's median
## How texts are put together

between-sentences = { " " }
between-items = { ", " }
full-stop = .
cell-yes = yes
cell-no = no
cell-range = { $lower } to { $upper }
cell-none = none
label-and-text = { $label }: { $text }
label-with-unit = { $label } ({ $unit })

## Report: the page

page-contents = Contents
page-glance = At a glance
page-actions = What to do
page-verdict = Can it be trusted?
page-details = Details
page-can-be-used = Can these numbers be used?
page-cautions = Cautions
page-grades = What the grades mean
page-who-matters = Who matters
page-who-holds = { $kind ->
    [value] Who holds the value
    [revenue] Who holds the revenue
   *[purchases] Who makes the purchases
    }
page-who-tier = tier
page-who-interval = 90% interval
page-tiers-file = { $kind ->
    [purchases] Every customer’s tier and expected purchases (CSV)
   *[other] Every customer’s tier and value (CSV)
    }
page-whom = Whom to look after
page-who-number = number
page-who-value = { $kind ->
    [value] value
    [revenue] revenue
   *[purchases] purchases
    }{ $has_currency ->
    [yes] { " " }({ $currency })
   *[no] { "" }
    }
page-who-share = share
sheet-findings = Findings
sheet-heading = { $name ->
    [what] what
    [number] number
    [lower] lower
    [upper] upper
    [text] text
    [tier] tier
    [customers] customers
    [value] value
    [share] share
    [list] list
    [stake] money at stake
    [purchases] expected purchases
    [purchases-at-stake] purchases at stake
    [code] code
    [severity] severity
    [figures] figures
   *[none] { "" }
    }
page-next-steps = Next steps
page-budget = Which forecast to use, and what to allow for
page-in-full = In full
page-evidence = Evidence: { $evidence }
page-print-details = print the details too
page-glossary = Glossary
page-scroll = scroll for more columns →
site-title = { $has_name ->
    [yes] Reports on { $name }
   *[no] Reports
    }
site-about = { $reports ->
    [one] One report. The value is that of all customers at the time: it also grows with their number.
   *[other] { COUNT($reports) } reports. The value is that of all customers at the time: it also grows with their number.
    }
site-end = orders up to
site-customers = customers
site-value = value of the customers
site-interval = 90% interval
site-bias = total off by, last test
site-coverage = customers in their 90% intervals
site-level = level
site-ranking = ranking
site-data = data
grade-word-good = good
grade-word-fair = fair
grade-word-poor = poor
grade-word-none = not tested
page-filter = filter rows
page-columns = columns to copy
page-all-columns = all columns
page-copy = Copy as CSV
page-copied = copied
page-sort = sort by this column
page-about = How many purchases will { COUNT($customers) } customers make in the next { $horizon }? { $title }, a model of purchase timing, made this forecast at { $cutoffs ->
    [one] the cutoff { $days }
   *[other] { COUNT($cutoffs) } cutoffs ({ $days })
    } without seeing any later data. This page compares its forecasts with what the customers did.{ $sampled ->
    [yes] {" "}These customers are a sample of { COUNT($of) }, so the totals of the tests are smaller than those of all customers.
   *[no] {""}
    }

## Report: names

quantity-name = { $quantity ->
    [purchases] purchases
   *[money] money
    }
quantity-title = { $quantity ->
    [purchases] Purchases
    [revenue] Revenue of all customers
   *[money] Money
    }
forecaster-revenue-forecast = revenue forecast, customers to come included
forecaster-revenue-year-before = revenue of the same weeks a year before
forecaster-revenue-before = revenue of the time before
forecaster-zero = zero
forecaster-own-rate = own rate carried on
forecaster-past-spend = past spend, scaled
forecaster-population-mean = population mean
forecaster-last-period = last period repeated
forecaster-hiatus = hiatus rule
forecaster-seasonal-naive = seasonal naive
forecaster-boosted-trees = boosted trees
forecaster-blend = blend
forecaster-blend-process-total = blend, total of process
forecaster-blend-learned-total = blend, learned total
forecaster-best = best forecaster
summary-mean-purchase-rate = mean purchase rate
summary-mean-time-between-purchases = mean time between purchases
summary-mean-purchase-probability = mean purchase probability
summary-mean-dropout-probability = mean dropout probability
summary-mean-dropout-rate = mean dropout rate
summary-median-lifetime = median lifetime
summary-share-gone = share gone
unit-of-time = { $unit }s
unit-of-rate = per { $unit }
group-no-repeat = no repeat purchase
suitability = { $suitability ->
    [good] good
    [possible] possible
   *[poor] poor
    }
clock-name = { $discrete ->
    [yes] calendar { $unit }s, each one opportunity to buy
   *[no] { $unit }s, purchases merged within the { $merge_within }
    }{ $has_zone ->
    [yes] , zone { $zone }
   *[no] { "" }
    }

## Report: glossary

glossary-cutoff = Cutoff, calibration, holdout
glossary-text-cutoff = Models are fitted to purchases up to the cutoff (the calibration period). The holdout period after it is used only to check the forecasts.
glossary-forecast = Forecast at the cutoff
glossary-text-forecast = The purchases that the model expects after the cutoff, from each customer’s own history up to it.
glossary-expected = Expected from first purchase dates only
glossary-text-expected = The purchases that the fitted model expects of new customers with the same first purchase dates, ignoring what they bought afterwards.
glossary-rules = Simple rules
glossary-text-rules = “zero”: no customer buys again. “own rate carried on”: each customer’s past rate of repeat purchases, or of the money spent on them, continues. “past spend, scaled”: customers keep their share of past spending per week, first order included; the total is that of the previous rule. “population mean”: every customer buys at the average rate. “last period repeated”: each customer repeats the last period of the same length. “hiatus rule”: customers who have been inactive for longer than a learned threshold are gone; the others continue as before. “seasonal naive”: the total of the same weeks one year earlier.
glossary-learned = Boosted trees, blends
glossary-text-learned = “boosted trees”: a machine-learning model (gradient boosting) trained on earlier windows before the cutoff. “blend”: the mean of the boosted trees and the purchase model that did best in these windows; “total of process” scales it to that model’s total, “learned total” to the total that the earlier windows suggest.
glossary-bias = Error (bias) of the total
glossary-text-bias = The forecast total relative to the actual total: −10% means the forecast was 10% too low. Zero is best.
glossary-gini = Normalized Gini
glossary-text-gini = How well the forecast ranks customers from best to worst: 1 is a perfect ranking, 0 is random. It ignores the totals.
glossary-spearman = Spearman
glossary-text-spearman = Rank correlation of forecast and outcome over all customers; at most 1.
glossary-rmse = RMSE, MAE
glossary-text-rmse = Root mean squared error and mean absolute error per customer. Lower is better; RMSE gives more weight to large errors.
glossary-top = Top 10%, lift, overlap
glossary-text-top = The share of the total made by the 10% of customers with the highest forecasts; their average as a multiple of the overall average; and the share of the predicted top customers who were among the actual top customers.
glossary-scores = Log score, CRPS, Brier, log loss
glossary-text-scores = Scores of a whole forecast distribution (log score: higher is better; CRPS: lower is better) and of the probability of buying again (Brier, log loss: lower is better). Each is best, on average, for the true probabilities.
glossary-interval = Interval, coverage, PIT
glossary-text-interval = A 90% interval should contain nine outcomes in ten; coverage is the share that it did contain. The PIT is the position of each outcome in its forecast distribution, randomized because purchases are whole numbers; a flat histogram is right.
glossary-alive = P(alive)
glossary-text-alive = The model’s probability that a customer is still active. Customers do not announce that they leave, so it cannot be observed.
glossary-value = Lifetime value
glossary-text-value = The present value of the purchases expected within a horizon: margin × expected order value × discounted purchases.
glossary-likelihood = Log-likelihood, AIC, BIC
glossary-text-likelihood = How well the model fits. AIC and BIC penalize the number of parameters; lower is better. Compare them only on the same data.
fit-status = { $status ->
    [converged] converged
   *[boundary] boundary
    }

## Report: the data

data-title = The data
data-lead = On { $cutoff } there were { COUNT($customers) } customers, { PERCENT($once) } of whom had bought only once. The models did not see anything after that day, so that their forecasts could be checked against it.
data-term-customers = Customers
data-term-calibration = Calibration period
data-term-holdout = Holdout period
data-term-new = New customers
data-term-left-out = Rows left out
data-term-sample = Sample
data-term-log = Log
data-term-time = Time
data-sample = { COUNT($sample) } of { COUNT($of) } customers known at the last cutoff, chosen by their ids. All numbers of the tests, totals and their intervals among them, are of the sample; values, tiers and lists are of all customers.
data-customers = { COUNT($customers) }, first purchase by { $cutoff }
data-calibration = { $has_start ->
    [yes] { $start } to
   *[no] to
    } { $cutoff }: { COUNT($purchases) } repeat purchases; { PERCENT($once, places: 1) } of the customers had bought only once. The models did not see anything later.
data-holdout = after { $cutoff }, up to { $end } ({ $length } { $unit }s): { COUNT($purchases) } purchases by { PERCENT($again, places: 1) } of these customers{ $has_spend ->
    [yes] , who spent { COUNT($spend) } ({ log-currency })
   *[no] { "" }
    }
data-no-new-customers = none: all customers of the holdout period had bought before the cutoff
data-new-customers = { COUNT($customers) } customers with { COUNT($purchases) } purchases{ $has_spend ->
    [yes] , spending { COUNT($spend) }
   *[no] { "" }
    } in the holdout period. No forecast made at the cutoff can include them, and they are in no score.
data-rows-later = { COUNT($later) } later than { $end }
data-rows-without-id = { COUNT($without_id) } without a customer id
data-rows = { $parts }
data-rows-and-cleaning = { $any ->
    [yes] { $parts }
   *[no] none of the cleaned log
    }; by cleaning (see its table), { $cleaning }
data-no-missing-ids = none for a missing customer id
data-missing-ids = { COUNT($rows) } rows ({ PERCENT($share, places: 1) }{ $has_money ->
    [yes] , and { PERCENT($money, places: 1) } of the money
   *[no] { "" }
    }) without a customer id
log-currency = in the currency of the log

cleaning-table = Cleaning: what happened to every row of the log
cleaning-column-rule = rule, in order
cleaning-column-rows = rows
cleaning-column-changed = changed
cleaning-column-money = money
cleaning-note-sum = Rows read are the rows that were left plus those that the rules in between removed; likewise for money.
cleaning-note-changed = “Changed” counts rows or orders that stayed, but with another amount or a flag.
cleaning-note-unlisted = Rules that matched no row are not listed.

profile-title = Profile of the log
profile-scope = The profile covers the whole log, including the holdout period, so shares may differ from those above.
profile-which-models = Which models suit these data
profile-term-intertimes = Time between purchases
profile-term-regularity = Regularity
profile-term-arrivals = First purchases
profile-term-season = Season
profile-term-opportunities = Opportunities
profile-term-money = Money

picture-weekly = Purchases per week
picture-text-weekly = Lines of purchases per calendar week: all, repeat purchases and new customers, { COUNT($weeks) } weeks. The highest number, { COUNT($most) }, is in the week from { $start }.
picture-season = { $detected ->
    [yes] Season
   *[no] Season: none detected
    }
picture-text-season = Bars of purchases by calendar month, as a multiple of an average month. Month { $month } is highest, with { FIXED($index, places: 2) }.
picture-times-between = Times between purchases
picture-text-times-between = Histogram of the times between purchases of a customer. { $text }

cohort-table = Cohorts: purchases in the holdout period, actual and forecast by { $title }
cohort-first-purchase = first purchase
cohort-customers = customers
cohort-actual = actual
cohort-forecast = forecast
cohort-error = error of the total

## Report: calibration

calibration-title = Calibration
calibration-lead = A forecast is calibrated if groups of similar customers make the number of purchases that it predicts. Filled dots are actual values, open dots are forecasts, and bars are the intervals for a group: a filled dot outside its bar is a miss.
calibration-intervals = Probabilities and intervals
calibration-reliability = Among customers with a 30% probability of buying again, 30% should buy. Nine in ten outcomes should be inside their 90% intervals. And outcomes should be spread evenly over their forecast distributions.
calibration-totals = Totals over time
calibration-tracking = The models were fitted to the purchases before the cutoff on { $cutoff }; after it, the plots compare forecast and actual purchases. The band shows the uncertainty due to chance and to the parameters.

frequency-table = Purchases per customer in the holdout period, by repeat purchases before the cutoff
frequency-repeat-purchases = repeat purchases
frequency-customers = customers
frequency-actual = actual
coverage-table = Measured coverage of { PERCENT($level) } intervals, by decile of the forecast
coverage-decile = decile
coverage-decile-name = { $decile }{ $highest ->
    [yes] { " " }(highest)
   *[no] { "" }
    }
coverage-note = Purchases are whole numbers, so a correct interval contains the outcome more often than its level says: where hardly any customer buys, an interval from 0 to 0 is nearly always right.
total-table = Totals at every cutoff: forecast by { $title } and its { PERCENT($level) } interval
total-of = { quantity-name }, { $cutoff }
total-result = { $inside ->
    [yes] inside
   *[no] outside
    }
total-basis = The intervals allow for chance and for the uncertainty of the parameters{ $basis ->
    [history] , and for changing conditions, as errors of totals in earlier periods of this log and in other shops show them.
    [other_shops] , and for changing conditions, as errors of totals in other shops show them.
   *[model] , but not for changing conditions.
    }
total-heading-quantity = quantity, cutoff
total-heading-forecast = forecast
total-heading-interval = interval
total-heading-actual = actual
total-heading-result = result
total-heading-widened = widened by earlier errors

picture-by-group = { $by ->
    [frequency] Forecast and actual by past frequency
    [recency] Forecast and actual by recency
   *[decile] Forecast and actual by decile of the forecast
    }
picture-text-by-frequency = Purchases per customer in the holdout period by repeat purchases before the cutoff. From { $first }, to { $last }. The table below has all numbers.
picture-text-frequency = { FIXED($actual, places: 2) } actual and { $forecasts } at { $frequency } repeat purchases
picture-text-forecast = { FIXED($expected, places: 2) } forecast by { $title }
picture-text-by-group = Purchases per customer in the holdout period, actual and forecast, from { $first } to { $last }.
picture-text-group = { FIXED($actual, places: 2) } actual and { FIXED($expected, places: 2) } forecast in the group “{ $group }”
picture-reliability = Probability of buying again, forecast and actual
picture-text-reliability = Share of customers who bought, by forecast probability, for { $names }. For the first: from { PERCENT($first_predicted) } forecast and { PERCENT($first_actual) } actual to { PERCENT($last_predicted) } forecast and { PERCENT($last_actual) } actual.
picture-coverage = Outcomes in their { PERCENT($level) } intervals: { PERCENT($low) } to { PERCENT($high) }
picture-text-coverage = Share of customers whose purchases fell within their { PERCENT($level) } interval, by decile of the forecast: from { PERCENT($low) } to { PERCENT($high) }.
picture-pit = Position of outcomes in their forecast distributions (flat is right)
picture-text-pit = Histogram of the randomized PIT in { $bins } bins, which is flat for a correct forecast: for { $title }, { PERCENT($lowest, places: 1) } of the customers are in the lowest bin and { PERCENT($highest, places: 1) } in the highest, where { PERCENT($right, places: 1) } would be right.
picture-incremental = Repeat purchases per { $period }
picture-text-incremental = Lines of repeat purchases per { $period } from { $start } to { $end }. The highest actual number, { COUNT($most) }, is in the { $period } ending { $when }.
picture-cumulative = Cumulative repeat purchases
picture-text-cumulative = Lines of cumulative repeat purchases from { $start } to { $end }. At the end, { COUNT($actual) } actual; { $title }: { COUNT($forecast) } forecast at the cutoff and { COUNT($expected) } expected from first purchase dates only.
picture-totals = Total of { quantity-name } at every cutoff{ $intervals ->
    [0] { "" }
   *[other] : { $title }'s interval contained { $inside } of { $intervals }
    }
picture-text-totals = Error of the forecast total at { $cutoffs } cutoffs with its interval, in percent of the actual total: { $inside } of { $intervals } intervals contain it.

## Report: ranking

ranking-title = Ranking
ranking-lead = To choose which customers to look after first, only their ranking matters. This ranking does not show whom a campaign would persuade. The curves compare it with no ranking (the diagonal), with the perfect ranking in hindsight, and with the best benchmarks.
overlap-cell = { PERCENT($right) } right, { PERCENT($made) } of all
overlap-table = { quantity-title }: customers with the highest forecasts, compared with actual top customers
overlap-forecaster = forecaster
overlap-top = top { PERCENT($top) }
overlap-note = Right: the share of them who were among the same number of customers with the most { quantity-name }. Of all: their share of all { quantity-name }.
overlap-share = { PERCENT($share) } of the top { PERCENT($top) }
between-reasons = { "; " }
picture-gain = { quantity-title }: the 10% ranked first made { PERCENT($captured) }
picture-text-gain = Gain curves of { $forecasters } forecasters. Normalized Gini: { $gini }.
picture-lorenz = { quantity-title }: how unequal customers are{ $known ->
    [yes] ; the top 10% made { PERCENT($actual) }, { PERCENT($expected) } forecast
   *[no] { "" }
    }
picture-text-lorenz = Lorenz curves, actual and as expected by { $names }: the share of the total that the customers with the least make together.
picture-lift = { quantity-title }: the first decile made { FIXED($first, places: 1) } times the average
picture-text-lift = Bars of { quantity-name } per customer as a multiple of the average, by decile of the forecast of { $title }: from { FIXED($first, places: 1) } in the first to { FIXED($last, places: 1) } in the last.
picture-overlap = { quantity-title }: { $share } were identified
picture-text-overlap = Share of the customers with the highest forecasts who were among the actual top: { $shares }, by { $title }.

## Report: money

money-title = Money
money-lead = The value of a customer is the expected number of purchases times the expected order value. The spend model assumes that the two are independent; if they are not, the values of the most frequent customers are off.
money-independence = Spend and frequency
money-tail = Tail
picture-spend = Average order value: observed, and by { $title }
picture-text-spend = Histogram of customers' average order values with the model's curve. The largest group, { PERCENT($observed, places: 1) } of customers, is between { NUM($lower, digits: 4) } and { NUM($upper, digits: 4) }, where the model has { PERCENT($expected, places: 1) }.
picture-money-decile = Money by decile: forecast and actual
picture-text-money-decile = Money per customer in the holdout period by decile of the forecast of { $title }: in the first, { FIXED($expected, places: 2) } forecast and { FIXED($actual, places: 2) } actual.
value-terms-unknown = Computed with the horizon, discount rate and margin passed to lifetime_value; its table does not list them.
picture-value = Who holds the value: the top { PERCENT($top) } hold { PERCENT($share) }
picture-text-value = Curve of the share of all lifetime value held by the most valuable customers: the top { PERCENT($top) } hold { PERCENT($share, places: 1) }.
value-term-total = Total value
value-term-uncertainty = Uncertainty
value-term-customer = Per customer
value-term-concentration = Concentration
value-term-missing = Without a value
value-total = { NUM($total, digits: 4) } ({ log-currency }){ $has_purchases ->
    [yes] , { NUM($expected_purchases, digits: 4) } expected purchases
   *[no] { "" }
    }
value-per-customer = { FIXED($mean, places: 2) } on average; median { FIXED($median, places: 2) }
value-held-by-top = the { COUNT($top_customers) } most valuable customers (the top 10%) hold { PERCENT($top_share, places: 1) } of the value
value-missing = { COUNT($missing) } of { COUNT($customers) } customers{ $has_reasons ->
    [yes] : { $reasons }
   *[no] { "" }
    }
value-table = The { $customers } customers with the highest lifetime value
value-column-customer = customer
value-column-lifetime-value = lifetime value (money)
value-column-lifetime-value-lower = interval from (money)
value-column-lifetime-value-upper = to (money)
value-column-probability-alive = P(alive)
value-column-expected-purchases = expected purchases
value-column-expected-spend = expected order value (money)

## Report: the fit and the model card

fit-title = The fit
certificate-title = { $title }: certificate
certificate-term-status = Status
certificate-term-likelihood = Log-likelihood
certificate-term-gradient = Largest gradient
certificate-term-hessian = Hessian
certificate-term-criteria = AIC, BIC
certificate-term-data = Fitted to
certificate-term-left-out = Left out
certificate-gradient-of = { $gradient } (0 at a maximum)
certificate-hessian-is = { $definite ->
    [yes] negative definite: a maximum in every direction
   *[no] not definite: flat in some direction
    }
certificate-fitted-to = { COUNT($customers) } customers, { COUNT($rows) } unique rows
certificate-set-aside = { COUNT($customers) } customers whose average order value is not positive
parameter-table = { $title }: parameters
parameter-name = parameter (unit)
parameter-estimate = estimate
parameter-error = standard error
parameter-interval = 95% interval
parameter-note = –: at a limit of its range, so it has no standard error.
picture-parameters = Uncertainty of the parameters
picture-text-parameters = One row for each of { $parameters } parameters: its interval in percent of the estimate. The tables above have all numbers.
meaning-table = What the parameters mean, with 90% intervals
meaning-quantity = quantity (unit)
meaning-note-missing = –: not part of that model.
meaning-note-gone = “Share gone” describes the customers known at the cutoff; the other rows describe new customers. Models in which customers who bought once cannot have left have no such share.
meaning-at-limit = { $infinite ->
    [yes] infinite
   *[no] { $value }
    }, at its limit
cell-estimate = { $estimate } ({ $lower } to { $upper })

card-title = Model card
card-lead = What is needed to reproduce this report, what the model is for, and where it is known to fail.
card-term-model = Model
card-term-data = Data
card-term-fingerprint = Data fingerprint
card-term-cutoffs = Cutoffs
card-term-horizon = Horizon
card-term-time = Time
card-term-intervals = Intervals
card-term-versions = Versions
card-term-use = Intended use
card-term-limits = Limits
card-term-failures = Known failures
card-model-with = { $title }{ $has_spend ->
    [yes] { " " }with { $spend }
   *[no] { "" }
    }{ $has_others ->
    [yes] ; compared with { $others }
   *[no] { "" }
    }
card-data = { COUNT($customers) } customers, { $has_start ->
    [yes] { $start } to
   *[no] to
    } { $end }
card-not-recorded = not recorded
card-horizon = { $horizon }
card-intervals = { PERCENT($level) }, central; of purchases from their exact distribution{ $has_draws ->
    [yes] , of money from { COUNT($draws) } drawn outcomes per customer
   *[no] { "" }
    }{ $has_sampled ->
    [yes] , checked on up to { COUNT($sampled) } customers
   *[no] { "" }
    }; random state { $seed }
card-use = Forecasting purchases and money of existing customers, in total and by group; ranking customers by what they are likely to buy; valuing a customer base under stated terms. For customers without a contract, who leave without notice.
card-limits = The model uses only who bought when: no seasons, promotions, prices or competitors, and no future customers. P(alive) cannot be observed, only the purchases that follow. The forecast shows what is likely if conditions stay the same, not what an action would change.
card-parameters = Parameters
card-model = model
card-estimates = estimates
card-status = status

## Report: benchmarks

benchmarks-title = Benchmarks
benchmarks-lead = Simple rules and boosted trees (machine learning) forecast the same customers at the same cutoffs. A model is worth using only if it beats them. In the tables, the normalized Gini measures how well customers are ranked (1 is perfect), and the RMSE how far the forecast for a customer is typically off.
metric-name = { $metric ->
    [gini] normalized Gini
    [rmse] RMSE
    [mae] MAE
    [bias] error of the total
    [capture] top-decile capture
   *[other] { $metric }
    }
score-table = { quantity-title } in the { $horizon } after the cutoff: { $several ->
    [yes] means over { $cutoffs } cutoffs
   *[no] forecast and actual
    }
score-forecaster = forecaster
score-total = total ({ quantity-name })
score-bias = error of total
score-bias-mean = error of total, mean
score-size = absolute error of total, mean
score-gini = normalized Gini
score-rmse = RMSE ({ quantity-name })
score-top = made by top 10%
score-spearman = Spearman
score-mae = MAE ({ quantity-name })
score-actual = actual
score-note-kind = { $kind ->
    [rules] Simple rules
   *[learned] Learned forecasters
    }: { $names }.
score-note-cancel = Positive and negative errors of totals cancel in their mean, but not in the mean of the absolute errors.
score-note-spearman = –: not defined, because a forecast that is the same for every customer has no ranking.
score-note-customers = Customers without a forecast are left out of that row; the actual total covers all customers.
probability-table = { quantity-title }: scores of probabilities, distributions and intervals
probability-log-score = log score
probability-crps = CRPS
probability-brier = Brier, buys again
probability-log-loss = log loss, buys again
probability-poisson-deviance = Poisson deviance
probability-decile-mape = decile MAPE
probability-coverage = in { PERCENT($level) } intervals
probability-width = mean width
probability-note-infinite = ∞: the forecast ruled out a purchase that happened.
probability-note-missing = –: not available for this forecaster. Lower is better, except for log score and coverage.
difference-table = { quantity-title }: differences from { $title }, over { $cutoffs ->
    [one] one cutoff
   *[other] { $cutoffs } cutoffs
    }
difference-heading = { metric-name }: difference (interval)
difference-result = result
difference-better = { $better ->
    [forecaster] better
    [reference] worse
   *[not-visible] no visible difference
    }
difference-note = { $several ->
    [yes] Paired { PERCENT($level) } intervals that allow for the customers drawn (bootstrap, each with all cutoffs) and for the spread over cutoffs. A difference is visible if its interval does not contain 0 and it has the same sign at every cutoff. A difference shown as 0 is less than 0.1% of the score.
   *[no] Paired { PERCENT($level) } bootstrap intervals, resampling customers. One cutoff shows the sampling of customers, not changing conditions. A difference shown as 0 is less than 0.1% of the score.
    }
picture-score = { quantity-title }: { $metric ->
    [bias] error of the total
   *[gini] quality of the ranking
    }
picture-text-score = { $metric ->
    [bias] Error of the total for each forecaster
   *[gini] Normalized Gini of each forecaster
    }{ $several ->
    [yes] , one dot for each of { $cutoffs } cutoffs
   *[no] { "" }
    }{ $is_size ->
    [yes] , and the mean of its size
   *[no] { "" }
    }: { $scores }.
picture-difference = { quantity-title }: what { $metric ->
    [gini] ranks better than { $title } is right
   *[rmse] is more accurate than { $title } is left
    } of the line
picture-text-difference = One row per forecaster: its { metric-name } minus that of { $title }, with an interval. Differences that are not visible: { $not_visible } of { $differences }.

## Plots

plot-date-year = %Y
plot-date-month = %b
plot-date-day = %d
plot-actual = actual
plot-actual-by = actual, by { $title }
plot-forecast = forecast
plot-forecast-by = { $title } forecast
plot-same-line = same line: { $titles }
plot-per-customer =
    { quantity-name } per customer
    in the holdout period
plot-purchases-per-customer = purchases per customer
plot-as-forecast = as forecast
plot-forecast-probability = forecast probability of buying in the holdout period
plot-customers-who-bought = customers who bought (%)
plot-if-right = if the distributions are right
plot-pit-position =
    position of the outcome in its forecast distribution
    (0: low end, 1: high end)
plot-pit-customers =
    customers, as a multiple
    of a correct forecast
plot-no-intervals = no forecaster has intervals
plot-level = level: { PERCENT($level) }
plot-coverage =
    outcomes within their intervals
    (% of customers)
plot-decile = decile of the forecast (1: highest)
plot-groups = { $by ->
    [frequency] repeat purchases before the cutoff
    [recency] { $has_unit ->
        [yes] { $unit } from first to last purchase before the cutoff
       *[no] from first to last purchase before the cutoff
        }
    [cohort] month or quarter of the first purchase
   *[other] { $has_unit ->
        [yes] { $unit } { $by }
       *[no] { $by }
        }
    }
    (below each: number of customers)
plot-metric = { $metric ->
    [bias] error of the total (% of actual)
    [gini] normalized Gini (1: perfect)
    [rmse] RMSE ({ quantity-name } per customer)
    [mae] MAE ({ quantity-name } per customer)
   *[spearman] rank correlation (1: perfect)
    }
plot-not-visible = not visible
plot-difference =
    { metric-name } minus that of
    { $title }
plot-parameter-interval = interval, in percent of the estimate
plot-total-error =
    total of { quantity-name }: error of the forecast
    (0: right; bars: intervals)
plot-cutoff-axis = cutoff
plot-cutoff = cutoff { $day }
plot-purchases = { $purchases } purchases
plot-day = day ({ $first } to { $last })
plot-alive = P(alive), as of that day
plot-above = above { $value }
plot-mean = mean { $mean } { $unit }
plot-share-of-new = share of new customers (%)
plot-since-first = { $unit } since the first purchase
plot-expected-repeat =
    expected repeat purchases
    of a new customer
plot-last-purchase =
    last purchase, in { $unit } after the first
    (customers first seen { $age } { $unit } ago)
plot-repeat-purchases = repeat purchases
plot-matrix = { $alive ->
    [yes] P(alive)
   *[no] expected purchases in the next { $horizon }
    }
plot-heterogeneity = { $quantity ->
    [purchase-rate] purchase rate
    [purchase-probability] purchase probability
    [dropout-rate] dropout rate
    [dropout-probability] dropout probability
   *[other] { $name }
    } ({ $has_unit ->
    [yes] { $unit }
   *[no] 0 to 1
    })
plot-observed = observed
plot-spend-model = spend model
plot-spend-beyond =
    above { $edge }:
    { PERCENT($seen, places: 1) } observed
    { PERCENT($modeled, places: 1) } in the model
plot-order-value = average order value (money)
plot-customer-share = customers (%)
plot-most-valuable = customers, the most valuable first (% of customers)
plot-value-held = value they hold (% of all value)
plot-no-value = no customer has a positive value
plot-all-equal-value =
    if all customers
    were equal
plot-top-holds = top { PERCENT($top) } hold { PERCENT($share) }
plot-customers = customers
plot-value = value
plot-cells = customers, and the share of the value that they hold (%)
plot-tier = tier
plot-share-of-all = share of all (%)
plot-share-of-customers = share of customers (%)
plot-weight = share of the score (%)
plot-share-of-spend = share of all spend (%)
plot-segment = segment, with its interval
plot-by-past-spend = as many by past spend
plot-by-rfm = by RFM scores
plot-later-money = share of later money (%)
plot-customer-count = { COUNT($customers) } customers
plot-at-stake = margin at stake (money)
plot-cost = cost
plot-assumed-gain = assumed gain, net of the cost
plot-split = by { $split }
plot-revenue-change = change of revenue (money)
plot-revenue-forecaster = { $forecaster ->
    [revenue_forecast] forecast, with its interval
    [seasonal_naive] same month a year before
    [naive] last whole month
   *[other] { $forecaster }
    }
plot-calendar-month = month
plot-concentration-line = { $line ->
    [past_profit] past profit
    [expected_value] expected value
    [future_value] future value
   *[other] { $line }
    }
plot-top-customers = top { SHORT_PERCENT($top) }
plot-best-customers = most valuable customers of each line
plot-share-of-sum = share of the sum (%)
plot-multiple-of-chance = deviation from the forecast, as a multiple of what chance explains
plot-change = change (%)
plot-change-so-far = from the period before to now
plot-change-expected = from now to the next period
plot-share-of-cost = share of the cost of acquisition
plot-share-of-value = share of the value at acquisition
plot-distance-to-target = distance from the target (%)
plot-net-cash-flow = net cash flow (money)
plot-money-quantity = { $quantity ->
    [remaining_value] remaining value (money)
    [value_at_acquisition] value at acquisition (money)
    [lifetime_net_value] lifetime net value (money)
   *[other] { $quantity }
    }
plot-no-acquisition-cost = no group has a cost of acquisition
plot-months-since-first = months since the first order
plot-multiple-of-cost = value as a multiple of the cost of acquisition
plot-existing-customers = existing customers
plot-customers-to-come = customers to come
plot-revenue = revenue (money)
plot-period-beginning = first day of the period
plot-equity-step = { $step ->
    [opening] opening value
    [discount_unwound] discount unwound
    [expected_cash_released] expected cash released
    [horizon_rolled_forward] horizon rolled forward
    [experience_orders] experience: orders
    [experience_spend] experience: spend
    [experience_alive] experience: who is active
    [acquired] customers acquired
    [reestimation] models fitted again
    [assumption_margin] assumption: margin
    [assumption_costs] assumption: costs
    [assumption_rate] assumption: discount rate
    [assumption_horizon] assumption: horizon
    [closing] closing value
   *[other] { $step }
    }
plot-equity = value of the customers (money)
plot-driver = { $driver ->
    [dropout] hazard of leaving
    [purchase_rate] purchase rate
    [spend] spend per order
    [margin] margin
    [acquisitions] acquisitions (of customers to come)
   *[other] { $driver }
    }
plot-elasticity = change of the value if the driver grows by 1% (%)
plot-forecast-for = forecast for { $horizon }
plot-scoring-date = scoring date
plot-scoring-date-bars =
    scoring date
    (bars: two standard errors; gray: within 10%)
plot-relative =
    actual purchases
    relative to the forecast
plot-gini-of = { $horizon }: Gini
plot-coverage-of = { $horizon }: interval coverage
plot-gini-and-coverage =
    normalized Gini (1: perfect);
    coverage of 90% intervals
plot-model = model { $version }
plot-no-whole-week = the log does not cover a full calendar week
plot-all-purchases = purchases
plot-repeat-among-them = repeat purchases among them
plot-new-customers = new customers
plot-week-starting = week starting ({ $first } to { $last })
plot-per-week = per week
plot-months = J F M A M J J A S O N D
plot-month = month, January to December
plot-season =
    purchases, as a multiple
    of an average month
plot-longer = longer than { $value }: { PERCENT($share) }
plot-between-purchases = { $unit } between a customer's consecutive purchases
plot-times-between = times between purchases (%)
plot-perfect-ranking = perfect ranking
plot-no-ranking = no ranking
plot-highest-first = customers, highest forecasts first (%)
plot-share-made =
    share of all { quantity-name }
    they made (%)
plot-all-equal = all equal
plot-smallest-first = customers, the smallest first (%)
plot-share-they-make =
    share of all { quantity-name }
    they make (%)
plot-average-customer = the average customer
plot-lift =
    { quantity-name } per customer,
    as a multiple of the average
plot-at-random = at random
plot-highest-forecasts = customers with the highest forecasts
plot-overlap =
    of these, among the actual top
    by { quantity-name } (%)
plot-cumulative = cumulative repeat purchases
plot-incremental = repeat purchases per { $period }
plot-from-first-dates = { $title }: expected from first purchase dates only
plot-at-cutoff = { $title }: forecast at the cutoff
plot-period-ending = { $period } ending ({ $first } to { $last })

## The terminal

show-enough-data = Are there enough data?
show-which-models = Which models suit these data?
show-what = what
show-here = here
show-good = good
show-least = least
show-status = status
show-model = model
show-suitability = suitability
show-why = why
show-sufficiency = { $status ->
    [sufficient] sufficient
    [thin] thin
   *[insufficient] insufficient
    }
show-ledger = Ledger
show-rule = rule
show-rows = rows
show-changed = changed
show-money = money
show-example = example
show-statuses = Statuses
show-treatment = treatment
show-no-status = (none)
show-parameter = parameter
show-unit = unit
show-estimate = estimate
show-error = error
show-interval = 95 % interval
show-likelihood = Log-likelihood { $value }; { $text }
show-independence = Independence: { $text }
show-cost-nothing = Left out because their repeat purchases cost nothing: { COUNT($customers) } customers
show-value = Value over { $horizon } at { $rate } per year, margin { $margin }: { $total } in total; top { $top }
show-customer = customer
show-alive = P(alive)
show-purchases = purchases
show-order-value = order value
show-value-column = value
show-no-value = { COUNT($customers) } customers have no value: { $reason }
show-run = { COUNT($customers) } customers as of { $as_of } (run { $run })
show-run-refused = { COUNT($count) } of them refused
show-run-new-since-fit = { COUNT($count) } new since the fit
show-run-not-yet-bought = { COUNT($count) } no purchase yet
show-run-late-rows = { COUNT($count) } late rows since the last run
show-refused-because = refused: { COUNT($count) } because { $reason }
show-refused-by = refused by { $gate }: { $text }
show-column = column
show-total = total
show-mean = mean
show-interval-of = { SHORT_PERCENT($level) } interval
show-intervals-elsewhere = Intervals of totals take longer: in Python, call clv.lifetime_value with by="total" and interval={ $level }.
show-learned = Customers and totals are forecast by: { $forecaster }. The models above give P(alive) and discount values.
show-no-intervals = Boosted trees and blends give no intervals of totals.
show-no-dropout = P(alive) is 1 for every customer: the model sees no dropout in these data.
show-scores = { quantity-title } from { $start } to { $end }: { $actual } actual
show-forecaster = forecaster
show-bias = bias
show-absolute-bias = |bias|
show-rmse = RMSE
show-gini = Gini
show-mae = MAE
show-capture = top 10%
show-coverage = coverage
show-cutoffs = Cutoffs: { $days }
show-backtest = { quantity-title }, { $horizon } ahead: means over cutoffs
show-fits = Fits, best first
show-forecasts = Forecasts of the holdout period
show-parameters = parameters
show-parameters-of = { $title }: parameters
show-log-likelihood = log-likelihood
show-aic = AIC
show-bic = BIC
show-seconds = seconds
show-log-score = log score
show-money-bias = bias of money
show-money-rmse = RMSE
show-money-gini = Gini
show-likelihoods = { $title }: log-likelihood
show-predictions = { $title }: totals of predictions
show-lifetimes = lifetimes
show-difference = difference
show-computed-by = computed by
show-at-ours = at our parameters
show-at-theirs = at theirs
show-quantity = quantity
show-customers = customers
show-own-fit = its own fit
show-reading = Reading { $file }
show-report-written = Report written to { $page }, its numbers to { $numbers }
show-site-written = Index of reports written to { $page }
show-tables-written = Tables written to { $folder }
show-audit = From { $earlier } to { $period }
show-trend = How customers buy
show-flags = Groups against chance
show-economics = Cost and value of customers
show-board = Key figures and targets
show-efficiency = Efficiency of acquisition costs, by group

## The help of the command line

help-app = Customer lifetime value from transaction logs.
help-panel-start-here = Start here
help-panel-look-at-a-log = Look at a log
help-panel-check-models = Check models
help-panel-decide = Decide
help-panel-value-and-budget = Value and budget
help-panel-score-customers = Score customers
help-demo = Run every step on the bundled CDNOW log: fit, score, value, validate, report.
help-report = Profile a log, backtest models and benchmarks at several cutoffs, value customers, and write one page.
help-guide = List the pages of the user guide, or print one.
help-profile = Describe a log: what it contains, whether it is large enough, and which models suit it.
help-audit = Audit the customer base: how customers differ, what changed, and how cohorts compare.
help-clean = Turn line items, orders or an export into transactions, and account for every row in a ledger.
help-validate = Fit models to the log up to a day, and compare their forecasts with the purchases after it.
help-compare = Fit several models to a log and compare the fits; with --calibration-end, compare forecasts too.
help-backtest = Forecast from several cutoffs with what was known on each, and compare with what happened and with benchmarks.
help-crosscheck = Check a saved model against the lifetimes package, on the log the model was fitted to.
help-tiers = Sort customers into tiers by value; published tiers change only with a visible change of value.
help-segments = Divide customers into segments: by RFM scores, by stage (with --model), or as found in the data.
help-scorecard = Score customers by a weighted index of indicators, and compare it with predicted value.
help-accounts = List key accounts, with the rule they meet, trend, risk, and what is lost if one leaves.
help-actions = List the customers at risk, to win back and for a second purchase, with the money at stake.
help-value = Show what the customers of a log are worth after costs; --output writes one row per customer.
help-forecast = Forecast revenue by calendar month: of existing customers and, with --plan, of new customers.
help-check = Check that a job's sources can be read, its gates pass and its sinks can be written to, and write nothing.
help-experiment = Design an experiment with a control group, assign customers, and read the result.
help-init = Write a job file with every setting and a comment for each.
help-fit = Fit a model of purchases and, with --amount, Gamma-Gamma to a log, and save them.
help-score = Score every customer of a log: P(alive), purchases and, with --amount, value, at each horizon.
help-backfill = Score past days for the sinks that keep runs, the oldest first; current tables do not change.
help-prune = Remove old runs from the sinks that keep them; the current run always stays.
help-monitor = Compare the forecasts of past runs with what has happened since, and recommend whether to refit.
help-columns = Print the data dictionary of the tables of a job: each column with type, unit and meaning.
help-models = List, show, promote and roll back versions of a model in a registry.
