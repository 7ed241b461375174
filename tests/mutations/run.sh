#!/bin/bash
# Breaks the core in small ways, one after the other in a copy of the tree, and demands that a test notices each.
#   run.sh              all of them; exit status 1 when one was not noticed
#   run.sh --check      only that each still has its place in the sources
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
table=$root/tests/mutations/table.txt
compiler="${CXX:-g++} -std=c++20 -O0"
command -v ccache >/dev/null && compiler="ccache $compiler"

names=() files=() froms=() tos=() tests=() withs=()
field=
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
    '#'*) ;;
    'what: '*) names+=("${line#what: }") && files+=('') && froms+=('') && tos+=('') && tests+=('') && withs+=('') && field= ;;
    'file: '*) files[-1]=${line#file: } ;;
    'from: '*) froms[-1]=${line#from: } && field=from ;;
    '  to:'*) tos[-1]=${line#  to:} && tos[-1]=${tos[-1]# } && field=to ;;
    'test: '*) tests[-1]=${line#test: } && field= ;;
    'with: '*) withs[-1]=${line#with: } ;;
    '') field= ;;
    *)  # A text of several lines.
      [ "$field" != from ] || froms[-1]+=$'\n'$line
      [ "$field" != to ] || tos[-1]+=$'\n'$line ;;
  esac
done <"$table"

wrong=0
for i in "${!names[@]}"; do
  text=$(cat "$root/${files[i]}" 2>/dev/null && echo x) || text=
  rest=${text#*"${froms[i]}"}
  if [ -z "${froms[i]}" ] || [ "$rest" = "$text" ] || [ "${rest#*"${froms[i]}"}" != "$rest" ] || [ ! -f "$root/tests/${tests[i]}" ]; then
    echo "$table: '${names[i]}': its text is not once in ${files[i]}, or there is no tests/${tests[i]}"
    wrong=$((wrong + 1))
  fi
done
[ $wrong -eq 0 ] || exit 1
echo "${#names[@]} mutations have their place"
[ "${1:-}" != --check ] || exit 0

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
data=(-DFLM_SOURCE_DIR="\"$root\"" -DFLM_FIELD_DATA="\"${FLM_FIELD_DATA:-$root/../shared/data}\"")
$compiler -c "$root/tests/main.cpp" -o "$scratch/main.o" || exit 2

# A test's source and what it needs besides, built in the folder where this is called.
compile() { $compiler -I. "${data[@]}" "tests/$1" $2 "$scratch/main.o" -lfmt -o "$3"; }  # $2: a list of words

# Without a mutation every test passes, or nothing would be proven.
for i in "${!names[@]}"; do echo "${tests[i]}|${withs[i]}"; done | sort -u | while IFS='|' read -r test with; do
  (cd "$root" && compile "$test" "$with" "$scratch/unbroken" && "$scratch/unbroken") >"$scratch/log" 2>&1 || { cat "$scratch/log"; echo "tests/$test fails as it is"; exit 2; }
done || exit 2

# Number: one mutation, in a copy of its own; a line of the result.
mutate() {
  local i=$1 copy=$scratch/$1 text begun=$SECONDS result
  mkdir "$copy"
  cp -r "$root"/{boards,firmware,hal,protocol,toolchain,tools,sim,tests} "$copy"
  text=$(cat "$root/${files[i]}" && echo x)
  text=${text%x}
  printf '%s' "${text/"${froms[i]}"/"${tos[i]}"}" >"$copy/${files[i]}"
  if ! (cd "$copy" && compile "${tests[i]}" "${withs[i]}" run) >"$copy/log" 2>&1; then
    if grep -q 'static assertion failed' "$copy/log"; then result="caught: does not compile, $(grep -m1 -o 'static assertion failed.*' "$copy/log")"; else result="BROKEN: does not compile, $(grep -m1 error "$copy/log")"; fi
  else
    (cd "$copy" && timeout 300 ./run --abort) >"$copy/log" 2>&1
    case $? in
      0) result="SURVIVED" ;;
      124) result="caught: a test does not end" ;;
      *) result=$(grep -m1 -A1 -- '^-----' "$copy/log" | tail -1) && result="caught: ${result:-the test program crashes}" ;;
    esac
  fi
  rm -rf "$copy"
  echo "$result" >"$scratch/$i.result"
  printf '%3d  %-80s %s (%d s)\n' $((i + 1)) "${names[i]}" "$result" $((SECONDS - begun))
}

for i in "${!names[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
  mutate "$i" &
done
wait
noticed=$(cat "$scratch"/*.result | grep -c '^caught')
echo "$noticed of ${#names[@]} mutations were noticed"
[ "$noticed" -eq ${#names[@]} ]
