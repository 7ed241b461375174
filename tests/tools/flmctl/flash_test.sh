#!/bin/bash
# flmctl flash on both engines, at the far end of a pseudo terminal, with an avrdude that only notes its arguments
# (unit_flash has the real one).
#   flash_test.sh FLMCTL FLMSIM SCENARIOS
FLMCTL=$1 FLMSIM=$2 SCENARIOS=$3
. "$(dirname "$0")/check.sh"

mkdir fake
cat >fake/avrdude <<'SH'
#!/bin/sh
echo "avrdude $*" >>"$CALLS"
for word; do
  case $word in
    flash:r:* | eeprom:r:*) echo :00000001FF >"$(echo "$word" | cut -d: -f3)" ;;
    flash:w:*)
      echo "writing flash ... 50%" >&2
      sleep "${FAKE_SECONDS:-0}"
      exit "${FAKE_STATUS:-0}" ;;
  esac
done
SH
chmod +x fake/avrdude
export CALLS="$folder/calls"
serve "$SCENARIOS/demo.toml" --configure
port=bus
flash() { PATH="$folder/fake:$PATH" "$FLMCTL" --port "$port" --yes flash flm02b "$@"; }
saved() { find "$XDG_STATE_HOME/openflm" -name '*.settings' | sort | tail -n 1; }
repeated='the board may have no whole firmware now. Repeat it with: flmctl flash flm02b --saved'

check "a dry run prints the commands" 0 '-U lfuse:w:0x6E:m -U hfuse:w:0xDE:m -U efuse:w:0xF9:m -U flash:w:' flash --dry-run
check "in JSON" 0 '{"commands":["avrdude -C ' flash --dry-run --json
check "without a port: also for a board with stock firmware" 0 'flm02b.eep:i' env PATH="$folder/fake:$PATH" "$FLMCTL" flash flm02b --dry-run
check "for OpenFLM its own EEPROM goes back" 0 '.eeprom.hex:i' flash --dry-run
check "and not the factory's" 0 none sh -c '"$1" --port bus flash flm02b --dry-run | grep -q flm02b.eep:i || echo none' sh "$FLMCTL"
check "a dry run for a different board than that" 1 'this is a flm02b, and it would be flashed with the firmware of a flm02a' "$FLMCTL" --port bus flash flm02a --dry-run
simulated='is simulated, and flash writes the controller that is wired to this machine; allowed: a board'
for option in '' --no-save; do
  # shellcheck disable=SC2086  # absent or one
  check "a simulated board has no controller on this machine $option" 2 "$simulated" env PATH="$folder/fake:$PATH" "$FLMCTL" --port "sim:$SCENARIOS/demo.toml" --yes flash flm02b $option
done
check "a dry run with a board works as well" 0 '-U lfuse:w:0x6E:m' "$FLMCTL" --port "sim:$SCENARIOS/demo.toml" flash flm02b --dry-run
check "and runs none" 1 'calls' cat "$CALLS"
check "a board is flashed" 0 'flashed; settings and counters are as they were' flash
check "settings are saved first" 0 'sm 0 ' cat "$(saved)"
check "the signature is checked by reading first" 0 '-c flm02b -p m168p -U flash:r:' head -n 1 "$CALLS"
check "then it is written" 0 'flash:w:' tail -n 1 "$CALLS"
check "in JSON" 0 '{"flashed":"flm02b",' flash --json
sleep 1  # saved files have the second in their names
check "a flash that fails half-way" 1 "avrdude failed (status 1): $repeated" env FAKE_STATUS=1 PATH="$folder/fake:$PATH" "$FLMCTL" --port "$port" --yes flash flm02b
check "can be repeated" 0 'flashed; settings and counters are as they were' flash --saved "$(saved)"
settings=$(saved)
sed -i 's/$/\r/' "$settings"
check "also with a file that was through an editor with CR LF" 0 'flashed; settings and counters are as they were' flash --saved "$settings"
typing="PATH='$folder/fake:$PATH' FAKE_SECONDS=30 '$FLMCTL' --port '$port' flash flm02b"
check "ctrl-C at the question" 1 'flmctl: cancelled; nothing was changed' typed '[y/N]' '\003' "env $typing"
sleep 1
check "ctrl-C while avrdude writes ends avrdude, and flmctl says what to do" 1 "avrdude failed (status 130): $repeated" \
  typed '[y/N]' 'y\n' 'writing flash' '\003' "env $typing"
check "that can be repeated too" 0 'flashed; settings and counters are as they were' flash --saved "$(saved)"
check "a saved file that is a folder" 2 '.: is a folder; allowed: one that' flash --saved .
: >empty.settings
check "a saved file that is empty" 2 'empty.settings: is empty; allowed: one that' flash --saved empty.settings
check "a saved file that does not exist" 2 'none.settings: no such file' flash --saved none.settings
check "files that are missing" 2 'missing: none/' flash --files none
check "a different board than that" 1 'this is a flm02b, and it would be flashed with the firmware of a flm02a' "$FLMCTL" --port "$port" --yes flash flm02a
check "an unknown board" 2 'flm03' "$FLMCTL" --port "$port" flash flm03
check "avrdude is missing" 2 'avrdude: No such file or directory; on Debian: apt-get install avrdude' env PATH=/nowhere "$FLMCTL" --port "$port" --yes flash flm02b
check "no answer to the question flashes nothing" 1 'flmctl: cancelled; nothing was changed' "$FLMCTL" --port "$port" flash flm02b </dev/null
unserve

for engine in native image; do
  serve "$SCENARIOS/demo.toml" --engine $engine --configure
  port=bus
  check "$engine: so do those of a board at the far end" 0 'flashed; settings and counters are as they were' flash
  unserve
done
finish
