#!/bin/sh
# libraries.sh FOLDER: what the router's programs are linked with, built from Debian's source packages into FOLDER/sysroot.
#
# Debian's own MIPS libraries are of no use here: they need a floating-point unit, which the router lacks (and OpenWrt's kernel does not
# emulate), and a static glibc alone is larger than what these make. So of gcc-12-source: the compiler's helpers, without that unit, and
# the C++ library; musl, zlib, libmosquitto without TLS; of Mbed TLS the hashes. Each is built once for one version of this script.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/sysroot/lib/pkgconfig" "$1/src/lists/partial" "$1/src/cache/archives/partial"
folder=$(cd "$1" && pwd)
root=$folder/sysroot
src=$folder/src
plugin=$(mips-linux-gnu-gcc -print-file-name=plugin)/include
machine=$(sed -n 1p "$here/flags")
small=$(sed -n 2p "$here/flags") # of what need not be fast
code="-Os -ffunction-sections -fdata-sections"
jobs=$(nproc)

stamp=$folder/libraries.$(cat "$here/libraries.sh" "$here/flags" "$here/atomics.c" | sha256sum | cut -c1-16)
[ ! -e "$stamp" ] || exit 0
rm -f "$folder"/libraries.*

# Sources by a list of apt's own beside the machine's, which may have none.
fetch() {
  cat >"$src/sources.list" <<'LIST'
deb-src http://deb.debian.org/debian bookworm main
deb-src http://deb.debian.org/debian bookworm-updates main
deb-src http://deb.debian.org/debian-security bookworm-security main
LIST
  cd "$src"
  set -- -q -o "Dir::Etc::sourcelist=$src/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$src/lists" \
    -o "Dir::Cache=$src/cache" -o APT::Sandbox::User=root
  apt-get "$@" update
  apt-get "$@" source --download-only musl zlib mosquitto mbedtls
  for package in musl zlib mosquitto mbedtls; do
    rm -rf "${src:?}/$package"
    dpkg-source -x "$package"_*.dsc "$package"
  done
  rm -rf gcc
  mkdir gcc
  tar -xf /usr/src/gcc-12/gcc-12.*.tar.xz -C gcc --strip-components=1 --wildcards \
    '*/libstdc++-v3' '*/libgcc' '*/include' '*/config' '*/libiberty' '*/config.*' '*/config-ml.in' '*/install-sh' '*/missing' '*/ltmain.sh' \
    '*/mkinstalldirs' '*/move-if-change' '*/gcc/BASE-VER' '*/gcc/DATESTAMP' --exclude '*/testsuite' --exclude '*/gcc/testsuite' \
    --exclude '*/gcc/config' --exclude '*/gcc/ada'
  # configure wants it, and would print what it lacks of the other.
  tar -xf /usr/src/gcc-12/gcc-12.*.tar.xz -C gcc --strip-components=1 --wildcards '*/libstdc++-v3/testsuite/Makefile.in' \
    '*/libbacktrace/filetype.awk'
}

c_library() {
  cd "$src/musl"
  ./configure --target=mips-linux-musl-sf --prefix="$root" --disable-shared --disable-wrapper \
    CC=mips-linux-gnu-gcc CROSS_COMPILE=mips-linux-gnu- CFLAGS="$machine $code"
  make -j "$jobs"
  make install
  for headers in linux asm asm-generic; do ln -sfn /usr/mips-linux-gnu/include/$headers "$root/include/$headers"; done
  # From here on the compiler knows no other library.
  cat >"$root/specs" <<SPECS
%rename cpp_options all_cpp_options

*cpp_options:
-nostdinc -isystem $root/include -isystem include%s %(all_cpp_options)

*cc1:
%(cc1_cpu) -nostdinc -isystem $root/include -isystem include%s

*startfile:
$root/lib/crt1.o

*endfile:


*lib:
$root/lib/libc.a

*libgcc:
$root/lib/libcompiler.a $root/lib/libc.a

*link:
%{G*} -EB -m elf32btsmip -static --eh-frame-hdr

SPECS
}

# What compiled code calls: floating point by integers, 64 bits by 32, and exceptions.
compiler_helpers() {
  rm -rf "$src/compiler"
  mkdir "$src/compiler"
  cd "$src/compiler"
  libgcc=$src/gcc/libgcc
  : >libgcc_tm.h
  : >auto-target.h
  printf '#define USED_FOR_TARGET 1\n#include "ansidecl.h"\n' >tconfig.h
  cp "$libgcc/config/mips/sfp-machine.h" .
  cp "$libgcc/config/mips/linux-unwind.h" md-unwind-support.h
  cp "$libgcc/gthr-posix.h" gthr-default.h
  compile="mips-linux-gnu-gcc $machine $code -w -specs=$root/specs -fbuilding-libgcc -DIN_GCC -DIN_LIBGCC2 -DHAVE_CC_TLS -DHAVE_GTHR_DEFAULT -DHAVE_LD_EH_FRAME_HDR
    -DUSE_PT_GNU_EH_FRAME
    -I. -I$libgcc -I$libgcc/soft-fp -I$src/gcc/include -I$plugin"
  for mode in df sf; do
    for name in add${mode}3 sub${mode}3 mul${mode}3 div${mode}3 neg${mode}2 eq${mode}2 ge${mode}2 le${mode}2 unord${mode}2 \
      fix${mode}si fix${mode}di fixuns${mode}si fixuns${mode}di floatsi$mode floatdi$mode floatunsi$mode floatundi$mode; do
      $compile -c "$libgcc/soft-fp/$name.c"
    done
  done
  for name in extendsfdf2 truncdfsf2; do $compile -c "$libgcc/soft-fp/$name.c"; done
  for name in muldi3 lshrdi3 ashldi3 ashrdi3 cmpdi2 ucmpdi2 clz ctz clzsi2 clzdi2 ctzsi2 ctzdi2 ffssi2 ffsdi2 popcount_tab popcountsi2 \
    popcountdi2 paritysi2 bswapsi2 bswapdi2 divdi3 moddi3 divmoddi4 udivdi3 umoddi3 udivmoddi4 udiv_w_sdiv powidf2; do
    $compile -DL_$name -c "$libgcc/libgcc2.c" -o "_$name.o"
  done
  for name in unwind-dw2 unwind-dw2-fde-dip unwind-c; do $compile -fexceptions -c "$libgcc/$name.c"; done
  echo 'void *__dso_handle = 0;' >dso_handle.c
  $compile -c dso_handle.c
  $compile -c "$here/atomics.c"
  mips-linux-gnu-ar rcs "$root/lib/libcompiler.a" ./*.o
}

# Without wide characters, locales and texts for people who debug: half its size.
cxx_library() {
  cp "$src/gcc/libgcc/gthr-posix.h" "$src/gcc/libgcc/gthr-default.h"
  rm -rf "$src/libstdc++"
  mkdir "$src/libstdc++"
  cd "$src/libstdc++"
  "$src/gcc/libstdc++-v3/configure" --build="$("$src/gcc/config.guess")" --host=mips-linux-musl --prefix="$root" \
    --with-gxx-include-dir="$root/include/c++" --disable-multilib --disable-shared --disable-nls --disable-symvers --disable-wchar_t \
    --disable-libstdcxx-pch --disable-libstdcxx-verbose --disable-libstdcxx-dual-abi --with-default-libstdcxx-abi=new \
    --disable-libstdcxx-filesystem-ts --enable-clocale=generic --enable-libstdcxx-time=yes --with-libstdcxx-lock-policy=atomic \
    AR=mips-linux-gnu-ar AS=mips-linux-gnu-as LD=mips-linux-gnu-ld NM=mips-linux-gnu-nm OBJDUMP=mips-linux-gnu-objdump \
    RANLIB=mips-linux-gnu-ranlib STRIP=mips-linux-gnu-strip CC="mips-linux-gnu-gcc $machine -specs=$root/specs" \
    CXX="mips-linux-gnu-g++ $machine -specs=$root/specs -nostdinc++" CFLAGS="$code" CXXFLAGS="$code"
  make -j "$jobs" CXXFLAGS="$code $small"
  make install
}

compression() {
  cd "$src/zlib"
  AR=mips-linux-gnu-ar RANLIB=mips-linux-gnu-ranlib CC="mips-linux-gnu-gcc $machine -specs=$root/specs" CFLAGS="$code" \
    ./configure --static --prefix="$root"
  make -j "$jobs" libz.a
  cp libz.a "$root/lib/"
  cp zlib.h zconf.h "$root/include/"
}

mqtt() {
  cd "$src/mosquitto/lib"
  # shellcheck disable=SC2086  # options
  mips-linux-gnu-gcc $machine -specs="$root/specs" $code $small -w -I. -I.. -I../include -I../deps -c ./*.c
  mips-linux-gnu-ar rcs "$root/lib/libmosquitto.a" ./*.o
  cp ../include/mosquitto.h ../include/mqtt_protocol.h "$root/include/"
  printf 'Name: mosquitto\nDescription: MQTT\nVersion: 2\nLibs: -L%s -lmosquitto\nCflags:\n' "$root/lib" \
    >"$root/lib/pkgconfig/libmosquitto.pc"
}

hashes() {
  cd "$src/mbedtls/library"
  for file in sha1 sha256 base64 constant_time platform_util; do
    # shellcheck disable=SC2086  # options
    mips-linux-gnu-gcc $machine -specs="$root/specs" $code -I../include -c $file.c
  done
  mips-linux-gnu-ar rcs "$root/lib/libmbedcrypto.a" sha1.o sha256.o base64.o constant_time.o platform_util.o
  rm -rf "$root/include/mbedtls"
  cp -r ../include/mbedtls "$root/include/"
}

# Headers that are for every machine, of the host's packages.
headers() {
  for each in fmt CLI toml++ nlohmann boost catch2; do ln -sfn /usr/include/$each "$root/include/$each"; done
}

for step in fetch c_library compiler_helpers cxx_library compression mqtt hashes headers; do
  echo "libraries.sh: $step"
  $step
done
touch "$stamp"
