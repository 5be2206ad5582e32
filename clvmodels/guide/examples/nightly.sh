#!/bin/sh
# The steps of a night: `nightly.sh [DAY]`, by default yesterday. CLV_JOB is the path of the job file.
# Exit codes are those of clv: 4 if a gate refuses or a refit is due, 5 if a source or sink could not be reached.
set -eu
job=${CLV_JOB:-job.toml}
day=${1:-$(date -d yesterday +%F)}
clv check --job "$job" --as-of "$day"
clv score --job "$job" --as-of "$day" --log json
clv monitor --job "$job" --until "$day" --fail-on refit --log json
