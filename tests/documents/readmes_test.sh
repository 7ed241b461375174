#!/bin/sh
# A folder of more than five files has a README.md, and the front page fits: at most 120 lines.
#   readmes_test.sh SOURCE
set -u
cd "$1" || exit 2
failed=0
complain() {
  echo "FAILED: $1"
  failed=1
}

# A README among a fuzzer's inputs would be one of them, and one among pages would be served: tests/fuzz/README.md and
# tools/*/page/README.md speak for those.
folders=$(find . \( -path './build*' -o -path ./.git -o -path './tests/fuzz/seeds/*' -o -path './tests/fuzz/found/*' -o \
  -path './tools/*/page/static/*' \) -prune -o -type f -print |
  sed 's:/[^/]*$::' | sort | uniq -c | awk '$1 > 5 { print $2 }')
for folder in $folders; do
  [ -f "$folder/README.md" ] || complain "$folder has more than five files and no README.md"
done
count=$(echo "$folders" | wc -l)
[ "$count" -ge 20 ] || complain "only $count folders of more than five files; is the search right?"
lines=$(wc -l <README.md)
[ "$lines" -le 120 ] || complain "README.md has $lines lines; allowed: 120"
echo "$count folders of more than five files; README.md has $lines lines"
exit "$failed"
