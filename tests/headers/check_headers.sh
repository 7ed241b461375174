#!/bin/sh
# check_headers.sh alone ROOT "COMPILER OPTIONS" FOLDER...   compiles every header of the folders by itself
# check_headers.sh words ROOT                                holds library headers and words against what the controller has
set -eu
mode=$1
cd "$2"
shift 2
failed=0

# Not alone, by design: they name the image's one `sensor_board` object and `ThisBoard`, which the image's main file defines first.
not_alone='hal/avr/[a-z]*_*vectors\.hpp'

alone() {
  compiler=$1
  shift
  count=0
  for header in $(find "$@" -name '*.hpp' | sort); do
    ! echo "$header" | grep -qx "$not_alone" || continue
    count=$((count + 1))
    # Twice: a header without an include guard is found out.
    printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
      $compiler -x c++ -Wall -Wextra -Wundef -Werror -fsyntax-only -I . - || { echo "FAILED: $header"; failed=1; }
  done
  echo "$count headers with $compiler"
  [ "$count" -gt 0 ] || failed=1
}

# complain MESSAGE: for every line on standard input.
complain() {
  while read -r line; do
    echo "$1: $line"
    touch "$complaints"
  done
}

# Source lines without comments and strings, as file:line:text.
code_of() {
  for header in $(find "$@" -name '*.hpp' | sort); do
    sed -e 's/"[^"]*"/""/g' -e 's://.*$::' "$header" | grep -n . | sed "s|^|$header:|"
  done
}

words() {
  complaints=$(mktemp -u)
  grep -rnE --include='*.hpp' '^ *# *include *<' protocol boards firmware | grep -vE '<(stdint|stddef)\.h>|^(protocol/crc16\.hpp:.*<util/crc16\.h>|firmware/flash\.hpp:.*<avr/pgmspace\.h>)' |  # avr-libc's, where there is one
    complain 'no library header but <stdint.h> and <stddef.h>' || :
  code_of protocol boards firmware | grep -E '__AVR' | complain 'only hal/ and toolchain/ know the compiler target' || :
  code_of protocol boards firmware | grep -wE 'long' | complain 'long has a different width on the AVR' || :
  code_of protocol boards firmware | grep -E '(^|[^_[:alnum:]])abs *\(' | complain 'abs is of int, 16 bits on the AVR' || :
  [ ! -e "$complaints" ] || { rm -f "$complaints"; failed=1; }
}

case $mode in
  alone) alone "$@" ;;
  words) words ;;
  *) exit 2 ;;
esac
exit "$failed"
