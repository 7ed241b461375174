#!/bin/sh
# Each program here states on its first line what stack_depth must say of it: its static RAM and worst nesting, or why there is none.
#   stack_depth_test.sh STACK_DEPTH AVR_GXX [PROGRAM ...]
set -u
stack_depth=$1
avr_gxx=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
[ $# -gt 0 ] || set -- "$here"/*.s
passed=0
failed=0

verdict() {  # right or wrong, what
  if "$1"; then passed=$((passed + 1)); else
    failed=$((failed + 1))
    echo "FAILED: $2"
    cat "$folder/out" "$folder/err"
  fi
}

for program; do
  name=$(basename "$program" .s)
  line=$(head -n 1 "$program")
  "$avr_gxx" -mmcu=atmega168p "$program" -o "$folder/$name.elf" || exit 2
  case $line in
    "; expect: "*)
      bytes=$(echo "$line" | sed 's/^; expect: \([0-9]*\) .*/\1/')
      "$stack_depth" "$folder/$name.elf" "$bytes" >"$folder/out" 2>"$folder/err"
      right=false
      grep -q " = $bytes of $bytes B: ok$" "$folder/out" && right=true
      verdict $right "$name: $line"
      # One byte less is too little, and the exit status says so.
      "$stack_depth" "$folder/$name.elf" $((bytes - 1)) >"$folder/out" 2>"$folder/err"
      status=$?
      right=false
      [ $status -eq 1 ] && grep -q " B: FAIL$" "$folder/out" && right=true
      verdict $right "$name with a byte less"
      ;;
    "; refuse: "*)
      "$stack_depth" "$folder/$name.elf" 1024 >"$folder/out" 2>"$folder/err"
      right=false
      grep -qF "${line#; refuse: }" "$folder/err" && right=true
      verdict $right "$name: $line"
      ;;
    *) echo "FAILED: $name does not say what to expect" && failed=$((failed + 1)) ;;
  esac
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
