#!/bin/bash
# flmd and the real Avahi, on a D-Bus and a network of their own.
#   avahi_test.sh FLMD SCENARIOS
# Exit status 77 where they cannot be had: no right to make namespaces, or Avahi is not installed.
if [ "$3" != inside ]; then
  for program in dbus-daemon avahi-daemon avahi-browse; do
    PATH=$PATH:/usr/sbin command -v $program >/dev/null || { echo "skipped: $program is not there"; exit 77; }
  done
  # Avahi's folder below /run is its own as well: another one may run here.
  inside="unshare --mount --net"
  [ "$(id -u)" = 0 ] || inside="$inside --map-root-user"
  $inside sh -c 'mount -t tmpfs none /run && ip link set lo up' 2>/dev/null || { echo "skipped: no namespaces"; exit 77; }
  exec $inside "$0" "$1" "$2" inside
fi
FLMD=$1 SCENARIOS=$2
PATH=$PATH:/usr/sbin
. "$(dirname "$0")/../daemons.sh"
mount -t tmpfs none /run && mkdir -p /run/avahi-daemon && ip link set lo up || exit 1

device=9a3b6a0123456789abcdef0123456789
sid=0123456789abcdef0123456789abcde4
config() {
  cat <<TOML
board = "flm02b"
[link]
port = "sim:$SCENARIOS/live.toml,configure=no"
[state]
dir = "state$1"
[device]
id = "$device"
[http]
listen = ["127.0.0.1:$1", "0.0.0.0:1$1"]
[[sensor]]
id = 4
sid = "$sid"
class = "pulse"
ports = [4]
TOML
}
avahi() {
  avahi-daemon --no-drop-root --no-rlimits --no-chroot >>avahi.log 2>&1 &
  avahi=$!
}
# found PORT TYPE NAME [TEXT]: a browser finds this service, once.
found() {
  local line
  line=$(timeout 5 avahi-browse -rtp --no-db-lookup "$2" | grep "^=.*;$2;local;.*;127.0.0.1;$1;" | grep -F -- "${4-}")
  [ "$(cut -d';' -f4 <<<"$line")" = "$3" ]
}
gone() { ! timeout 5 avahi-browse -tp --no-db-lookup _flukso._tcp | grep -q Flukso; }

cat >bus.conf <<XML
<busconfig><listen>unix:path=$folder/bus</listen><auth>EXTERNAL</auth><policy context="default"><allow send_destination="*"/>
<allow eavesdrop="false"/><allow own="*"/></policy></busconfig>
XML
dbus-daemon --config-file=bus.conf --nofork --nopidfile 2>bus.log &
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$folder/bus
soon 10 test -S bus || failed "a D-Bus" "$(cat bus.log)"

machine=$(hostname | cut -c1-41)
config 8080 >one.toml
config 8090 >two.toml
"$FLMD" run one.toml >one.log 2>&1 &
flmd=$!
if soon 10 grep -q 'no Avahi on D-Bus' one.log; then ok "without Avahi flmd runs, and says so"; else failed "without Avahi" "$(cat one.log)"; fi

avahi
api="Flukso\\032RESTful\\032API\\032on\\032$machine" pages="Fluksometer\\032on\\032$machine"
if soon 20 found 18080 _flukso._tcp "$api" "\"id4=$sid\" \"device=$device\" \"version=1.0\" \"path=/sensor\""; then
  ok "a browser finds the sensors, at the port that others reach"
else failed "a browser finds the sensors" "$(avahi-browse -artp; cat one.log avahi.log)"; fi
if soon 10 found 18080 _http._tcp "$pages" "\"device=$device\" \"path=/\""; then ok "and the pages"; else failed "and the pages" "$(avahi-browse -artp)"; fi

"$FLMD" run two.toml >two.log 2>&1 &
second=$!
if soon 20 found 18090 _flukso._tcp "$api\\032\\0409a3b6a\\041" && soon 10 found 18080 _flukso._tcp "$api"; then
  ok "a second one has another name, the first keeps its own"
else failed "a second one" "$(avahi-browse -artp; cat two.log)"; fi
kill $second
wait $second

kill $avahi
wait $avahi
if soon 10 grep -q 'Avahi has ended' one.log; then ok "an Avahi that ends is said"; else failed "an Avahi that ends" "$(cat one.log)"; fi
avahi
if soon 20 found 18080 _flukso._tcp "$api"; then ok "an Avahi that is back announces flmd again"; else failed "an Avahi that is back" "$(cat one.log avahi.log)"; fi

kill $flmd
wait $flmd
if soon 20 gone; then ok "the announcement ends with flmd"; else failed "the announcement ends with flmd" "$(avahi-browse -artp)"; fi

[ $failures -eq 0 ] || { echo "$failures failed"; exit 1; }
