#!/bin/bash
# A kube on the air of a simulated board: `flmd pair`, readings on MQTT, what nobody can decode, no key for anybody.
#   daemon_kubes_test.sh FLMD
FLMD=$1
. "$(dirname "$0")/../../daemons.sh"
http=$(free_port) mqtt=$(free_port)

# An FLK01B asks to be paired each second, on group 212. The device's id begins with 9a: its group is 154 mod 210 + 1 = 155, there the kube
# measures 101325 Pa (405300 / 4), 45 % (1671 of 4096), 120 lx (480 / 4), 21 degrees (6326 of 16384), and node 5 says what nobody knows.
# Frames: group, header, length, payload, CRC-16/ARC from 0xFFFF.
frame() {
  local crc=65535 i bit
  for ((i = 0; i < ${#1}; i += 2)); do
    crc=$((crc ^ 16#${1:i:2}))
    for bit in 1 2 3 4 5 6 7 8; do crc=$((crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1)); done
  done
  printf '%s%02x%02x' "$1" $((crc & 255)) $((crc >> 8))
}
ask=$(frame d4a116124b00000000000102030405060708090a0b0c0d0e0f)
measured=$(frame 9b0109342f7668e001b61800)
strange=$(frame 9b0502beef)
for t in $(seq 3 240); do
  echo "$t.1 $ask"
  [ $((t % 3)) -ne 0 ] || echo "$t.5 $measured"
  [ $((t % 7)) -ne 0 ] || echo "$t.7 $strange"
done >air.txt
printf 'board = "flm02b"\nduration = 240.0\n[[radio]]\nfile = "air.txt"\n' >house.scenario.toml
cat >house.toml <<TOML
board = "flm02b"

[link]
port = "sim:house.scenario.toml,engine=native,configure=no,speed=4"

[state]
dir = "state"

[device]
id = "9a3b6a0123456789abcdef0123456789"

[http]
listen = ["127.0.0.1:$http"]

[mqtt]
broker = "127.0.0.1:$mqtt"
home_assistant = true
TOML
mkdir state
holds "pairing wants a flmd" 'no flmd with a radio takes the request; allowed: beside .flmd run.' "$("$FLMD" pair house.toml 2>&1)"
printf '[kubes]\ntypes = "types.toml"\n' | cat house.toml - >wrong.toml
printf '[[kube]]\ntype = 0\n' >types.toml
holds "a mistake in a file of types" 'types.toml:2: \[\[kube\]\] key .type. ' "$("$FLMD" check wrong.toml 2>&1)"
sed 's/flm02b/flm02a/' wrong.toml >radio.toml
holds "a board without a radio" 'table \[kubes\] is for a board with a radio' "$("$FLMD" check radio.toml 2>&1)"

mosquitto -p "$mqtt" >broker.log 2>&1 &
soon 10 mosquitto_pub -p "$mqtt" -t x -m x
mosquitto_sub -p "$mqtt" -t '#' -F '%t %p' >topics 2>/dev/null &
"$FLMD" run house.toml 2>>log &
daemon=$!
soon 20 grep -q 'as the configuration says' log
holds "a kube is paired" '^Paired as kube 1\.$' "$("$FLMD" pair house.toml 2>&1)"
soon 20 grep -q '/kube/5/packet' topics
soon 20 grep -q '°C' topics
soon 20 grep -q 'kube_1/config' topics
topics=$(cat topics)
holds "its temperature, to the byte" '^/sensor/[0-9a-f]{32}/gauge \[1[0-9]{9},21,"°C"\]$' "$topics"
holds "errors have the empty unit" '^/sensor/[0-9a-f]{32}/gauge \[1[0-9]{9},[0-9]+,""\]$' "$topics"
holds "what nobody can decode is hex" '^/device/9a3b6a[0-9a-f]+/kube/5/packet beef$' "$topics"
holds "the kubes' configuration" '/config/kube \{"1":\{"hw_id":"000102030405060708090a0b0c0d0e0f","hw_type":19218,"sw_version":0,"name":"","enable":1\},"main":\{"pair_group":212,"collect_group":155,"max_nodes":30,"encryption":0\}\}$' "$topics"
holds "its sensors' configuration" '/config/sensor .*"type":"temperature","class":"kube".*"kid":1,"enable":1,"data_type":"gauge","rid":0' "$topics"
holds "Home Assistant has it as a device" '^homeassistant/device/flm_9a3b6a/kube_1/config .*"via_device":"flm_9a3b6a' "$topics"
key=$(grep -oE '"key": "[0-9a-f]{32}"' state/kubes.json | grep -oE '[0-9a-f]{32}')
holds "there is a key" '^[0-9a-f]{32}$' "$key"
holds "and it is told to nobody" '^0$' "$(grep -c "$key" topics)"
kubes=$(curl -s "http://127.0.0.1:$http/api/kubes")
holds "the page's list" '^\{"pairing":[0-9]+,"kubes":\[\{"kid":1,"name":"","type":"FLK01B","firmware":"","sensors":\["' "$kubes"
holds "with strangers" '"strangers":\[\{"node":5,"packet":"beef"' "$kubes"
holds "only the owner pairs" '^401$' "$(curl -s -o /dev/null -w '%{http_code}' -X POST "http://127.0.0.1:$http/api/kubes/pair")"
kill "$daemon"
wait "$daemon"
[ $failures -eq 0 ] || { cat log; exit 1; }
