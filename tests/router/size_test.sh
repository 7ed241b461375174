#!/bin/sh
# The router's programs against their budgets, which tools/flmd/README.md states, and their instructions: its processor has no
# floating-point unit.
#   size_test.sh FOLDER
set -u
folder=$1
failed=0

# PROGRAM KIB: static, and stripped no larger than that.
holds() {
  program=$folder/$1
  stripped=$(mktemp)
  mips-linux-gnu-strip -R .pdr -R .comment -o "$stripped" "$program" || failed=1
  bytes=$(stat -c %s "$stripped")
  rm -f "$stripped"
  kib=$(((bytes + 1023) / 1024))
  if [ "$kib" -le "$2" ]; then echo "ok: $1 is $kib of $2 KiB"; else failed=1; echo "FAILED: $1 is $kib KiB; allowed: $2"; fi
  if mips-linux-gnu-readelf -l "$program" | grep -q INTERP; then failed=1; echo "FAILED: $1 is not static"; fi
  # Without symbols nothing tells which functions are MIPS16e.
  if [ -z "$(mips-linux-gnu-nm "$program" 2>/dev/null)" ]; then failed=1; echo "FAILED: $1 has no symbols; the build makes it with them"; fi
  count=$(mips-linux-gnu-objdump -d --no-show-raw-insn "$program" |
    grep -cE '[[:space:]](lwc1|swc1|ldc1|sdc1|mtc1|mfc1|ctc1|cfc1|bc1[tf]|[a-z.]+\.[sd])[[:space:]]')
  [ "$count" -eq 0 ] || { failed=1; echo "FAILED: $1 has $count floating-point instructions"; }
}
holds flmd 1872
holds flmctl 960
exit $failed
