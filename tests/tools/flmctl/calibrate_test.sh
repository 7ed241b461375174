#!/bin/bash
# flmctl calibrate on simulated boards: results, the report, and what can go wrong.
#   calibrate_test.sh FLMCTL FLMSIM SCENARIOS
FLMCTL=$1 FLMSIM=$2 SCENARIOS=$3
. "$(dirname "$0")/check.sh"

# A 50 A clamp that reads 5 % too much of 2 kW, and an S0 meter of 2 000 imp/kWh.
house() {  # name, amps, pulse period, more
  cat >"$1.toml" <<TOML
board = "flm02b"
duration = 7200.0
[[sensor]]
id = 1
class = "analog"
ports = [1]
[[sensor]]
id = 4
class = "pulse"
ports = [4]
constant = 0.5
[[waveform]]
port = 1
amps = $2
[[pulses]]
port = 4
every = $3
[frontend]
gain = 1.05
TOML
}
house house 8.695652 0.9
house idle 0.0 0.9
house phase 1.0 0.9
house slow 0.2 39.0
sed 's/^every.*/every = 7000.0/' house.toml >silent.toml
sed '/^\[\[sensor\]\]/,$d' house.toml >empty.toml

board() { echo "sim:$1.toml,eeprom=$1.eeprom"; }
yes() { what=$1 status=$2 text=$3 where=$4; shift 4; check "$what" "$status" "$text" "$FLMCTL" --port "$(board "$where")" --yes calibrate "$@"; }
no() { what=$1 status=$2 text=$3 where=$4; shift 4; check "$what" "$status" "$text" "$FLMCTL" --port "$(board "$where")" calibrate "$@" </dev/null; }

no "no answer to the question changes nothing" 1 'cancelled; the board is as it was' house against pulse:4
check "the constant is as it was" 0 'gm 0 5163' "$FLMCTL" --port "$(board house)" raw "gm 0"
yes "against an S0 meter" 0 'error +5.19 % +- 0.002 %' house against pulse:4
yes "and verified" 0 'error 0.00 %' house against pulse:4
check "the constant is kept" 0 'gm 0 4908' "$FLMCTL" --port "$(board house)" raw "gm 0"
# 4908 * 1975 / 2000 = 4846.65
yes "gain" 0 'meter constant of sensor 1: 4908 -> 4847   (sm 0 48' house gain --reference 1975W
check "json" 0 '"calibrated":"gain"' "$FLMCTL" --port "$(board house)" --yes --json calibrate gain --reference 2000W
yes "a coarse reference is said so" 0 'note: the reference is read to 1000 W only' house gain --reference 2kW
yes "shape" 0 "time constant 19" house shape
yes "zero" 0 'expected after: 0.0 W' idle zero
check "the image does the same" 0 'error +5.' "$FLMCTL" --port "sim:house.toml,engine=image,eeprom=image.eeprom" --yes calibrate gain --reference 2000W

check "the report" 0 'pulses on sensor 4' "$FLMCTL" calibrate report
check "the report as a page, with a plot" 0 '<svg' sh -c '"$1" calibrate report --html report.html && cat report.html' sh "$FLMCTL"
check "the report as json" 0 '"calibrations":[' "$FLMCTL" --json calibrate report

yes "zero under load" 1 'house.toml,eeprom=house.eeprom: a current flows: the codes' house zero
yes "gain without load" 1 'the clamp reads 0.0 W: no load, or the clamp is not plugged in' idle gain --reference 1874W
yes "shape without load" 1 'too little current' idle shape
yes "against without load" 1 'no load, or the clamp is not plugged in' idle against pulse:4
yes "another phase" 1 'W where the reference says 2000 W; allowed: half to twice' phase against pulse:4
yes "a meter that does not count" 1 'sensor 4 has not counted for 5 min' silent against pulse:4
check "a meter that is too coarse" 1 'the reference is too coarse for this load' \
  "$FLMCTL" --port "$(board slow)" --yes calibrate against pulse:4 --limit 5
yes "a reference of zero" 2 "the reference '0W' is zero; allowed: a power above zero" house gain --reference 0W
yes "a reference that is none" 2 "'meter' is no reference; allowed: pulse:1 to pulse:6" house against meter
yes "no smart meter" 1 'sensor 6 is not enabled as a smart meter' house against p1
yes "no clamp" 1 'no clamp sensor is enabled on this board' empty zero
yes "another sensor" 1 'sensor 2 is no enabled clamp sensor; allowed: 1' house zero --sensor 2
yes "an uncertainty of nothing" 2 '--uncertainty' house against pulse:4 --uncertainty 0
check "no port" 2 'which board?' "$FLMCTL" calibrate zero

finish
