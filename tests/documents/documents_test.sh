#!/bin/sh
# The documents of a checkout: every top folder has a README.md, and no relative link of any *.md points nowhere.
#   documents_test.sh SOURCE
set -u
cd "$1" || exit 2
failed=0
complain() {
  echo "FAILED: $1"
  failed=1
}

for folder in */; do
  case $folder in build*) continue ;; esac
  [ -f "${folder}README.md" ] || complain "$folder has no README.md"
done

documents=$(find . -path './build*' -prune -o -path ./.git -prune -o -name '*.md' -print)
links=0
for document in $documents; do
  # [text](target), without code blocks and `code`; a title, and what follows #, do not count.
  targets=$(sed -e '/^ *```/,/^ *```/d' -e 's/`[^`]*`//g' "$document" | grep -o '](\([^)]*\))' | sed -e 's/^](//' -e 's/)$//' -e 's/[# ].*//')
  for target in $targets; do
    case $target in *:*) continue ;; esac
    links=$((links + 1))
    [ -e "$(dirname "$document")/$target" ] || complain "$document links to $target, which is not there"
  done
done
[ "$links" -ge 10 ] || complain "only $links relative links found; is the search right?"
for document in .github/CONTRIBUTING.md .github/CHANGELOG.md; do
  grep -qF "($document)" README.md || complain "README.md does not link to $document"
done
echo "$(echo "$documents" | wc -l) documents, $links links"
exit "$failed"
