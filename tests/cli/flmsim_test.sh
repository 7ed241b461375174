#!/bin/sh
# flmsim as a person meets it: exit status and message for what can go wrong, and what a good run prints.
#   flmsim_test.sh FLMSIM AVR_GXX
set -u
flmsim=$1
avr_gxx=$2
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
passed=0
failed=0

cat >good.toml <<'TOML'
board = "flm02b"
duration = 4.0
[[sensor]]
id = 1
class = "analog"
ports = [1]
[[sensor]]
id = 4
class = "pulse"
ports = [4]
constant = 0.5
[[waveform]]
port = 1
amps = 5.0
[[pulses]]
port = 4
every = 0.4
bounce = 0.002
[[host]]
at = 2.5
send = "ge 0"
[[expect]]
sensor = 1
from = 2.0
power = 1150
tolerance = "0.5%"
TOML
sed 's/power = 1150/power = 1000/' good.toml >failing.toml

# what, status wanted, text wanted on stdout or stderr, command ...
check() {
  what=$1 status=$2 text=$3
  shift 3
  "$@" >out 2>err
  got=$?
  if [ "$got" -eq "$status" ] && cat out err | grep -qF -- "$text"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $what: status $got (wanted $status), output:"
    cat out err
  fi
}

check "a run prints jsonl readings" 0 '{"t":4.000,"sensor":1,"counter":0,"power":11' "$flmsim" run good.toml --format jsonl
check "a pulse has its stamp" 0 '"sensor":4,"counter":4.5,"stamp_ms":3' "$flmsim" run good.toml --format jsonl
check "a scripted command has its reply" 0 '{"t":2.500,"host":"ge 0","reply":"ge 0 1"}' "$flmsim" run good.toml --format jsonl
check "a run prints csv" 0 't,sensor,counter,power,stamp_ms,host,reply' "$flmsim" run good.toml --format csv
check "the image gives the same" 0 '3 passed, 0 failed' "$flmsim" test good.toml --engine both
check "a failed expectation is status 1" 1 'failing.toml:22: sensor 1 power: 115' "$flmsim" run failing.toml
check "a failed test is status 1" 1 '0 passed, 1 failed' "$flmsim" test failing.toml --junit junit.xml
check "JUnit XML names the failure" 0 '<failure message="failing.toml:22: sensor 1 power' cat junit.xml

telegrams=$here/../data/p1
check "decode reads a telegram" 0 'month_peak_w            4927' "$flmsim" decode "$telegrams/emucs-peak-and-long-text.txt"
check "decode prints json" 0 '"value_litre": 92287' "$flmsim" decode "$telegrams/emucs-peak-and-long-text.txt" --format json
check "decode refuses without CRC" 1 'REFUSED at byte' "$flmsim" decode "$telegrams/dsmr22-gas-two-lines.txt"
check "decode accepts without CRC when told to" 0 '1 accepted, 0 refused' "$flmsim" decode "$telegrams/dsmr22-gas-two-lines.txt" --without-crc
check "decode: no file" 2 'none.txt: cannot be read' "$flmsim" decode none.txt
check "decode: an unknown format" 2 '{table,json}' "$flmsim" decode good.toml --format xml
check "decode: a full disk" 2 'standard output: No space left on device' sh -c '"$1" decode "$2" >/dev/full' sh "$flmsim" "$telegrams/sweden-han.txt"

check "no command" 2 'A subcommand is required' "$flmsim"
check "an unknown option" 2 '--fast' "$flmsim" run good.toml --fast
check "an unknown engine" 2 '{native,image}' "$flmsim" run good.toml --engine cpu
check "no scenario" 2 'none.toml: no such file; allowed: a scenario (.toml)' "$flmsim" run none.toml
mkdir empty
check "a folder without scenarios" 2 'empty: no scenario in this folder' "$flmsim" test empty
check "a full disk" 2 'standard output: No space left on device' sh -c '"$1" run good.toml >/dev/full' sh "$flmsim"
check "a report that cannot be written" 2 'nowhere/report.html' "$flmsim" run good.toml --report nowhere/report.html
check "a dump that cannot be written" 2 'nowhere/a.vcd' "$flmsim" run good.toml --vcd nowhere/a.vcd
check "an EEPROM of another size" 2 'good.toml: has ' "$flmsim" run good.toml --eeprom good.toml
check "an EEPROM that is not there" 2 'none.bin: cannot be read' "$flmsim" test good.toml --eeprom none.bin
check "JUnit that cannot be written" 2 'nowhere/j.xml' "$flmsim" test good.toml --junit nowhere/j.xml

firmware=$(dirname "$flmsim")/../firmware
check "an image for the other board" 2 'flm02a.elf' "$flmsim" run good.toml --engine image --image "$firmware/flm02a.elf"
check "it says which board the image is for" 2 'flm02a' "$flmsim" run good.toml --engine image --image "$firmware/flm02a.elf"
echo "no ELF" >text.elf
check "a file that is no image" 2 'text.elf' "$flmsim" run good.toml --engine image --image text.elf
check "an image that is not there" 2 'none.elf' "$flmsim" run good.toml --engine image --image none.elf
head -c 3000 "$firmware/flm02b.elf" >cut.elf
check "an image that is cut off" 2 'cut.elf' "$flmsim" run good.toml --engine image --image cut.elf
cat >hang.cpp <<'CPP'
__asm__(".section .flm_board,\"\",@progbits\n.asciz \"flm02b\"\n.text\n");
int main() {
  for (;;) {
  }
}
CPP
"$avr_gxx" -mmcu=atmega168p -Os -o hang.elf hang.cpp || exit 2
check "an image that hangs is reported, in bounded time" 1 'hang' timeout 60 "$flmsim" run good.toml --engine image --image hang.elf

sed 's/send = "ge 0"/send = "ge 0"\nreply = "ge 0 0"/' good.toml >reply.toml
check "a reply that is not the expected one" 1 'reply.toml:19: reply to "ge 0": "ge 0 1", expected "ge 0 0"' "$flmsim" run reply.toml

# serve
lines() { printf '%s\n' "$@" | "$flmsim" serve good.toml --lines; }
check "a message is clocked, time passes, the reply is clocked" 0 '6c6768303030323032' lines 'clock 6c676839332e0000' 'wait 0.01' 'clock 000000000000000000000000'
check "time passes only as it is told" 0 'now 2.500000000' lines 'wait 2.5'
check "a line that is no order" 0 "error 'clock 6c6' is none of: clock HEXDIGITS" lines 'clock 6c6'
check "serve without a place" 2 'allowed: --pty PATH, or --lines' "$flmsim" serve good.toml
check "a pseudo terminal whose name is taken" 2 'good.toml: exists' "$flmsim" serve good.toml --pty good.toml
check "a pseudo terminal in no folder" 2 'nothing/pty' "$flmsim" serve good.toml --pty nothing/pty
check "an EEPROM file of another size" 2 'allowed: an EEPROM'"'"'s 512' "$flmsim" serve good.toml --lines --eeprom good.toml
lines_kept() { printf '%s\n' "$@" | "$flmsim" serve good.toml --lines --eeprom kept.bin --engine "$engine"; }
for engine in native image; do
  rm -f kept.bin
  lines_kept 'wait 0.1' 'clock 6c736d30303030303939302e0000' 'wait 0.1' 'clock 6c637439362e0000' 'wait 0.6' >/dev/null 2>&1
  check "the EEPROM is kept between runs ($engine)" 0 '6c676d303030303039' lines_kept 'wait 0.1' 'clock 6c676d303033302e0000' 'wait 0.1' 'clock 0000000000000000000000000000000000000000'
done
"$flmsim" serve good.toml --pty bus --speed 2 2>served &
server=$!
waited=0
until [ -e bus ] || [ $waited -ge 50 ]; do sleep 0.1; waited=$((waited + 1)); done
exec 3<>bus
printf 'lgh93.\0\0' >&3
timeout 5 dd bs=1 count=8 of=echoed <&3 2>/dev/null
sleep 0.1
printf '\0\0\0\0\0\0\0\0\0\0\0\0\0' >&3
timeout 5 dd bs=1 count=13 of=reply <&3 2>/dev/null
exec 3<&-
check "the board answers on a pseudo terminal" 0 'lgh00020277.u' cat reply
kill -INT "$server"
wait "$server"
check "ctrl-C ends the service, and the link is gone" 0 "$server" sh -c "test $? -eq 0 && test ! -e bus && echo $server"

"$flmsim" run failing.toml --report nothing/r.html >/dev/null 2>&1
if [ -z "$(find . -name '*.tmp*' -o -name 'r.html*')" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: something partial was left"; fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
