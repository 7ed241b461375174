#!/bin/bash
# flmctl config: what a file may say, what it may not, and what is left of the board when a push goes wrong.
#   config_test.sh FLMCTL FLMSIM SCENARIOS
FLMCTL=$1 FLMSIM=$2 SCENARIOS=$3
. "$(dirname "$0")/check.sh"

# What is wrong, the complaint after "bad.toml", and on stdin the file.
bad() {
  cat >bad.toml
  complaint "$1" 2 "bad.toml$2" "$FLMCTL" config check bad.toml
}
all_keys='id, class, type, ports, voltage, current, constant, pulses_per_kwh, without_crc, name, sid, enabled, meter_constant, baud, invert_rx, invert_tx'

complaint "no file" 2 'none.toml: no such file; allowed: a configuration (.toml)' "$FLMCTL" config check none.toml
bad "no TOML" ":1: Error while parsing key-value pair: expected '=', saw '\n'" <<<'board'
bad "no board" ":1: key 'board' is missing; allowed: flm02a, flm02b" <<<'phases = 1'
bad "an unknown board" ":1: key 'board' is 'flm03'; allowed: flm02a, flm02b" <<<'board = "flm03"'
bad "an unknown table" ":2: key 'sensors' is not known (did you mean 'sensor'?); allowed: board, name, phases, led, sensor, port, radio, link, state, device, http, kubes, mqtt, report" <<<'board = "flm02b"
[[sensors]]'
bad "two phases" ":2: key 'phases' is 2; allowed: 1, 3" <<<'board = "flm02b"
phases = 2'
bad "an LED that shows nothing" ":2: key 'led' is neither a port nor 'heartbeat'; allowed: 1 to 6, \"heartbeat\"" <<<'board = "flm02b"
led = 7'
bad "an LED of a different board" ":2: key 'led' does not fit flm02a, whose LED only shows a heartbeat; allowed: a file without it" <<<'board = "flm02a"
led = 4'
bad "a list that is not one" ":2: key 'sensor' is not a list of tables; allowed: [[sensor]]" <<<'board = "flm02b"
[sensor]'

# The lines of one sensor, and the complaint after the line number.
bad_sensor() {
  local what=$1 complaint=$2
  shift 2
  { echo 'board = "flm02b"'; printf '%s\n' '[[sensor]]' "$@"; } | bad "$what" "$complaint"
}
bad_sensor "a typo" ":4: [[sensor]] key 'clas' is not known (did you mean 'class'?); allowed: $all_keys" 'id = 1' 'clas = "analog"'
bad_sensor "a sensor without a number" ":2: [[sensor]] key 'id' is missing; allowed: 1 to 6" 'class = "analog"'
bad_sensor "a seventh sensor" ":3: [[sensor]] key 'id' is 7; allowed: a whole number from 1 to 6" 'id = 7' 'class = "analog"'
bad_sensor "a sensor of no class" ":2: [[sensor]] key 'class' is missing; allowed: analog, pulse, p1" 'id = 1'
bad_sensor "an unknown class" ":4: [[sensor]] key 'class' is 'digital'; allowed: analog, pulse, p1" 'id = 1' 'class = "digital"'
bad_sensor "keys without a class" ":5: [[sensor]] key 'ports' stands without 'class'; allowed: id, name and enabled, or a class" 'id = 1' 'enabled = true' 'ports = [1]'
bad_sensor "no ports" ":2: [[sensor]] key 'ports' is not a list of ports; allowed: clamp ports 1, 2, 3 of flm02b" 'id = 1' 'class = "analog"'
bad_sensor "a clamp on a pulse port" ":5: [[sensor]] key 'ports' has port 4; allowed: clamp ports 1, 2, 3 of flm02b" 'id = 1' 'class = "analog"' 'ports = [4]'
bad_sensor "pulses on a clamp port" ":5: [[sensor]] key 'ports' has port 1; allowed: pulse ports 2, 3, 4, 5 of flm02b" 'id = 1' 'class = "pulse"' 'ports = [1]'
bad_sensor "a smart meter on the wrong port" ":5: [[sensor]] key 'ports' has port 5; allowed: port 6" 'id = 1' 'class = "p1"' 'ports = [5]'
bad_sensor "a port twice" ":5: [[sensor]] key 'ports' has port 1 twice; allowed: each port once" 'id = 1' 'class = "analog"' 'ports = [1, 1]'
bad_sensor "no such clamp" ":6: [[sensor]] key 'current' is 60; allowed: 50, 100, 250, 500" 'id = 1' 'class = "analog"' 'ports = [1]' 'current = 60'
bad_sensor "a constant that 16 bits do not hold" \
  ":6: [[sensor]] key 'voltage' is 400 V with a 500 A clamp: a meter constant of 89800, over 65535; allowed: up to 291 V with this clamp, or a clamp of up to 250 A" \
  'id = 1' 'class = "analog"' 'ports = [1]' 'voltage = 400' 'current = 500'
bad_sensor "a calibrated constant that 16 bits do not hold" ":6: [[sensor]] key 'meter_constant' is 65536; allowed: a whole number from 1 to 65535" \
  'id = 1' 'class = "analog"' 'ports = [1]' 'meter_constant = 65536'
bad_sensor "a clamp with a pulse constant" ":6: [[sensor]] key 'constant' belongs to pulse sensors; allowed: voltage, current" 'id = 1' 'class = "analog"' 'ports = [1]' 'constant = 1'
bad_sensor "a pulse constant below a thousandth" ":6: [[sensor]] key 'constant' is 0.0005; allowed: a number from 0.001 to 65535.999" 'id = 4' 'class = "pulse"' 'ports = [4]' 'constant = 0.0005'
bad_sensor "a pulse constant over 16 bits" ":6: [[sensor]] key 'constant' is 65536; allowed: a number from 0.001 to 65535.999" 'id = 4' 'class = "pulse"' 'ports = [4]' 'constant = 65536'
bad_sensor "a pulse constant that is rounded" ":6: [[sensor]] key 'constant' is 0.2083333, which a board cannot count exactly; allowed: whole thousandths as in 0.125, pulses_per_kwh as in 4800" 'id = 4' 'class = "pulse"' 'ports = [4]' 'constant = 0.2083333'
bad_sensor "a pulse constant that is near nothing" ":6: [[sensor]] key 'constant' is 7.123456, which a board cannot count exactly; allowed: whole thousandths as in 0.125, an exact fraction as in 0.3125, or pulses_per_kwh" 'id = 4' 'class = "pulse"' 'ports = [4]' 'constant = 7.123456'
bad_sensor "a constant and pulses per kWh" ":7: [[sensor]] key 'pulses_per_kwh' stands beside 'constant'; allowed: one of the two" 'id = 4' 'class = "pulse"' 'ports = [4]' 'constant = 0.5' 'pulses_per_kwh = 2000'
bad_sensor "pulses per kWh of water" ":7: [[sensor]] key 'pulses_per_kwh' belongs to electricity, and the type is water; allowed: constant, in litre per pulse" 'id = 4' 'class = "pulse"' 'ports = [4]' 'type = "water"' 'pulses_per_kwh = 100'
bad_sensor "pulses per kWh of a clamp" ":6: [[sensor]] key 'pulses_per_kwh' belongs to pulse sensors; allowed: voltage, current" 'id = 1' 'class = "analog"' 'ports = [1]' 'pulses_per_kwh = 1000'
bad_sensor "no pulses per kWh" ":6: [[sensor]] key 'pulses_per_kwh' is 0; allowed: a number from 0.1 to 1000000" 'id = 4' 'class = "pulse"' 'ports = [4]' 'pulses_per_kwh = 0'
bad_sensor "pulses per kWh that no divisor fits" ":6: [[sensor]] key 'pulses_per_kwh' is 7: a pulse of 142.85714285714286 Wh, which a board cannot count exactly; allowed: constant = 142.857, which is -0.0001 % off, or a different number" 'id = 4' 'class = "pulse"' 'ports = [4]' 'pulses_per_kwh = 7'
bad_sensor "pulses with a voltage" ":6: [[sensor]] key 'voltage' belongs to analog sensors; allowed: constant, pulses_per_kwh, type" 'id = 4' 'class = "pulse"' 'ports = [4]' 'voltage = 230'
bad_sensor "pulses with a calibrated constant" ":6: [[sensor]] key 'meter_constant' belongs to analog sensors; allowed: constant, pulses_per_kwh" 'id = 4' 'class = "pulse"' 'ports = [4]' 'meter_constant = 5'
bad_sensor "an unknown type" ":6: [[sensor]] key 'type' is 'heat'; allowed: electricity, gas, water" 'id = 4' 'class = "pulse"' 'ports = [4]' 'type = "heat"'
bad_sensor "a smart meter with a voltage" ":6: [[sensor]] key 'voltage' does not belong to a smart meter, which reports everything; allowed: without_crc" 'id = 6' 'class = "p1"' 'ports = [6]' 'voltage = 230'
bad_sensor "a rate that the main board sets" ":5: [[sensor]] key 'baud' does not fit flm02b, whose main board listens to the meter; allowed: a file without it" 'id = 6' 'class = "p1"' 'baud = 9600'
bad_sensor "lines of a sensor that has none" ":6: [[sensor]] key 'invert_rx' belongs to p1 sensors; allowed: other keys" 'id = 1' 'class = "analog"' 'ports = [1]' 'invert_rx = true'
one='id = 1
class = "analog"
ports = [1, 2]
name = "a"
[[sensor]]'
bad_sensor "a sensor twice" ":8: [[sensor]] key 'id' is 1 a second time: a sensor is one class of meter and stands once; allowed: each sensor once, with all its ports" "$one" 'id = 1' 'class = "pulse"' 'ports = [4]'
bad_sensor "a port for two sensors" ":10: [[sensor]] key 'ports' has port 2, which feeds sensor 1 already; allowed: a port feeds one sensor" "$one" 'id = 2' 'class = "analog"' 'ports = [2]'
bad_sensor "classes mixed on ports 2 and 3" ":10: [[sensor]] key 'ports' has port 3 as pulse input while port 2 of sensor 1 is a clamp; allowed: ports 2 and 3 both clamps or both pulse inputs" "$one" 'id = 2' 'class = "pulse"' 'ports = [3]'
bad_sensor "a name twice" ":11: [[sensor]] key 'name' is 'a', as sensor 1 is called; allowed: a name of its own" "$one" 'id = 2' 'class = "analog"' 'ports = [3]' 'name = "a"'
bad "two clamps on one phase" ":6: [[sensor]] key 'ports' has 2 clamps while phases is 1; allowed: one clamp a sensor, or phases = 3" <<<'board = "flm02b"
phases = 1
[[sensor]]
id = 1
class = "analog"
ports = [1, 2]'
bad "a second analog sensor on three phases" ":4: [[sensor]] key 'id' is 4, an analog sensor, while phases is 3; allowed: sensor 1 for all three clamps, or phases = 1" <<<'board = "flm02b"
phases = 3
[[sensor]]
id = 4
class = "analog"
ports = [1]'
bad "three phases without their sensor" ":2: key 'phases' is 3 without an analog sensor 1; allowed: sensor 1 for the three clamps, or phases = 1" <<<'board = "flm02b"
phases = 3'
bad "two clamps on three phases" ":6: [[sensor]] key 'ports' has ports 1, 2 while phases is 3; allowed: [1, 2, 3]" <<<'board = "flm02b"
phases = 3
[[sensor]]
id = 1
class = "analog"
ports = [1, 2]'

bad_port() {
  local what=$1 complaint=$2
  shift 2
  { echo 'board = "flm02a"'; printf '%s\n' '[[port]]' "$@"; } | bad "$what" "$complaint"
}
bad_port "a port without a number" ":2: [[port]] key 'port' is missing; allowed: 1 to 6" 'tau = 0.002'
bad_port "calibration of no clamp" ":4: [[port]] key 'tau' stands at port 4, which is not a clamp's; allowed: clamp ports 1, 2, 3" 'port = 4' 'tau = 0.002'
bad_port "debounce of a clamp" ":4: [[port]] key 'debounce' stands at port 2, which is not a pulse input; allowed: pulse ports 4, 5 of flm02a" 'port = 2' 'debounce = 0.01'
bad_port "a debounce that is too short" ":4: [[port]] key 'debounce' is 0.001; allowed: a number from 0.0015 to 6.5535" 'port = 4' 'debounce = 0.001'
bad_port "a time constant in milliseconds" ":4: [[port]] key 'tau' is 1.91; allowed: a number from 0 to 0.065535" 'port = 1' 'tau = 1.91'
bad_port "a port's table twice" ":5: [[port]] key 'port' is 1 a second time; allowed: one [[port]] a port" 'port = 1' '[[port]]' 'port = 1'
bad "a radio on a board without" ":2: key 'radio' does not fit flm02a, which has no radio; allowed: a file without [radio]" <<<'board = "flm02a"
[radio]'
bad "a radio's rate" ":3: [radio] key 'kbit' is 38.4; allowed: 19.2, 49.2" <<<'board = "flm02b"
[radio]
kbit = 38.4'
complaint "a push complains before it opens the port" 2 "bad.toml:3: [radio] key 'kbit' is 38.4; allowed: 19.2, 49.2" "$FLMCTL" --port /dev/nothing config push bad.toml

# What can be right and seldom is. The constant, and the warning; empty: none.
questioned() {
  printf '%s\n' 'board = "flm02b"' '[[sensor]]' 'id = 4' 'class = "pulse"' 'ports = [4]' "$1" >asked.toml
  "$FLMCTL" config check asked.toml >asked.out 2>asked.err
  check "$1: it is fine" 0 'asked.toml: fine for a flm02b: 1 sensors, 0 ports' cat asked.out
  if [ -n "$2" ]; then check "$1: and questioned" 0 "$2" cat asked.err; else check "$1: and not questioned" 0 'silent' sh -c '[ ! -s asked.err ] && echo silent'; fi
}
questioned 'constant = 800' 'flmctl: warning: asked.toml:6: sensor 4: constant is Wh per pulse: 800 would be 0.8 kWh a pulse; a meter of 800 imp/kWh has constant = 1.25, or pulses_per_kwh = 800'
questioned 'constant = 100' 'flmctl: warning: asked.toml:6: sensor 4: constant is Wh per pulse: 100 would be 0.1 kWh a pulse; a meter of 100 imp/kWh has constant = 10, or pulses_per_kwh = 100'
questioned 'constant = 99.9' ''
questioned 'pulses_per_kwh = 5' ''
questioned $'constant = 1000\ntype = "water"' ''

# Against a board.
port="sim:$SCENARIOS/demo.toml,eeprom=$folder/board.bin"
flmctl() { "$FLMCTL" --port "$port" "$@"; }
rm -f board.bin
flmctl config pull before.toml >/dev/null 2>&1
cat >other.toml <<'TOML'
board = "flm02a"
TOML
complaint "a file for the other board" 1 "other.toml: is for flm02a, and the board on $port is flm02b; nothing was sent" flmctl config push other.toml
cat >pulse.toml <<'TOML'
board = "flm02b"
[[sensor]]
id = 6
class = "pulse"
ports = [3]
TOML
complaint "a switch that would take a clamp from a sensor that is not named" 1 \
  "pulse.toml: makes ports 2 and 3 pulse inputs, and port 2 of the board is a clamp of sensor 2, which the file does not name; name sensor 2, or disable it; nothing was sent" \
  flmctl config push pulse.toml
check "nothing was sent" 0 'the board is as the file says' flmctl config diff before.toml
cat >move.toml <<'TOML'
board = "flm02b"
[[sensor]]
id = 6
class = "analog"
ports = [3]
TOML
check "a port that is taken from a different sensor is reported" 1 'flmctl: note: port 3 fed sensor 3, which move.toml does not name; it feeds sensor 6 now' flmctl config diff move.toml
cat >three.toml <<'TOML'
board = "flm02b"
phases = 3
[[sensor]]
id = 1
class = "analog"
TOML
check "three phases" 0 'sensors of ports 1 to 6   1 2 3 4 5 - -> 1 1 1 4 5 -' flmctl config push three.toml
check "sensors 2 and 3 are off" 0 '"sensor":2,"class":"none","enabled":false' flmctl counter get --json
check "what is not named stays" 0 'gm 3 0' flmctl raw gm 3
check "three phases come back as such" 0 'phases   = 3' flmctl config pull -
check "and back to one" 0 'saved in' flmctl config push before.toml
check "as it was" 0 'the board is as the file says' flmctl config diff before.toml

# Pulses per kWh: to the board, exactly, and back. A file that pull replaces keeps its way of saying it.
printf '%s\n' 'board = "flm02b"' '[[sensor]]' 'id = 4' 'class = "pulse"' 'ports = [4]' 'pulses_per_kwh = 6400' '[[port]]' 'port = 4' 'debounce = 2.5' >many.toml
check "pulses per kWh and seconds of debounce are pushed" 0 'port 4 debounce           6.0 ms -> 2.5 s' flmctl config push many.toml
check "as a constant and what it is divided by" 1 'constant / ' flmctl config diff before.toml
check "and come back as such" 0 'pulses_per_kwh = 6400' flmctl config pull -
check "the rest goes back" 0 'saved in' flmctl config push before.toml

# A file that does not parse is replaced when that is wanted; a file that is not a configuration never is.
echo 'board = "flm02b' >broken.toml
check "a file that does not parse is not replaced unasked" 1 'flmctl: cancelled' sh -c '"$1" --port "$2" config pull broken.toml </dev/null' sh "$FLMCTL" "$port"
check "the file is as it was" 0 'board = "flm02b' cat broken.toml
check "with --yes it is" 0 'flmctl: note: broken.toml:1:' flmctl --yes config pull broken.toml
check "and is a configuration" 0 'broken.toml: fine for a flm02b' "$FLMCTL" config check broken.toml
printf '%s\n' 'board = "flm02b"' 'colour = "green"' >broken.toml
check "one with an unknown key is, too" 0 "broken.toml:2: key 'colour' is not known" flmctl --yes config pull broken.toml
cp "$SCENARIOS/demo.toml" scenario.toml
check "a scenario is never replaced" 2 'scenario.toml:' flmctl --yes config pull scenario.toml
check "it is as it was" 0 'same' sh -c 'cmp scenario.toml "$1" && echo same' sh "$SCENARIOS/demo.toml"
printf 'RIFF\0\0\0\0' >sound.toml
check "nor is a file that is not text" 2 'sound.toml' flmctl --yes config pull sound.toml

# Stock timing: six sensors in under 3 s of the board's time, on both boards.
for board in flm02a flm02b; do
  { echo "board = \"$board\""; echo 'phases = 1'
    for id in 1 2 3; do printf '[[sensor]]\nid = %s\nclass = "analog"\ncurrent = 100\n' $id; done
    for id in 4 5; do printf '[[sensor]]\nid = %s\nclass = "pulse"\nports = [%s]\nconstant = 0.125\n' $id $id; done
    printf '[[sensor]]\nid = 6\nclass = "p1"\n'; } >six.toml
  printf 'board = "%s"\nduration = 10\n' $board >bare.toml
  for engine in native image; do
    what="six sensors on $board ($engine)" status=0 text='under 3 s'
    "$FLMCTL" --port "sim:bare.toml,engine=$engine" config push six.toml --json >out 2>err
    got=$?
    seconds=$(sed -n 's/.*"seconds":\([0-9.]*\).*/\1/p' out)
    judge "$what" "$(awk -v s="$seconds" 'BEGIN { print (s > 0 && s < 3) ? "yes" : "no" }')"
    echo "$what: pushed in $seconds s"
  done
done

# The connection is lost at some line of the push: what the board had saved is what it has, whenever that is.
mkdir lossy
cp "$FLMCTL" lossy/flmctl
cat >lossy/flmsim <<SH
#!/bin/sh
sed -u "\${LINES_TO_LIVE}q" | "$FLMSIM" "\$@"
SH
chmod +x lossy/flmsim
sed 's/^current .*/current = 100/; s/^constant = .*/constant = 0.25/; s/^tau .*/tau = 0.002/' before.toml >after.toml
cp board.bin saved.bin
losses=0
for lines in $(seq 600 25 1500); do
  cp saved.bin board.bin
  LINES_TO_LIVE=$lines lossy/flmctl --port "$port" config push after.toml >out 2>err
  got=$?
  [ $got -eq 0 ] && break
  losses=$((losses + 1))
  if grep -q 'was saving them' err; then  # Either the old or the new, and nothing in between.
    if flmctl config diff after.toml >/dev/null 2>&1; then continue; fi
  else
    status=3 text='none saved'
    judge "a loss after $lines lines is status 3" "$([ $got -eq 3 ] && grep -q "$text" err && echo yes || echo no)"
  fi
  check "the old settings are there (lost after $lines lines)" 0 'the board is as the file says' flmctl config diff before.toml
done
text='at least five losses, then a success' status=0
judge "the loss was tried all along the push" "$([ $losses -ge 5 ] && [ $got -eq 0 ] && echo yes || echo no)"
check "the message says what to do" 3 'settings were sent and none saved: push again, or restart the board to have it as it was' \
  sh -c 'cp saved.bin board.bin; LINES_TO_LIVE=700 lossy/flmctl --port "$1" config push after.toml' sh "$port"

# A push that died before it saved: all is set, nothing saved; the next push saves it, and says nothing else before.
rm -f unsaved.bin
serve "$SCENARIOS/demo.toml" --eeprom unsaved.bin --configure
sleep 1.5
"$FLMCTL" --port bus config pull set.toml >/dev/null 2>&1
check "saved from the start" 0 'the board is as the file says' "$FLMCTL" --port bus config push set.toml
"$FLMCTL" --port bus raw 'sj 3 4321' >/dev/null
"$FLMCTL" --port bus config pull - 2>/dev/null >set.toml
check "a file is compared with what is set" 0 "whether it is saved, 'flmctl config push' makes sure" "$FLMCTL" --port bus config diff set.toml
check "what was set and not saved is saved" 0 'set.toml: the board is as the file says, and has saved what was not' "$FLMCTL" --port bus config push set.toml
unserve
serve "$SCENARIOS/demo.toml" --eeprom unsaved.bin
check "after a restart it is still there" 0 'gj 3 4321' "$FLMCTL" --port bus raw gj 3
unserve

check "the configuration of an FLM02A, on its image" 0 'phases   = 3' "$FLMCTL" --port "sim:$SCENARIOS/three-phase-flm02a.toml,engine=image" config pull -
finish
