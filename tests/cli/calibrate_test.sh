#!/bin/sh
# flmctl calibrate and flash as a person meets them, on a simulated board: what is printed, and the exit status.
#   calibrate_test.sh FLMCTL
set -u
flmctl=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
export XDG_STATE_HOME="$folder/state"
unset FLMCTL_PORT
passed=0
failed=0

# what, status wanted, text wanted on stdout or stderr, command ...
check() {
  what=$1 status=$2 text=$3
  shift 3
  "$@" >out 2>err </dev/null
  got=$?
  if [ "$got" -eq "$status" ] && { [ -z "$text" ] || cat out err | grep -qF -- "$text"; }; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $what: status $got (wanted $status, with '$text'), output:"
    cat out err
  fi
}

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
yes() { what=$1 status=$2 text=$3 where=$4; shift 4; check "$what" "$status" "$text" "$flmctl" --port "$(board "$where")" --yes calibrate "$@"; }
no() { what=$1 status=$2 text=$3 where=$4; shift 4; check "$what" "$status" "$text" "$flmctl" --port "$(board "$where")" calibrate "$@"; }

# --- calibrate ---
no "no answer to the question changes nothing" 1 'cancelled; nothing was changed' house against pulse:4
check "the constant is as it was" 0 'gm 0 5163' "$flmctl" --port "$(board house)" raw "gm 0"
yes "against an S0 meter" 0 'error +5.20 % +- 0.002 %' house against pulse:4
yes "and verified" 0 'error 0.00 %' house against pulse:4
check "the constant is kept" 0 'gm 0 4908' "$flmctl" --port "$(board house)" raw "gm 0"
# 4908 * 1975 / 2000 = 4846.65
yes "gain" 0 'meter constant of sensor 1: 4908 -> 4847   (sm 0 48' house gain --reference 1975W
check "json" 0 '"calibrated":"gain"' "$flmctl" --port "$(board house)" --yes --json calibrate gain --reference 2000W
yes "a coarse reference is said so" 0 'note: the reference is read to 1000 W only' house gain --reference 2kW
yes "shape" 0 "time constant 19" house shape
yes "zero" 0 'expected after: 0.0 W' idle zero
check "the image does the same" 0 'error +5.' "$flmctl" --port "sim:house.toml,engine=image,eeprom=image.eeprom" --yes calibrate gain --reference 2000W

check "the report" 0 'pulses on sensor 4' "$flmctl" calibrate report
check "the report as a page" 0 '' "$flmctl" calibrate report --html report.html
check "has a plot" 0 '<svg' cat report.html
check "the report as json" 0 '"calibrations":[' "$flmctl" --json calibrate report

yes "zero under load" 1 'house.toml,eeprom=house.eeprom: a current flows: the codes' house zero
yes "gain without load" 1 'the clamp reads 0.0 W: no load, or the clamp is not plugged in' idle gain --reference 1874W
yes "shape without load" 1 'too little current' idle shape
yes "against without load" 1 'no load, or the clamp is not plugged in' idle against pulse:4
yes "another phase" 1 'W where the reference says 2000 W; allowed: half to twice' phase against pulse:4
yes "a meter that does not count" 1 'sensor 4 has not counted for 5 min' silent against pulse:4
check "a meter that is too coarse" 1 'the reference is too coarse for this load' \
  "$flmctl" --port "$(board slow)" --yes calibrate against pulse:4 --limit 5
yes "a reference of zero" 2 "the reference '0W' is zero; allowed: a power above zero" house gain --reference 0W
yes "a reference that is none" 2 "'meter' is no reference; allowed: pulse:1 to pulse:6" house against meter
yes "no smart meter" 1 'sensor 6 is not enabled as a smart meter' house against p1
yes "no clamp" 1 'no clamp sensor is enabled on this board' empty zero
yes "another sensor" 1 'sensor 2 is no enabled clamp sensor; allowed: 1' house zero --sensor 2
yes "an uncertainty of nothing" 2 '--uncertainty' house against pulse:4 --uncertainty 0
check "no port" 2 'which board?' "$flmctl" calibrate zero

# --- flash, with an avrdude that is none ---
mkdir fake none
cat >fake/avrdude <<'SH'
#!/bin/sh
echo "avrdude $*" >>"$CALLS"
for word; do
  case $word in
    flash:r:*) echo :00000001FF >"$(echo "$word" | cut -d: -f3)" ;;
    eeprom:r:*) echo :00000001FF >"$(echo "$word" | cut -d: -f3)" ;;
    flash:w:*) echo "writing flash ... 50%" >&2; exit "${FAKE_STATUS:-0}" ;;
  esac
done
SH
chmod +x fake/avrdude
export CALLS="$folder/calls"
flash() { PATH="$folder/fake:$PATH" "$flmctl" --port "$(board house)" --yes flash flm02b "$@"; }
saved() { find "$XDG_STATE_HOME/openflm" -name '*.settings' | sort | tail -n 1; }

check "a dry run prints the commands" 0 '-U lfuse:w:0x6E:m -U hfuse:w:0xDE:m -U efuse:w:0x01:m -U flash:w:' flash --dry-run
check "and runs none" 1 'calls' cat "$CALLS"
check "a board is flashed" 0 'flashed; settings and counters are as they were' flash
check "settings are saved first" 0 'sm 0 ' cat "$(saved)"
check "the signature is checked by reading first" 0 '-c flm02b -p m168p -U flash:r:' head -n 1 "$CALLS"
check "then it is written" 0 'flash:w:' tail -n 1 "$CALLS"
sleep 1
FAKE_STATUS=1
export FAKE_STATUS
check "a flash that fails half-way" 1 'avrdude failed (status 1): the board may have no whole firmware now. Repeat it with: flmctl flash flm02b --saved' flash
unset FAKE_STATUS
check "can be repeated" 0 'flashed; settings and counters are as they were' flash --saved "$(saved)"
check "a saved file that is none" 2 'none.settings: no such file' flash --saved none.settings
check "files that are missing" 2 'missing: none/' flash --files none
check "another board than that" 1 'this is a flm02b, and it would be flashed with the firmware of a flm02a' \
  "$flmctl" --port "$(board house)" --yes flash flm02a
check "a board that there is none of" 2 'flm03' "$flmctl" --port "$(board house)" flash flm03
mkdir bin
ln -s "$(command -v flmsim || echo "$(dirname "$flmctl")/flmsim")" bin/flmsim
check "avrdude is missing" 2 'avrdude: No such file or directory; on Debian: apt-get install avrdude' \
  env PATH="$folder/bin" "$flmctl" --port "$(board house)" --yes flash flm02b
check "no answer to the question flashes nothing" 1 'cancelled' "$flmctl" --port "$(board house)" flash flm02b

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
