#!/bin/bash
# flmctl where there is no board, or one that makes no sense: the exact message and exit status.
#   bad_board_test.sh FLMCTL FLMSIM SCENARIOS
FLMCTL=$1 FLMSIM=$2 SCENARIOS=$3
. "$(dirname "$0")/check.sh"
forms='spi:/dev/spidevB.C, a serial device, sim:SCENARIO.toml'

complaint "no port" 2 "which board? allowed: --port PORT, or FLMCTL_PORT in the environment; PORT: $forms, flmd: ('flmctl ports' lists what is here)" "$FLMCTL" version
complaint "no such device" 2 "/dev/ttyNONE: no such device; allowed: $forms ('flmctl ports' lists what is here)" "$FLMCTL" --port /dev/ttyNONE version
complaint "no such SPI" 2 "/dev/spidev9.9: no such device; allowed: $forms ('flmctl ports' lists what is here)" "$FLMCTL" --port spi:/dev/spidev9.9 version
complaint "a port of nothing" 2 "port 'spi:' names nothing; allowed: $forms" "$FLMCTL" --port spi: version
complaint "an option that is not known" 2 "port 'sim:a.toml,engin=image': option 'engin=image' is not known (did you mean 'engine'?); allowed: engine=..., eeprom=..., image=..., configure=..., speed=..." \
  "$FLMCTL" --port sim:a.toml,engin=image version
complaint "an option out of range" 2 "port '/dev/ttyS0,baud=5': baud is '5'; allowed: a whole number from 300 to 4000000" "$FLMCTL" --port /dev/ttyS0,baud=5 version
complaint "no scenario" 2 'none.toml: no such file; allowed: a scenario (.toml)' "$FLMCTL" --port sim:none.toml version
echo 'board = "flm03"' >bad.toml
check "a scenario that is wrong: the simulator says why" 2 "flmsim: bad.toml:1: key 'board' is 'flm03'; allowed: flm02a, flm02b" "$FLMCTL" --port sim:bad.toml version
check "and flmctl that it does not start" 2 'flmctl: bad.toml: the simulator refused to start' "$FLMCTL" --port sim:bad.toml version
echo text >file
complaint "a file that is not a device" 2 "file: is no serial device; allowed: $forms" "$FLMCTL" --port file version
complaint "a file that is not SPI" 2 'file: is no spidev: Inappropriate ioctl for device' "$FLMCTL" --port spi:file version
complaint "a misspelt option" 2 "'--prot' is not known; did you mean '--port'?" "$FLMCTL" --prot x version
complaint "a misspelt command" 2 "'verison' is not known; did you mean 'version'?" "$FLMCTL" verison
check "no command" 2 'A subcommand is required' "$FLMCTL"
check "a full disk" 2 'flmctl: standard output: No space left on device' sh -c '"$1" --port "$2" version >/dev/full' sh "$FLMCTL" "sim:$SCENARIOS/demo.toml"

# A user may not open a different user's device: tried where that is possible.
chmod 600 file
chmod 755 .
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
if [ "$(id -u)" -eq 0 ] && nobody test -x "$FLMCTL"; then
  complaint "no permission, root's alone" 2 \
    "$folder/file: no permission; the udev rule 60-openflm.rules opens it to group dialout: install it, 'sudo adduser \$USER dialout', then log in again (flmctl(1), DEVICES)" \
    nobody "$FLMCTL" --port "$folder/file" version
  chgrp dialout file
  chmod 660 file
  complaint "no permission, a group's" 2 "$folder/file: no permission; its group 'dialout' may: 'sudo adduser \$USER dialout', then log in again" \
    nobody "$FLMCTL" --port "spi:$folder/file" version
else
  echo "SKIPPED: no permission, which needs root"
fi

# One tool at a time.
serve "$SCENARIOS/demo.toml"
"$FLMCTL" --port bus watch --for 3 >/dev/null &
watcher=$!
sleep 1
complaint "a port in use" 2 "bus: another flmctl is using it (process $watcher); allowed: one at a time: wait for it, or end it" "$FLMCTL" --port bus version
ln -s bus alias
complaint "also by a different name" 2 "alias: another flmctl is using it (process $watcher); allowed: one at a time: wait for it, or end it" "$FLMCTL" --port alias version
wait $watcher
check "and then free" 0 'board     flm02b' "$FLMCTL" --port bus version
"$FLMCTL" --port bus watch --for 60 >out 2>&1 &
watcher=$!
sleep 1.5
unserve
wait $watcher
got=$? status=3 text='the far end has gone, or nothing came back'
judge "a far end that goes away" "$([ $got -eq 3 ] && grep -qE 'bus: (the far end has gone|nothing came back)' out && echo yes || echo no)"

# Boards that make no sense: a flmsim in the place of flmsim, which answers its lines. NAME.sh says `answer` for a message in hex: the
# bytes that come back, one for each zero that is clocked, then zeros.
mkdir fake
cp "$FLMCTL" fake/flmctl
echo "# read by a false simulator" >fake.toml
cat >fake/flmsim <<'SH'
#!/bin/sh
. ./fake.sh
rest=
zeros=$(printf '%01000d' 0)
while read -r order hex; do
  case $order in
    wait) echo "now 1.0" ;;
    meter) echo none ;;
    clock)
      if [ ${#hex} -gt 2 ]; then
        rest=$(answer "$hex")
        echo "$zeros" | cut -c "1-${#hex}"
      elif [ -n "$rest" ]; then
        byte=${rest%"${rest#??}"}
        rest=${rest#??}
        echo "$byte"
      else
        echo "${idle:-00}"
      fi ;;
    *) echo "error '$order'" ;;
  esac
done
SH
chmod +x fake/flmsim
fake() { cat >fake.sh; }
fmt_flmctl() { fake/flmctl --port sim:fake.toml "$@"; }

fake <<<'answer() { :; }'
complaint "a board that does not answer" 3 "sim:fake.toml: no answer from the board to 'gv', 5 times: only zeros came back; has it power, and is it on this port?" fmt_flmctl version
fake <<<'answer() { :; }
idle=ff'
complaint "a line that stays high" 3 "sim:fake.toml: no answer from the board to 'gv', 5 times: the line stays high; is a board on this port?" fmt_flmctl version
fake <<<'answer() { echo 4f4b0d0a; }'
complaint "a board that answers garbage" 3 "sim:fake.toml: what comes back to 'gv' is no answer of a board (4f 4b 0d 0a 4f 4b 0d 0a ...), 5 times; is this the right port and speed?" fmt_flmctl version
fake <<<'answer() { echo 6c6776303030313030326230303266ff2e75; }'
check "a wrong CRC is garbage" 3 "what comes back to 'gv' is no answer of a board" fmt_flmctl version
fake <<<'answer() { echo 6c7a7a64372e75; }'
complaint "a board that answers zz" 1 "sim:fake.toml: the board answers 'zz' to 'gv', 5 times: what reaches it is damaged, by noise or gaps that are too short" fmt_flmctl version

# A board of a different time: version, then hardware and software as they are, and what it says of itself in `health`.
cat >known.sh <<'SH'
# A reply in hex, with its CRC-8 (Dallas/Maxim) and nothing on the other channel.
reply() {
  text=$1 crc=0 hex=6c
  while [ -n "$text" ]; do
    c=$(printf %d "'${text%"${text#?}"}")
    text=${text#?}
    hex=$hex$(printf %02x "$c")
    crc=$((crc ^ c))
    for _ in 1 2 3 4 5 6 7 8; do crc=$((crc & 1 ? crc >> 1 ^ 0x8c : crc >> 1)); done
  done
  crc=$(printf %02x $crc)
  echo "$hex$(printf %02x%02x "'${crc%?}" "'${crc#?}")2e75"
}
answer() {
  case $1 in
    6c6776*) echo "$version" ;;
    6c6768*) echo "$hardware" ;;
    6c6773*) echo 6c67733031303063622e75 ;;
    6c6374*) echo 6c7a7a64372e75 ;;
    6c6772*) reply "gr$health" ;;
    6c6770*) echo 6c677030303031303266666666666637652e75 ;;
  esac
}
SH
fake <<<'. ./known.sh
version=6c677630393039303932623030326639642e75 hardware=6c676830303032303237372e75 health=0100000e10'
check "newer firmware is warned of" 0 "flmctl: warning: the board's firmware 9.9.9 is newer than this flmctl 0.1.0: what it does not know stays as it is" fmt_flmctl version
check "and used" 0 'OpenFLM 9.9.9: true_rms' fmt_flmctl version
check "the first firmware reports the up-time only" 0 'up for    01:00:00, last reset by power on' fmt_flmctl version
if grep -qE '^(supply|EEPROM)' out; then got=1; else got=0; fi
status=0 text='nothing about supply and EEPROM'
judge "and flmctl makes nothing up" "$([ $got -eq 0 ] && echo yes || echo no)"
check "nor in JSON" 0 '"reset_cause":"power on"}' fmt_flmctl version --json
fake <<<'. ./known.sh
version=6c677630393039303932623030326639642e75 hardware=6c676830303032303237372e75 health=080001e240030003ffff'
check "a low supply is said in words" 0 'supply    low: the supply is below the power-fail threshold: failures are not announced, counters are saved every 15 minutes, up to 15 minutes can be lost' fmt_flmctl version
check "so is a worn EEPROM" 0 'EEPROM    worn: an EEPROM cell has not taken its value since the last reset' fmt_flmctl version
check "and in JSON" 0 '"uptime_s":123456,"reset_cause":"watchdog","supply_low":true,"eeprom_worn":true}' fmt_flmctl version --json
fake <<<'. ./known.sh
version=6c677631312e75 hardware=6c676830303032303237372e75'
check "stock firmware is known by its hardware" 0 'firmware  stock: no statistics, no calibration, no error counters' fmt_flmctl version
check "in JSON" 0 '"board":"flm02b","hardware":"2.2","software":"1.0","firmware":null' fmt_flmctl version --json
complaint "it has no statistics" 1 'sim:fake.toml: a board with stock firmware keeps no statistics' fmt_flmctl stats 1
mkdir parts
for part in flm02b.hex flm02b.eep avrdude.conf; do echo 1 >parts/$part; done
check "a dry run for it writes the firmware's own EEPROM, not the stock one's" 0 'eeprom:w:parts/flm02b.eep:i' fmt_flmctl flash flm02b --files parts --dry-run
not_stored='the board could not store its settings and counters (a worn EEPROM cell, or an EEPROM written by a newer firmware, which it leaves alone): what was set holds until its next reset'
complaint "a commit that is answered zz" 1 "sim:fake.toml: $not_stored" fmt_flmctl raw ct
complaint "a board that falls silent" 3 "sim:fake.toml: no answer from the board to 'gb', 5 times: only zeros came back; has it power, and is it on this port?" fmt_flmctl log
fake <<<'. ./known.sh
version=6c677631312e75 hardware=6c676830303039303939362e75'
check "an unknown board" 0 'board     unknown' fmt_flmctl version
cat >house.toml <<'TOML'
board = "flm02b"
TOML
complaint "does not fit a file" 1 'house.toml: is for flm02b, and the board on sim:fake.toml is unknown; nothing was sent' fmt_flmctl config push house.toml
complaint "and cannot be pulled" 1 'sim:fake.toml: says that it is hardware 9.9, which this flmctl does not know' fmt_flmctl config pull new.toml
check "a file that was not pulled is not there" 0 gone sh -c 'test ! -e new.toml && echo gone'
# A board that works, but stores nothing: the simulator with every `ct` answered `zz`.
cat >fake/flmsim <<SH
#!/bin/bash
coproc real { exec "$FLMSIM" "\$@"; }
zz=6c7a7a64372e75 rest=
SH
cat >>fake/flmsim <<'SH'
while read -r order hex; do
  if [ "$order" = clock ] && [[ $hex = 6c6374* ]]; then
    rest=$zz
    printf '%0*d\n' ${#hex} 0
  elif [ "$order" = clock ] && [ -n "$rest" ]; then
    echo "${rest:0:2}"
    rest=${rest:2}
  else
    echo "$order${hex:+ $hex}" >&"${real[1]}"
    read -r line <&"${real[0]}"
    echo "$line"
  fi
done
SH
cat >house.toml <<TOML
board = "flm02b"
duration = 600.0
[[sensor]]
id = 1
class = "analog"
ports = [1]
[[waveform]]
port = 1
amps = 8.0
TOML
worn() { fake/flmctl --port sim:house.toml "$@"; }
complaint "a board that stores nothing says so to a counter" 1 "sim:house.toml: $not_stored" worn counter set 6 1234
complaint "to the LED" 1 "sim:house.toml: $not_stored" worn led 4
cat >config.toml <<TOML
board = "flm02b"
[[sensor]]
id = 1
class = "analog"
ports = [1]
current = 100
TOML
check "to a configuration" 1 "flmctl: sim:house.toml: $not_stored" worn --yes config push config.toml
if grep -q 'set back' err; then got=1; else got=0; fi
status=0 text='nothing set back'
judge "what was pushed is left as it is" "$([ $got -eq 0 ] && echo yes || echo no)"
check "and to a calibration, which names what it has set" 1 "$not_stored: sm 0 5" worn --yes calibrate gain --reference 1900W
rm fake/flmsim
complaint "no simulator" 2 "$folder/fake/flmsim: no simulator; a sim: port needs flmsim beside flmctl" fmt_flmctl version
finish
