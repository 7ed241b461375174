#!/bin/sh
# check_image.sh IMAGE.elf FLASH: the size of an AVR image against a budget in bytes, and what is linked into it. RAM: stack_depth
#   flash = .text + .data; nothing copies .data (firmware/CMakeLists.txt), so there must be none
#   nowhere: floating point, heap, 64-bit division, virtual tables
#   in an interrupt, or in anything that it calls: division of any width, or an indirect call, which would hide one
# Prints one table; exit status 1 when a line of it says FAIL.
set -eu
[ $# -eq 2 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }
image=$1
flash_budget=$2
[ -r "$image" ] || { echo "$image: no such image; build it first" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
avr-size -A "$image" >"$work/sizes"
avr-nm "$image" >"$work/symbols"
avr-objdump -d --no-show-raw-insn "$image" >"$work/code"

# calls: caller callee, a line each; an indirect call's callee is "indirect".
awk '
  /^[0-9a-f]+ <.*>:$/ { caller = $2; gsub(/[<>:]/, "", caller); next }
  caller == "" { next }
  caller == "__tablejump2__" { next }  # a switch, which stays in its function
  / (e?icall|e?ijmp)([ \t]|$)/ || /\t(e?icall|e?ijmp)([ \t]|$)/ { print caller, "indirect"; next }
  /\t(r?call|r?jmp|br[a-z]+)\t/ {
    if (match($0, /<[^>]+>/) == 0) next
    callee = substr($0, RSTART + 1, RLENGTH - 2)
    sub(/\+0x[0-9a-f]+$/, "", callee)
    if (callee != caller) print caller, callee
  }
' "$work/code" | sort -u >"$work/calls"

# reached: every function that an interrupt handler of this program can reach, with the way that leads there.
awk '
  { callees[$1] = callees[$1] " " $2 }
  $1 ~ /^__vector_[0-9]+$/ && !($1 in way) { way[$1] = $1; queue[++last] = $1 }
  END {
    for (next_one = 1; next_one <= last; ++next_one) {
      one = queue[next_one]
      count = split(callees[one], list, " ")
      for (i = 1; i <= count; ++i) {
        callee = list[i]
        if (callee in way) continue
        way[callee] = way[one] " > " callee
        # Saving registers jumps back through a register: no call.
        if (callee !~ /^__(prologue|epilogue)_/) queue[++last] = callee
      }
    }
    for (name in way) print name, way[name]
  }
' "$work/calls" >"$work/reached"

failed=0
line() { printf '%-34s %-44s %s\n' "$1" "$2" "$3"; }
section() { awk -v name="$1" '$1 == name { print $2; found = 1 } END { if (!found) print 0 }' "$work/sizes"; }
budget() {  # name, used, allowed
  verdict=ok
  [ "$2" -le "$3" ] || { verdict=FAIL; failed=1; }
  line "$1" "$2 of $3 B" "$verdict"
}
absent() {  # name, what was found
  if [ -z "$2" ]; then
    line "$1" none ok
  else
    failed=1
    line "$1" "$(echo "$2" | head -n 1)" FAIL
    echo "$2" | tail -n +2 | sed 's/^/                                   /'
  fi
}
linked() { awk '{ print $NF }' "$work/symbols" | grep -E "$1" | sort -u || :; }
reached() { awk -v pattern="$1" '$1 ~ pattern { sub(/^[^ ]+ /, ""); print }' "$work/reached" | sort; }

text=$(section .text)
data=$(section .data)
echo "$image"
budget "flash (.text + .data)" $((text + data)) "$flash_budget"
budget "initialised variables (.data)" "$data" 0
absent "floating point" "$(linked '^__(fp_.*|(add|sub|mul|div|neg|eq|ne|lt|le|gt|ge|cmp|unord)[sd]f[23]|fix(uns)?[sd]f[sd]i|float(un)?[sd]i[sd]f|(extend|trunc)[sd]f[sd]f2)$')"
absent "heap" "$(linked '^(malloc|calloc|realloc|free|sbrk|__brkval|_Zn[wa].*|_Zd[la].*)$')"
absent "64-bit division" "$(linked '^__(udiv|div|umod|mod|udivmod)(di[34]|mod64|64)$')"
absent "virtual tables" "$(linked '^_ZT[VIS]|^__cxa_pure_virtual$')"
vectors=$(grep -cE '^__vector_[0-9]+ ' "$work/reached" || :)
[ "$vectors" -gt 0 ] || { line "interrupt handlers" none FAIL; failed=1; }
absent "division in $vectors interrupt handlers" "$(reached '^__(u?div|u?mod|u?divmod)[a-z]*[0-9]*$')"
absent "indirect calls in interrupts" "$(reached '^indirect$')"
exit "$failed"
