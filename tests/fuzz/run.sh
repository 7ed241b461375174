#!/usr/bin/env bash
# Runs every fuzz target for MINUTES in total, two at a time; corpus, findings and logs stay in build/fuzz.
#   run.sh BUILD MINUTES [TARGET...]
# Ends with a table and BUILD/fuzz/report.json. Exit status: 0 nothing found, 1 something found, 2 wrong usage.
set -euo pipefail
jobs=2 news=20  # s between lines about a target

fail() { echo "fuzz: $1" >&2; exit 2; }
[ $# -ge 2 ] || fail "usage: run.sh BUILD MINUTES [TARGET...]"
[[ $2 =~ ^[0-9]+([.][0-9]+)?$ ]] || fail "'$2' are no minutes; allowed: a number"
list=$1/fuzz/targets.tsv
[ -e "$list" ] || fail "$list is missing: no clang++ with libFuzzer when $1 was configured (Debian: clang, libclang-rt-14-dev)"
fuzz=$(cd "$1/fuzz" && pwd) minutes=$2
shift 2
all=$(cut -f1 "$list")
targets=${*:-$all}
for target in $targets; do grep -qx "$target" <<<"$all" || fail "'$target' is not a target; allowed: $(echo $all)"; done
count=$(wc -w <<<"$targets")
seconds=$(awk -v m="$minutes" -v n="$count" -v j=$((count < jobs ? count : jobs)) 'BEGIN { s = int(m * 60 * j / n); if (s < 1) s = 1; print s }')
export UBSAN_OPTIONS=print_stacktrace=1

# The last line of a log about executions: "#1234 pulse cov: ... corp: 61/1032b ... exec/s: 99".
progress() { { grep -aE '^#[0-9]+.*exec/s' "$fuzz/$1.log" || true; } | tail -n 1; }
findings() { find "$fuzz/findings/$1" -type f | wc -l; }
say() {
  progress "$1" | awk -v t="$1" -v f="$(findings "$1")" '{
    for (i = 1; i < NF; ++i) { if ($i == "exec/s:") rate = $(i + 1); if ($i == "corp:") corpus = $(i + 1) }
    printf "%-14s%10d executions%8d/s  corpus %s, %d findings\n", t, substr($1, 2), rate, corpus, f }'
}

run() {
  local target=$1 options folders before=$SECONDS
  IFS=$'\t' read -r _ options folders < <(grep "^$target	" "$list")
  mkdir -p "$fuzz/corpus/$target" "$fuzz/findings/$target"
  # shellcheck disable=SC2086  # lists of words
  "$fuzz/build/bin/fuzz_$target" $options -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$fuzz/findings/$target/" \
    "$fuzz/corpus/$target" $folders >"$fuzz/$target.log" 2>&1 &
  local fuzzer=$!
  while kill -0 $fuzzer 2>/dev/null; do
    sleep 1
    if ((SECONDS - before > 0 && (SECONDS - before) % news == 0)); then say "$target"; fi
  done
  local status=0
  wait $fuzzer || status=$?
  # One that ended before it ran, a missing library say, is a finding without an input.
  if ((status != 0 && $(findings "$target") == 0)); then cp "$fuzz/$target.log" "$fuzz/findings/$target/log-of-status-$status"; fi
  echo $((SECONDS - before)) >"$fuzz/$target.seconds"
  say "$target"
}

for target in $targets; do rm -rf "$fuzz/findings/$target"; mkdir -p "$fuzz/findings/$target"; done
echo "fuzz: $count targets, $seconds s each, $jobs at a time"
for target in $targets; do
  while (($(jobs -rp | wc -l) >= jobs)); do wait -n || true; done
  run "$target" &
done
wait

found=0 separator=""
printf '\n%-14s%9s%13s%10s%10s\n' target seconds executions per_s findings
exec 3>"$fuzz/report.json"
echo "[" >&3
for target in $targets; do
  executions=$(awk '/^stat::number_of_executed_units/ { print $2 }' "$fuzz/$target.log")
  : "${executions:=0}"
  took=$(<"$fuzz/$target.seconds")
  rate=$((executions / (took > 0 ? took : 1))) findings=$(findings "$target")
  found=$((found + findings))
  printf '%-14s%9d%13d%10d%10d\n' "$target" "$took" "$executions" "$rate" "$findings"
  printf '%s {"target": "%s", "seconds": %d, "executions": %d, "executions_per_second": %d, "findings": %d}' "$separator" "$target" "$took" \
    "$executions" "$rate" "$findings" >&3
  separator=$',\n'
done
printf '\n]\n' >&3
echo "report: $fuzz/report.json"
for target in $targets; do
  find "$fuzz/findings/$target" -type f | while read -r input; do
    echo "FOUND by $target: $(grep -aoE -m1 'broken promise: .*|runtime error: .*|ERROR: .*' "$fuzz/$target.log" || echo "see $fuzz/$target.log")"
    echo "  replay: $fuzz/build/bin/fuzz_$target $input"
  done
done
[ $found -eq 0 ]
