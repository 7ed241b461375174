#!/bin/sh
# Paths that documents and comments name exist: a file or folder of this tree, or a module of one (sim/world/air).
#   paths_test.sh SOURCE
# A path begins with a top folder, and then is meant from the root or from the folder of the file that names it; or it ends like a source file,
# and then is the end of some file's path.
# Placeholders may stand in it: *, <board>, words in capitals.
set -eu
cd "$1" || exit 2

# Texts that look like paths of this tree, and are not: the file, the path, why.
exceptions='
boards/README.md x/board.hpp: the board that a reader adds
tests/field/README.md rf12/jeelabs-20121130-decoded-00-08h.tsv: a recording of others, outside
tests/examples/own-firmware/README.md hal.hpp: the example'"'"'s own
'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
find . \( -path './build*' -o -path ./.git \) -prune -o -type f -print | sed 's|^\./||' >"$work/files"

# Recordings, fuzz inputs and quoted code name other things; the history names what there was.
grep -E '(\.(md|hpp|cpp|s|txt|sh|cmake|tsv)|^dev)$' "$work/files" |
  grep -vE '^(tests/(data|fuzz/(seeds|found))/|tests/mutations/table\.txt|\.github/CHANGELOG\.md|tests/documents/paths_test\.sh)' >"$work/sources"

# "file<TAB>text" for documents, and the comments of everything else.
while read -r file; do
  case $file in
    *.md) sed "s|^|$file	|" "$file" ;;
    *.hpp | *.cpp | *.s) sed -n "s|.*// *\(.*\)|$file	\1|p" "$file" ;;
    *) sed -n "s|^\(.*[ 	]\)\{0,1\}# \(.*\)|$file	\2|p" "$file" ;;
  esac
done <"$work/sources" >"$work/text"

printf '%s\n' "$exceptions" | sed -n 's/^\([^ ]* [^ ]*\): .*/\1/p' >"$work/exceptions"
awk -F '\t' '
  FILENAME == ARGV[1] { allowed[$1] = 1; next }
  # Every end of a path, with and without its extension, and every folder; from the root with a "/" before it.
  FILENAME == ARGV[2] {
    path = "/" $1
    while (path != "") {
      tail = path
      sub(/^\//, "", tail)
      whole = path == "/" $1
      do {
        known[tail] = 1
        if (whole) known["/" tail] = 1
        stem = tail
        sub(/\.[a-z]+$/, "", stem)
        known[stem] = 1
        if (whole) known["/" stem] = 1
      } while (sub(/\/[^\/]*$/, "", tail))
      if (!sub(/^\/[^\/]*/, "", path)) break
    }
    next
  }
  {
    line = $2
    folder = "/" $1
    sub(/[^\/]*$/, "", folder)
    gsub(/<[a-z]+>/, "*", line)
    gsub(/[a-z]+:\/\/[^ )]*|github\.com\/[^ ,;)]*/, " ", line)
    while (match(line, /[A-Za-z0-9_.*\/-]+/)) {
      path = substr(line, RSTART, RLENGTH)
      before = RSTART > 1 ? substr(line, RSTART - 1, 1) : ""
      line = substr(line, RSTART + RLENGTH)
      sub(/^(\.\.?\/)+/, "", path)
      sub(/[.\/]+$/, "", path)
      if (before == "$" || before == "}") continue  # a variable of a shell
      rooted = path ~ /^(boards|protocol|firmware|hal|sim|tools|tests|toolchain)\/./
      if (!rooted && path !~ /^[^\/.].*\.(hpp|cpp|md|sh|cmake|tsv)$/) continue
      if (path ~ /^(build|dev)/) continue
      ++paths
      if ((rooted ? "/" : "") path in known || folder path in known) continue
      if (($1 " " path) in allowed) continue
      if (path ~ /\*/) {
        pattern = path
        gsub(/\./, "[.]", pattern)
        gsub(/\*/, "[^/]*", pattern)
        found = 0
        for (one in known) if (one ~ "^(" folder (rooted ? "|/" : "|") ")" pattern "$") { found = 1; break }
        if (found) continue
      }
      if (path ~ /(^|\/)[A-Z]+([.\/]|$)/) continue  # YOURS.txt
      if (!seen[$1 path]++) { print "FAILED: " $1 " names " path ", which is not there"; failed = 1 }
    }
  }
  END {
    print paths + 0 " paths"
    if (paths < 300) { print "FAILED: so few; is the search right?"; failed = 1 }
    exit failed
  }' "$work/exceptions" "$work/files" "$work/text"
