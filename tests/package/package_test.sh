#!/bin/sh
# The Debian package: what is in it, and that it works where it is unpacked.
#   package_test.sh BUILD SOURCE COMPILER
set -eu
build=$1 source=$2 compiler=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() {
  echo "FAILED: $1"
  exit 1
}

(cd "$folder" && cpack --config "$build/CPackConfig.cmake" -G DEB -B "$folder" >cpack.log 2>&1) || { cat "$folder/cpack.log"; fail "cpack"; }
package=$(echo "$folder"/openflm_*_*.deb)
[ -f "$package" ] || fail "no package: $package"

dpkg-deb -c "$package" >"$folder/contents"
for file in bin/flmsim bin/flmctl bin/flmd lib/systemd/system/flmd.service share/doc/openflm/examples/flmd.toml \
  bin/flmserver lib/systemd/system/flmserver.service share/doc/openflm/examples/flmserver.toml share/doc/openflm/examples/flmserver-nginx.conf \
  share/openflm/firmware/flm02a.elf share/openflm/firmware/flm02a.hex share/openflm/firmware/flm02a.eep \
  share/openflm/firmware/flm02b.elf share/openflm/firmware/flm02b.hex share/openflm/firmware/flm02b.eep \
  share/openflm/boards/flm02a/avrdude.conf share/openflm/boards/flm02b/avrdude.conf \
  include/openflm/protocol/link.hpp include/openflm/firmware/metering/estimator.hpp include/openflm/boards/flm02b/board.hpp \
  include/openflm/hal/contract.hpp share/cmake/openflm/openflm-config.cmake share/doc/openflm/copyright \
  share/doc/openflm/README.md share/doc/openflm/tools/flash/README.md share/doc/openflm/sim/scenario/scenario.md; do
  grep -qF " ./usr/$file" "$folder/contents" || { cat "$folder/contents"; fail "$file is not in the package"; }
done
# What flmctl brings along is in it as soon as it is in the tree.
for file in flmctl.1 completion/flmctl.bash completion/_flmctl 60-openflm.rules; do
  [ ! -e "$source/tools/flmctl/$file" ] || grep -qE "/(flmctl|_flmctl|$(basename "$file"))(\.gz)?$" "$folder/contents" || fail "$file is not in the package"
done
grep -qE "/man8/flmserver\.8(\.gz)?$" "$folder/contents" || fail "flmserver.8 is not in the package"
grep -qE "/man8/flmd\.8(\.gz)?$" "$folder/contents" || fail "flmd.8 is not in the package"
grep -qE "/man1/flmsim\.1(\.gz)?$" "$folder/contents" || fail "flmsim.1 is not in the package"
! grep -E '\.cpp$|/tests/|CMakeLists' "$folder/contents" || fail "sources are in the package"
! grep -vE ' root/root ' "$folder/contents" || fail "files of a user other than root"
dpkg-deb -f "$package" Depends | grep -q libsimavr || fail "Depends lacks libsimavr: $(dpkg-deb -f "$package" Depends)"
dpkg-deb -f "$package" Recommends | grep -q avrdude || fail "Recommends lacks avrdude"

# Installed into a root of its own, as dpkg does it.
root=$folder/root
mkdir -p "$root/var/lib/dpkg"
: >"$root/var/lib/dpkg/status"
if [ "$(id -u)" -eq 0 ]; then
  dpkg --root="$root" --force-depends --force-not-root -i "$package" >"$folder/dpkg.log" 2>&1 || { cat "$folder/dpkg.log"; fail "dpkg -i"; }
else
  dpkg-deb -x "$package" "$root"
fi

cat >"$folder/board.toml" <<'TOML'
board = "flm02b"
duration = 60.0
TOML
flmctl=$root/usr/bin/flmctl
"$flmctl" --port "sim:$folder/board.toml" version | grep flm02b || fail "flmctl version"
"$flmctl" --port "sim:$folder/board.toml,engine=image" version | grep flm02b || fail "flmctl version on the image"
"$flmctl" flash flm02b --dry-run | grep -F -- "$root/usr/share/openflm/firmware/flm02b.hex" || fail "flmctl flash finds its files"
"$root/usr/bin/flmsim" run "$source/tests/scenarios/sine.toml" --engine image >"$folder/run" || { cat "$folder/run"; fail "flmsim run"; }

# An outside project that finds the core.
cmake -S "$source/tests/consumer" -B "$folder/consumer" -G Ninja -DCMAKE_PREFIX_PATH="$root/usr" -DCMAKE_CXX_COMPILER="$compiler" \
  >"$folder/consumer.log" 2>&1 && cmake --build "$folder/consumer" >>"$folder/consumer.log" 2>&1 || { cat "$folder/consumer.log"; fail "find_package(openflm)"; }
"$folder/consumer/consumer" || fail "the consumer's own check"
cmake -S "$source/tests/examples/own-firmware" -B "$folder/avr" -G Ninja -DCMAKE_PREFIX_PATH="$root/usr" \
  -DCMAKE_TOOLCHAIN_FILE="$root/usr/share/cmake/openflm/avr-gcc.cmake" >"$folder/avr.log" 2>&1 && cmake --build "$folder/avr" >>"$folder/avr.log" 2>&1 ||
  { cat "$folder/avr.log"; fail "firmware of one's own on the package"; }
echo "$(basename "$package"): $(grep -c '^-' "$folder/contents") files, works in a root of its own"
