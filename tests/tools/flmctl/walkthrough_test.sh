#!/bin/bash
# The walk-through of tools/flmctl/README.md: its commands are taken from there and run, on a simulated board.
#   walkthrough_test.sh FLMCTL FLMSIM SCENARIOS
FLMCTL=$1 FLMSIM=$2 SCENARIOS=$3
here=$(cd "$(dirname "$0")" && pwd)
. "$here/check.sh"
root=$here/../../..

# The commands between the two marks, as the user would type them in a checkout.
sed -n '/<!-- walk-through -->/,/<!-- end -->/p' "$root/tools/flmctl/README.md" | sed -n '/^```sh$/,/^```$/p' | grep -v '^```' >walk.sh
check "there is a walk-through" 0 'config pull' cat walk.sh
ln -s "$root/tests" tests
mkdir bin
ln -s "$FLMCTL" "$FLMSIM" bin/
export PATH=$PWD/bin:$PATH
walk() { bash -euo pipefail walk.sh; }
check "every command of it succeeds" 0 "settings set, read back and saved in" walk
cp out walked
check "the last readings have the new names" 0 'Kitchen' cat walked
check "and show what the S0 meter counts" 0 'sensor 1        2000 W' cat walked
check "the report is a page" 0 '</html>' cat calibration.html
check "the file has the calibrated constant" 0 'meter_constant = 49' cat house.toml
check "the example of the manual page is a configuration" 0 'fine for a flm02b: 3 sensors, 2 ports' \
  sh -c 'sed -n "/^.SH CONFIGURATION FILE/,/^.EE/p" "$1" | grep -v "^\.E\|^\.SH" >example.toml; "$2" config check example.toml' sh "$root/tools/flmctl/flmctl.1" "$FLMCTL"

# Completion offers what --help lists.
. "$root/tools/flmctl/completion/flmctl.bash"
offered() {
  COMP_WORDS=("$@")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  _flmctl
  printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
}
listed() { "$FLMCTL" "$@" --help | sed -n '/^Subcommands:/,$s/^  \([a-z][a-z]*\) .*/\1/p' | sort | tr '\n' ' '; }
for words in "" "config" "counter" "calibrate"; do
  # shellcheck disable=SC2086  # words
  what="bash completes '$words'" text="$(listed $words)" status=0 got=0
  # shellcheck disable=SC2086
  offered flmctl $words '' >out
  judge "$what" "$([ "$(cat out)" = "$text" ] && [ -n "$text" ] && echo yes || echo no)"
done
check "after a port with a colon too" 0 'diff ' offered flmctl --port sim : a.toml config d
listed >listed
check "zsh knows the same commands" 0 yes sh -c 'for c in $(cat listed); do grep -q "$c:" "$1" || exit 1; done; echo yes' sh "$root/tools/flmctl/completion/_flmctl"
finish
