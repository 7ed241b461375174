#!/bin/bash
# The router's flmctl and flmd, run as its processor runs them, with a simulated board, curl and mosquitto of this machine.
#   router_test.sh FOLDER FLMSIM SCENARIOS EMULATOR [OPTION ...]
FOLDER=$1 FLMSIM=$2 SCENARIOS=$3
EMULATOR=("${@:4}")
# Where the emulator puts the program's memory, 2 GiB: what of it is resident is the program's, and nothing else is.
BASE=$((0x100000000)) END=$((0x180000000))
RESIDENT_KIB=2560  # tools/flmd/README.md states it
if [ ! -x "$FLMSIM" ]; then
  echo "$FLMSIM: no such program; ./dev build makes it"
  exit 77
fi
. "$(dirname "$0")/../tools/daemons.sh"
# A program finds flmsim beside itself; the emulator leaves starting it to this machine.
mkdir bin
cp "$FOLDER/flmctl" "$FOLDER/flmd" bin
ln -s "$FLMSIM" bin/flmsim
flmctl() { "${EMULATOR[@]}" bin/flmctl "$@"; }
flmd() { "${EMULATOR[@]}" bin/flmd "$@"; }
# KiB of the program that are in memory; of those, what is not of its file: heap, stacks, data.
resident() {
  awk -v base=$BASE -v end=$END '
    function number(hex,   value, i) {
      for (i = 1; i <= length(hex); ++i) value = value * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
      return value
    }
    /^[0-9a-f]+-[0-9a-f]+ / { split($1, ends, "-"); from = number(ends[1]); ours = from >= base && from < end }
    ours && $1 == "Rss:" { rss += $2 }
    ours && $1 == "Anonymous:" { own += $2 }
    END { print rss + 0, own + 0 }' "/proc/$1/smaps"
}

device=00112233445566778899aabbccddeeff key=0123456789abcdef0123456789abcdef
http=$(free_port) mqtt=$(free_port)
sid() { printf '%032x' $((0xabc0 + $1)); }
cat >house.toml <<TOML
board = "flm02b"

[link]
port = "sim:$SCENARIOS/live.toml,configure=no,speed=4"

[state]
dir = "state"

[device]
id = "$device"
key = "$key"

[http]
listen = ["127.0.0.1:$http"]

[mqtt]
broker = "127.0.0.1:$mqtt"
home_assistant = true

[[sensor]]
id = 1
name = "living room"
sid = "$(sid 1)"
class = "analog"
ports = [1]

[[sensor]]
id = 4
name = "charger"
sid = "$(sid 4)"
class = "pulse"
ports = [4]
constant = 0.5

[[sensor]]
id = 5
name = "water"
sid = "$(sid 5)"
class = "pulse"
type = "water"
ports = [5]
constant = 0.5
TOML

# The console, alone with a board.
port="sim:$SCENARIOS/live.toml,configure=no"
out=$(flmctl --port "$port" version 2>&1)
holds "flmctl asks the board" 'flm02b' "$out"
out=$(printf 'gv\n' | flmctl --port "$port" console 2>&1)
holds "its console takes a script" 'gv' "$out"
out=$(flmctl vresion 2>&1)
holds "a typo" "did you mean 'version'" "$out"
out=$(flmd check house.toml 2>&1)
holds "a right configuration" 'house.toml: right: flm02b' "$out"
sed 's/^home_assistant.*/ca_file = "house.toml"/' house.toml >tls.toml
out=$(flmd run tls.toml 2>&1)
holds "TLS is said not to be there" 'built without TLS' "$out"
out=$(echo "correct horse" | flmd password house.toml 2>&1) && ok "a password" || failed "a password" "$out"

mosquitto -p "$mqtt" >broker.log 2>&1 &
soon 10 mosquitto_pub -p "$mqtt" -t x -m x || failed "mosquitto starts" "$(cat broker.log)"
mosquitto_sub -p "$mqtt" -t '#' -F '%t %q %r %p' >topics 2>/dev/null &
"${EMULATOR[@]}" -B $(printf '0x%x' $BASE) bin/flmd run house.toml 2>log &
daemon=$!
get() { curl -s --max-time 10 "http://127.0.0.1:$http$1" "${@:2}"; }
soon 60 get /api/status -f || failed "flmd answers" "$(cat log)"
soon 120 grep -q "^/sensor/$(sid 5)/gauge" topics || failed "the water meter has a gauge" "$(sort -u topics | tail -20; cat log)"
topics=$(cat topics)
holds "a clamp's gauge, to the byte" "^/sensor/$(sid 1)/gauge 0 0 \[1[0-9]{9},[0-9]+,\"W\"\]$" "$topics"
holds "a pulse's counter with its thousandths" "^/sensor/$(sid 4)/counter 0 0 \[1[0-9]{9},[0-9]+\.5,\"Wh\"\]$" "$topics"
holds "water flows in litres a day" "^/sensor/$(sid 5)/gauge 0 0 \[1[0-9]{9},[0-9]+,\"L/day\"\]$" "$topics"
holds "flmd is online" "^/device/$device/status [01] [01] online$" "$topics"
holds "Home Assistant is told" "^homeassistant/device/flm_001122/config " "$topics"
holds "the sensors' parameters" '"4":\{"id":"'"$(sid 4)"'".*"class":"pulse"' "$topics"
out=$(get "/sensor/$(sid 1)?version=1.0&interval=minute&unit=watt")
holds "the last minute" '^\[\[1[0-9]{9},[0-9]+\],\[' "$out"
out=$(get /metrics)
holds "metrics" "^flm_power_watts\{sensor=\"$(sid 1)\"" "$out"
holds "the page" '<title>' "$(get / --compressed)"
out=$(curl -sN --max-time 3 "http://127.0.0.1:$http/events")
holds "events" '^data: \{"sid":"0+abc1","t":1[0-9]+,"v":[0-9.]+,"unit":"W"\}$' "$out"
out=$(flmctl --port "flmd:$folder/state/bus" version 2>&1)
holds "flmctl beside it" 'flm02b' "$out"
login() { get /api/login -i -H 'Content-Type: application/json' -d "{\"password\": \"$1\"}"; }
holds "a wrong password" ' 403 ' "$(login 'wrong horse')"
holds "the right one" '^Set-Cookie: flm_session=' "$(login 'correct horse')"
soon 150 grep -qa "^/sensor/$(sid 4)/tmpo/0/8/" topics || failed "a block is published" "$(cut -c1-100 topics | sort -u | tail; cat log)"
out=$(get "/sensor/$(sid 4)/tmpo/sync?version=1.0&rid=0&lvl=0&bid=0")
bid=$(grep -oE '"bid":[0-9]+' <<<"$out" | head -1 | cut -d: -f2)
out=$(get "/sensor/$(sid 4)/tmpo/0/8/$bid" | gunzip)
holds "a block is as stock makes it" '^\{"h":\{.*"vsn":1.*\},"t":\[0,.*\],"v":\[0,.*\]\}$' "$out"

read -r rss own <<<"$(resident "$daemon")"
echo "resident: $rss KiB, $own of them heap, stacks and data"
[ "$rss" -gt 0 ] && [ "$rss" -le $RESIDENT_KIB ] && ok "at most $RESIDENT_KIB KiB are resident" || failed "$rss KiB are resident; allowed: $RESIDENT_KIB"

kill -TERM "$daemon"
wait "$daemon"
status=$?
[ $status -eq 0 ] && ok "SIGTERM ends it in order" || failed "SIGTERM: status $status" "$(tail log)"
[ "$failures" -eq 0 ] || { cat log; exit 1; }
