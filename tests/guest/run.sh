#!/bin/sh
# What the library promises to its host process. Ends with "N passed, N failed".
# BUILD and CC choose the library. If it is for another libc or machine than this one's, FOREIGN is
# set; RUN is then what runs its programs, and EXCEPT the harness's options for what can't be there.
set -u
. "$(dirname "$0")/../lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/${BUILD:-build}
guest=$root/tests/guest

# Children of the tests become other users.
chmod 755 "$tmp"
make_pki "$tmp/pki" || exit 1
chmod -R a+rX "$tmp/pki"

other=
if [ -z "${FOREIGN:-}" ] && echo 'int main(void) { return 0; }' |
    cc -x c -o "$tmp/probe" - -Wl,--no-as-needed -ltls 2>/dev/null; then
	other=yes
fi

for test in fork tickets memory signals threads limits descriptors; do
	compile "$tmp/$test" "$root/tests/harness.c" "$guest/$test.c" || exit 1
	# shellcheck disable=SC2086 # several words
	harness "$test" timeout 300 ${RUN:-} "$tmp/$test" ${EXCEPT:-} -p "$tmp/pki"
	if [ -n "$other" ]; then
		cc -std=c11 -Wall -Wextra -Werror -DTEST_LIBRETLS -o "$tmp/$test-other" "$root/tests/harness.c" \
			"$guest/$test.c" -ltls -lpthread || exit 1
		harness "$test, LibreTLS" timeout 300 "$tmp/$test-other" -p "$tmp/pki"
	fi
done

# A library that panics where it is told to. Each function that C calls is tested to, but for those in
# which nothing could go wrong and the SSL_* subset's, for which there is tests/ssl/panic.c.
panicking_library() {
	make -s -C "$root" BUILD="${BUILD:-build}/panic" TAGS=panic &&
	build=$build/panic compile "$tmp/panic" "$root/tests/harness.c" "$guest/panic.c"
}
every_function_panics() {
	for function in $(sed -n 's,^//export ,,p' "$root"/capi/*.go); do
		case $function in
		goEnter | goMadeFree | goSSL*) ;;
		*) grep -q "\"$function\"" "$guest/panic.c" || { echo "$function"; return 1; } ;;
		esac
	done
}

# Loading alone makes no thread, and touches no signal.
no_thread_at_load() {
	echo 'int tls_init(void); int main(int argc, char **argv) { (void)argv; return argc > 9 ? tls_init() : 0; }' \
		>"$tmp/load.c"
	compile "$tmp/load" "$tmp/load.c" &&
	strace -f -e trace=clone,clone3,fork,vfork,rt_sigaction -o "$tmp/trace" "$tmp/load" &&
	! grep -E 'clone|fork|rt_sigaction' "$tmp/trace"
}

opened_again() {
	cat >"$tmp/open.c" <<'END'
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	(void)argc;
	for (int i = 0; i < 5; i++) {
		void *lib = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL), *config;
		if (lib == NULL) return puts(dlerror()), 1;
		void *(*new)(void) = (void *(*)(void))dlsym(lib, "tls_config_new");
		void (*drop)(void *) = (void (*)(void *))dlsym(lib, "tls_config_free");
		if ((config = new()) == NULL) return 1;
		drop(config);
		dlclose(lib);
	}
	return 0;
}
END
	cc -o "$tmp/open" "$tmp/open.c" -ldl && timeout 60 "$tmp/open" "$build/libtls.so"
}

# Workers under chroot as nobody serve our client and OpenSSL's, while one after the other is killed.
prefork() {
	mkdir -p "$tmp/root" && rm -f "$tmp/session" "$tmp/pid" "$tmp/out" "$tmp/server"
	# shellcheck disable=SC2086
	timeout 300 ${RUN:-} "$tmp/prefork" "$@" 4 "$tmp/pki/server.pem" "$tmp/pki/server.key" "$tmp/root" "$tmp/pid" >"$tmp/server" 2>&1 &
	server=$!
	port=$(await "$tmp/server" 'port ([0-9]+)') || return 1
	main=$(cat "$tmp/pid")
	for round in 1 2 3 4 5 6; do
		# shellcheck disable=SC2086
		timeout 60 ${RUN:-} "$tmp/client" "$tmp/pki/ca.pem" "$port" "$tmp/session" 20 >>"$tmp/out" || return 1
		printf 'hello\n' | timeout 60 openssl s_client -connect "127.0.0.1:$port" -servername server.test \
			-CAfile "$tmp/pki/ca.pem" -verify_return_error -ign_eof -quiet >>"$tmp/openssl" 2>&1
		grep -q 'served by' "$tmp/openssl" || { cat "$tmp/openssl"; return 1; }
		worker=$(sed -n '$s/served by \([0-9]*\),.*/\1/p' "$tmp/out")
		kill -9 "$worker"
	done
	kill "$main"
	wait $server
	cat "$tmp/server"
	[ "$(grep -c 'resumed: no' "$tmp/out")" -eq 1 ] && [ "$(grep -c 'resumed: yes' "$tmp/out")" -eq 119 ] &&
	[ "$(cut -d , -f 1 "$tmp/out" | sort -u | wc -l)" -gt 4 ]
}

if [ -z "${FOREIGN:-}" ]; then
	if command -v strace >/dev/null; then
		step "no thread and no signal handler at load" no_thread_at_load
	else
		skip strace
	fi
	step "dlopen, dlclose, dlopen" opened_again
	step "library that panics" panicking_library
	harness "panics" timeout -s KILL 300 "$tmp/panic" -p "$tmp/pki"
	step "every function panics" every_function_panics
fi
compile "$tmp/prefork" "$guest/prefork.c" && compile "$tmp/client" "$guest/client.c" || exit 1
if [ "$(id -u)" -eq 0 ]; then
	step "prefork server" prefork
	step "prefork server, daemon(3)" prefork -d
else
	echo "skipped prefork server: not root"
fi

verdict
