#!/bin/sh
# flmsim as the user meets it: exit status and message for what can go wrong, and what a good run prints.
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
  if [ "$got" -eq "$status" ] && { [ -z "$text" ] || cat out err | grep -qF -- "$text"; }; then
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
check "decode accepts without CRC when asked to" 0 '1 accepted, 0 refused' "$flmsim" decode "$telegrams/dsmr22-gas-two-lines.txt" --without-crc
check "decode: no file" 2 'none.txt: no such file; allowed: a file with P1 telegrams' "$flmsim" decode none.txt
check "decode: an unknown format" 2 'allowed: table, json; ' "$flmsim" decode good.toml --format xml
check "decode: a full disk" 2 'standard output: No space left on device' sh -c '"$1" decode "$2" >/dev/full' sh "$flmsim" "$telegrams/sweden-han.txt"

check "no command" 2 'A subcommand is required: run, test, serve or decode' "$flmsim"
check "a scenario without a command" 2 "'good.toml' is not a command; allowed: run, test, serve, decode" "$flmsim" good.toml
check "an option without its value" 2 '--report has no value' "$flmsim" run good.toml --report
check "an image that the engine does not run" 0 'warning: --image failing.toml: is not run, the engine is native' "$flmsim" run good.toml --image failing.toml
check "a run that cannot begin prints nothing" 0 '' sh -c '"$1" run good.toml --eeprom good.toml >none; "$1" run good.toml --engine image --image good.toml >>none; test ! -s none' sh "$flmsim"
check "an unknown option" 2 '--fast' "$flmsim" run good.toml --fast
check "an unknown engine" 2 'allowed: native, image; ' "$flmsim" run good.toml --engine cpu
check "no scenario" 2 'none.toml: no such file; allowed: a scenario (.toml)' "$flmsim" run none.toml
mkdir empty
check "a folder without scenarios" 2 'empty: no scenario in this folder' "$flmsim" test empty
check "a full disk" 2 'standard output: No space left on device' sh -c '"$1" run good.toml >/dev/full' sh "$flmsim"
check "a report that cannot be written" 2 'nowhere/report.html' "$flmsim" run good.toml --report nowhere/report.html
check "a dump that cannot be written" 2 'nowhere/a.vcd' "$flmsim" run good.toml --vcd nowhere/a.vcd
check "an EEPROM of the wrong size" 2 'good.toml: has ' "$flmsim" run good.toml --eeprom good.toml
check "an EEPROM that is not there" 2 'none.bin: no such file; allowed: an EEPROM' "$flmsim" test good.toml --eeprom none.bin
check "JUnit that cannot be written" 2 'nowhere/j.xml' "$flmsim" test good.toml --junit nowhere/j.xml

# An output is never an input or a second output, and replaces its own kind only; all of it is said before the run.
printf 'seconds,amps\n0,1\n0.5,1\n1,1\n' >current.csv
printf '0,1\n1,0\n1.1,1\n' >edges.csv
cat >files.toml <<'TOML'
board = "flm02b"
duration = 1e6
[[waveform]]
port = 1
file = "current.csv"
[[pulses]]
port = 4
file = "edges.csv"
[[serial]]
port = 6
file = "telegram.txt"
[[radio]]
file = "packets.txt"
TOML
cp "$telegrams/sweden-han.txt" telegram.txt
: >packets.txt
echo "my notes" >notes.txt
mkdir linked
ln -s ../current.csv linked/a.html
ln edges.csv linked/b.html
for output in --report --vcd; do
  check "$output: the scenario" 2 'is the scenario, which' "$flmsim" run files.toml "$output" ./linked/../files.toml
  check "$output: a waveform, by a link" 2 'is a waveform of files.toml' "$flmsim" run files.toml "$output" linked/a.html
  check "$output: the pulses, by a hard link" 2 'is the pulses of files.toml' "$flmsim" run files.toml "$output" linked/b.html
  check "$output: a telegram" 2 'is the bytes for port 6' "$flmsim" run files.toml "$output" "$PWD/telegram.txt"
  check "$output: packets" 2 'is the packets of files.toml' "$flmsim" run files.toml "$output" packets.txt
  check "$output: the user's notes" 2 'notes.txt: is there and is not' "$flmsim" run files.toml "$output" notes.txt
  check "$output: a folder" 2 'linked: cannot write: is a folder' "$flmsim" run files.toml "$output" linked
  check "$output: a device" 2 '/dev/full: cannot write: not a regular file' "$flmsim" run files.toml "$output" /dev/full
  check "$output: no name" 2 'is empty; allowed: the name of a file' "$flmsim" run files.toml "$output" ''
done
check "two outputs in one file" 2 'would write the same file' "$flmsim" run files.toml --report new.html --vcd ./new.html
check "the image is not an output" 2 'is the image, which --vcd would overwrite' "$flmsim" run good.toml --image edges.csv --vcd edges.csv
head -c 512 /dev/zero >board.bin
check "the EEPROM is not an output" 2 'is the EEPROM, which --report would overwrite' "$flmsim" run good.toml --eeprom board.bin --report board.bin
check "JUnit is not a scenario" 2 'is a scenario, which --junit would overwrite' "$flmsim" test . --junit failing.toml
check "JUnit is not a file of a scenario" 2 'is a waveform of ' "$flmsim" test files.toml --junit current.csv
check "an EEPROM that is kept is not a scenario" 2 'is the scenario, which --eeprom would overwrite' "$flmsim" serve good.toml --lines --eeprom good.toml
check "they are as they were" 0 'my notes' cat notes.txt
check "a report replaces a report" 0 'report.html' sh -c '"$1" run good.toml --report report.html && "$1" run good.toml --report report.html' sh "$flmsim"
check "a dump replaces a dump" 0 'simulated' sh -c '"$1" run good.toml --vcd a.vcd && "$1" run good.toml --vcd a.vcd' sh "$flmsim"
check "JUnit replaces JUnit" 0 '1 passed' "$flmsim" test good.toml --junit junit.xml

# A file is called what it is.
: >empty.toml
check "a scenario that is a folder" 2 'linked: is a folder; allowed: a scenario (.toml)' "$flmsim" run linked
check "an empty scenario" 2 'empty.toml: is empty; allowed: a scenario (.toml)' "$flmsim" serve empty.toml --lines
check "a scenario in a file" 2 'is in no folder: a part of its path is a file' "$flmsim" run good.toml/s.toml
check "a device for a scenario" 2 'is a device or a pipe; allowed: a scenario (.toml)' "$flmsim" run /dev/null
check "an EEPROM that is a folder" 2 'linked: is a folder; allowed: an EEPROM' "$flmsim" run good.toml --eeprom linked
check "an image that is a folder" 2 'linked: is a folder; allowed: an AVR image (.elf)' "$flmsim" run good.toml --image linked
check "decode of a folder" 2 'linked: is a folder; allowed: a file with P1 telegrams' "$flmsim" decode linked
check "decode of a pipe" 0 '1 accepted' sh -c 'mkfifo pipe; cat "$2" >pipe & "$1" decode pipe' sh "$flmsim" "$telegrams/sweden-han.txt"

# A test runs what it can.
mkdir some
cp good.toml some/b.toml
sed 's/ports = /prots = /' good.toml >some/a.toml
sed 's/amps = 5.0/file = "..\/notes.csv"/' good.toml >some/c.toml
echo "my notes" >notes.csv
check "a broken scenario does not keep the others from running" 2 'passed  some/b.toml [native]' "$flmsim" test some --junit some.xml
check "it is reported on standard error" 2 'flmsim: some/a.toml:' sh -c 'exec "$1" test some >/dev/null' sh "$flmsim"
check "the sum" 0 '1 passed, 2 failed' sh -c '"$1" test some; true' sh "$flmsim"
check "JUnit has the broken scenario" 0 '<testcase classname="flmsim" name="some/a.toml">' cat some.xml
check "JUnit has what is wrong with it" 0 '<failure message="some/a.toml:6: ' cat some.xml
check "JUnit has the broken recording" 0 '<testcase classname="flmsim" name="some/c.toml [native]">' cat some.xml
check "JUnit has the sum" 0 'tests="3" failures="2"' cat some.xml
rm -rf some files.toml empty.toml

# Full disks and closed files.
for command in "run good.toml" "run good.toml --format csv" "test good.toml" "--help" "run --help" "--version"; do
  # shellcheck disable=SC2086  # words
  check "$command on a full disk" 2 'flmsim: standard output: ' sh -c 'exec "$0" "$@" >/dev/full' "$flmsim" $command
  # shellcheck disable=SC2086
  check "$command without standard output" 2 'flmsim: standard output: ' sh -c 'exec "$0" "$@" >&-' "$flmsim" $command
done
check "lines on a full disk" 2 'standard output: ' sh -c 'echo meter | "$1" serve good.toml --lines >/dev/full' sh "$flmsim"
check "standard error on a full disk" 2 '' sh -c '"$1" run none.toml 2>/dev/full' sh "$flmsim"
check "a closed standard input ends lines" 0 '' timeout 10 sh -c '"$1" serve good.toml --lines <&-' sh "$flmsim"
check "a closed standard input is no matter to a run" 0 'simulated' timeout 10 sh -c '"$1" run good.toml <&-' sh "$flmsim"

# Ctrl-C: whole lines, and what is missing.
sed 's/duration = 4.0/duration = 1e6/' good.toml >long.toml
interrupted() { timeout -s INT --preserve-status 1 "$flmsim" "$@" >out.long 2>err.long; }
check "ctrl-C ends a run as a signal does" 130 '' interrupted run long.toml --format jsonl --report long.html --vcd long.vcd
check "it says what is missing" 0 's; missing: the readings after it, the expectations, the report and the dump' cat err.long
check "the last line is whole" 0 '}' sh -c 'test -z "$(tail -c 1 out.long)" && tail -n 1 out.long | grep "^{.*}$"'
check "no file is there" 0 '' sh -c 'test ! -e long.html && test ! -e long.vcd'
check "ctrl-C ends a test" 130 '' interrupted test good.toml long.toml good.toml --junit long.xml
check "what was tested stands there" 0 '1 passed, 0 failed' cat out.long
check "it says how much was not tested" 0 'interrupted; missing: 2 of 3 scenarios, and the JUnit file' cat err.long
rm long.toml

# Words that were meant.
check "a command that is nearly one" 2 "'rnu' is not known; did you mean 'run'?" "$flmsim" rnu
check "an option that is nearly one" 2 "'--fromat' is not known; did you mean '--format'? 'flmsim run --help' says more" "$flmsim" run good.toml --fromat csv
check "a word that is nearly one" 2 "did you mean 'jsonl'?" "$flmsim" run good.toml --format jsonnl
check "the help of the command" 2 "'flmsim decode --help' says more" "$flmsim" decode
check "a speed outside" 2 "allowed: a number from 0.001 to 10000" "$flmsim" serve good.toml --pty bus --speed 0

# A clamp at the end of the converter's range.
sed '/expect/,$d; s/amps = 5.0/amps = 50.0/' good.toml >clipped.toml
sed '/expect/,$d; s/amps = 5.0/amps = 37.0/' good.toml >near.toml
check "jsonl says that a clamp is clipped" 0 ',"clipped":true}' "$flmsim" run clipped.toml --format jsonl
check "so does the table" 0 ' W  clipped' "$flmsim" run clipped.toml
check "and a sentence" 0 'warning: sensor 1: clipped in ' "$flmsim" run clipped.toml --format csv
check "both engines say it" 0 '6 passed' "$flmsim" test near.toml clipped.toml --engine both
check "a current that fits is not" 1 '' sh -c '"$1" run near.toml --format jsonl 2>&1 | grep clipped' sh "$flmsim"
rm clipped.toml near.toml

firmware=$(dirname "$flmsim")/../firmware
check "an image for the other board" 2 'flm02a.elf' "$flmsim" run good.toml --engine image --image "$firmware/flm02a.elf"
check "it says which board the image is for" 2 'flm02a' "$flmsim" run good.toml --engine image --image "$firmware/flm02a.elf"
echo "no ELF" >text.elf
check "a file that is not an image" 2 'text.elf' "$flmsim" run good.toml --engine image --image text.elf
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
check "time passes only on command" 0 'now 2.500000000' lines 'wait 2.5'
check "a line that is not an order" 0 "error 'clock 6c6' is none of: clock HEXDIGITS" lines 'clock 6c6'
check "serve without a place" 2 'allowed: --pty PATH, or --lines' "$flmsim" serve good.toml
check "a pseudo terminal whose name is taken" 2 'good.toml: exists' "$flmsim" serve good.toml --pty good.toml
check "a pseudo terminal in no folder" 2 'nothing/pty: there is no folder ' "$flmsim" serve good.toml --pty nothing/pty
head -c 511 /dev/zero >short.bin
check "an EEPROM file of the wrong size" 2 "short.bin: is there and is not an EEPROM's 512 bytes" "$flmsim" serve good.toml --lines --eeprom short.bin
lines_kept() { printf '%s\n' "$@" | "$flmsim" serve good.toml --lines --eeprom kept.bin --engine "$engine"; }
for engine in native image; do
  rm -f kept.bin
  lines_kept 'wait 0.1' 'clock 6c736d30303030303939302e0000' 'wait 0.1' 'clock 6c637439362e0000' 'wait 0.6' >/dev/null 2>&1
  check "the EEPROM is kept between runs ($engine)" 0 '6c676d303030303039' lines_kept 'wait 0.1' 'clock 6c676d303033302e0000' 'wait 0.1' 'clock 0000000000000000000000000000000000000000'
done
mkfifo never_ends
sleep 30 >never_ends &
holder=$!
check "ctrl-C ends lines, and the EEPROM is kept" 0 '' sh -c 'rm -f kept.bin; timeout --foreground -s INT --preserve-status 1 "$1" serve good.toml --lines --eeprom kept.bin <never_ends; test $? -eq 0 -a -s kept.bin' sh "$flmsim"
kill "$holder"
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
