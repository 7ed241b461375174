# What the tests of the daemons have in common; read by bash from the folder of a test. It makes a folder, works in it, and removes
# it at the end with every program that the test has started.
folder=$(mktemp -d)
cd "$folder" || exit 1
failures=0
# What mosquitto_sub prints has blocks, which are no text.
grep() { command grep -a "$@"; }
cleanup() {
  kill -9 $(jobs -p) 2>/dev/null
  wait 2>/dev/null
  if mountpoint -q small; then umount small; fi
  cd / && rm -rf "$folder"
}
trap cleanup EXIT
ok() { echo "ok: $1"; }
# failed WHAT [TEXT]
failed() {
  echo "FAILED: $1"
  [ $# -lt 2 ] || printf '%s\n' "$2" | head -40
  failures=$((failures + 1))
}
# holds WHAT PATTERN TEXT: a line of the text matches the extended regular expression.
holds() { if grep -qE -- "$2" <<<"$3"; then ok "$1"; else failed "$1: no line like $2" "$3"; fi; }
# soon SECONDS COMMAND...: it succeeds before the time is over.
soon() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.1
  done
}
# A port that nobody listens on, below those that Linux gives to connections (32768 and up): still free when a program is started again.
free_port() {
  local port
  while port=$((10000 + RANDOM % 20000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo $port; return; }
  done
}
