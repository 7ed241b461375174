#!/bin/bash
# cppcheck over all that is ours, then clang-tidy over every source that BUILD/compile_commands.json names, headers with them.
#   lint.sh BUILD [FILE ...]         exit status 1 when one of them has something to say; .clang-tidy says what is off, and why
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
build=$1
shift
cd "$root" || exit 2
status=0

echo "cppcheck of all sources, some minutes; then clang-tidy"
# Off, with the reason:
#   duplInheritedMember   a list of wanted fields overrides one of its base's constants: that is how it is written
#   unknownMacro          nlohmann-json's, which cppcheck does not know
#   useInitializationList where the value needs an error code first
cppcheck --enable=warning,performance,portability --std=c++20 --language=c++ --inline-suppr --quiet --error-exitcode=1 -j "$(nproc)" -I . \
  --suppress=duplInheritedMember --suppress=unknownMacro --suppress=useInitializationList \
  protocol firmware hal/contract.hpp hal/pc boards sim tools || status=1

files=("$@")
if [ ${#files[@]} -eq 0 ]; then
  mapfile -t files < <(sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' "$build/compile_commands.json" | grep -E "^$root/(sim|tools|tests/(firmware|protocol))/" | sort -u)
fi
echo "clang-tidy, ${#files[@]} files"
# gcc's flags that clang does not know are no finding. A line a file says how far it is.
for i in "${!files[@]}"; do printf '%s\0%s\0' "$((i + 1))/${#files[@]}" "${files[$i]}"; done | xargs -0 -n 2 -P "$(nproc)" sh -c '
  echo "  $1  $2"
  clang-tidy -p "$0" --quiet --warnings-as-errors="*" --extra-arg=-Wno-ignored-optimization-argument --extra-arg=-Wno-unknown-warning-option "$2" 2>/dev/null ||
    { echo "FOUND in $2"; exit 1; }' "$build" || status=1
exit $status
