#!/bin/bash
# Every procedure of flmctl calibrate, as the user at a terminal meets it: ctrl-C while it measures, ctrl-C at its question, yes.
#   calibrate_terminal_test.sh FLMCTL FLMSIM SCENARIOS sim|pty
FLMCTL=$1 FLMSIM=$2 SCENARIOS=$3 far=$4
here=$(cd "$(dirname "$0")" && pwd)

# The board of a scenario: at the end of `port`, for commands that need little time, and of `slow`, where a second is one.
board() {
  if [ "$far" = sim ]; then
    port="sim:$1,engine=$engine,eeprom=$folder/board.bin"
    slow=$port,speed=1
  else
    serve "$1" --engine "$engine" --configure "${@:2}"
    port=$folder/bus slow=$folder/bus
  fi
}
flmctl() { "$FLMCTL" --port "$port" "$@"; }
reported() {  # the records of a simulated board are beside it; of one at the end of a pseudo terminal, among the user's
  "$FLMCTL" --port "$port" calibrate report
}
ended() { [ "$far" = sim ] || unserve; }
cancelled='flmctl: cancelled; the board is as it was'
house() {  # A, and more lines
  cat <<TOML
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
amps = $1
[[pulses]]
port = 4
every = 0.9
TOML
  printf '%s\n' "${@:2}"
}

zero() {
  house 0.0 '[frontend]' 'offset_lsb = 3.0' >house.toml
  board house.toml
  check "zero: ctrl-C at the question" 1 "$cancelled" typed '[y/N]' '\003' "'$FLMCTL' --port '$port' calibrate zero --seconds 5"
  check "nothing is set" 0 'go 0 0' flmctl raw go 0
  check "yes sets it" 0 'verified: ' typed '[y/N]' 'y\n' "'$FLMCTL' --port '$port' calibrate zero --seconds 5"
  check "it is on the board" 0 'go 0 7' flmctl raw go 0  # 3 * 256 = 768, read to a few
  check "and in the report" 0 'no load' reported
  ended
}
gain() {
  house 8.695652 '[frontend]' 'gain = 1.05' >house.toml
  board house.toml
  check "gain: ctrl-C while it measures" 1 "$cancelled" typed '1 of 300 s' '\003' "'$FLMCTL' --port '$slow' calibrate gain --reference 2000W --seconds 300"
  check "ctrl-C at the question" 1 "$cancelled" typed '[y/N]' '\003' "'$FLMCTL' --port '$port' calibrate gain --reference 2000W --seconds 5"
  check "nothing is set" 0 'gm 0 5163' flmctl raw gm 0
  check "--yes sets it" 0 'meter constant of sensor 1: 5163 -> 49' flmctl calibrate gain --reference 2000W --seconds 5 --yes
  check "it is on the board" 0 'gm 0 49' flmctl raw gm 0
  check "in JSON" 0 '"calibrated":"gain"' flmctl calibrate gain --reference 2000W --seconds 5 --yes --json
  check "ctrl-C while it verifies: what was set is put back" 1 "$cancelled" typed '[y/N]' 'y\n' '1 of 5 s' '\003' \
    "'$FLMCTL' --port '$slow' calibrate gain --reference 1800W --seconds 6"
  check "it is as it was" 0 'gm 0 49' flmctl raw gm 0
  [ "$far" = pty ] || return
  : >screen
  {
    for _ in {1..300}; do ! grep -q '1 of 5 s' screen || break; sleep 0.1; done
    kill -INT "$server"
  } &
  check "the cable is pulled while it verifies" 3 "what was set could not be put back, and the board may have kept it: sm 0 4" \
    typed '[y/N]' 'y\n' "'$FLMCTL' --port '$slow' calibrate gain --reference 1800W --seconds 6"
  wait "$server"
  server=
}
shape() {
  house 8.695652 '[frontend]' 'tau = 0.0024' >house.toml
  board house.toml
  check "shape: ctrl-C at the question" 1 "$cancelled" typed '[y/N]' '\003' "'$FLMCTL' --port '$port' calibrate shape --seconds 5"
  check "nothing is set" 0 'gt 0 1910' flmctl raw gt 0
  check "--yes sets it" 0 'a sine reads' flmctl calibrate shape --seconds 5 --yes
  check "it is on the board" 0 'gt 0 2' flmctl raw gt 0
  ended
}
against_pulses() {
  house 8.695652 '[frontend]' 'gain = 1.05' >house.toml
  board house.toml
  check "against pulses: ctrl-C while it measures" 1 "$cancelled" typed 'in about' '\003' "'$FLMCTL' --port '$slow' calibrate against pulse:4"
  check "nothing is set" 0 'gm 0 5163' flmctl raw gm 0
  check "--yes sets it" 0 'verified in ' flmctl calibrate against pulse:4 --uncertainty 2 --yes
  check "it is on the board" 0 'gm 0 49' flmctl raw gm 0
  check "and in the report" 0 'pulses on sensor 4' reported
  ended
}
against_smart_meter() {
  for ((second = 0; second < 300; ++second)); do  # 2 000 W in whole Wh, as a meter of DSMR 3, which sends no CRC
    printf '/ABC5\\test\r\n\r\n1-0:1.8.1(%05d.%03d*kWh)\r\n1-0:2.8.1(00000.000*kWh)\r\n1-0:1.7.0(0002.00*kW)\r\n!\r\n' 1 $((second * 2000 / 3600))
  done >telegrams.txt
  house 8.695652 '[frontend]' 'gain = 1.05' '[[sensor]]' 'id = 6' 'class = "p1"' 'ports = [6]' 'without_crc = true' \
    '[[serial]]' 'port = 6' 'file = "telegrams.txt"' 'each = 1.0' 'baud = 9600' | sed 's/flm02b/flm02a/' >house.toml
  board house.toml
  check "against the smart meter: --yes sets it" 0 'verified in ' flmctl calibrate against p1 --uncertainty 2 --yes
  check "it is on the board" 0 'gm 0 4' flmctl raw gm 0
  check "and in the report" 0 'smart meter' reported
  ended
}

# All at once: at a pseudo terminal most of a calibration is waiting for the board's seconds.
procedures="zero gain shape against_pulses against_smart_meter"
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
for engine in native image; do
  for procedure in $procedures; do
    (
      . "$here/check.sh"
      $procedure
      finish
    ) >"$logs/$engine.$procedure" 2>&1 &
    echo $! >"$logs/$engine.$procedure.process"
  done
done
status=0
for engine in native image; do
  for procedure in $procedures; do
    wait "$(cat "$logs/$engine.$procedure.process")" || status=1
    echo "$engine, $procedure: $(cat "$logs/$engine.$procedure")"
  done
done
exit $status
