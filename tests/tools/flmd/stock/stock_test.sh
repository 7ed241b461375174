#!/bin/bash
# From a stock main board to flmd and back, with the real program: import, measure on, read the old history, export.
#   stock_test.sh FLMD SCENARIOS
FLMD=$1 SCENARIOS=$2
. "$(dirname "$0")/../../daemons.sh"
http=$(free_port)
get() { curl -s --max-time 5 "http://127.0.0.1:$http$1" "${@:2}"; }
sid() { printf '%032x' $((0xabc0 + $1)); }

# Stock's files, as its tools write them (uci: a tab, single quotes), and a block of yesterday: 1 Wh every 10 s, which are 360 W.
mkdir -p stock/config
{
  printf "\nconfig settings 'main'\n\toption hw_major '2'\n\toption hw_minor '2'\n\toption max_sensors '6'\n\toption max_analog_sensors '3'\n"
  printf "\toption max_provisioned_sensors '6'\n\toption phase '1'\n\toption led_mode '256'\n\toption dsmr '4.0'\n"
  printf "\toption uart_rx_invert '1'\n\toption uart_tx_invert '0'\n\toption reset_counters '0'\n"
  printf "\nconfig settings 'daemon'\n\toption logmask 'info'\n\toption enable_wan_branch '0'\n\toption enable_lan_branch '1'\n"
  printf "\nconfig sensor '1'\n\toption id '%s'\n\toption type 'electricity'\n\toption class 'analog'\n\tlist port '1'\n" "$(sid 1)"
  printf "\toption voltage '230'\n\toption current '50'\n\toption function 'main'\n\toption enable '1'\n\toption counter '17'\n"
  printf "\nconfig sensor '4'\n\toption id '%s'\n\toption type 'electricity'\n\toption class 'pulse'\n\tlist port '4'\n" "$(sid 4)"
  printf "\toption constant '0.5'\n\toption function 'charger'\n\toption enable '1'\n"
  for i in 2 3 5 6; do printf "\nconfig sensor '%s'\n\toption id '%s'\n\toption enable '0'\n" $i "$(sid $i)"; done
} >stock/config/flukso
printf "\nconfig system\n\toption model 'FLM02B'\n\toption serial 'FL02001234'\n\toption device '%032x'\n\toption key '%032x'\n\toption hostname 'flukso-000000'\n" 1 2 >stock/config/system
printf "\nconfig settings 'main'\n\toption pair_group '212'\n\toption collect_group '13'\n\toption max_nodes '30'\n\toption key '%032x'\n" 3 >stock/config/kube
printf "\toption null_key '0123456789abcdef0123456789abcdef'\n\toption encryption '0'\n\toption cache '/usr/share/kube'\n" >>stock/config/kube
begin=$(((($(date +%s) - 86400) >> 8) << 8))
block=sensor/$(sid 1)/0/8/$begin
mkdir -p "stock/tmpo/${block%/*}"
times=0$(printf ',10%.0s' {1..25}) values=0$(printf ',1%.0s' {1..25})
printf '{"h":{"cfg":{"id":"%s"},"tail":[%d,1025],"vsn":1,"head":[%d,1000]},"t":[%s],"v":[%s]}' \
  "$(sid 1)" $((begin + 250)) "$begin" "$times" "$values" | gzip -9n >"stock/tmpo/$block"
# Each option with its section, in the order of the alphabet.
options() { awk '/^config/ { section = $0; print } /^\t/ { print section $0 }' | sort; }
before=$(cd stock && find . -type f -exec cksum {} + | sort)

import() { "$FLMD" import stock/config/flukso stock/config/system "$@" --config house.toml --state state --history stock/tmpo 2>&1; }
out=$(import nowhere/kube)
[ $? -eq 2 ] && holds "a file that is not there" 'nowhere/kube: no such file' "$out" || failed "a file that is not there" "$out"
sed -i "s/'0.5'/'half'/" stock/config/flukso
out=$(import stock/config/kube)
[ $? -eq 2 ] && holds "a value that is none is named with its line" "flukso:[0-9]+: .*'half'.*; allowed: " "$out" || failed "a value that is none" "$out"
sed -i "s/'half'/'0.5'/" stock/config/flukso
[ ! -e house.toml ] && [ ! -e state ] && ok "what fails leaves nothing" || failed "what fails leaves nothing" "$(ls)"
out=$(import stock/config/kube) && ok "import" || failed "import" "$out"
holds "it says what the counter was" "sensor 1: its counter was 1025 at $((begin + 250)): .*flmctl counter set 1 1025" "$out"
holds "and what flmd has nothing for" "flukso:[0-9]+: section 'daemon': logmask: not taken over" "$out"
out=$(import stock/config/kube)
[ $? -eq 2 ] && holds "nothing is overwritten" 'house.toml: is there, and is not overwritten' "$out" || failed "nothing is overwritten" "$out"
[ "$(cd stock && find . -type f -exec cksum {} + | sort)" = "$before" ] && ok "stock's files are as they were" || failed "stock's files"

# The same board, simulated.
cp house.toml imported.toml
sed -i "s|^port *=.*|port = \"sim:$SCENARIOS/live.toml,configure=no,speed=4\"|; /^\(meter\|listen\|announce\)/d; /^\[http\]/d" house.toml
printf '[http]\nlisten = ["127.0.0.1:%s"]\nannounce = false\n' "$http" >>house.toml
out=$("$FLMD" check house.toml 2>&1) || failed "what was imported is right" "$out"
"$FLMD" run house.toml 2>log &
daemon=$!
soon 20 get /api/status || failed "flmd answers" "$(cat log)"
soon 20 eval 'get /api/sensors | grep -q "\"sid\":\"$(sid 4)\",\"name\":\"charger\".*\"counter\":"' && ok "it measures under the old ids" ||
  failed "it measures under the old ids" "$(get /api/sensors; cat log)"
out=$(get "/sensor/$(sid 1)/tmpo/sync?version=1.0&rid=0&lvl=0&bid=0")
holds "the old block is listed" "\"bid\":$begin,\"ext\":\"gz\"" "$out"
get "/sensor/$(sid 1)/tmpo/0/8/$begin" | cmp -s - "stock/tmpo/$block" && ok "and served byte for byte" || failed "the old block"
out=$(get "/sensor/$(sid 1)?version=1.0&start=$begin&end=$((begin + 240))&resolution=minute&unit=watt")
holds "and answers a query" '\[[0-9]+,360\],\[[0-9]+,360\]' "$out"
kill -TERM $daemon
wait $daemon || failed "SIGTERM" "$(tail log)"

out=$("$FLMD" export imported.toml back 2>&1) && ok "export" || failed "export" "$out"
for name in flukso system kube; do
  # All but a counter, which is old by now and would turn the sensor back.
  lost=$(comm -23 <(sed '/option counter /d' "stock/config/$name" | options) <(options <"back/$name"))
  [ -z "$lost" ] && ok "$name has all that it had" || failed "$name" "$lost"
done
cmp -s "stock/tmpo/$block" "state/history/$block" && ok "its block is still there, for the way back" || failed "its block"
out=$("$FLMD" export imported.toml back 2>&1)
[ $? -eq 2 ] && holds "nor does export overwrite" 'is there, and is not overwritten' "$out" || failed "nor does export overwrite" "$out"
[ "$failures" -eq 0 ]
