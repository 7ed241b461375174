#!/bin/bash
# flmctl beside a running flmd, on the same simulated board.
#   bus_test.sh FLMD FLMCTL SCENARIOS
FLMD=$1 FLMCTL=$2 SCENARIOS=$3
. "$(dirname "$0")/../daemons.sh"
http=$(free_port)

port="sim:$SCENARIOS/smart-meter.toml,eeprom=$folder/board.bin,configure=no,speed=1"
cat >house.toml <<TOML
board = "flm02b"
[link]
port = "$port"
[state]
dir = "state"
[http]
listen = ["127.0.0.1:$http"]
[[sensor]]
id = 1
name = "main"
class = "analog"
ports = [1]
[[sensor]]
id = 6
name = "meter"
class = "p1"
ports = [6]
TOML
unset RUNTIME_DIRECTORY FLMCTL_PORT
"$FLMD" run house.toml 2>log &
daemon=$!
status() { curl -s --max-time 5 "http://127.0.0.1:$http/api/status"; }
answers() { status | grep -q '"answers":true'; }
away() { status | grep -q 'has the board'; }
soon 30 answers || failed "flmd has the board" "$(cat log)"

for way in "$port" "flmd:$folder/state/bus"; do
  out=$("$FLMCTL" --port "$way" version 2>&1)
  holds "version by ${way%%:*}:" "board     flm02b on flmd:" "$out"
done
out=$("$FLMCTL" --port "$port" watch --for 5 --jsonl 2>&1)
holds "watch has the clamp" '"sensor":1,' "$out"
holds "and the smart meter" '"sensor":6,"counter":-500151,"power":-1235' "$out"
holds "log" 'power failures' "$("$FLMCTL" --port "$port" log 2>&1)"
holds "raw" '^gc 0 [0-9]+$' "$("$FLMCTL" --port "$port" raw gc 0 2>&1)"
out=$("$FLMCTL" --port "$port" config pull - 2>&1)
holds "config pull" 'class *= "analog"' "$out"
grep -v -e '^\[link\]' -e '^port = "' -e '^\[state\]' -e '^dir' -e '^\[http\]' -e '^listen' house.toml >board.toml
out=$("$FLMCTL" --port "$port" config diff board.toml 2>&1)
holds "config diff" 'the board is as the file says' "$out"
sed 's/^board = .*/&\nled = 4/' board.toml >changed.toml
out=$("$FLMCTL" --port "$port" config push changed.toml 2>&1)
holds "config push" 'settings set, read back and saved' "$out"
holds "and what flmd does of it" 'change that one too' "$out"

# Killed in the middle, again and again; a flood; garbage.
for i in 1 2 3; do
  (timeout -s KILL 0.3 "$FLMCTL" --port "$port" config push board.toml) >/dev/null 2>&1
done
head -c 100000 /dev/urandom | timeout 2 curl -s --unix-socket state/bus -T - http://flmd/ >/dev/null 2>&1
pids=
for j in 1 2 3 4; do
  for i in 1 2 3 4 5; do "$FLMCTL" --port "$port" raw gc 0; done >flood$j 2>&1 &
  pids="$pids $!"
done
wait $pids
holds "four programs at once, each five times" '^20$' "$(cat flood? | grep -c '^gc 0 ')"
out=$(status)
holds "no poll was late" '"late_polls":0[,}]' "$out"

# It steps aside, and comes back, also from a kill.
"$FLMCTL" --port "$port" selftest --for 5 >/dev/null 2>&1 &
test=$!
soon 20 away && ok "flmd says who has the board" || failed "flmd says who has the board" "$(status; cat log)"
out=$("$FLMCTL" --port "flmd:$folder/state/bus" version 2>&1)
holds "another is told" 'has the board' "$out"
kill -9 $test
wait $test 2>/dev/null
soon 20 answers && ok "it takes the board again" || failed "it takes the board again" "$(status; cat log)"
holds "the log has both" 'process [0-9]+\) has the board' "$(cat log)"
mkdir files
touch files/flm02b.hex files/flm02b.eep files/avrdude.conf
holds "flash is refused for a simulated board" 'is simulated' "$("$FLMCTL" --port "flmd:$folder/state/bus" --yes flash flm02b --no-save --files files 2>&1)"
soon 20 answers || failed "it takes the board again after that" "$(status)"

# The meter's registers.
soon 20 grep -q 'smart meter: telegrams come' log || failed "telegrams are read" "$(cat log)"
out=$(curl -s "http://127.0.0.1:$http/api/sensors")
holds "import is a sensor" '"name":"smart meter import"' "$out"
holds "net is sensor 6" '"number":6,[^}]*"counter":\[[0-9]+,-500151' "$out"

cp -p state/bus.lock left.lock
kill -9 $daemon
wait $daemon 2>/dev/null
holds "a socket without flmd" 'no flmd is there' "$("$FLMCTL" --port "flmd:$folder/state/bus" version 2>&1)"
"$FLMD" run house.toml 2>>log &
daemon=$!
soon 30 answers || failed "flmd is back" "$(cat log)"
holds "the socket left over is replaced" "on flmd:" "$("$FLMCTL" --port "$port" version 2>&1)"
kill -TERM $daemon
wait $daemon
[ -e state/bus ] && failed "the socket goes with flmd" || ok "the socket goes with flmd"
[ "$failures" -eq 0 ] || { cat log; exit 1; }
