#!/bin/sh
# flmserver's commands and state, as who runs it meets them: accounts, health, metrics, limits, a backup while it runs, restore, the
# broker's access list at the real mosquitto, removal of a user.
#   commands_test.sh FLMSERVER EXAMPLE_TOML
set -eu
flmserver=$1 example=$2
folder=$(mktemp -d "${TMPDIR:-/tmp}/flmserver-commands-XXXXXX")
server="" broker=""
end() {
  for pid in $server $broker; do kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap end EXIT
fail() {
  echo "FAILED: $1" >&2
  cat "$folder/log" >&2 2>/dev/null || true
  exit 1
}
expect() { # WHAT FOUND EXPECTED
  [ "$2" = "$3" ] || fail "$1: '$2' instead of '$3'"
}
cd "$folder"
"$flmserver" check "$example" >/dev/null || fail "the example is not right"
device=0123456789abcdef0123456789abcdef key=fedcba9876543210fedcba9876543210 sid=c1411c6b4f9910bbbab09f145f8533b9
port=$((10000 + $$ % 19998))  # below those that Linux gives to connections
cat >a.toml <<TOML
[http]
listen = ["127.0.0.1:$port"]
[store]
url = "sqlite:a.db"
[limits]
requests_per_minute = 40
TOML
sed 's/a\.db/b.db/' a.toml >b.toml

# Mistakes: what is replaced, by what, and what flmserver says of it.
mistake() {
  { cat a.toml; printf '[mqtt]\nbroker = "127.0.0.1"\n'; } | sed -E "$1" >wrong.toml
  status=0
  "$flmserver" check wrong.toml >said 2>&1 || status=$?
  expect "$1: status" "$status" 2
  grep -qF -- "$2" said || fail "$1: '$(cat said)' instead of '$2'"
}
mistake '/^\[store\]/,/^url/d' 'table [store] is missing; allowed: url'
mistake '/^url = /d' "[store] key 'url' is missing; allowed: sqlite:FILE, postgresql://user@host/database"
mistake 's/^url = .*/url = "mysql:x"/' "[store] key 'url' is 'mysql:x'"
mistake 's/^url = .*/url = "sqlite:"/' "[store] key 'url' names no file"
mistake 's/^\[http\]/[htp]/' "did you mean 'http'?"
mistake 's/^listen = .*/listen = "127.0.0.1:8090"/' "[http] key 'listen' is no list"
mistake 's/^listen = .*/listen = []/' "[http] key 'listen' names no address"
mistake 's/^listen = .*/listen = ["localhost:8090"]/' "[http] key 'listen' has 'localhost:8090'; allowed: IP address and port"
mistake 's/^listen = .*/&\nlistn = 1/' "did you mean 'listen'?"
mistake 's/^listen = .*/&\nproxies = [1]/' "[http] key 'proxies' has an entry that is no text; allowed: a list of IP addresses"
mistake 's/^listen = .*/&\nproxies = ["nginx"]/' "[http] key 'proxies' has 'nginx'; allowed: a list of IP addresses"
mistake 's/^listen = .*/&\nkey = "a.toml"/' "[http] key 'key' stands alone; allowed: certificate and key, or neither"
mistake 's/^listen = .*/&\nkey = "none.pem"/' "key 'key': none.pem: no such file"
mistake 's/^listen = .*/&\npublic_url = "meter.example"/' "[http] key 'public_url' is 'meter.example'"
mistake 's/^listen = .*/&\nsign_up = "no"/' "[http] key 'sign_up' is neither true nor false"
mistake 's/^listen = .*/&\nmetrics = "me"/' "[http] key 'metrics' is 'me'; allowed: nobody, local, everybody"
mistake 's/^requests_per_minute = .*/requests_per_minute = 1/' "[limits] key 'requests_per_minute' is 1; allowed: a whole number from 10 to 10000000"
mistake 's/^broker = .*/broker = "127.0.0.1:99999"/' "[mqtt] key 'broker' is '127.0.0.1:99999'; allowed: a host, or host:port"
mistake 's/^broker = .*/&\npassword_file = "a.toml"/' "[mqtt] key 'password_file' stands without a username"
mistake 's/^broker = .*/&\ncertificate_file = "a.toml"/' "[mqtt] key 'certificate_file' stands alone"
mistake 's/^broker = .*/&\ncertificate_file = "a.toml"\nkey_file = "a.toml"/' "[mqtt] key 'certificate_file' stands without ca_file"
"$flmserver" user add icarus --config a.toml >account
token=$(cut -d ' ' -f 2 account)
"$flmserver" device add --config a.toml --user icarus --serial FL02B00042 --device $device --key $key
"$flmserver" run a.toml 2>log &
server=$!
tries=0
until curl -fs "http://127.0.0.1:$port/health" >/dev/null; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || fail "/health does not come"
  sleep 0.05
done
post() { # BODY KEY
  digest=$(printf %s "$1" | openssl dgst -sha1 -hmac "$2" | sed 's/.*= //')
  curl -s -o answer -w '%{http_code}' -H 'X-Version: 1.0' -H "X-Digest: $digest" -H 'Content-Type: application/json' -d "$1" \
    "http://127.0.0.1:$port/sensor/$sid"
}
now=$(date +%s)
expect "a configuration" "$(post '{"config":{"class":"pulse","function":"main"}}' $key)" 200
expect "measurements" "$(post "{\"measurements\":[[$((now - 100)),1],[$((now - 50)),2]]}" $key)" 200
expect "a wrong key" "$(post "{\"measurements\":[[$now,3]]}" 0000)" 401
curl -fs "http://127.0.0.1:$port/metrics" >metrics || fail "/metrics"
grep -qF 'flmserver_http_answers_total{route="POST /sensor/{sid}",status="200"} 2' metrics || fail "/metrics counts POSTs"
grep -q '^flmserver_store_up 1$' metrics || fail "/metrics: the store"
grep -qF "status=401 method=POST route=/sensor/{sid} sid=$sid client=127.0.0.1" log || fail "a refusal is logged"
! grep -qF "$token" log || fail "a token is in the log"

"$flmserver" backup --config a.toml --to whole.db >/dev/null || fail "backup"
if "$flmserver" backup --config a.toml --to whole.db 2>complaint; then fail "a file that is there was written over"; fi
grep -q "is there already" complaint || fail "a backup's complaint: $(cat complaint)"
"$flmserver" restore --config b.toml --from whole.db >/dev/null || fail "restore"
"$flmserver" sensor list --config a.toml --user icarus >before
"$flmserver" sensor list --config b.toml --user icarus >after
grep -q "^$sid " before || fail "the sensor is listed"
cmp -s before after || fail "a restored store has the same sensors"

"$flmserver" user export icarus --config a.toml --to icarus.tar >/dev/null || fail "user export"
tar -xf icarus.tar || fail "the export is no tar file"
grep -q "\"name\": \"icarus\"" account.json || fail "the export has the account"
[ -e "config/$device.json" ] || fail "the export has the device"
expect "the export's readings" "$(cat "sensor/$sid/0/newest.csv" | tr -d '\r' | tr '\n' ' ')" "$((now - 100)),1 $((now - 50)),2 "
expect "who may read the export" "$(stat -c %a icarus.tar)" 600
if "$flmserver" user export icarus --config a.toml --to icarus.tar 2>complaint; then fail "an export was written over"; fi
grep -q "is there already" complaint || fail "an export's complaint: $(cat complaint)"
if "$flmserver" user export daedalus --config a.toml --to d.tar 2>complaint; then fail "an export of nobody"; fi
grep -q "nobody is called 'daedalus'" complaint && [ ! -e d.tar ] || fail "an export of nobody: $(cat complaint)"

refused=0
for _ in $(seq 60); do
  [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/user/1/sensor?version=1.0&token=$token")" != 429 ] || refused=1
done
expect "60 requests where 40 a minute are allowed" "$refused" 1
expect "/health meanwhile" "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/health")" 200

# The broker: a device publishes for its own sensor, and for no other.
mosquitto=$(PATH=$PATH:/usr/sbin command -v mosquitto || true)
if [ -n "$mosquitto" ] && command -v mosquitto_pub >/dev/null; then
  cat >>a.toml <<'TOML'
[mqtt]
username = "flmserver"
broker = "127.0.0.1"
TOML
  "$flmserver" broker access --config a.toml >acl || fail "broker access"
  broker_port=$((port + 1))
  chmod 755 . && chmod 644 acl
  printf 'listener %s 127.0.0.1\nallow_anonymous true\nacl_file %s/acl\n' "$broker_port" "$folder" >mosquitto.conf
  "$mosquitto" -c mosquitto.conf >mosquitto.log 2>&1 &
  broker=$!
  tries=0
  until mosquitto_pub -p "$broker_port" -t x -n 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || fail "mosquitto does not start: $(cat mosquitto.log)"
    sleep 0.05
  done
  mosquitto_sub -p "$broker_port" -u flmserver -t '/sensor/#' -t '/device/#' -F %t -W 3 >heard 2>/dev/null &
  listener=$!
  sleep 0.5
  publish() { mosquitto_pub -p "$broker_port" "$@" -q 1 -m x 2>/dev/null || true; }
  publish -u $device -t "/sensor/$(printf '%032d' 1)/tmpo/0/8/256/gz"
  publish -u stranger -t "/sensor/$sid/tmpo/0/8/256/gz"
  publish -t "/sensor/$sid/tmpo/0/8/512/gz"
  publish -u $device -t "/sensor/$sid/tmpo/0/8/768/gz"
  publish -u $device -t "/device/$device/tmpo/sync"
  wait $listener || true
  expect "what the broker lets through" "$(tr '\n' ' ' <heard)" "/sensor/$sid/tmpo/0/8/768/gz /device/$device/tmpo/sync "
else
  echo "without mosquitto: the access list was not tried"
fi

"$flmserver" user remove icarus --config a.toml >/dev/null || fail "user remove"
if "$flmserver" sensor list --config a.toml --user icarus 2>complaint; then fail "a user that was removed is there"; fi
kill "$server"
status=0
wait "$server" || status=$?
server=""
expect "flmserver's exit status" "$status" 0
echo "commands work"
