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
house house2 8.695652 0.9
house phase 1.0 0.9
house slow 0.2 39.0
sed 's/^every.*/every = 7000.0/' house.toml >silent.toml
sed '/^\[\[sensor\]\]/,$d' house.toml >empty.toml

board() { echo "sim:$1.toml,eeprom=$1.eeprom"; }
yes() { what=$1 status=$2 text=$3 where=$4; shift 4; check "$what" "$status" "$text" "$FLMCTL" --port "$(board "$where")" --yes calibrate "$@"; }
no() { what=$1 status=$2 text=$3 where=$4; shift 4; check "$what" "$status" "$text" "$FLMCTL" --port "$(board "$where")" calibrate "$@" </dev/null; }

no "no answer to the question changes nothing" 1 'cancelled; the board is as it was' house against pulse:4
check "the constant is as it was" 0 'gm 0 5163' "$FLMCTL" --port "$(board house)" raw "gm 0"
yes "against an S0 meter" 0 'error +5.' house against pulse:4
yes "and verified" 0 'verified in ' house against pulse:4
check "the constant is kept" 0 'gm 0 49' "$FLMCTL" --port "$(board house)" raw "gm 0"
# 5163 / 1.05 * 1975 / 2000 = 4855, less what a sine reads too much
yes "gain" 0 ' -> 48' house gain --reference 1975W
check "json" 0 '"calibrated":"gain"' "$FLMCTL" --port "$(board house)" --yes --json calibrate gain --reference 2000W
yes "a coarse reference is said so" 0 'note: the reference is read to 1000 W only' house gain --reference 2kW
yes "shape" 0 "time constant 19" house shape
yes "zero" 0 'expected after: 0.0 W' idle zero
check "the image does the same" 0 'error +5.' "$FLMCTL" --port "sim:house.toml,engine=image,eeprom=image.eeprom" --yes calibrate gain --reference 2000W

report() { what=$1 text=$2; shift 2; check "$what" 0 "$text" "$FLMCTL" --port "$(board house)" calibrate report "$@"; }
report "the report" 'pulses on sensor 4'
check "nothing of it is among the user's own records" 0 'no calibration has been done yet' "$FLMCTL" calibrate report
check "nor anywhere in the user's state" 0 none sh -c '[ -e state/openflm/calibrations.jsonl ] || echo none'
check "nor a different board's" 0 'calibrate zero --sensor 1' "$FLMCTL" --port "$(board idle)" calibrate report
printf 'board = "flm02b"\n[[sensor]]\nid = 1\nname = "Kitchen"\nclass = "analog"\nports = [1]\nvoltage = 230.0\ncurrent = 50\n' >named.toml
report "a configuration names the sensor" 'Kitchen (sensor 1) read 5.' --config named.toml
check "the report as a page, with a picture" 0 '<svg' \
  sh -c '"$1" --port "$2" calibrate report --config named.toml --html report.html && cat report.html' sh "$FLMCTL" "$(board house)"
check "which takes the place of an earlier one" 0 yes sh -c '"$1" --port "$2" calibrate report --html report.html && echo yes' sh "$FLMCTL" "$(board house)"
check "and of nothing else" 2 'house.toml: is there, and no page' "$FLMCTL" --port "$(board house)" calibrate report --html house.toml
report "the report as json" '"calibrations":[' --json

yes "zero under load" 1 'house.toml,eeprom=house.eeprom: a current flows: the codes' house zero
yes "gain without load" 1 'the clamp reads 0.0 W: no load, or the clamp is not plugged in' idle gain --reference 1874W
yes "shape without load" 1 'too little current' idle shape
yes "against without load" 1 'no load, or the clamp is not plugged in' idle against pulse:4
yes "the wrong phase" 1 'W where the reference says 2000 W; allowed: half to twice' phase against pulse:4
yes "a meter that does not count" 1 'sensor 4 has not counted for 5 min' silent against pulse:4
check "a meter that is too coarse" 1 'the reference is too coarse for this load' \
  "$FLMCTL" --port "$(board slow)" --yes calibrate against pulse:4 --limit 5
yes "a reference of zero" 2 "the reference '0W' is zero; allowed: a power above zero" house gain --reference 0W
yes "a reference that is not one" 2 "'meter' is not a reference; allowed: pulse:1 to pulse:6" house against meter
yes "no smart meter" 1 'sensor 6 is not enabled as a smart meter' house against p1
yes "no clamp" 1 'no clamp sensor is enabled on this board' empty zero
yes "the wrong sensor" 1 'sensor 2 is no enabled clamp sensor; allowed: 1' house zero --sensor 2
yes "an uncertainty of nothing" 2 '--uncertainty' house against pulse:4 --uncertainty 0
house below 0.0 0.9
printf 'noise_lsb = 1.0\noffset_lsb = -1.3\n' >>below.toml
check "an uncalibrated board is sent to shape first" 0 "begin with 'flmctl calibrate shape'" sh -c '"$@" | head -n 1' sh \
  "$FLMCTL" --port "$(board house2)" --yes calibrate gain --reference 2000W
check "and so is who asks for help" 0 "Begin a new board with 'flmctl calibrate shape'" "$FLMCTL" calibrate --help
"$FLMCTL" --port "$(board below)" --yes calibrate zero >out 2>err  # done or refused
check "after zero an input below code 0 reads 0 W" 0 '"power":0' "$FLMCTL" --port "$(board below)" --json watch --for 4
check "no port" 2 'which board?' "$FLMCTL" calibrate zero

finish
