#!/bin/sh
# A third board is a folder and two lines: its image is built, and a scenario reads the same on it as on the board that it is a copy of,
# on both engines.
#   made_up_board_test.sh ROOT SCRATCH MADE_UP_FLMSIM FLMSIM      SCRATCH/boards has the board (made_up_board.cmake)
set -u
root=$1 scratch=$2 made_up=$3 flmsim=$4
failed=0
fail() { failed=1; echo "FAILED: $*"; }

lines=$(diff "$root/boards/all.hpp" "$scratch/boards/all.hpp" | grep -c '^>')
[ "$lines" -eq 2 ] || fail "$lines lines of all.hpp name the board, not 2"

# Its image: the tree that an image is built from, with the folder of boards that has it.
for folder in CMakeLists.txt firmware protocol hal toolchain; do
  rm -rf "${scratch:?}/tree/$folder"
  mkdir -p "$scratch/tree"
  cp -r "$root/$folder" "$scratch/tree/" || exit 2
done
rm -rf "$scratch/tree/boards"
cp -r "$scratch/boards" "$scratch/tree/"
build_image() {
  cmake -S "$scratch/tree" -B "$scratch/image" -DCMAKE_TOOLCHAIN_FILE="$scratch/tree/toolchain/avr-gcc.cmake" -DFLM_BOARD=flm99x \
    -DCMAKE_BUILD_TYPE=MinSizeRel && cmake --build "$scratch/image"
}
if ! build_image >"$scratch/log" 2>&1; then
  cat "$scratch/log"
  fail "its image is not built"
fi

# Readings of a scenario, of this board and of the one that it is a copy of.
mkdir -p "$scratch/scenarios" && ln -sfn "$root/tests/data" "$scratch/data"
for name in radio pulses-on-ports-2-3; do
  sed 's/flm02b/flm99x/' "$root/tests/scenarios/$name.toml" >"$scratch/scenarios/$name.toml"
  for engine in native image; do
    image=""
    [ $engine = native ] || image="--image $scratch/image/firmware/flm99x.elf"
    # shellcheck disable=SC2086  # none, or two words
    "$made_up" run "$scratch/scenarios/$name.toml" --engine $engine $image --format jsonl >"$scratch/its" 2>"$scratch/errors" ||
      { cat "$scratch/errors"; fail "$name on the $engine engine"; }
    "$flmsim" run "$root/tests/scenarios/$name.toml" --engine $engine --format jsonl >"$scratch/theirs" 2>/dev/null
    if ! [ -s "$scratch/its" ] || ! cmp "$scratch/its" "$scratch/theirs"; then
      fail "$name reads differently on the $engine engine"
    fi
  done
done
"$flmsim" run "$scratch/scenarios/radio.toml" 2>&1 | grep -qF "allowed: flm02a, flm02b" || fail "flmsim of this tree knows the board"

[ $failed -eq 0 ] && echo "a third board is a folder and two lines"
exit $failed
