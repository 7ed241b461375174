#!/bin/sh
# ./dev as a person mistypes it: refused at once, with what is allowed, before anything is installed or built.
#   dev_test.sh SOURCE
set -u
source=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$source/dev" "$folder" && cd "$folder" || exit 2
mkdir tools
for tool in cmake ctest apt-get dpkg-query sudo; do  # what would install or build leaves a trace
  printf '#!/bin/sh\necho "$0 $*" >>"%s/trace"\nexit 1\n' "$folder" >"tools/$tool"
  chmod +x "tools/$tool"
done
PATH="$folder/tools:$PATH"
failed=0

# text wanted on stderr, arguments of ./dev ...
refused() {
  text=$1
  shift
  ./dev "$@" >out 2>err
  got=$?
  if [ "$got" -ne 2 ] || [ -e trace ] || [ -s out ] || ! grep -qF -- "$text" err; then
    failed=1
    echo "FAILED: ./dev $*: status $got (wanted 2)"
    cat out err trace 2>/dev/null
    rm -f trace
  fi
}

minutes="are no minutes; allowed: a number above 0, as 10 or 0.5"
for wrong in abc -3 1x '' 0 0.0 1. .5 1e3 ' 1' '1 2' 1,5 inf 0x10; do refused "fuzz: '$wrong' $minutes" fuzz "$wrong"; done
refused "how long? allowed: ./dev fuzz MINUTES" fuzz
refused "'2' is one word too many" fuzz 1 2
for command in build test demo campaign longrun package figures coverage mutations lint; do
  refused "$command: 'extra' is one word too many; allowed: ./dev $command" "$command" extra
done
refused "'tset' is no command; allowed: build, test, demo" tset
refused "is no command" 'build test'
refused "is no command" ''
refused "./dev build " # alone: what there is
./dev --help >out 2>&1 && grep -q "./dev fuzz MINUTES" out || { failed=1; echo "FAILED: --help"; }
# And a right one gets to work: the checks above would see it.
./dev fuzz 0.5 >out 2>&1
[ -e trace ] || { failed=1; echo "FAILED: ./dev fuzz 0.5 began nothing"; }
grep -q "1 of 2, builds" out || { failed=1; echo "FAILED: ./dev fuzz does not say what it does"; }
exit "$failed"
