# What flmctl's tests share; sourced. Works in a temporary folder; FLMCTL, FLMSIM and SCENARIOS come from the caller.
set -u
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder" || exit 2
export XDG_STATE_HOME="$folder/state"
export SHELL=/bin/sh  # which script(1) starts: the same one wherever the tests run
unset FLMCTL_PORT
passed=0
failed=0

judge() {  # what, succeeded
  if [ "$2" = yes ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $1: status $got (wanted $status), output:"
    cat out err
    echo "wanted: $text"
  fi
}

# what, status wanted, text wanted on stdout or stderr, command ...
check() {
  what=$1 status=$2 text=$3
  shift 3
  "$@" >out 2>err
  got=$?
  if [ "$got" -eq "$status" ] && cat out err | grep -qF -- "$text"; then judge "$what" yes; else judge "$what" no; fi
}

# what, status wanted, the only line wanted on stderr, command ... ; nothing may be on stdout
complaint() {
  what=$1 status=$2 text="flmctl: $3"
  shift 3
  "$@" >out 2>err
  got=$?
  if [ "$got" -eq "$status" ] && [ ! -s out ] && [ "$(cat err)" = "$text" ]; then judge "$what" yes; else judge "$what" no; fi
}

# A board on the pseudo terminal `bus`: scenario, options ...
serve() {
  "$FLMSIM" serve "$1" --pty bus "${@:2}" 2>served &
  server=$!
  waited=0
  until [ -e bus ] || [ $waited -ge 100 ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
}
unserve() {
  kill -INT "$server"
  wait "$server"
  server=
}

# A command on a terminal of its own, with typed keys: SHOWN KEYS ... COMMAND. After each SHOWN has come up, the script types the KEYS
# after it; the last ones again, and again, when nothing comes of them: a terminal may lose what is typed while its mode changes.
typed() {
  local from=1 waited
  : >screen
  mkfifo keyboard
  # exec: a shell that waits would have the ctrl-C too, and end with 130 whatever the program says.
  timeout 60 script -qefc "exec ${!#}" /dev/null <keyboard >screen &
  local program=$!
  exec 9>keyboard
  rm keyboard
  while [ $# -gt 1 ]; do
    waited=0
    until tail -c "+$from" screen | grep -qF -- "$1" || [ $waited -ge 200 ]; do
      sleep 0.1
      waited=$((waited + 1))
    done
    sleep 0.2
    from=$(($(wc -c <screen) + 1))
    printf '%b' "$2" >&9
    local last=$2
    shift 2
  done
  waited=0
  while kill -0 $program 2>/dev/null; do
    sleep 0.1
    waited=$((waited + 1))
    [ $((waited % 50)) -ne 0 ] || printf '%b' "$last" >&9
  done
  wait $program
  local ended=$?
  exec 9>&-
  tr -d '\r' <screen
  return $ended
}

finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}
