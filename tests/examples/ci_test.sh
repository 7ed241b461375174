#!/bin/bash
# The example for a user's own CI: the command of its workflow, run in a copy; and what it says when the configuration is wrong.
#   ci_test.sh FLMCTL FLMSIM
FLMCTL=$1 FLMSIM=$2
example=$(cd "$(dirname "$0")/ci" && pwd)
. "$example/../../tools/flmctl/check.sh"

cp -r "$example" repository
rm -f repository/junit.xml repository/board.eeprom
mkdir bin
ln -s "$FLMCTL" "$FLMSIM" bin/
export PATH=$PWD/bin:$PATH
cd repository || exit 2
step() { awk -v step="- name: $1" 'index($0, step) { found = 1 } found && /^ *run: / { sub(/^ *run: /, ""); print; exit }' .github/workflows/metering.yml; }
step "Hold the configuration" >../command.sh
scenarios=$(find recordings -name '*.toml' | wc -l)
check "the workflow has a command that holds the configuration against the recordings" 0 check cat ../command.sh
check "it keeps the file that the command writes" 0 'path: junit.xml' cat .github/workflows/metering.yml

workflow() {
  rm -f junit.xml board.eeprom
  bash -eo pipefail ../command.sh
}
xml() { xmllint --xpath "$1" junit.xml; }
check "every recording is read as expected, on both engines" 0 "$((3 * scenarios)) passed, 0 failed" workflow
well_formed() { xmllint --noout junit.xml && echo well-formed; }
check "the result is well-formed" 0 well-formed well_formed
check "with all its tests" 0 "$((3 * scenarios)) $((3 * scenarios)) 0" \
  xml 'concat(/testsuites/testsuite/@tests, " ", count(//testcase), " ", count(//failure))'

# What a wrong configuration breaks, and where the result says so.
broken() {  # what, sed command, text in the XML
  sed -i.good "$2" house.toml
  check "$1: status 1" 1 ' failed' workflow
  check "$1: the result is well-formed" 0 well-formed well_formed
  check "$1: it says so" 0 "$3" xml 'string((//failure/@message)[1])'
  mv house.toml.good house.toml
}
broken "a meter constant without the calibration" 's/^meter_constant = 5013/meter_constant = 5163/' 'recordings/kettle.toml:26: sensor 1 power: 239'
broken "a pulse of the wrong size" 's/^constant = 0.5/constant = 1/' 'recordings/water.toml:14: sensor 5 counter: 11.000, expected 5.500'
broken "a wrong radio group" 's/^group    = 212/group    = 211/' 'recordings/kubes.toml:9: reply to "gx"'
broken "the smart meter on no sensor" 's/^ports    = \[6\]/&\nenabled  = false/' 'recordings/solar-noon.toml:16: sensor 6 power: no reading'
sed -i.good 's/^current  = 50/current  = 60/' house.toml
check "a clamp that there is not: status 2" 2 'house.toml:12: [[sensor]] key' workflow
check "and no result of before" 1 'No such file' sh -c 'ls junit.xml 2>&1 && exit 0; exit 1'
mv house.toml.good house.toml
finish
