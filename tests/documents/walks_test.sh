#!/bin/sh
# The walks of firmware/README.md: six, of at most ten steps; each function that a step names is in the file that it names.
# A step's names in backticks: `Class::function`, `function()`, `ISR(vector)`; each belongs to the link before it.
#   walks_test.sh SOURCE
set -u
cd "$1" || exit 2
page=firmware/README.md
failed=0
complain() {
  echo "FAILED: $1"
  failed=1
}

# A line for each name: step, file, name.
names=$(awk '
  /^### / { walk = $0; sub(/^### /, "", walk) }
  /^[0-9]+\. / {
    step = $1; rest = $0; file = ""
    while (match(rest, /\]\([^)]*\)|`[^`]*`/)) {
      found = substr(rest, RSTART, RLENGTH)
      rest = substr(rest, RSTART + RLENGTH)
      if (found ~ /^\]/) file = substr(found, 3, length(found) - 3)
      else if (found ~ /::|\(/) print walk " " step "\t" file "\t" substr(found, 2, length(found) - 2)
    }
  }' "$page")
tab=$(printf '\t')
count=0
while IFS="$tab" read -r step file name; do
  count=$((count + 1))
  text=firmware/$file
  [ -f "$text" ] || { complain "$step: $text is not there"; continue; }
  case $name in
    ISR*) grep -qF "$name" "$text" || complain "$step: $name is not in $text" ;;
    *::*)
      grep -qE "(class|struct) ${name%%::*}( |$)" "$text" || complain "$step: no class ${name%%::*} in $text"
      grep -qE "[ &*]${name##*::}\(" "$text" || complain "$step: no function ${name##*::} in $text"
      ;;
    *) grep -qE "(^|[ &*])${name%()}\(" "$text" || complain "$step: no function $name in $text" ;;
  esac
done <<EOF
$names
EOF
walks=$(grep -c '^### ' "$page")
[ "$walks" -eq 6 ] || complain "$walks walks; wanted 6"
[ "$count" -ge 50 ] || complain "only $count names; is the search right?"
! grep -n '^1[1-9]\. ' "$page" || complain "a walk of more than ten steps"
echo "$walks walks, $count functions"
exit "$failed"
