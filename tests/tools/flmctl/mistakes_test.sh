#!/bin/bash
# Mistakes of the user at flmctl, and outside disturbances: scripts of other systems, full disks, closed files, ctrl-C, a board that goes away.
#   mistakes_test.sh FLMCTL FLMSIM SCENARIOS
FLMCTL=$1 FLMSIM=$2 SCENARIOS=$3
here=$(cd "$(dirname "$0")" && pwd)
. "$here/check.sh"
manual=$here/../../../tools/flmctl/flmctl.1
cat >house.toml <<TOML
board = "flm02b"
duration = 600.0
[[sensor]]
id = 2
class = "analog"
ports = [2]
[[waveform]]
port = 2
amps = 4.0
TOML
head -n 2 house.toml >bare.toml
port=sim:house.toml
flmctl() { timeout -k 1 60 "$FLMCTL" --port "$port" "$@"; }

# Scripts.
from() { printf "$1" | flmctl console; }
same=$(printf 'gm 1\nge 1\n' | flmctl console)
for text in 'gm 1\r\nge 1\r\n' 'gm 1\rge 1\r' 'gm 1\r\n\r\nge 1' '\xef\xbb\xbfgm 1\nge 1\n' '\tgm\t1 \r\n# a note\r\nge 1\r\n'; do
  from "$text" >out 2>err
  got=$? what="a script as $text" status=0 text=$same
  judge "$what" "$([ $got -eq 0 ] && [ "$(cat out)" = "$same" ] && [ ! -s err ] && echo yes || echo no)"
done
check "'wait' and 'quit' with CR LF" 0 'ge 1 1' from 'wait 1.5\r\nge 1\r\nquit\r\nnonsense\r\n'
check "a wrong line is still one" 2 "'gm x': 'x' is out of range" from 'gm x\r\n'
from_folder() { flmctl console <"$folder"; }
check "a program for a script" 2 'standard input: is a program or an image, not text' sh -c '"$1" --port "$2" console <"$1"' sh "$FLMCTL" "$port"
check "a script in UTF-16" 2 'standard input: is UTF-16: save it as UTF-8' from '\xff\xfeg\x00h\x00\n\x00'
complaint "a folder for a script" 2 'standard input: is a folder' from_folder

# Full disks and closed files. A command that does not notice would run for a day, or for ever.
full='flmctl: standard output: No space left on device'
disk() { flmctl "$@" >/dev/full; }
for words in version 'watch --for 86400' 'watch --for 86400 --jsonl' 'counter get' log 'stats 2' led 'config pull -' 'raw gh' 'calibrate report' 'ports' 'flash flm02b --dry-run' \
  'selftest --for 0.1'; do
  # shellcheck disable=SC2086  # words
  check "$words, a full disk" 2 "$full" disk $words
done
script_to_disk() { yes 'gh' | head -n 1000000 | disk console; }
check "console, a full disk" 2 "$full" script_to_disk
check "help, a full disk" 2 'flmctl: standard output:' disk watch --help
closed_out() { flmctl "$@" >&-; }
check "standard output is closed" 2 'flmctl: standard output: is closed' closed_out version
closed_in() { flmctl "$@" <&-; }
closed_in console >out 2>err
got=$? status=0 text='nothing'
judge "a script that is closed has no lines" "$([ $got -eq 0 ] && [ ! -s out ] && [ ! -s err ] && echo yes || echo no)"
check "nor is it a yes" 1 'flmctl: cancelled' closed_in calibrate gain --reference 1000W --seconds 5
all_closed() { flmctl version <&- >&- 2>&-; }
all_closed
got=$? status=2 text='' what="all closed: the status says it"
judge "$what" "$([ $got -eq 2 ] && echo yes || echo no)"

# Ctrl-C.
cut() { timeout -s INT 4 "$FLMCTL" --port "$port,speed=1" "$@"; }
status=124 text='s are missing'
cut watch --for 60 --jsonl >out 2>err
got=$?
judge "ctrl-C leaves whole lines, and says what is missing" "$([ "$(tail -c 2 out)" = "}" ] && grep -qE 'stopped after [123] s; the readings of the last 5[789] s are missing' err && ! grep -vq '^{.*}$' out && echo yes || echo no)"
cut_script() { printf 'gh\nwait 50\ngm 1\n' | cut console; }
check "in a script it is the end" 124 'stopped after line 2 of the script; what comes after it was not sent' cut_script
if grep -q 'gm 1' out; then got=1; else got=0; fi
status=0 text='gm 1 is not sent'
judge "nothing more is sent" "$([ $got -eq 0 ] && echo yes || echo no)"

# Nothing enabled.
port=sim:bare.toml
check "watch: nothing is enabled" 0 'sim:bare.toml: no sensor is enabled, so there are no readings' flmctl watch --for 3
check "in JSON lines" 0 'no sensor is enabled' flmctl watch --for 3 --jsonl
check "in the table" 0 'no sensor is enabled' script -qec "stty cols 100 rows 20; '$FLMCTL' --port '$port' watch --for 2" /dev/null </dev/null
port=sim:house.toml
left() { script -qec "stty cols 100 rows 20; '$FLMCTL' --port '$port' watch --for 2" /dev/null </dev/null | sed '1,/1049l/d'; }
check "the last table stays on the terminal" 0 ' 2    analog' left
check "and says what its charts mean" 0 'each chart has a scale of its own' left

# Files.
echo 'my notes' >notes.txt
printf 'board = "flm02b"\n[[sensor]\n' >broken.toml
mkdir folder
check "pull over notes" 2 'notes.txt: is there and is not a configuration (.toml)' flmctl config pull notes.txt --yes
check "pull over the scenario" 2 'house.toml: is the scenario, which config pull would overwrite' flmctl config pull house.toml --yes
cp house.toml other.toml
check "pull over a different scenario" 2 'other.toml: is there and is not a configuration' flmctl config pull other.toml --yes
check "pull into a folder" 2 'folder: cannot write: is a folder' flmctl config pull folder
check "pull into a folder that is not there" 2 'none/c.toml: cannot write: there is no folder' flmctl config pull none/c.toml
check "pull over a configuration that cannot be read asks" 1 'broken.toml:2: ' flmctl config pull broken.toml </dev/null
check "it is as it was" 0 '[[sensor]' cat broken.toml
check "and --yes replaces it" 0 'settings of the board' flmctl config pull broken.toml --yes
check "which mends it" 0 'the board is as the file says' flmctl config diff broken.toml
: >empty.toml
check "pull into an empty file" 0 'settings of the board' flmctl config pull empty.toml
check "a scenario for an EEPROM" 2 'house.toml: is the scenario, which eeprom= would overwrite' "$FLMCTL" --port sim:house.toml,eeprom=house.toml version
check "notes for an EEPROM" 2 "notes.txt: is there and is not an EEPROM's 512 bytes" "$FLMCTL" --port sim:house.toml,eeprom=notes.txt version
check "a folder for a scenario" 2 'folder: is a folder; allowed: a scenario (.toml)' "$FLMCTL" --port sim:folder version
check "an empty scenario" 2 'zero.toml: is empty; allowed: a scenario (.toml)' sh -c ': >zero.toml; "$1" --port sim:zero.toml version' sh "$FLMCTL"
check "an image that is not there" 2 'none.elf: no such file; allowed: an AVR image (.elf)' "$FLMCTL" --port sim:house.toml,engine=image,image=none.elf version
check "the notes are there" 0 'my notes' cat notes.txt

check "a program for a configuration" 2 'program.toml: is a program or an image, not text; allowed: a configuration (.toml)' \
  sh -c 'cp "$1" program.toml; "$1" config check program.toml' sh "$FLMCTL"

# Words.
check "a limit in words" 2 "SENSOR: '7' is not allowed; allowed: a whole number from 1 to 6; 'flmctl counter get --help' says more" flmctl counter get 7
check "no whole number" 2 "allowed: a whole number from 5 to 600; 'flmctl calibrate zero --help' says more" flmctl calibrate zero --seconds 7.5
check "a decimal comma" 2 "'2,5' is not allowed; allowed: a number from 0.1 to 1440, with a point" flmctl selftest --for 2,5
check "no number" 2 "--for: 'ten' is not allowed; allowed: a number from 1 to 1000000000" flmctl watch --for ten
check "an unknown board" 2 "'flm02' is not known (did you mean 'flm02a'?); allowed: flm02a, flm02b; 'flmctl flash --help' says more" flmctl flash flm02
check "a typo in a sub-command" 2 "'pul' is not known; did you mean 'pull'? 'flmctl config --help' says more" flmctl config pul x.toml
check "a typo in an option" 2 "'--json1' is not known; did you mean '--jsonl'? 'flmctl watch --help' says more" flmctl watch --json1
check "an option without its value" 2 "flmctl: --for has no value; 'flmctl watch --help' says more" flmctl watch --for
check "an unknown command" 2 "'completions' is not a command; allowed: version, watch, " "$FLMCTL" completions
check "a word too many" 2 "'10' is one word too many; 'flmctl watch --help' says more" flmctl watch 10
check "a board in capitals" 2 "'FLM02B' is not known (did you mean 'flm02b'?)" flmctl flash FLM02B
check "two that exclude each other" 2 '--saved excludes --no-save' flmctl flash flm02b --saved notes.txt --no-save --dry-run
check "a scenario as a serial device" 2 "house.toml: is no serial device (did you mean 'sim:house.toml'?)" "$FLMCTL" --port house.toml version
check "a prefix that is misspelt" 2 "simm:house.toml: no such device (did you mean 'sim:'?)" "$FLMCTL" --port simm:house.toml version
check "a port's option without a value" 2 "option 'eeprom' has no value; allowed: eeprom=..." "$FLMCTL" --port sim:house.toml,eeprom= version
check "a port that ends in a comma" 2 'nothing stands behind a comma; allowed: engine=' "$FLMCTL" --port sim:house.toml, version
check "a port's limit in words" 2 "speed is 'fast'; allowed: a number from 0.001 to 10000" "$FLMCTL" --port sim:house.toml,speed=fast version
check "a folder for a device" 2 'folder: cannot be opened: is a folder' "$FLMCTL" --port folder version
check "a folder for a configuration" 2 'folder: is a folder; allowed: a configuration (.toml)' flmctl config push folder
check "an empty configuration" 2 'zero.toml: is empty; allowed: a configuration (.toml)' flmctl watch --config zero.toml
check "what is missing" 2 "FILE is required; 'flmctl config push --help' says more" flmctl config push

# A board that goes away and comes back.
serve house.toml --configure
"$FLMCTL" --port bus watch --keep-on --for 12 --jsonl >kept 2>kept_err &
watcher=$!
sleep 3.5
unserve
sleep 2
serve house.toml --configure
wait $watcher
got=$? status=0 text='"board":"lost" and "board":"back"'
cp kept out; cp kept_err err
judge "watch --keep-on outlives a board that is lost" "$([ $got -eq 0 ] && grep -q '"board":"lost"' kept && grep -q '"board":"back","missed_s":' kept && echo yes || echo no)"
judge "says so" "$(grep -q 'the board is back at' kept_err && echo yes || echo no)"
judge "and reads on" "$(sed '1,/"back"/d' kept | grep -q '"sensor":2' && echo yes || echo no)"
"$FLMCTL" --port bus watch --keep-on --for 6 --jsonl >kept 2>kept_err &
watcher=$!
sleep 2.5
unserve
wait $watcher
got=$? status=3 text='is not back'
cp kept_err err
judge "one that stays away is said so at the end" "$([ $got -eq 3 ] && grep -q "$text" kept_err && echo yes || echo no)"
check "a port that never was is not a lost board" 2 'none: no such device' "$FLMCTL" --port ./none watch --keep-on --for 2

# The manual page has every option and command that --help lists.
sed 's/\\-/-/g; s/\\f.//g; s/"//g' "$manual" >manual
commands() {  # of one command
  "$FLMCTL" "$@" --help | sed -n '/^Subcommands:/,$s/^  \([a-z][a-z]*\) .*/\1/p'
}
look() {
  local word
  for word in $("$FLMCTL" "$@" --help | grep -oE '^ +(-[a-z],)?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
    grep -qE -- "$word([^a-z-]|\$)" manual || echo "flmctl $*: $word"
  done
  for word in $(commands "$@"); do
    grep -qw "$word" manual || echo "flmctl $* $word"
    look "$@" "$word"
  done
}
look >out
: >err
got=$(wc -l <out) status=0 text='nothing'
judge "the manual page has every option" "$([ "$got" -eq 0 ] && echo yes || echo no)"
finish
