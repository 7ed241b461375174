#!/bin/sh
# ./dev as the user may mistype it: refused at once, with what is allowed, before anything is installed or built.
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
for command in build test house demo campaign longrun package router figures coverage mutations lint; do
  refused "$command: 'extra' is one word too many; allowed: ./dev $command" "$command" extra
done
refused "'tset' is not a command; allowed: build, test, live, house, demo" tset
refused "is not a command" 'build test'
refused "is not a command" ''
refused "./dev build " # alone: what there is
./dev --help >out 2>&1 && grep -q "./dev fuzz MINUTES" out || { failed=1; echo "FAILED: --help"; }
# And a right one gets to work: the checks above would see it.
./dev fuzz 0.5 >out 2>&1
[ -e trace ] || { failed=1; echo "FAILED: ./dev fuzz 0.5 began nothing"; }
grep -q "1 of 2, builds" out || { failed=1; echo "FAILED: ./dev fuzz does not say what it does"; }

# What goes well is quiet, what fails is shown whole. These stand in for Debian and CMake, with everything installed.
printf '#!/bin/sh\nprintf installed\n' >tools/dpkg-query
cat >tools/cmake <<'EOF'
#!/bin/sh
case $1 in
  --preset) mkdir -p build/tests && echo "Skipped: field_scenarios" >build/tests/skipped.txt && echo "-- Configuring done" ;;
  *) printf '1/3 Building CXX object a.o\n2/3 Building CXX object b.o\n' ;;
esac
[ "$1" = --preset ] || { [ -z "${BREAK_BUILD-}" ] || { echo "b.cpp:7: error: no such thing"; exit 1; }; echo "3/3 Linking"; }
EOF
cat >tools/ctest <<'EOF'
#!/bin/sh
cat <<'OUT'
Test project build
        Start  1: unit_a
 1/2 Test  #1: unit_a ...........................   Passed    2.50 sec
        Start  2: unit_b
OUT
if [ -n "${BREAK_TEST-}" ]; then
  printf ' 2/2 Test  #2: unit_b ...........................***Failed    0.10 sec\nb_test.cpp:9: FAILED\n'
  printf '50%% tests passed, 1 tests failed out of 2\n'
  exit 8
fi
printf ' 2/2 Test  #2: unit_b ...........................***Skipped   0.10 sec\n100%% tests passed, 0 tests failed out of 2\n'
EOF
chmod +x tools/*
mkdir -p build/bin tests/scenarios
printf '[[expect]]\n[[expect]]\n' >tests/scenarios/demo.toml
printf '#!/bin/sh\necho "time s"\necho "1.0 1"\necho "10.0 1"\necho "met     a: 1" >&2\necho "${DEMO-met}     b: 2" >&2\n[ -z "${DEMO-}" ]\n' >build/bin/flmsim
chmod +x build/bin/flmsim

# what, status wanted, command of ./dev; the output is in out.
runs() {
  what=$1 wanted=$2
  shift 2
  ./dev "$@" >out 2>&1
  got=$?
  [ "$got" -eq "$wanted" ] || { failed=1; echo "FAILED: $what: status $got (wanted $wanted)"; cat out; }
}
says() { grep -qF -- "$1" out || { failed=1; echo "FAILED: $what: does not say '$1'"; cat out; }; }
is_silent_about() { ! grep -qF -- "$1" out || { failed=1; echo "FAILED: $what: says '$1'"; cat out; }; }

runs "a good build" 0 build
says "dev: builds: 3 of 3"
is_silent_about "Building CXX object"
is_silent_about "Configuring"
export BREAK_BUILD=1
runs "a build that fails" 1 test
says "Building CXX object b.o"
says "error: no such thing"
is_silent_about "tests passed"
unset BREAK_BUILD
runs "good tests" 0 test
says "minutes the first time"
says "dev: tests: 2 of 2"
says "100% tests passed, 0 tests failed out of 2"
says "Skipped: field_scenarios"
is_silent_about "unit_a"
export BREAK_TEST=1
runs "tests of which one fails" 8 test
says "#2: unit_b"
says "b_test.cpp:9: FAILED"
says "1 tests failed out of 2"
unset BREAK_TEST
runs "the demo" 0 demo
says "2 of 2 met"
says "build/demo.html"
says "To try next"
is_silent_about "Building CXX object"
export DEMO=FAILED
runs "a demo with something that is not met" 1 demo
says "1 of 2 met"
is_silent_about "To try next"
exit "$failed"
