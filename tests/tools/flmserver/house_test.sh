#!/bin/bash
# A whole house on one machine: a simulated board, flmd, the real mosquitto, flmserver. What the board counts stands in the server's
# answers, whatever was away meanwhile.
#   house_test.sh FLMD FLMSERVER SCENARIOS
FLMD=$1 FLMSERVER=$2 SCENARIOS=$3
. "$(dirname "$0")/../daemons.sh"

local_http=$(free_port) server_http=$(free_port) mqtt=$(free_port)
device=00112233445566778899aabbccddeeff key=ffeeddccbbaa99887766554433221100
charger=000000000000000000000000000000c4
server="http://127.0.0.1:$server_http"

cat >server.toml <<TOML
[http]
listen = ["127.0.0.1:$server_http"]
[store]
url = "sqlite:server.db"
[mqtt]
broker = "127.0.0.1:$mqtt"
TOML
cat >flmd.toml <<TOML
board = "flm02b"
[link]
port = "sim:$SCENARIOS/live.toml,configure=no"
[state]
dir = "state"
[device]
id = "$device"
key = "$key"
serial = "FL02B00042"
[http]
listen = ["127.0.0.1:$local_http"]
announce = false
[mqtt]
broker = "127.0.0.1:$mqtt"
[[report]]
kind = "flukso"
url = "$server/"
interval = 2
[[sensor]]
id = 4
name = "car <b>charger</b>"
class = "pulse"
sid = "$charger"
ports = [4]
constant = 0.5
TOML
printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$mqtt" >mosquitto.conf

# Accounts and devices: what a person does once.
added=$("$FLMSERVER" user add icarus --config server.toml --time-zone Europe/Brussels)
token=${added#* }
if [[ $added =~ ^[0-9]+\ [0-9a-f]{32}$ ]]; then ok "an account has a uid and a token"; else failed "an account has a uid and a token" "$added"; fi
said=$("$FLMSERVER" user add icarus --config server.toml 2>&1) && failed "a name that is taken is refused"
[[ $said == *"'icarus' is taken"* ]] && ok "a name that is taken is refused" || failed "a name that is taken is refused" "$said"
said=$("$FLMSERVER" device add --config server.toml --user daedalus --serial FL02B00042 --device $device --key $key 2>&1)
[[ $? -eq 2 && $said == *"nobody is called 'daedalus'"* ]] && ok "a device of nobody is refused" || failed "a device of nobody is refused" "$said"
"$FLMSERVER" device add --config server.toml --user icarus --serial FL02B00042 --device $device --key $key || failed "a device is added"

start_server() { "$FLMSERVER" run server.toml 2>>server.log & server_pid=$!; }
mosquitto -c mosquitto.conf 2>mosquitto.log &
start_server
"$FLMD" run flmd.toml 2>flmd.log &
flmd_pid=$!

asked() { curl -s -H "X-Version: 1.0" -H "X-Token: $token" "$server/$1"; }
# The counter that the server has last, Wh; and the one that flmd has.
counter() { asked "sensor/$charger?param=all" | sed -n 's/.*"lastupdate":\[[0-9]*,\([0-9]*\)\].*/\1/p'; }
there() { local last; last=$(counter); [ -n "$last" ] && [ "$last" -ge "$1" ]; }
# counts IN THE SERVER: rows of the store, time and value, as TMPO readers and queries see them.
rows() { curl -s -H "X-Version: 1.0" -H "X-Token: $token" -H "Accept: text/csv" "$server/sensor/$charger?start=$begin&end=$(($(date +%s) / 60 * 60 - 60))&resolution=minute&unit=watt"; }

soon 40 there 1 && ok "what the board counts reaches the server" || failed "what the board counts reaches the server" "$(tail -n 5 flmd.log server.log)"
listed=$("$FLMSERVER" sensor list --config server.toml --user icarus)
[[ $listed =~ ^$charger\ ([0-9a-f]{32})\ electricity\ car\ \<b\>charger\</b\>$ ]] && ok "the sensor is listed with a token, its type and name" ||
  failed "the sensor is listed with a token, its type and name" "$listed"
sensor_token=${BASH_REMATCH[1]}
answer=$(curl -s "$server/sensor/$charger?version=1.0&token=$sensor_token&interval=hour&unit=watt&callback=f")
[[ $answer == f\(\[\[*\]\]\)\; ]] && ok "its token reads it" || failed "its token reads it" "$answer"
answer=$(asked "user/${added%% *}/device")
[[ $answer == *'"serial":"FL02B00042"'*'"version":250'* ]] && ok "its heartbeat is known" || failed "its heartbeat is known" "$answer"

# The server is away; flmd counts on, and all of it comes after.
before=$(counter)
kill -9 $server_pid
wait $server_pid 2>/dev/null
sleep 8
start_server
soon 40 there $((before + 4)) && ok "what was counted meanwhile comes after" || failed "what was counted meanwhile comes after" "$(counter), before $before; $(tail -n 5 flmd.log)"

# flmd and the board end; a last round brings the rest: both say the same number then.
kill -TERM $flmd_pid
wait $flmd_pid
"$FLMD" run flmd.toml 2>>flmd.log &
flmd_pid=$!
local_counter() { curl -s "http://127.0.0.1:$local_http/api/sensors" | sed -n 's/.*"counter":\[[0-9]*,\([0-9]*\).*/\1/p'; }
same() { local here; here=$(local_counter); [ -n "$here" ] && there "$here"; }
soon 40 same && ok "the server catches up with the board" || failed "the server catches up with the board" "$(counter) of $(local_counter)"

# Each second once: doubles and gaps would show in what the points say.
blocks=$(asked "sensor/$charger/tmpo/sync?rid=0&lvl=0&bid=0")
[[ $blocks == \[*\] ]] && ok "its blocks are listed" || failed "its blocks are listed" "$blocks"

kill -TERM $server_pid
wait $server_pid
[ $? -eq 0 ] && ok "SIGTERM ends the server with status 0" || failed "SIGTERM ends the server with status 0"
[ $failures -eq 0 ]
