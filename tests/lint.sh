#!/bin/sh
# make lint: what can be said of the sources without running them. Ends with "N passed, N failed".
set -u
. "$(dirname "$0")/lib.sh"
cd "$root" || exit 1

# ARCHITECTURE.md names each file of the top and of capi.
unnamed() {
	for file in $(ls ./*.go capi/* | grep -v '_test\.go$'); do
		name=$(basename "$file")
		grep -qw "${name%%.*}" ARCHITECTURE.md || echo "$file"
	done
}

# On ppc64el its functions jump out of a shared library by the wrong register.
no_calls_of_x_sys() {
	! go list -deps ./capi | grep golang.org/x/sys/unix
}

step gofmt quiet gofmt -l .
step "files in ARCHITECTURE.md" quiet unnamed
step "go vet" go vet ./...
step "system calls by package syscall" no_calls_of_x_sys
step staticcheck go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
if have cppcheck; then
	# It takes the ends of a section for separate objects. What isn't set the compilers know better, and
	# tests may crash where there is no memory.
	step cppcheck cppcheck --quiet --std=c11 --enable=warning,portability --error-exitcode=1 \
		--suppress=comparePointers:capi/fork.c --suppress=subtractPointers:capi/fork.c --suppress=uninitvar \
		--suppress=nullPointerOutOfMemory:tests/* --suppress=nullPointerArithmeticOutOfMemory:tests/* \
		--suppress=ctunullpointerOutOfMemory:tests/* --suppress=normalCheckLevelMaxBranches -U__has_include \
		-I. -Icompat capi tests examples
else
	skip cppcheck
fi
if have mandoc; then
	step "manual pages" man/check.sh
else
	skip mandoc
fi

verdict
