#!/bin/sh
# A night of a job: `nightly.sh [DAY]`, by default yesterday. CLV_JOB names the job file.
# Exit codes are those of clv: 4 if a gate refuses or a refit is due, 5 if it is worth trying again.
set -eu
job=${CLV_JOB:-job.toml}
day=${1:-$(date -d yesterday +%F)}
clv check --job "$job" --as-of "$day"
clv score --job "$job" --as-of "$day" --log json
clv monitor --job "$job" --until "$day" --fail-on refit --log json
