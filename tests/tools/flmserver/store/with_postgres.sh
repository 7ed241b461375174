#!/bin/sh
# Starts PostgreSQL servers in a folder of their own, reached by Unix sockets alone, runs a command, and ends them.
#   with_postgres.sh SERVERS COMMAND [ARGUMENT ...]
# FLM_STORE_URL is the first one's database, FLM_STORE_SHARDS the folders of the other ones' sockets, between blanks. Each server has
# a database flm and a user flm. Status 77: PostgreSQL is not installed.
# Writes are not forced to disk (-F), unless FLM_POSTGRES_OPTIONS has other options. A server that is killed is started again.
set -eu
servers=$1
shift
programs=$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -n 1)
if [ -z "$programs" ]; then
  echo "SKIPPED: initdb is missing; install it: apt-get install postgresql postgresql-contrib"
  exit 77
fi
programs=$(dirname "$(readlink -f "$programs")")

# PostgreSQL refuses to run as root.
as_postgres() {
  if [ "$(id -u)" -eq 0 ]; then exec setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else exec "$@"; fi
}

folder=$(mktemp -d "${TMPDIR:-/tmp}/flm-postgres-XXXXXX")
pids=""
end() {
  for pid in $pids; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in $pids; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap end EXIT
trap 'exit 1' INT TERM
chmod 755 "$folder"
[ "$(id -u)" -ne 0 ] || chown postgres "$folder"

cd "$folder"
(as_postgres "$programs/initdb" --no-sync -D "$folder/data0" -U flm -A trust -E UTF8 --locale=C.UTF-8) >"$folder/initdb.log" 2>&1 ||
  { cat "$folder/initdb.log" >&2; exit 1; }
encoded=$(echo "$folder" | sed 's|/|%2F|g')
server=1
while [ "$server" -lt "$servers" ]; do
  (as_postgres cp -a "$folder/data0" "$folder/data$server")
  server=$((server + 1))
done
# keep_running SERVER: runs it until this gets a TERM
keep_running() {
  trap 'kill -QUIT "$postgres"; wait "$postgres"; exit 0' TERM
  while :; do
    # shellcheck disable=SC2086  # options in words
    as_postgres "$programs/postgres" -D "$folder/data$1" -k "$folder/server$1" -c listen_addresses= -c shared_buffers=32MB \
      -c max_connections=50 -c deadlock_timeout=100ms ${FLM_POSTGRES_OPTIONS--F} &
    postgres=$!
    wait "$postgres" || true
    sleep 0.05  # until the rest of it has ended
  done
}

server=0
while [ "$server" -lt "$servers" ]; do
  (as_postgres mkdir "$folder/server$server")
  keep_running "$server" >"$folder/server$server/log" 2>&1 &
  pids="$pids $!"
  server=$((server + 1))
done
server=0
FLM_STORE_SHARDS=""
while [ "$server" -lt "$servers" ]; do
  tries=0
  until "$programs/psql" -q -h "$folder/server$server" -U flm -d postgres -c "CREATE DATABASE flm" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] || { cat "$folder/server$server/log" >&2; exit 1; }
    sleep 0.05
  done
  [ "$server" -eq 0 ] || FLM_STORE_SHARDS="$FLM_STORE_SHARDS $folder/server$server"
  server=$((server + 1))
done
cd - >/dev/null
export FLM_STORE_URL="postgresql://flm@$encoded%2Fserver0/flm" FLM_STORE_SHARDS
status=0
"$@" || status=$?
[ "$status" -eq 0 ] || grep -hE "ERROR|FATAL|PANIC" "$folder"/server*/log | sort | uniq -c | sort -rn | head -n 20 >&2 || true
exit "$status"
