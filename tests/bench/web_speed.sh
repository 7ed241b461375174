#!/bin/sh
# web_speed.sh BUILD [SECONDS]: answers a second and latency of the HTTP server on the first processor, asked for a sensor's minute window by
# wrk on the others, over connections that stay; then nginx, where it is installed, with a file of the same bytes, and the ratio of both.
# Packages: wrk, nginx-light. Exit status 1 under 15 000 answers a second.
set -eu
build=$1
seconds=${2:-10}
command -v wrk >/dev/null || { echo "web_speed.sh: wrk is missing; install it: apt-get install wrk" >&2; exit 2; }
folder=$(mktemp -d)
mine=""
theirs=""
trap '[ -z "$mine" ] || kill "$mine"; [ -z "$theirs" ] || kill "$theirs"; rm -rf "$folder"' EXIT
last=$(($(nproc) - 1))
[ "$last" -gt 0 ] || last=0

# ask NAME URL PROCESS: prints a line, and leaves answers a second of the process's own time in $folder/NAME: other work on the machine
# takes from the clock's seconds, not from these.
ask() {
  before=$(cut -d ' ' -f 1 "/proc/$3/schedstat")
  taskset -c "1-$last" wrk -t1 -c16 -d"$seconds" --latency "$2" >"$folder/out"
  after=$(cut -d ' ' -f 1 "/proc/$3/schedstat")
  awk -v name="$1" -v file="$folder/$1" -v time="$(((after - before) / 1000))" '
    /requests in/ { count = $1 }
    /^Requests\/sec:/ { rate = $2 }
    $1 == "50%" { half = $2 }
    $1 == "99%" { most = $2 }
    /Non-2xx/ { bad = $0 }
    END { own = count / time * 1e6
          printf "%-8s %7.0f answers/s of its own time, %7.0f by the clock, latency %s median, %s p99 %s\n", name, own, rate, half, most, bad
          print own > file; exit bad != "" }' "$folder/out"
}

taskset -c 0 "$build/bin/web_server" >"$folder/address" &
mine=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
  [ -s "$folder/address" ] && break
  sleep 0.2
done
address=$(cat "$folder/address")
path="/sensor/0123456789abcdef0123456789abcdef?version=1.0&interval=minute&unit=watt"
ask flm "http://$address$path" "$mine"
echo "         $(awk '/VmRSS/ { print $2 }' "/proc/$mine/status") kB resident"
if command -v nginx >/dev/null; then
  mkdir "$folder/www"
  curl -s "http://$address$path" >"$folder/www/window"
  port=$((${address##*:} + 1))
  cat >"$folder/nginx.conf" <<EOT
daemon off; master_process off; pid $folder/nginx.pid; error_log $folder/error.log;
events { }
http { access_log off; keepalive_requests 100000000; open_file_cache max=10; default_type application/json; sendfile on; tcp_nopush on;
       server { listen 127.0.0.1:$port; root $folder/www; } }
EOT
  chmod -R go+rX "$folder"
  taskset -c 0 nginx -c "$folder/nginx.conf" 2>/dev/null &
  theirs=$!
  sleep 1
  ask nginx "http://127.0.0.1:$port/window" "$theirs"
  awk 'NR == FNR { mine = $1; next } { printf "ratio    %9.2f\n", mine / $1 }' "$folder/flm" "$folder/nginx"
fi
awk '$1 < 15000 { print "FAILED: fewer than 15 000 answers/s"; exit 1 }' "$folder/flm"
