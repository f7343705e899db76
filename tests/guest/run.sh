#!/bin/sh
# What the library promises to its host process. Ends with "N passed, N failed".
# BUILD and CC choose the library. If it is for another libc or machine than this one's, FOREIGN is
# set; RUN is then what runs its programs, OMIT names those that can't be there, and EXCEPT has the
# harness's options for single tests of the others.
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

# theirs OUTPUT SOURCE...: against LibreTLS, as compile does against our library.
theirs() {
	output=$1
	shift
	cc -std=c11 -Wall -Wextra -Werror -DTEST_LIBRETLS -o "$output" "$@" -ltls -lpthread
}

for test in fork tickets memory secrets many signals threads limits descriptors clock; do
	case " ${OMIT:-} " in *" $test "*) continue ;; esac
	compile "$tmp/$test" "$root/tests/harness.c" "$guest/$test.c" || exit 1
	# Binding a function at its first call puts registers on the stack, with what they had of keys.
	[ "$test" = secrets ] && now=LD_BIND_NOW=1 || now=
	# shellcheck disable=SC2086 # several words
	harness "$test" env $now timeout 300 ${RUN:-} "$tmp/$test" ${EXCEPT:-} -p "$tmp/pki"
	if [ -n "$other" ]; then
		theirs "$tmp/$test-other" "$root/tests/harness.c" "$guest/$test.c" || exit 1
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
		goEnter | goRebuiltFree | goSSL*) ;;
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

# On an established connection a call makes the program's own read(2) and write(2), and two more that
# block signals and restore them. The runtime's thread that watches is woken seldom.
no_other_calls() {
	compile "$tmp/calls" "$root/tests/harness.c" "$guest/calls.c" &&
	strace -f -o "$tmp/trace" "$tmp/calls" -p "$tmp/pki" &&
	awk -f "$guest/calls.awk" "$tmp/trace" >"$tmp/counted" && cat "$tmp/counted" &&
	grep -Ev '^(others|futex) ' "$tmp/counted" | tr '\n' , | grep -qx 'read 2000,rt_sigprocmask 4000,write 1000,' &&
	awk '/^futex / && $2 > 500 { exit 1 }' "$tmp/counted"
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

# plugins COMPILER: two of one program, of which each has a chance to make the first call.
plugins() {
	"$1" "$tmp/one.so" -shared -fPIC "$guest/plugin.c" && "$1" "$tmp/two.so" -shared -fPIC "$guest/plugin.c" &&
	cc -std=c11 -Wall -Wextra -Werror -o "$tmp/plugins" "$guest/plugins.c" -ldl -lpthread || return 1
	for round in 1 2 3 4 5; do
		timeout 60 "$tmp/plugins" "$tmp/pki" "$tmp/one.so" "$tmp/two.so" || return 1
	done
}

# beside COMPILER: libssl in the same program, linked and opened.
beside() {
	"$1" "$tmp/linked" "$guest/beside.c" -lssl -lcrypto && timeout 60 "$tmp/linked" "$tmp/pki" &&
	"$1" "$tmp/opened" -DOPENED "$guest/beside.c" -ldl && timeout 60 "$tmp/opened" "$tmp/pki"
}

if [ -z "${FOREIGN:-}" ]; then
	if command -v strace >/dev/null; then
		step "no thread and no signal handler at load" no_thread_at_load
		step "no other system calls" no_other_calls
	else
		skip strace
	fi
	# What systemd-analyze syscall-filter lists, as it may be called here.
	tr ' ' '\n' <"$guest/system-service.txt" | sed 's/.*/#ifdef SYS_&\nSYS_&,\n#endif/' >"$tmp/system-service.h"
	CPPFLAGS="${CPPFLAGS:-} -I$tmp" compile "$tmp/sandbox" "$root/tests/harness.c" "$guest/sandbox.c" || exit 1
	harness "sandbox" timeout 300 "$tmp/sandbox" -p "$tmp/pki"
	step "dlopen, dlclose, dlopen" opened_again
	step "plugins" plugins compile
	step "beside libssl" beside compile
	if [ -n "$other" ]; then
		step "plugins, LibreTLS" plugins theirs
		step "beside libssl, LibreTLS" beside theirs
	fi
	step "library that panics" panicking_library
	harness "panics" timeout -s KILL 300 "$tmp/panic" -p "$tmp/pki"
	step "every function panics" every_function_panics
fi
compile "$tmp/prefork" "$guest/prefork.c" && compile "$tmp/client" "$guest/client.c" || exit 1

# servers USER OPTION [COMMAND...]: the prefork server, run by COMMAND.
servers() {
	user=$1
	option=$2
	shift 2
	step "prefork server, $user" "$@" "$guest/prefork.sh" "$tmp" "$option"
	step "prefork server, $user, daemon(3)" "$@" "$guest/prefork.sh" "$tmp" "$option" -d
}

# Without root there are other users in a user namespace, if this one may map some.
namespace() {
	[ -z "${FOREIGN:-}" ] && unshare "$@" true 2>/dev/null
}
if [ "$(id -u)" -eq 0 ]; then
	servers "another user" -u
elif namespace -r --map-auto; then
	servers "another user of a namespace" -u unshare -r --map-auto
elif ! namespace -r; then
	skip "prefork server: neither root nor user namespaces"
fi
if namespace -r; then
	servers "a namespace of one user" -c unshare -r
fi

verdict
