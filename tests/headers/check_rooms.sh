#!/bin/sh
# check_rooms.sh ROOT: every include of a product file goes to its own folder, to one below it, or to what rooms.tsv allows; no rooms
# include each other in a circle; no folder has more than 15 files of code; and the table in README.md and the picture rooms.svg, both in this
# folder, are those of rooms.tsv.
# check_rooms.sh ROOT --table: prints that table. check_rooms.sh ROOT --write: writes table and picture anew.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
table() {
  printf '| folder | what lives there | what it may know |\n|---|---|---|\n'
  awk -F '\t' '!/^#/ { known = $2; gsub(/[^, ]+/, "`&`", known); printf "| `%s/` | %s | %s |\n", $1, $3, known == "" ? "nothing else" : known }' "$here/rooms.tsv"
}
if [ "${2-}" = --table ]; then
  table
  exit
fi
picture() { awk -F '\t' -f "$here/rooms_picture.awk" "$here/rooms.tsv"; }
page=$here/README.md
if [ "${2-}" = --write ]; then
  { sed '/^| folder | what lives there/,$d' "$page"; table; } >"$page.new"
  mv "$page.new" "$page"
  picture >"$here/rooms.svg"
  exit
fi
failed=0
find boards protocol hal firmware tools sim toolchain -name '*.cpp' -o -name '*.hpp' | sort |
  xargs grep -nE '^ *# *include *"' /dev/null |
  awk -F '\t' '
    # The longest line of rooms.tsv that holds a path.
    function room_of(path,   folder) {
      for (folder = path; sub(/\/[^\/]*$/, "", folder); )
        if (folder in may) return folder
      return ""
    }
    function allowed(room, path,   count, list, i) {
      if (index(path, room "/") == 1) return 1
      count = split(may[room], list, /, */)
      for (i = 1; i <= count; ++i)
        if (path == list[i] || index(path, list[i] "/") == 1) return 1
      return 0
    }
    FNR == NR { if (!/^#/) may[$1] = $2; next }
    {
      file = $0; sub(/:.*/, "", file)
      path = $0; sub(/^[^"]*"/, "", path); sub(/".*/, "", path)
      from = room_of(file); to = room_of(path)
      if (from == "" || to == "") { print file ": no room of rooms.tsv holds " (from == "" ? file : path); next }
      if (from == to) next
      if (!allowed(from, path)) print file " includes " path ": " from " may know " (may[from] == "" ? "nothing else" : may[from])
      arrow[from, to] = file " includes " path
    }
    END {
      # A room that can be reached from itself: paths of rooms, grown until nothing is new.
      for (pair in arrow) reach[pair] = 1
      do {
        grown = 0
        for (pair in reach) { split(pair, a, SUBSEP); for (next_pair in arrow) { split(next_pair, b, SUBSEP)
          if (a[2] == b[1] && !((a[1], b[2]) in reach)) { reach[a[1], b[2]] = 1; grown = 1 } } }
      } while (grown)
      for (pair in arrow) { split(pair, a, SUBSEP); if ((a[2], a[1]) in reach) print "a circle of rooms: " arrow[pair] }
    }' "$here/rooms.tsv" - | grep . && failed=1
find boards protocol hal firmware tools sim toolchain tests -name '*.cpp' -o -name '*.hpp' | sed 's:/[^/]*$::' | sort | uniq -c |
  awk '$1 > 15 { print $2 ": " $1 " files of code side by side; allowed: 15" }' | grep . && failed=1
stale() { echo "$here/$1 is not that of rooms.tsv; sh tests/headers/check_rooms.sh . --write makes it anew"; failed=1; }
[ "$(sed -n '/^| folder | what lives there/,$p' "$page")" = "$(table)" ] || stale README.md
[ "$(cat "$here/rooms.svg")" = "$(picture)" ] || stale rooms.svg
exit $failed
