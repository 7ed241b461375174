#!/bin/sh
# Prints SQL that distributes the series of a store over several PostgreSQL servers; sharding.md says when and how.
#   shard.sh 'host=b.example dbname=flm user=flm password=...' ... | psql -X -1 -v ON_ERROR_STOP=1 COORDINATOR
# One word list a further server: what postgres_fdw takes (host, port, dbname, sslmode, ...), user and password. Values have no blanks.
# The coordinator keeps a share of its own; rows that it has already move to where they belong.
set -eu
[ $# -gt 0 ] || { sed -n '3,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }
parts=$(($# + 1))

# options server|user WORD ... : "host 'b', port '5432'", those of the server, or of the user
options() {
  who=$1
  shift
  separator=""
  for word in "$@"; do
    name=${word%%=*} value=${word#*=}
    [ "$name" != "$word" ] || { echo "shard.sh: '$word' is not NAME=VALUE" >&2; exit 2; }
    case "$name" in
      user | password) [ "$who" = user ] || continue ;;
      *) [ "$who" = server ] || continue ;;
    esac
    printf "%s%s '%s'" "$separator" "$name" "$(printf '%s' "$value" | sed "s/'/''/g")"
    separator=", "
  done
}

all() {
  echo "CREATE EXTENSION IF NOT EXISTS postgres_fdw;"
  part=1
  for server in "$@"; do
    # shellcheck disable=SC2086  # words
    server_options=$(options server $server)
    # shellcheck disable=SC2086
    user_options=$(options user $server)
    # A lock that is waited for on two servers is seen by neither: it ends by time.
    echo "CREATE SERVER shard_$part FOREIGN DATA WRAPPER postgres_fdw OPTIONS ($server_options,"
    echo "  options '-c lock_timeout=2s -c plan_cache_mode=force_generic_plan', fetch_size '32', batch_size '100', parallel_commit 'true');"
    echo "CREATE USER MAPPING FOR CURRENT_USER SERVER shard_$part OPTIONS ($user_options);"
    part=$((part + 1))
  done

  for table in series piece block day; do
    echo "ALTER TABLE $table RENAME TO ${table}_0;"
    echo "CREATE TABLE $table (LIKE ${table}_0) PARTITION BY HASH (sid);"
    part=1
    while [ "$part" -lt "$parts" ]; do
      echo "CREATE FOREIGN TABLE ${table}_$part PARTITION OF $table FOR VALUES WITH (MODULUS $parts, REMAINDER $part)"
      echo "  SERVER shard_$part OPTIONS (table_name '$table');"
      part=$((part + 1))
    done
    echo "WITH moved AS (DELETE FROM ${table}_0 WHERE NOT satisfies_hash_partition('$table'::regclass, $parts, 0, sid) RETURNING *)"
    echo "  INSERT INTO $table SELECT * FROM moved;"
    echo "ALTER TABLE $table ATTACH PARTITION ${table}_0 FOR VALUES WITH (MODULUS $parts, REMAINDER 0);"
  done
}

# Nothing is printed for a line that is wrong.
sql=$(all "$@")
printf '%s\n' "$sql"
