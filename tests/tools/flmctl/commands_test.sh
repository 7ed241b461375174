#!/bin/bash
# Every command of flmctl, on a simulated board of its own or on one at the far end of a pseudo terminal.
#   commands_test.sh FLMCTL FLMSIM SCENARIOS native|image sim|pty
FLMCTL=$1 FLMSIM=$2 SCENARIOS=$3 engine=$4 far=$5
. "$(dirname "$0")/check.sh"

if [ "$far" = sim ]; then
  port="sim:$SCENARIOS/demo.toml,engine=$engine,eeprom=$folder/board.bin"
else
  serve "$SCENARIOS/demo.toml" --engine "$engine" --configure
  port=$folder/bus
fi
flmctl() { "$FLMCTL" --port "$port" "$@"; }

check "version names the board" 0 'board     flm02b' flmctl version
check "and its firmware" 0 'OpenFLM 0.1.0: true_rms' flmctl version
check "in JSON" 0 '"board":"flm02b","hardware":"2.2","software":"1.0","firmware":"0.1.0"' flmctl version --json
check "how it fares" 0 'last reset by power on' flmctl version
check "its supply and EEPROM" 0 '"supply_low":false,"eeprom_worn":false}' flmctl version --json
check "the port may stand in the environment" 0 '"board":"flm02b"' env FLMCTL_PORT="$port" "$FLMCTL" version --json

check "raw, in one word" 0 'gm 0 5163' flmctl raw "gm 0"
check "raw, in several" 0 'gp 0 1 2 3 4 255' flmctl raw gp
check "raw in JSON" 0 '{"host":"ge 5","reply":"ge 5 0"}' flmctl raw ge 5 --json
check "raw down the u channel" 0 '{"host":"u d44104"}' flmctl raw "u d44104" --json
complaint "raw of what the board does not know" 1 \
  "$port: the board refuses 'ga 3': no such command on this board, no such sensor, clamp or port, or a value out of range; nothing has changed" flmctl raw ga 3
complaint "raw with too few numbers" 2 "'gc' has 0 numbers; allowed: gc takes 1" flmctl raw gc
complaint "raw with a number that does not fit" 2 "'se 0 256': '256' is out of range; allowed: 0 to 255" flmctl raw se 0 256

check "a counter is set" 0 'sensor 6: 1234, was 0' flmctl counter set 6 1234
check "and read" 0 'sensor 6        1234  none  off' flmctl counter get 6
check "set to what it is, nothing is written" 0 'sensor 6: 1234 already, nothing was written' flmctl counter set 6 1234
no() { echo n | flmctl "$@"; }
check "backwards it asks" 1 'Sensor 6 stands at 1234; set it back to 10? Host software takes that for a counter that has wrapped. [y/N]' no counter set 6 10
check "and does nothing without a yes" 1 'flmctl: cancelled; nothing was changed' no counter set 6 10
check "the end of the input is not a yes" 1 'flmctl: cancelled; nothing was changed' flmctl counter set 6 10 </dev/null
check "neither is ctrl-C" 1 'flmctl: cancelled; nothing was changed' typed '[y/N]' '\003' "'$FLMCTL' --port '$port' counter set 6 10"
check "it is as it was" 0 '{"counters":[{"sensor":6,"class":"none","enabled":false,"counter":1234}]}' flmctl counter get 6 --json
check "--yes answers" 0 '{"sensor":6,"before":1234,"counter":10,"changed":true}' flmctl counter set 6 10 --yes --json
check "a typed yes does it" 0 'sensor 6: 9, was 10' typed '[y/N]' 'y\n' "'$FLMCTL' --port '$port' counter set 6 9"
complaint "below zero is for smart meters" 2 'VALUE: -1 for sensor 6; allowed: 0 to 4294967295, and below 0 only for a smart meter' flmctl counter set 6 -- -1

check "a clamp's raw second" 0 'samples        ' flmctl stats 1
check "in JSON" 0 '{"port":2,"samples":' flmctl stats 2 --json
check "the LED shows a port" 0 'the LED shows port 4' flmctl led 4
check "still" 0 '{"led":4}' flmctl led --json
check "and the heartbeat" 0 'the LED shows the heartbeat' flmctl led heartbeat
check "the log has the up-time" 0 'up for                              00:0' flmctl log
check "and errors" 0 '"watchdog_resets":0,"link_malformed":0' flmctl log --json
check "ports lists without opening" 0 '{"ports":[' "$FLMCTL" ports --json

check "watch prints a line a reading" 0 'sensor 1         2' flmctl watch --for 2
check "watch in JSON lines" 0 '"sensor":2,"counter":' flmctl watch --for 2 --jsonl
check "--json is the same" 0 '"sensor":3,"counter":' flmctl watch --for 2 --json
cat >names.toml <<'TOML'
board = "flm02b"
[[sensor]]
id = 1
name = "living room"
class = "analog"
ports = [1]
TOML
check "watch names sensors" 0 '"sensor":1,"name":"living room","counter":' flmctl watch --for 2 --jsonl --config names.toml

# 50 A on a 50 A clamp of sensor 5: over the range, which ends at 82 % of it for a sine. The board's map says whose clamp it is.
cat >over.toml <<'TOML'
board = "flm02b"
duration = 600.0
[[sensor]]
id = 5
class = "analog"
ports = [2]
[[sensor]]
id = 1
class = "analog"
ports = [1]
[[waveform]]
port = 2
amps = 50.0
[[waveform]]
port = 1
amps = 38.0
TOML
over() { "$FLMCTL" --port "sim:over.toml,engine=$engine" "$@"; }
check "watch marks a clamp that is clipped" 0 ' W clipped ' over watch --for 4
check "in JSON" 0 ',"clipped":true}' over watch --for 4 --json
# A dip of the supply half a second long, 4 s after the test begins.
for board in flm02a flm02b; do
  printf 'board = "%s"\nduration = 600.0\n' $board >whole.toml
  printf '[[power]]\nat = 4.0\nrestore = 4.5\n' | cat whole.toml - >dip.toml
  check "a self test of $board passes" 0 'ok      samples  clamp 1: 2' "$FLMCTL" --port "sim:whole.toml,engine=$engine" selftest --for 0.2
  check "in JSON" 0 '"passed":true,"clock_ppm":' "$FLMCTL" --port "sim:whole.toml,engine=$engine" selftest --for 0.1 --json
  check "a dip of the supply fails it" 1 'FAILED  resets' "$FLMCTL" --port "sim:dip.toml,engine=$engine" selftest --for 0.2
done
check "ctrl-C ends it with what is known" 0 'Nothing has restarted the board' typed '2 of 600 s' '\003' "'$FLMCTL' --port 'sim:whole.toml,engine=$engine,speed=1' selftest"
check "only its sensor" 0 'only 5' sh -c '"$1" --port "$2" watch --for 4 --json | grep clipped | grep -v "\"sensor\":5," || echo "only 5"' sh "$FLMCTL" "sim:over.toml,engine=$engine"
on_terminal() { LC_ALL=C.UTF-8 script -qec "stty cols 100 rows 20; '$FLMCTL' --port '$port' watch --for 2 --config names.toml" /dev/null </dev/null; }
check "on a terminal it draws a chart" 0 '▁' on_terminal
check "with rates and ages" 0 'living room  analog' on_terminal
if grep -q "$(printf '\033\\[2J')" out; then got=1; else got=0; fi
status=0 text='no erased screen'
judge "it never erases the whole screen" "$([ $got -eq 0 ] && echo yes || echo no)"
check "it restores the terminal" 0 "$(printf '\033[?25h\033[?1049l')" on_terminal
stopped() { typed 'ctrl-C ends' '\003' "'$FLMCTL' --port '$port' watch"; }
check "also when ctrl-C ends it" 0 "$(printf '\033[?25h\033[?1049l')" stopped

check "console reads a script" 0 'gc 6 is wrong' sh -c 'printf "gm 0\nread\nwait 1\nhelp\n" | "$1" --port "$2" console >o && grep -q "gm 0 5163" o && grep -q "sm    SENSOR N" o && echo "gc 6 is wrong"' sh "$FLMCTL" "$port"
check "console ends with what went wrong" 1 "the board refuses 'gc 6'" sh -c 'echo gc 6 | "$1" --port "$2" console' sh "$FLMCTL" "$port"
check "console completes words and commands" 0 'gm 1 5163' typed 'flm02b>' 'gm\t1\n' '5163' 'qu\t\n' "'$FLMCTL' --port '$port' console"
check "ctrl-C empties the console's line, ctrl-D ends it" 0 'gh 2 2' typed 'flm02b>' 'gar' gar '\003' 'flm02b>' 'gh\n' 'gh 2 2' '\004' "'$FLMCTL' --port '$port' console"
check "the console remembers" 0 'gm' cat state/flmctl/history

# Configuration: pull, edit, push.
check "pull writes what the board is set to" 0 'settings of the board' flmctl config pull house.toml
check "the board is as it was pulled" 0 'house.toml: the board is as the file says' flmctl config diff house.toml
check "a push that changes nothing says so" 0 'house.toml: the board is as the file says, ' flmctl config push house.toml
sed -i 's/^id       = 2$/id = 2\nname = "kitchen"/; s/^constant = 0.5 .*/constant = 0.25/; 0,/^current .*/s//current = 100/; s/^tau .*/tau = 0.002/' house.toml
check "diff says where it is not" 1 'sensor 1 meter constant   5163 on the board, 10327' flmctl config diff house.toml
check "diff in JSON" 1 '{"setting":"sensor 1 meter constant","command":"sm 0 10327","board":"5163","file":"10327"}' flmctl config diff house.toml --json
check "push sets it" 0 'clamp 1 time constant     1910 us -> 2000 us' flmctl config push house.toml
check "and then it is so" 0 'the board is as the file says' flmctl config diff house.toml
check "what was pushed was enabled again" 0 'ge 0 1' flmctl raw ge 0
check "pull asks before it replaces" 1 'house.toml is there; replace it?' no config pull house.toml
check "ctrl-C is not a yes" 1 'flmctl: cancelled; nothing was changed' typed '[y/N]' '\003' "'$FLMCTL' --port '$port' config pull house.toml"
check "pull keeps names" 0 'settings of the board' flmctl config pull house.toml --yes
check "they are there" 0 'name     = "kitchen"' cat house.toml
check "pull to standard output" 0 'current  = 100' flmctl config pull -
[ "$far" = sim ] || unserve
finish
