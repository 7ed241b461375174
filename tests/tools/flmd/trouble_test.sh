#!/bin/bash
# flmd that is ended at any moment, on a full disk, at a cable that is pulled, and among visitors that misbehave.
#   trouble_test.sh FLMD FLMSIM SCENARIOS
FLMD=$1 FLMSIM=$2 SCENARIOS=$3
. "$(dirname "$0")/../daemons.sh"
# config STATE PORT SPEED
config() {
  cat <<TOML
board = "flm02b"
[link]
port = "sim:$SCENARIOS/live.toml,configure=no,speed=$3"
[state]
dir = "$1"
[http]
listen = ["127.0.0.1:$2"]
announce = false
[[sensor]]
id = 1
name = "main"
class = "analog"
ports = [1]
[[sensor]]
id = 4
name = "charger"
class = "pulse"
ports = [4]
constant = 0.5
TOML
}
# Whether a process is flmd, and has taken SIGTERM (15) into its own hands.
takes_sigterm() {
  local name value
  read -r name <"/proc/$1/comm" && [ "$name" = flmd ] || return 1
  while read -r name value; do
    [ "$name" = SigCgt: ] && return $((~(16#$value >> 14) & 1))
  done 2>/dev/null <"/proc/$1/status"
  return 1
}

# Ended at nine moments of its start and of its first second, half of them within the first tenth; SIGHUP before and after.
lane() {
  local name=lane$1 ids= run daemon status begin
  RANDOM=$1
  config "$name" "$(free_port)" 1 >"$name.toml"
  for run in 1 2 3 4 5 6 7 8 9; do
    "$FLMD" run "$name.toml" 2>"$name.log" &
    daemon=$!
    until takes_sigterm $daemon; do [ -e /proc/$daemon ] || break; done
    sleep "0.$(printf %03d $((RANDOM % (run % 2 ? 100 : 900))))"
    [ $((run % 3)) -eq 0 ] && kill -HUP $daemon
    begin=${EPOCHREALTIME/./}
    kill -TERM $daemon
    [ $((run % 3)) -eq 0 ] && kill -HUP $daemon 2>/dev/null
    # One that does not end is ended, and found out by its status.
    (sleep 10; kill -9 $daemon) 2>/dev/null &
    wait $daemon
    status=$?
    kill $! 2>/dev/null
    echo "$status $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
    # What is there is whole, and the same for ever.
    [ -z "$ids" ] && ids=$(cat "$name/ids.json")
    [ "$(cat "$name/ids.json")" = "$ids" ] || echo "other ids"
    [ -e "$name/bus" ] && echo "a socket is left"
    grep -E 'damaged|not whole|no block|lost' "$name.log"
  done
}
for i in 1 2 3 4; do lane $i >lane$i.out 2>&1 & lanes="$lanes $!"; done
wait $lanes
out=$(cat lane?.out)
[ "$(grep -c '^0 [0-9]\{1,4\} ms$' <<<"$out")" -eq 36 ] && [ "$(wc -l <<<"$out")" -eq 36 ] && ok "SIGTERM at any of 36 moments ends it, in order, in less than 10 s" ||
  failed "SIGTERM at any moment" "$out"

# A disk that is full at the first start, and later.
http=$(free_port)
get() { curl -s --max-time 5 "http://127.0.0.1:$http$1" "${@:2}"; }
start() {
  "$FLMD" run house.toml 2>>log &
  daemon=$!
  soon 20 get /api/status || failed "flmd answers" "$(cat log)"
}
ended() {
  kill -TERM $daemon
  wait $daemon
}
fill() { cat /dev/zero >small/fill 2>/dev/null; }
mkdir small
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=256k tmpfs small 2>/dev/null; then
  config small/state "$http" 20 >house.toml
  fill
  out=$("$FLMD" run house.toml 2>&1)
  [ $? -eq 2 ] && holds "a disk without room for the state" 'small/state.*No space left on device' "$out" || failed "a disk without room for the state" "$out"
  rm small/fill
  start
  ended || failed "SIGTERM" "$(tail -5 log)"
  cp small/state/ids.json ids.json
  fill
  start
  soon 20 grep -q 'No space left on device; it is tried again, and points are kept meanwhile' log && ok "it starts on a full disk, and says so" ||
    failed "it starts on a full disk, and says so" "$(cat log)"
  soon 10 eval 'get /api/sensors | grep -q "\"counter\":\["' && ok "and what is measured is there all the same" || failed "what is measured" "$(get /api/sensors)"
  ended && ok "SIGTERM on a full disk" || failed "SIGTERM on a full disk" "$(tail -5 log)"
  cmp -s small/state/ids.json ids.json && ok "its ids are the same" || failed "its ids" "$(cat small/state/ids.json)"
else
  echo "SKIPPED: a full disk, which needs root"
fi

# A board on a serial line, in the time of this machine: pulled and plugged in again, silent, and had by another flmd.
board() {
  "$FLMSIM" serve "$SCENARIOS/live.toml" --pty bus --eeprom board.bin 2>served &
  board=$!
  soon 10 test -e bus || failed "flmsim serves" "$(cat served)"
}
board
config serial "$http" 1 | sed "s|^port = .*|port = \"$folder/bus\"|" >serial.toml
cp serial.toml house.toml
: >log
start
soon 20 eval 'get /api/sensors | grep -q "\"number\":4.*\"counter\":"' && ok "a board on a serial line is read" || failed "a board on a serial line" "$(cat log)"
config serial2 "$(free_port)" 1 | sed "s|^port = .*|port = \"$folder/bus\"|" >other.toml
"$FLMD" run other.toml 2>other.log &
other=$!
soon 10 grep -q "$folder/bus: flmd (process $daemon) is using it" other.log && ok "a second flmd on the same board is told who has it" ||
  failed "a second flmd on the same board" "$(cat other.log)"
kill -TERM $other
wait $other || failed "SIGTERM without a board"
kill -9 $board
wait $board 2>/dev/null
rm -f bus
soon 10 grep -q 'the far end has gone; waiting for it' log && ok "a cable that is pulled is said" || failed "a cable that is pulled" "$(cat log)"
soon 10 grep -q 'bus: no such device' log && ok "and that the device has gone" || failed "the device has gone" "$(cat log)"
before=$(grep -c 'flm02b with OpenFLM' log)
board
soon 10 eval '[ "$(grep -c "flm02b with OpenFLM" log)" -gt "$before" ]' && ok "and it is read again when it is back" || failed "it is read again" "$(cat log)"
[ "$(grep -c 'waiting for it' log)" -eq 2 ] && ok "each is said once" || failed "each is said once" "$(cat log)"
kill -STOP $board
sleep 0.5
begin=$SECONDS
ended && [ $((SECONDS - begin)) -le 4 ] && ok "SIGTERM while the board does not answer" || failed "SIGTERM while the board does not answer: $((SECONDS - begin)) s" "$(tail -5 log)"
kill -9 $board

# Visitors: many that say nothing, and some that should have.
config state "$http" 2 >house.toml
: >log
start
ulimit -n 2048
trap '' PIPE  # flmd ends some of them
idle=()
for _ in $(seq 1000); do
  exec {connection}<>"/dev/tcp/127.0.0.1/$http" || break
  idle+=("$connection")
done
[ ${#idle[@]} -eq 1000 ] || failed "1 000 connections: there are ${#idle[@]}"
for i in $(seq 0 9 999); do printf 'GET /api/sensors HTTP/1.1\r\nHost: a' >&"${idle[$i]}"; done 2>/dev/null
holds "1 000 idle connections, and one that asks" '"version"' "$(get /api/status)"
status_of() { get "$1" -o /dev/null -w '%{http_code}' "${@:2}"; }
expect() { [ "$2" = "$3" ] && ok "$1" || failed "$1: $2, not $3"; }
for path in '/../state/ids.json' '/..%2f..%2fetc/passwd' '/js/..%5c..%5chouse.toml' '/%2e%2e/house.toml' '/sensor/..%00/x'; do
  out=$(get "$path" --path-as-is -i)
  grep -qE '^HTTP/1.1 40[04]' <<<"$out" && ! grep -qE 'device|root:|board = ' <<<"$out" && ok "$path is refused" || failed "$path" "$out"
done
expect "a header of 100 kB" "$(status_of / -H "X: $(printf '%0100000d' 0)")" 431
expect "a body of 1 MB" "$(head -c 1000000 /dev/zero | status_of /api/login -X POST -H 'Content-Type: application/json' --data-binary @-)" 413
expect "a body that is no JSON" "$(status_of /api/password -X POST -H 'Content-Type: application/json' -d '{"password":')" 400
expect "a method that is none" "$(status_of /api/sensors -X BREW)" 501
for connection in "${idle[@]}"; do exec {connection}>&-; done
out=$(get /api/status)
holds "no poll was late meanwhile" '"late_polls":0[,}]' "$out"
[ "$(grep -c . log)" -le 10 ] && ok "visitors do not fill the log" || failed "visitors fill the log" "$(cat log)"
ended && ok "and it ends" || failed "SIGTERM" "$(tail -5 log)"
[ "$failures" -eq 0 ]
