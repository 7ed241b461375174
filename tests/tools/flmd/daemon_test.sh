#!/bin/bash
# flmd as its user meets it: a simulated board, the real mosquitto, curl as the browser.
#   daemon_test.sh FLMD FLMSIM SCENARIOS native|image
FLMD=$1 FLMSIM=$2 SCENARIOS=$3 engine=$4
. "$(dirname "$0")/../daemons.sh"
daemon=

http=$(free_port) mqtt=$(free_port)
sid() { printf '%032x' $((0xabc0 + $1)); }
device=00112233445566778899aabbccddeeff
config() {
  cat <<TOML
board = "flm02b"

[link]
port = "sim:$SCENARIOS/live.toml,engine=$engine,configure=no,speed=${1:-4}"

[state]
dir = "state"

[device]
id = "$device"
button = "$folder/button"
button_short = ["printf", "%s\\n", "held for \$SECONDS"]

[http]
listen = ["127.0.0.1:$http"]

[mqtt]
broker = "127.0.0.1:$mqtt"
home_assistant = true

[[sensor]]
id = 1
name = "<script>alert(1)</script>"
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
}
start() {
  "$FLMD" run house.toml 2>>log &
  daemon=$!
  soon 20 curl -sf "http://127.0.0.1:$http/api/status" || failed "flmd answers" "$(cat log)"
}
get() { curl -s --max-time 5 "http://127.0.0.1:$http$1" "${@:2}"; }
counter_of() { get /api/sensors | grep -oE "\"number\":$1,[^}]*\"counter\":\[[0-9]+,[0-9.]+" | grep -oE '[0-9.]+$'; }

config >house.toml
if out=$("$FLMD" check house.toml 2>&1); then ok "a right configuration"; else failed "a right configuration" "$out"; fi

# Mistakes: what is replaced, by what, and what flmd says of it.
mistake() {
  config | sed -E "$2" >wrong.toml
  local out status
  out=$("$FLMD" check wrong.toml 2>&1)
  status=$?
  if [ $status -eq 2 ] && grep -qF -- "$3" <<<"$out"; then ok "$1"; else failed "$1: status $status, wanted: $3" "$out"; fi
}
mistake "no [link]" '/^\[link\]/,/^port/d' 'table [link] is missing'
mistake "no folder" 's/^dir = .*//' "[state] key 'dir' is missing"
mistake "a folder without a name" 's/^dir = .*/dir = ""/' "[state] key 'dir' is empty"
mistake "a scenario that is not there" 's/^port = .*/port = "sim:none.toml"/' "none.toml: no such file"
mistake "a name of 33 characters" "s/charger/123456789012345678901234567890123/" "key 'name' has 33 characters; allowed: 1 to 32 characters"
mistake "a name on two lines" 's/charger/char\\nger/' "key 'name' has a line end"
mistake "a port that is none" 's/^port = .*/port = "sim:"/' 'names nothing'
mistake "an id of 31 digits" 's/^id = "0011/id = "001/' "[device] key 'id' is no id; allowed: 32 lower-case hex digits"
mistake "an address without a port" 's/^listen = .*/listen = ["localhost"]/' "[http] key 'listen' has 'localhost'; allowed: IP address and port"
mistake "an address by name" 's/^listen = .*/listen = ["localhost:8080"]/' "[http] key 'listen' has 'localhost:8080'"
mistake "an address twice" 's/^listen = .*/listen = ["127.0.0.1:8080", "127.0.0.1:8080"]/' "[http] key 'listen' has 127.0.0.1:8080 twice"
mistake "a time zone that is none" 's/^listen = .*/&\ntime_zone = "Brussels"/' "key 'time_zone': time zone"
mistake "listen is no list" 's/^listen = .*/listen = "127.0.0.1:1"/' "[http] key 'listen' is no list"
mistake "a broker that is none" 's/^broker = .*/broker = "::1"/' "[mqtt] key 'broker' is '::1'"
mistake "a key that is not known" 's/^home_assistant = .*/homeassistant = true/' "did you mean 'home_assistant'?"
mistake "a file that is not there" 's/^broker = .*/ca_file = "ca.pem"/' 'no such file'
mistake "a file without a name" 's/^broker = .*/ca_file = ""/' "[mqtt] key 'ca_file' is empty"
: >empty.pem
mistake "a file without a byte" 's/^broker = .*/ca_file = "empty.pem"/' "empty.pem"
mistake "a broker's port that is none" 's/^broker = .*/broker = "127.0.0.1:99999"/' "[mqtt] key 'broker' is '127.0.0.1:99999'"
mistake "a password without a user" 's/^broker = .*/&\npassword_file = "house.toml"/' "[mqtt] key 'password_file' stands without a username"
mistake "a certificate without a key" 's/^broker = .*/&\ncertificate_file = "house.toml"/' "[mqtt] key 'certificate_file' stands alone"
mistake "a prefix that is no topic" 's/^home_assistant = .*/discovery_prefix = "home\\u0001"/' "[mqtt] key 'discovery_prefix' is"
mistake "a sid twice" "s/$(sid 5)/$(sid 4)/" 'is that of sensor 4'
mistake "a table that is not known" 's/^\[http\]/[htp]/' "did you mean 'http'?"
mistake "a report without a kind" '$a [[report]]\nurl = "http://x/"' "[[report]] key 'kind' is missing"
mistake "a report of another kind" '$a [[report]]\nkind = "csv"\nurl = "http://x/"' "allowed: flukso, influx"
mistake "a report to a port that is none" '$a [[report]]\nkind = "influx"\nurl = "http://127.0.0.1:99999/write"' "key 'url': report url 'http://127.0.0.1:99999/write': allowed: a port from 1 to 65535"
mistake "a report with a password in its address" '$a [[report]]\nkind = "flukso"\nurl = "http://me:secret@x/"' "an address without user and password"
mistake "a token that no header can have" '$a [[report]]\nkind = "influx"\nurl = "http://x/"\ntoken = "a b"' "key 'token': report token"
mistake "a measurement without a name" '$a [[report]]\nkind = "influx"\nurl = "http://x/"\nmeasurement = ""' "[[report]] key 'measurement' is ''"
button='/^button_short/d; s|^button = .*|&\n'
mistake "a button that is no device" 's|^button = .*|button = "event0"|' "[device] key 'button' is 'event0'; allowed: an input device such as /dev/input/event0"
mistake "a command without a button" '/^button = /d' "[device] key 'button_short' stands without a button"
mistake "a command as one text" "${button}button_short = \"wifi up\"|" "[device] key 'button_short' is no list of words; allowed: words, a program's name first"
mistake "a command without a word" "${button}button_middle = []|" "[device] key 'button_middle' is no list of words"
mistake "a number among the words" "${button}button_short = [\"sleep\", 1]|" "[device] key 'button_short' has an entry that is no text"
mistake "a program without a name" "${button}button_short = [\"\", \"x\"]|" "[device] key 'button_short' has the word ''"
mistake "a key that no keyboard has" "${button}button_key = 768|" "[device] key 'button_key' is 768"
mistake "no TOML" '$a x' 'wrong.toml:'
out=$("$FLMD" rn house.toml 2>&1)
holds "a typo in a command" "'rn' is not a command; allowed: run, check, password" "$out"
out=$("$FLMD" run 2>&1)
holds "no file" 'CONFIG' "$out"
out=$("$FLMD" check nothing.toml 2>&1)
holds "a file that is not there is named" 'nothing.toml' "$out"

mosquitto -p "$mqtt" >broker.log 2>&1 &
soon 10 mosquitto_pub -p "$mqtt" -t x -m x || failed "mosquitto starts" "$(cat broker.log)"
mosquitto_sub -p "$mqtt" -t '#' -F '%t %q %r %p' >topics 2>/dev/null &
start

if out=$("$FLMD" run house.toml 2>&1); [ $? -eq 2 ]; then holds "a second flmd on the same state" 'another flmd is using it \(process [0-9]+\)' "$out"; else failed "a second flmd" "$out"; fi
sed 's/"state"/"state2"/' house.toml >second.toml
if out=$("$FLMD" run second.toml 2>&1); [ $? -eq 2 ]; then holds "an address that is taken" "127.0.0.1:$http" "$out"; else failed "an address that is taken" "$out"; fi

# An input device that comes after flmd has started, and two events of its key: time in s and µs, key (1), code, value.
mkfifo button
exec {button}<>button
event() { perl -e 'print pack("l! l! S S l", $ARGV[0], 0, 1, 408, $ARGV[1])' "$@" >&$button; }
event 100 1
event 103 0
if soon 15 grep -q 'printf: done' log && grep -qF 'printf: held for $SECONDS' log; then ok "a button held for 3 s runs its command"
else failed "the button" "$(cat log)"; fi

soon 60 grep -q "^/sensor/$(sid 5)/gauge" topics || failed "the water meter has a gauge" "$(sort -u topics | tail -20; cat log)"
topics=$(cat topics)
holds "a clamp's gauge, to the byte" "^/sensor/$(sid 1)/gauge 0 0 \[1[0-9]{9},[0-9]+,\"W\"\]$" "$topics"
holds "a pulse's counter with its thousandths" "^/sensor/$(sid 4)/counter 0 0 \[1[0-9]{9},[0-9]+\.5,\"Wh\"\]$" "$topics"
holds "water counts litres" "^/sensor/$(sid 5)/counter 0 0 \[1[0-9]{9},[0-9.]+,\"L\"\]$" "$topics"
holds "water flows in litres a day" "^/sensor/$(sid 5)/gauge 0 0 \[1[0-9]{9},[0-9]+,\"L/day\"\]$" "$topics"
holds "flmd is online" "^/device/$device/status [01] [01] online$" "$topics"
holds "it asks what the server has" "^/device/$device/tmpo/sync 0 0 $" "$topics"
holds "Home Assistant is told" "^homeassistant/device/flm_001122/config [01] [01] \{.*\"val_tpl\":\"\{\{ value_json\[1\] \}\}\"" "$topics"
config_topic=$(grep "^/device/$device/config/sensor" topics | tail -1)
holds "the sensors' parameters" '"4":\{"id":"'"$(sid 4)"'".*"class":"pulse"' "$config_topic"
holds "numbers are numbers" '"constant":0\.5' "$config_topic"
holds "lists stay lists" '"port":\[4\]' "$config_topic"
holds "an unprovisioned sensor has its id only" '"2":\{"id":"[0-9a-f]{32}"\}' "$config_topic"
if grep -q key <<<"$config_topic"; then failed "no key is published" "$config_topic"; else ok "no key is published"; fi
retained=$(mosquitto_sub -p "$mqtt" -t "/sensor/$(sid 1)/#" -F '%t %r' -W 2 2>/dev/null)
holds "gauge is retained" "/gauge 1" "$retained"
holds "counter is retained" "/counter 1" "$retained"

out=$(get "/sensor/$(sid 1)?version=1.0&interval=minute&unit=watt")
holds "the last minute" '^\[\[1[0-9]{9},[0-9]+\],\[' "$out"
out=$(get "/sensor/$(sid 1)?version=1.0&interval=minute&unit=watt&callback=f")
holds "as JSONP" '^f\(\[\[.*\]\);$' "$out"
out=$(get "/sensor/$(sid 1)?version=1.0&interval=minute&unit=watt&callback=alert(1)" -i)
holds "a callback that is a script is refused" ' 400 ' "$out"
out=$(get "/sensor/$(sid 1)?version=1.0&interval=minute&unit=lperday" -i)
holds "a unit of another sensor is refused" ' 400 ' "$out"
out=$(get "/sensor/$(sid 9)?version=1.0&interval=minute&unit=watt" -i)
holds "a sensor that is not there" ' 404 ' "$out"
out=$(get "/sensor/../ids.json" --path-as-is -i)
holds "a path that climbs" ' 40[04] ' "$out"
out=$(get "/sensor/$(sid 4)?version=1.0&interval=hour&resolution=minute&unit=watt" -i)
holds "other scripts may read it" '^Access-Control-Allow-Origin: \*' "$out"
holds "the history answers the server's queries" '^\[\[1[0-9]{9},' "$out"
out=$(get "/sensor/$(sid 4)?version=1.0&param=all")
holds "param=all" '"type":"electricity","function":"charger","class":"pulse"' "$out"
out=$(get /metrics)
holds "metrics: power" "^flm_power_watts\{sensor=\"$(sid 1)\"\} [0-9]+" "$out"
holds "metrics: energy in joules" "^flm_energy_joules_total\{sensor=\"$(sid 4)\"\} [0-9]+" "$out"
holds "metrics: names are labels" 'name="<script>alert\(1\)</script>"' "$out"
out=$(curl -sN --max-time 3 "http://127.0.0.1:$http/events")
holds "events: first what there is" '^event: sensors$' "$out"
holds "events: then readings" '^data: \{"sid":"0+abc1","t":1[0-9]+,"v":[0-9.]+,"unit":"W"\}$' "$out"

# A block of 256 s closes within a minute and a bit of this faster time.
block="/sensor/$(sid 4)/tmpo/0/8/"
soon 100 grep -qa "^$block" topics || failed "a block is published" "$(cut -c1-100 topics | sort -u | tail; cat log)"
out=$(get "/sensor/$(sid 4)/tmpo/sync?version=1.0&rid=0&lvl=0&bid=0")
holds "blocks are listed" '^\[\{"rid":0,"lvl":8,"bid":[0-9]+,"ext":"gz"\}' "$out"
bid=$(grep -oE '"bid":[0-9]+' <<<"$out" | head -1 | cut -d: -f2)
out=$(get "/sensor/$(sid 4)/tmpo/0/8/$bid" | gunzip)
holds "a block is as stock makes it" '^\{"h":\{.*"vsn":1.*\},"t":\[0,.*\],"v":\[0,.*\]\}$' "$out"

# The owner's password, by another program while flmd runs.
out=$(echo short | "$FLMD" password house.toml 2>&1)
[ $? -eq 2 ] && holds "a short password" 'allowed: 8 to 256 bytes' "$out" || failed "a short password" "$out"
out=$("$FLMD" password house.toml 2>&1 </dev/null)
[ $? -eq 2 ] && holds "no password" 'a line of standard input' "$out" || failed "no password" "$out"
out=$(get /api/session)
holds "no password is set yet" '"password_set":false' "$out"
out=$(echo "correct horse" | "$FLMD" password house.toml 2>&1) && ok "a password" || failed "a password" "$out"
[ "$(stat -c %a state/password)" = 600 ] && ok "its hash is private" || failed "its hash is private" "$(ls -l state)"
form=$(get /api/config)
sent=$(sed -E 's/"charger"/"car"/; s/"constant":"0.5"/"constant":"0.25"/' <<<"$form")
put() { get /api/config -i -X PUT -H 'Content-Type: application/json' -d "$sent" "$@"; }
holds "nobody changes sensors without a session" ' 401 ' "$(put)"
login() { get /api/login -i -c jar -H 'Content-Type: application/json' -d "{\"password\": \"$1\"}"; }
holds "a wrong password" ' 403 ' "$(login 'wrong horse')"
holds "a session's cookie" '^Set-Cookie: flm_session=[0-9a-f]+; Path=/; Max-Age=[0-9]+; HttpOnly; SameSite=Strict' "$(login 'correct horse')"
holds "the cookie alone changes nothing" ' 403 ' "$(put -b jar)"
token=$(get /api/session -b jar | grep -oE '"csrf":"[0-9a-f]+"' | cut -d'"' -f4)
holds "a page of another site changes nothing" ' 403 ' "$(put -b jar -H "X-CSRF-Token: $token" -H 'Origin: http://attacker.example')"
cp house.toml before.toml
holds "the owner changes a sensor" ' 204 ' "$(put -b jar -H "X-CSRF-Token: $token" -H "Origin: http://127.0.0.1:$http")"
out=$(diff before.toml house.toml)
holds "the configuration has it" '^> name     = "car"$' "$out"
[ "$(grep -c '^[0-9]' <<<"$out")" -eq 1 ] && ok "in one table only" || failed "in one table only" "$out"
holds "flmd has it at once, with its id" "\"number\":4,\"sid\":\"$(sid 4)\",\"name\":\"car\"" "$(get /api/sensors)"
soon 10 grep -q 'sensor 4 .*: .* -> ' log && ok "the board has it" || failed "the board has it" "$(tail log)"
soon 10 eval 'get /api/status | grep -q "\"synchronised\":true"' && ok "and the status says so" || failed "the status" "$(get /api/status)"
soon 10 eval 'grep -a "^/device/$device/config/sensor" topics | tail -1 | grep -qa "\"function\":\"car\""' && ok "MQTT is told" || failed "MQTT is told"
holds "an old form is refused" ' 409 ' "$(put -b jar -H "X-CSRF-Token: $token")"

sed -i 's/"car"/"van"/; s/^home_assistant.*//' house.toml
for _ in $(seq 50); do kill -HUP "$daemon"; done
soon 5 eval 'get /api/sensors | grep -q "\"van\""' && ok "SIGHUP reads the configuration anew" || failed "SIGHUP" "$(tail log)"
grep -qE 'SIGHUP: .*house.toml is read anew; \[mqtt\] as it was until flmd is restarted' log && ok "and says what it does not" || failed "what needs a restart" "$(tail log)"
sleep 1.5
[ "$(grep -c SIGHUP log)" -le 2 ] && ok "a storm of SIGHUP is a line or two" || failed "a storm of SIGHUP" "$(grep -c SIGHUP log) lines"
cp house.toml right.toml
echo 'nonsense = 1' >>house.toml
kill -HUP "$daemon"
soon 5 grep -q "SIGHUP: .*nonsense.*; what was read before stays" log && ok "a wrong one is left alone" || failed "a wrong configuration" "$(tail log)"
mv right.toml house.toml

children=$(pgrep -P "$daemon") || failed "the simulator is a child of flmd"
for child in $children; do
  out=$(find "/proc/$child/fd" -type l -name '[3-9]' -lname 'socket:*' 2>/dev/null)
  [ -z "$out" ] && ok "the simulator has none of flmd's sockets" || failed "the simulator has sockets" "$(ls -l "/proc/$child/fd")"
done

# The board is unplugged, and another one is plugged in, whose counters begin at 0.
soon 20 eval 'get /api/status | grep -q "\"synchronised\":true"' || failed "the board is as the configuration says" "$(tail log)"
pkill -9 -P "$daemon"
soon 20 grep -q 'has gone (status 137).*; waiting for it' log && ok "a board that goes is said" || failed "a board that goes" "$(cat log)"
soon 20 sh -c '[ "$(grep -c "flm02b with OpenFLM" log)" -eq 2 ]' && ok "it is found again" || failed "it is found again" "$(tail -5 log)"
soon 20 counter_of 4 && holds "counters of the new board are given as they are" '^[0-9.]+$' "$(counter_of 4)"
highest=$(grep -aoE "^/sensor/$(sid 4)/gauge . . \[[0-9]+,[0-9]+" topics | sed 's/.*,//' | sort -n | tail -1)
[ "$highest" -le 4500 ] && ok "a counter that went back makes no power" || failed "a counter that went back made $highest W"

before=$(counter_of 4)
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
soon 5 grep -q "^/device/$device/status [01] [01] offline" topics && ok "the last will" || failed "the last will" "$(tail -3 topics)"
start
soon 30 counter_of 4 || failed "it measures again" "$(cat log)"
grep -q 'as the configuration says\|of the board w' log && ok "the synchronisation is in the log" || failed "the log" "$(cat log)"
out=$(get "/sensor/$(sid 4)/tmpo/sync?version=1.0&rid=0&lvl=0&bid=0")
holds "after kill -9 the history is there" '"bid":'"$bid" "$out"
kill -TERM "$daemon"
wait "$daemon"
status=$?
daemon=
[ $status -eq 0 ] && ok "SIGTERM ends it in order" || failed "SIGTERM: status $status" "$(tail log)"

sed 's/^board = .*/board = "flm02a"/' house.toml >house2.toml
mv house2.toml house.toml
start
soon 20 grep -q 'house.toml: is for flm02a, and the board on .* is flm02b; nothing was sent; the board measures as it was set before' log \
  && ok "a board of another kind is left as it is" || failed "a board of another kind" "$(tail -5 log)"
if [ "$engine" = native ]; then
  pkill -STOP -P "$daemon"
  sleep 1
  holds "a board that is stuck holds up no page" '"version"' "$(get /api/status)"
  kill -TERM "$daemon"
  wait "$daemon" && ok "a board that is stuck holds up no end for long" || failed "SIGTERM with a stuck board" "$(tail -5 log)"
  daemon=
fi
[ -s state/ids.json ] && ok "ids are kept" || failed "ids are kept"
[ "$failures" -eq 0 ] || { cat log; exit 1; }
