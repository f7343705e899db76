#!/bin/sh
# make test: everything that can be tested on this machine. Ends with "N passed, N failed".
set -u
. "$(dirname "$0")/lib.sh"

cd "$root" || exit 1
make -s >/dev/null || exit 1

# Go.

harness lint tests/lint.sh
rooms "go test"
go_tests "go test -race" -race -short . ./tls ./ssl ./internal/...
step "two minutes of fuzzing" tests/fuzz.sh ci

# The C harness, on every compiler there is.

step "exported symbols" make -s check
for linker in gold lld mold; do
	if have ld.$linker; then
		step "library and programs linked by $linker, without what nothing refers to" make -s BUILD=build/linker \
			LDFLAGS="-fuse-ld=$linker -Wl,--gc-sections" check
	else
		skip $linker
	fi
done
make_pki "$tmp/pki" || exit 1

for cc in gcc clang; do
	if have $cc; then
		CC=$cc step "harness compiles with $cc" compile "$tmp/harness-$cc" tests/*.c
		for program in examples/*.c tests/interop/peer/*.c; do
			CC=$cc CPPFLAGS=-Icompat step "$program compiles with $cc" \
				compile "$tmp/$(basename "$program" .c)-$cc" "$program"
		done
	else
		skip $cc
	fi
done
for cxx in g++ clang++; do
	if have $cxx; then
		for std in c++98 c++20; do
			step "tls.h is accepted by $cxx as $std" $cxx -std=$std -Wall -Wextra -Werror -pedantic -x c++ -fsyntax-only tls.h
		done
	else
		skip $cxx
	fi
done
step "tls.h is accepted as C89" ${CC:-cc} -std=c89 -Wall -Wextra -Werror -pedantic -x c -fsyntax-only tls.h

for cc in gcc clang; do
	[ -x "$tmp/harness-$cc" ] && harness "harness, $cc" "$tmp/harness-$cc" -p "$tmp/pki"
done
[ -x "$tmp/harness-gcc" ] && harness "harness, TLS 1.2" "$tmp/harness-gcc" -2 -p "$tmp/pki"

# The C front and the tests under AddressSanitizer, which knows no bounds of address space, and maps more of
# that than can be searched. It doesn't do with a fork while other threads are busy, or not by libc's
# function, or in a handler. What tests of guests leave is no leak of the library's.

step "library with AddressSanitizer" env GOFLAGS=-asan make -s BUILD=build/asan CC=gcc
if [ -e build/asan/libtls.so ]; then
	asan="-fsanitize=address $root/tests/guest/quiet.c"
	build=$root/build/asan CC=gcc CFLAGS=$asan compile "$tmp/harness-asan" tests/*.c
	# Freed memory is kept for a while, but not so much that it counts as growth.
	harness "harness, AddressSanitizer" env ASAN_OPTIONS=quarantine_size_mb=1 "$tmp/harness-asan" -p "$tmp/pki"
	harness "guests, AddressSanitizer" env FOREIGN=asan BUILD=build/asan CC=gcc CFLAGS="$asan" \
		ASAN_OPTIONS=quarantine_size_mb=1:detect_leaks=0 OMIT="limits secrets" \
		EXCEPT="-x from_a_process_with_threads -x more_threads_than_processors -x by_a_bare_system_call \
			-x in_a_handler_at_any_moment" \
			tests/guest/run.sh
fi

# With this tag Go's runtime tells valgrind of its heap and its stacks, and without collections in a way that
# valgrind can follow. AddressSanitizer has looked for leaks in all tests, this looks again in some.
# Old ones lack an instruction that they say newer processors have, and that Go takes then.
valgrind_will_do() {
	cat >"$tmp/rdtscp.c" <<-'END'
	#ifdef __x86_64__
	#include <cpuid.h>
	#endif
	int main(void)
	{
	#ifdef __x86_64__
		unsigned a, b, c, d;

		if (__get_cpuid(0x80000001, &a, &b, &c, &d) && (d & 1 << 27))
			__asm__ volatile ("rdtscp" : "=a"(a), "=d"(d), "=c"(c));
	#endif
		return 0;
	}
	END
	cc -o "$tmp/rdtscp" "$tmp/rdtscp.c" && valgrind -q "$tmp/rdtscp" >/dev/null 2>&1
}

if have valgrind && ! valgrind_will_do; then
	leave_out "harness, valgrind" "$(valgrind --version) doesn't know this processor's RDTSCP"
elif have valgrind; then
	step "library for valgrind" env CGO_CFLAGS="-O2 -g -DVALGRIND" make -s BUILD=build/valgrind TAGS=valgrind
	LD_LIBRARY_PATH=$root/build/valgrind harness "harness, valgrind" valgrind -q --error-exitcode=99 \
		--suppressions=tests/valgrind.supp --leak-check=full --show-leak-kinds=definite \
		--errors-for-leak-kinds=definite "$tmp/harness-gcc" -p "$tmp/pki" resumption writes_of_any_size \
		retry_after_want_pollout wrong_name client_certificate_accepted connect_forms \
		load_file_with_password free_in_any_state bad_record_mac
else
	skip valgrind
fi

# The same tests on LibreTLS, so that they ask for what a real libtls does.

other=
if soname=$(libretls); then
	step "harness compiles on LibreTLS" cc -std=c11 -Wall -Wextra -Werror -DTEST_LIBRETLS \
		-o "$tmp/harness-libretls" tests/*.c -ltls -lpthread
	step "peer compiles on LibreTLS" cc -std=c11 -Wall -Wextra -Werror -o "$tmp/peer-libretls" \
		tests/interop/peer/peer.c -ltls
	other="-libretls=$tmp/peer-libretls"
	harness "harness, LibreTLS" "$tmp/harness-libretls" -p "$tmp/pki"
	harness "harness, LibreTLS, TLS 1.2" "$tmp/harness-libretls" -2 -p "$tmp/pki"
	harness "model, LibreTLS and OpenSSL" env OTHERS=yes tests/model/run.sh 300
else
	skip LibreTLS
fi

old_soname() {
	make -s BUILD=build/old SONAME="${soname:=libtls.so.26}" &&
	readelf -d build/old/libtls.so | grep "SONAME.*\[$soname\]" &&
	[ -e "build/old/$soname" ]
}

# Other implementations.

for program in openssl gnutls-cli gnutls-serv; do
	have $program || skip $program
done
go_tests interoperation -count=1 ./tests/interop -args -peer="$tmp/peer-gcc" -pki="$tmp/pki" $other
harness "sessions between processes" tests/sessions/run.sh
harness "fleets" tests/fleet/run.sh
harness "guests" tests/guest/run.sh
if have musl-gcc; then
	harness "musl" tests/guest/musl.sh
else
	skip musl-gcc
fi
if have qemu-aarch64-static && have aarch64-linux-gnu-gcc; then
	harness "arm64" env ARCH=arm64 tests/guest/arch.sh 'fork_*' 'init_*' 'threads_*' 'callbacks_*' resumption
else
	skip arm64
fi
# Other sizes and orders of bytes.
for arch in s390x:s390x:s390x-linux-gnu armhf:arm:arm-linux-gnueabihf; do
	qemu=${arch#*:}
	if have "qemu-${qemu%:*}-static" && have "${qemu#*:}-gcc"; then
		harness "${arch%%:*}" env ARCH="${arch%%:*}" FIRST=yes tests/guest/arch.sh 'fork_*' resumption
	else
		skip "${arch%%:*}"
	fi
done
harness "model" tests/model/run.sh 1000
harness "model, AddressSanitizer" env BUILD=build/asan CC=gcc CFLAGS="$asan" \
	ASAN_OPTIONS=quarantine_size_mb=1:detect_leaks=0 tests/model/run.sh 100
harness "SSL_* subset" env SSL_ASAN="$root/build/asan" tests/ssl/run.sh "$tmp/pki"
harness "names" tests/names/run.sh "$tmp/pki"
harness "harness, ThreadSanitizer" tests/tsan.sh "$tmp/pki"

# Debian's programs, which ask for LibreTLS's soname.

step "library with the soname of LibreTLS" old_soname
go_tests "Debian's programs" -count=1 ./tests/programs -args -lib="$root/build/old"

# What is installed is what a program needs.

installed() {
	make -s install DESTDIR="$tmp/dest" PREFIX=/opt/tls &&
	flags=$(PKG_CONFIG_SYSROOT_DIR="$tmp/dest" PKG_CONFIG_PATH="$tmp/dest/opt/tls/lib/pkgconfig" \
		pkg-config --cflags --libs libtls) &&
	echo "$flags" &&
	cc -std=c11 -Wall -Wextra -Werror -o "$tmp/installed" tests/*.c $flags -lpthread &&
	LD_LIBRARY_PATH="$tmp/dest/opt/tls/lib" "$tmp/installed" -p "$tmp/pki" 'init_*' connection_information &&
	cc -std=c11 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$tmp/pair" tests/names/openssl.c $flags -lssl -lcrypto &&
	LD_LIBRARY_PATH="$tmp/dest/opt/tls/lib" "$tmp/pair" "$tmp/pki" &&
	subset=$(PKG_CONFIG_SYSROOT_DIR="$tmp/dest" PKG_CONFIG_PATH="$tmp/dest/opt/tls/lib/pkgconfig" \
		pkg-config --cflags --libs libtls-openssl) &&
	cc -std=c11 -Wall -Wextra -Werror -o "$tmp/subset" tests/names/plain.c tests/names/read.c $subset &&
	LD_LIBRARY_PATH="$tmp/dest/opt/tls/lib" "$tmp/subset" &&
	readelf -d "$tmp/installed" | grep -q 'libtls\.so\.33'
}

static_library() {
	cc -std=c11 -Wall -Wextra -Werror -I. -o "$tmp/static" tests/*.c build/libtls.a -lpthread &&
	"$tmp/static" -p "$tmp/pki" 'init_*' connection_information resumption
}

if have pkg-config; then
	step "pkg-config out of a DESTDIR" installed
else
	skip pkg-config
fi
step "static library" static_library
harness "examples" tests/examples.sh
step "demo" tests/demo.sh

verdict
