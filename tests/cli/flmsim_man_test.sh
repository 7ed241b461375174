#!/bin/sh
# flmsim(1) and --help name the same commands, and the same options of each; the page is well formed.
#   flmsim_man_test.sh FLMSIM PAGE
set -u
flmsim=$1
page=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
complain() {
  echo "FAILED: $1"
  failed=1
}

"$flmsim" --help >"$folder/help" || exit 2
sed -n '/^Subcommands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$folder/help" | sort >"$folder/commands"
sed -n 's/^\.SS \([a-z]*\) .*/\1/p' "$page" | sort >"$folder/described"
[ "$(wc -l <"$folder/commands")" -ge 4 ] || complain "no commands found in --help; is the search right?"
diff "$folder/commands" "$folder/described" || complain "commands: < of --help, > of the page"
while read -r command; do
  # An option begins its line of --help; what follows "Excludes:" or "Needs:" belongs to a different one.
  "$flmsim" "$command" --help | sed -n 's/^  \(-h,\)\{0,1\}\(--[a-z-]*\).*/\2/p' | grep -v -- '^--help$' | sort >"$folder/options"
  [ -s "$folder/options" ] || complain "no options of $command found; is the search right?"
  # And an option's paragraph in the page begins with it.
  sed -n "/^\.SS $command /,/^\.S[SH] /p" "$page" | grep -A1 '^\.TP' | sed 's/\\-/-/g' | sed -n 's/^\.B[IR]* \(--[a-z-]*\).*/\1/p' | sort >"$folder/described"
  diff "$folder/options" "$folder/described" || complain "options of $command: < of --help, > of the page"
done <"$folder/commands"

if command -v groff >/dev/null; then
  groff -man -Tascii -ww -b "$page" >"$folder/text" 2>"$folder/warnings" || complain "groff"
  [ ! -s "$folder/warnings" ] || { cat "$folder/warnings"; complain "groff warns"; }
fi
exit "$failed"
