#!/bin/sh
# check.sh FILE ROOT "COMPILER OPTIONS": the file must not compile, with the message of its first line, and must with -DRIGHT.
set -eu
file=$1
root=$2
compiler=$3
expected=$(sed -n '1s|^// expect: ||p' "$file")
[ -n "$expected" ] || { echo "$file: the first line is not '// expect: MESSAGE'"; exit 1; }
options="-std=c++14 -Wall -Wextra -Werror -S -o /dev/null -I $root"

# shellcheck disable=SC2086  # a command with options
if output=$($compiler $options "$file" 2>&1); then
  echo "$file compiles, and must not"
  exit 1
fi
case $output in
  *"$expected"*) ;;
  *)
    echo "$file does not say '$expected' but:"
    echo "$output"
    exit 1
    ;;
esac
# shellcheck disable=SC2086
$compiler $options -DRIGHT "$file" || { echo "$file: what is right does not compile either"; exit 1; }
