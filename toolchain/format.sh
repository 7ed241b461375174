#!/bin/sh
# Lays out every C++ file of the tree as .clang-format says; with --check names those that are not, and changes nothing.
#   toolchain/format.sh [--check]
set -eu
cd "$(dirname "$0")/.."
folders="boards firmware hal protocol sim tests toolchain tools"
case "${1-}" in
  "") action="-i" ;;
  --check) action="--dry-run -Werror" ;;
  *) echo "format.sh: '$1' is not an option; allowed: --check" >&2; exit 2 ;;
esac
command -v clang-format >/dev/null || { echo "format.sh: clang-format is missing; install it: apt-get install clang-format" >&2; exit 2; }
# shellcheck disable=SC2086  # words
find $folders -type f \( -name '*.cpp' -o -name '*.hpp' \) -print0 | xargs -0 -n 50 -P 2 clang-format $action
