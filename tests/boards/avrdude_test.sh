#!/bin/sh
# Debian's avrdude over a board's configuration: it is understood, mistakes in it are found, and the commands of tools/flash/README.md flash a
# controller.
#   avrdude_test.sh BOARD ROOT IMAGES ISP_CHIP
set -u
board=$1 root=$2 images=$3 isp_chip=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
passed=0
failed=0

# what, status wanted, text wanted in the output, command ...
check() {
  what=$1 status=$2 text=$3
  shift 3
  "$@" >out 2>&1
  got=$?
  if [ "$got" -eq "$status" ] && { [ -z "$text" ] || grep -qF -- "$text" out; }; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $what: status $got (wanted $status, with '$text'), output:"
    cat out
  fi
}

mkdir -p boards build
ln -s "$root/boards/$board" "boards/$board"
ln -s "$images" build/firmware
conf=boards/$board/avrdude.conf

# --- the configuration ---
check "avrdude understands it" 0 'type                   = "linuxgpio";' avrdude -C "+$conf" -c "$board/s"
case $board in flm02a) clock='~3' ;; *) clock=3 ;; esac
for line in 'reset                  = ~0;' "sck                    = $clock;" 'sdo                    = 1;' 'sdi                    = 2;'; do
  check "the line '$line' of boards/README.md" 0 "$line" avrdude -C "+$conf" -c "$board/s"
done
check "without GPIO lines it gets as far as opening them" 1 '/sys/class/gpio/export' avrdude -C "+$conf" -c "$board" -p m168p

wrong() {  # what, sed command
  sed "$2" "$conf" >wrong.conf
  ! cmp -s "$conf" wrong.conf || { failed=$((failed + 1)); echo "FAILED: $1: the command changes nothing"; }
  check "$1" 1 'unable to process additional configuration file' avrdude -C +wrong.conf -c "$board/s"
}
wrong "a key with a typo is refused" 's/sdo /sdoo /'
wrong "a missing semicolon is refused" 's/~0;/~0/'
wrong "an unknown type is refused" 's/linuxgpio"/linuxgpoi"/'
wrong "a line that is not a number is refused" 's/sdi  *= 2/sdi = two/'

# --- the commands of tools/flash/README.md, on a controller ---
commands=$(sed -n '/^## With avrdude alone/,/^## /p' "$root/tools/flash/README.md" | grep '^avrdude ' |
  grep -E 'lfuse' | grep -F -- "-c $board ")
flash_commands=$(sed -n '/^## With avrdude alone/,/^## /p' "$root/tools/flash/README.md" | grep '^avrdude ' | grep -v lfuse | sed "s/flm02b/$board/g")
[ "$(echo "$commands" | wc -l)" -eq 1 ] && [ "$(echo "$flash_commands" | wc -l)" -eq 4 ] ||
  { echo "FAILED: the commands of tools/flash/README.md have changed; this test knows one for fuses and four others"; exit 1; }
command() { echo "$flash_commands" | sed -n "$1p"; }

export ISP_CHIP="$folder/chip" ISP_BOARD="$board"
on_chip() { LD_PRELOAD=$isp_chip sh -c "$1"; }
# Memories of the controller, as text: name, offset, length.
memory() { od -An -v -tx1 -j "$1" -N "$2" chip; }

# A board with some firmware and some settings.
{ yes 'stock firmware ' | head -c 16384; yes 'settings! ' | head -c 512; printf '\142\337\371'; } >chip
cp chip before
check "fuses are written" 0 'efuse verified' on_chip "$commands"
case $board in flm02a) fuses=' ec de f9' ;; *) fuses=' 6e de f9' ;; esac  # unused bits of the third read as 1
check "the controller has them" 0 "$fuses" memory 16896 3
check "flash is saved" 0 'done.' on_chip "$(command 1)"
check "EEPROM is saved" 0 'done.' on_chip "$(command 2)"
check "saving changes no flash" 0 '' cmp -n 16896 before chip

check "the image is flashed" 0 'bytes of flash verified' on_chip "$(command 3)"
avr-objcopy -O binary -R .eeprom "build/firmware/$board.elf" image.bin
check "flash holds the image" 0 '' cmp -n "$(wc -c <image.bin)" image.bin chip
check "EEPROM is empty" 1 '' sh -c 'tail -c 515 chip | head -c 512 | tr -d "\377" | grep -q .'

check "the image is flashed with saved EEPROM" 0 'bytes of eeprom verified' on_chip "$(command 4)"
check "flash holds the image again" 0 '' cmp -n "$(wc -c <image.bin)" image.bin chip
check "EEPROM holds what was saved" 0 '' cmp -i 16384 -n 512 before chip
back=$(command 4 | sed "s#build/firmware/$board.hex#saved-flash.hex#")
check "back to what was there" 0 'bytes of flash verified' on_chip "$back"
check "everything is as it was" 0 '' cmp -n 16896 before chip

export ISP_CUT=30
check "a flash that is interrupted fails" 1 'verification mismatch' on_chip "$(command 4)"
unset ISP_CUT
check "and can be repeated" 0 'bytes of flash verified' on_chip "$(command 4)"
check "the image is whole" 0 '' cmp -n "$(wc -c <image.bin)" image.bin chip

# What the configuration says about the lines matters.
sed 's/= ~0;/= 0;/' "$conf" >swapped.conf
check "a reset line that is not inverted reaches no controller" 1 'AVR device not responding' \
  on_chip "avrdude -C +swapped.conf -c $board -p m168p -U lfuse:r:-:h"
case $board in flm02a) other=3 ;; *) other='~3' ;; esac
sed "s/sck  *= .*/sck = $other;/" "$conf" >swapped.conf
check "a clock that is inverted wrongly reaches no controller" 1 'AVR device not responding' on_chip "avrdude -C +swapped.conf -c $board -p m168p -U lfuse:r:-:h"
check "the wrong controller is refused" 1 'signature' on_chip "avrdude -C +$conf -c $board -p m328p -U lfuse:r:-:h"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
