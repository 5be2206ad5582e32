# English messages, in Fluent syntax (projectfluent.org/fluent/guide).
#
# The id of a message is the code of a finding, or names a label. Figures are variables: { $rows }.
# Functions: COUNT($n) 19,684; PERCENT($share, places: 1) 29.9%; SIGNED_PERCENT($share) +14%; NUM($x, digits: 3) 0.252;
# FIXED($x, places: 2) 1,234.50; SHORT($x, digits: 3) 1,234, 12 or 0.252; MONTH($m) January; WEEKDAY($d) Monday. Plurals and choices are Fluent selectors on a number or a code.

## Data: logs, cleaning and the RFM

rows-after-end = { COUNT($rows) } { $rows ->
    [one] row
   *[other] rows
    } after { $end } { $rows ->
    [one] was
   *[other] were
    } left out

## Profile: what a log can support

## Estimators: fits, certificates and limits

## Value

## Validation: comparisons, totals, crosscheck

## Report: the verdict, cautions, labels

## Scoring: gates, monitoring, registry

## Command line
