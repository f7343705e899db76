# make            build/libtls.so, a link of its soname beside it, build/libtls.a
# make install    into DESTDIR, below PREFIX
# make demo, test install what they miss, or name it
# make dist       build/libtls-VERSION.tar.gz, with all modules: builds without a network
# make deb        Debian packages of that in build/deb, for the release that it runs on
# make apk        an Alpine package of that, by abuild
# make html       the manual pages, in build/html
# make quick, lint, test-musl, test-arch ARCH=..., bench, bogo RUNNER=..., fuzz, model SEEDS=..., mutate N=...
# make check      each library's symbols are those of capi/exports and names.h, and a program starts
# CC, CFLAGS, CPPFLAGS and LDFLAGS choose the C compiler and what it is told
# SSL_SUBSET=no   leaves the SSL_* functions out

VERSION = 0.2.0
SONAME = libtls.so.33
NAME = libtls-$(VERSION)
PREFIX = /usr/local
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
MANDIR = $(PREFIX)/share/man
DESTDIR =
SSL_SUBSET = yes

GO = go
CC = cc
CFLAGS ?= -O2 -g
OBJCOPY = objcopy
INSTALL = install

BUILD = build
LIB = $(BUILD)/libtls.so
STATIC = $(BUILD)/libtls.a
OBJECT = $(BUILD)/libtls.o
EXPORTS = $(BUILD)/exports
MAP = $(BUILD)/libtls.map
PCS = $(BUILD)/libtls.pc
# The variables and functions of Go's runtime that capi/runtime.c and fork.c
# take part in. The variable of a thread has two names, and on some processors
# the runtime maps memory by itself.
GOARCH = $(shell $(GO) env GOARCH)
TLSG = $(if $(filter amd64 386,$(GOARCH)),tlsg,tls_g)
MAPPING = $(if $(filter amd64 arm64 loong64,$(GOARCH)),x_cgo_mmap)
GLOBALS = $(TLSG)=go_thread sigtable=go_signals epfd=go_epoll \
	netpollEventFd=go_event netpollInited=go_polls
WRAPS = pthread_create pthread_attr_getstacksize x_cgo_bindm \
	x_cgo_getstackbound $(MAPPING)

GONE = { echo "Go's runtime has no $$name, which capi relies on" >&2; exit 1; }
# The files of Go's standard library that two of capi's stand in for. Go refuses
# that for a toolchain in its cache of modules, but for this link to it.
GOROOT = $(abspath $(BUILD))/goroot
ENTROPY = $(GOROOT)/src/crypto/internal/fips140/drbg/entropy_fips140.go
CGROUP = $(GOROOT)/src/internal/runtime/cgroup/cgroup_linux.go

# The SSL_* functions are in libtls under names of our own, libtls_SSL_new,
# which the headers of compat/openssl give them. OpenSSL's names are those of a
# second library, and of hidden versions in libtls.so, which no reference
# reaches that doesn't name the version.
SSL_SONAME = libtls-openssl.so.1
ifeq ($(SSL_SUBSET),no)
override TAGS += nossl
else
NAMES = $(BUILD)/ssl_names
FORWARD = $(BUILD)/forward.o
HIDDEN = $(BUILD)/hidden.o
PCS += $(BUILD)/libtls-openssl.pc
SUBSET = $(BUILD)/libtls-openssl.so $(BUILD)/libtls-openssl.a
endif

# A release has its modules with it, and takes the Go that is there.
ifneq ($(wildcard vendor),)
GOTOOLCHAIN ?= local
export GOTOOLCHAIN
endif

.PHONY: all install html clean check dist deb apk quick lint test test-musl test-arch demo bench bogo fuzz model mutate $(OBJECT) $(MAP) $(PCS)

all: $(LIB) $(STATIC) $(SUBSET) $(PCS)

# Go's own cache knows what is out of date. Its initialiser leaves the list that
# the dynamic loader runs, by the name of its section and by the section's type,
# as linkers go by the one or the other. Of what is renamed or wrapped all has to
# be there; the C front refers to it weakly, as Go's own tools link without it.
$(OBJECT): $(EXPORTS)
	rm -rf $(BUILD)/parts
	mkdir -p $(BUILD)/parts
	ln -sfn $$($(GO) env GOROOT) $(GOROOT)
	echo '{"Replace": {"$(ENTROPY)": "capi/entropy.go.txt",' \
	    '"$(CGROUP)": "capi/cgroup.go.txt"}}' >$(BUILD)/parts/overlay.json
	CC="$(CC)" CGO_CPPFLAGS="$(CGO_CPPFLAGS) $(CPPFLAGS)" \
	    CGO_CFLAGS="$(CGO_CFLAGS) $(CFLAGS) -fno-lto \
	    -DGO_RELEASE=$$($(GO) env GOVERSION | sed -E 's/.*go1\.([0-9]+).*/\1/') \
	    -Wno-unused-command-line-argument" \
	    PATH="$(GOROOT)/bin:$$PATH" GOROOT=$(GOROOT) GOTOOLCHAIN=local \
	    $(GO) build -trimpath -overlay $(BUILD)/parts/overlay.json \
	    -tags "$(TAGS)" -buildmode=c-archive -o $(BUILD)/parts/all.a ./capi
	cd $(BUILD)/parts && ar x all.a
	nm $(BUILD)/parts/*.o >$(BUILD)/parts/names
	for name in $(foreach g,$(GLOBALS),runtime.$(firstword $(subst =, ,$g))); do \
	    grep -q " [BDbd] $$name\$$" $(BUILD)/parts/names || $(GONE); done
	for name in $(WRAPS); do \
	    grep -q " U $$name\$$" $(BUILD)/parts/names || $(GONE); done
	$(OBJCOPY) --rename-section .init_array=go_init,alloc,load,data,contents \
	    $(GLOBALS:%=--redefine-sym runtime.%) $(BUILD)/parts/go.o
	$(OBJCOPY) $(foreach g,$(GLOBALS),--globalize-symbol=$(lastword $(subst =, ,$g))) \
	    $(BUILD)/parts/go.o
	$(CC) -r -nostdlib -fuse-ld=bfd -Wl,-T,capi/runtime.ld \
	    $(WRAPS:%=-Wl,--wrap=%) -o $@ $(BUILD)/parts/*.o
	for name in $$(nm $@ | sed -n 's/^ *w //p' | grep -vx libtls_panics); do \
	    $(GONE); done
	$(OBJCOPY) --keep-global-symbols=$(EXPORTS) $@

$(LIB): $(OBJECT) $(HIDDEN) $(MAP)
	$(CC) -shared $(LDFLAGS) -o $@ $(OBJECT) $(HIDDEN) -lpthread \
	    -Wl,-soname,$(SONAME) -Wl,--version-script=$(MAP) \
	    -Wl,-z,nodelete -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
	rm -f $(BUILD)/libtls.so.*
	ln -s libtls.so $(BUILD)/$(SONAME)

$(STATIC): $(OBJECT)
	rm -f $@
	ar rcs $@ $(OBJECT)

$(EXPORTS): capi/exports $(NAMES)
	mkdir -p $(BUILD)
	{ cat capi/exports; $(if $(NAMES),sed 's/^/libtls_/' $(NAMES);) } >$@

# A map that names a version has no place for names without one: they are
# global unless a pattern takes them, as it does what the linker makes. The
# hidden version is the second, since glibc takes the first for what references
# without a version meant before there were versions.
$(MAP): $(EXPORTS)
	{ if [ -z "$(NAMES)" ]; then \
	    echo '{ global:'; sed 's/$$/;/' capi/exports; echo 'local: *; };'; \
	else \
	    echo 'LIBTLS_1 { global: libtls_*;'; \
	    echo 'local: x_cgo_*; _*; };'; \
	    echo 'LIBTLS_SSL_1 { };'; \
	fi; } >$@

$(BUILD)/ssl_names: compat/openssl/names.h
	mkdir -p $(BUILD)
	sed -n 's/^#pragma redefine_extname \([^ ]*\) .*/\1/p' $< >$@

$(BUILD)/forward.o: compat/forward.S $(NAMES)
	{ cat compat/forward.S; sed 's/^/forward /' $(NAMES); } | \
	    $(CC) -c -x assembler-with-cpp -o $@ -

$(BUILD)/hidden.o: $(FORWARD)
	sed 's/.*/& &@LIBTLS_SSL_1/' $(NAMES) >$(BUILD)/hidden
	$(OBJCOPY) --redefine-syms=$(BUILD)/hidden $(FORWARD) $@

$(BUILD)/$(SSL_SONAME): $(FORWARD) $(LIB)
	{ echo 'LIBTLS_SSL_1 { global:'; sed 's/$$/;/' $(NAMES); \
	    echo 'local: *; };'; } >$(BUILD)/libtls-openssl.map
	$(CC) -shared -nostdlib $(LDFLAGS) -o $@ $(FORWARD) $(LIB) \
	    -Wl,-soname,$(SSL_SONAME) -Wl,-rpath,'$$ORIGIN' \
	    -Wl,--version-script=$(BUILD)/libtls-openssl.map \
	    -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack

# What -ltls-openssl finds. A program that uses none of OpenSSL's names must not
# load them: where the loader knows no versions, as musl's, they would be taken
# for those that its other libraries want of OpenSSL.
$(BUILD)/libtls-openssl.so: $(BUILD)/$(SSL_SONAME)
	echo 'INPUT(AS_NEEDED($(SSL_SONAME)))' >$@

$(BUILD)/libtls-openssl.a: $(FORWARD)
	rm -f $@
	ar rcs $@ $(FORWARD)

$(PCS): $(BUILD)/%: %.in
	mkdir -p $(BUILD)
	sed -e 's|@prefix@|$(PREFIX)|' -e 's|@libdir@|$(LIBDIR)|' \
	    -e 's|@includedir@|$(INCLUDEDIR)|' -e 's|@version@|$(VERSION)|' \
	    $< >$@

install: all
	$(INSTALL) -d $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(LIBDIR)/pkgconfig \
	    $(DESTDIR)$(MANDIR)/man3 $(DESTDIR)$(MANDIR)/man7
	$(INSTALL) -m 644 tls.h $(DESTDIR)$(INCLUDEDIR)
	$(INSTALL) -m 755 $(LIB) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libtls.so
	$(INSTALL) -m 644 $(STATIC) $(DESTDIR)$(LIBDIR)
	$(INSTALL) -m 644 $(PCS) $(DESTDIR)$(LIBDIR)/pkgconfig
	$(INSTALL) -m 644 man/*.3 $(DESTDIR)$(MANDIR)/man3
	$(INSTALL) -m 644 man/*.7 $(DESTDIR)$(MANDIR)/man7
	while read -r name page; do \
	    ln -sf $$page $(DESTDIR)$(MANDIR)/man3/$$name; done <man/links
ifneq ($(SSL_SUBSET),no)
	$(INSTALL) -m 755 $(BUILD)/$(SSL_SONAME) $(DESTDIR)$(LIBDIR)
	$(INSTALL) -m 644 $(BUILD)/libtls-openssl.so $(BUILD)/libtls-openssl.a \
	    $(DESTDIR)$(LIBDIR)
	$(INSTALL) -d $(DESTDIR)$(INCLUDEDIR)/libtls/openssl
	$(INSTALL) -m 644 compat/openssl/*.h $(DESTDIR)$(INCLUDEDIR)/libtls/openssl
	$(INSTALL) -m 644 man/ssl/*.3tls $(DESTDIR)$(MANDIR)/man3
	$(INSTALL) -m 644 man/ssl/*.7 $(DESTDIR)$(MANDIR)/man7
	while read -r name page; do \
	    ln -sf $$page $(DESTDIR)$(MANDIR)/man3/$$name; done <man/ssl-links
endif

# With mandoc. Names that share a page are links to it.
html:
	rm -rf $(BUILD)/html
	mkdir -p $(BUILD)/html
	for page in man/*.[37] man/ssl/*; do \
	    mandoc -T html -O man=%N.%S.html $$page >$(BUILD)/html/$${page##*/}.html; done
	cat man/links man/ssl-links | while read -r name page; do \
	    ln -s $$page.html $(BUILD)/html/$$name.html; done

clean:
	rm -rf $(BUILD)

# What is committed, and the modules that it wants.
dist:
	rm -rf $(BUILD)/$(NAME)
	mkdir -p $(BUILD)/$(NAME)
	git archive HEAD | tar -x -C $(BUILD)/$(NAME)
	cd $(BUILD)/$(NAME) && $(GO) mod vendor
	tar -c -z -f $(BUILD)/$(NAME).tar.gz -C $(BUILD) --sort=name --owner=0 \
	    --group=0 --numeric-owner --mtime=@$$(git log -1 --format=%ct) $(NAME)

# From a release, which debian/prepare makes one of this Debian.
deb: dist
	rm -rf $(BUILD)/deb
	mkdir -p $(BUILD)/deb
	tar -x -z -f $(BUILD)/$(NAME).tar.gz -C $(BUILD)/deb
	$(BUILD)/deb/$(NAME)/debian/prepare
	cd $(BUILD)/deb/$(NAME) && dpkg-buildpackage -b -us -uc

# From a release, with its checksum in alpine/APKBUILD.in.
ABUILD = abuild
apk: dist
	rm -rf $(BUILD)/apk
	mkdir -p $(BUILD)/apk
	cp $(BUILD)/$(NAME).tar.gz $(BUILD)/apk
	sed -e 's|@VERSION@|$(VERSION)|' -e "s|@SHA512@|$$(sha512sum \
	    <$(BUILD)/$(NAME).tar.gz | cut -d ' ' -f 1)|" alpine/APKBUILD.in \
	    >$(BUILD)/apk/APKBUILD
	cd $(BUILD)/apk && $(ABUILD) -r

# What stands before it on the line, and the names in a library. Some linkers
# list versions as well, as absolute symbols, and local variables of threads.
same = LC_ALL=C sort >$(BUILD)/wanted && nm -D --defined-only $1 | \
	awk '$$2 ~ /[B-Z]/ { print $$3 }' | LC_ALL=C sort | diff $(BUILD)/wanted -

check: all
	{ cat capi/exports; [ -z "$(NAMES)" ] || { \
	    sed 's/.*/libtls_&@@LIBTLS_1/' $(NAMES); \
	    sed 's/$$/@LIBTLS_SSL_1/' $(NAMES); }; } | \
	    $(call same,$(LIB))
ifneq ($(SSL_SUBSET),no)
	sed 's/$$/@@LIBTLS_SSL_1/' $(NAMES) | \
	    $(call same,$(BUILD)/$(SSL_SONAME))
endif
	CC="$(CC)" LDFLAGS="$(LDFLAGS)" tests/check/run.sh $(BUILD)

quick: all
	tests/quick.sh

lint:
	tests/lint.sh

# What is missing is installed before it is needed.
test:
	tests/deps.sh
	$(MAKE) check
	tests/run.sh

test-musl:
	tests/guest/musl.sh

# With a cross compiler and qemu-user.
test-arch:
	ARCH=$(ARCH) tests/guest/arch.sh

demo:
	tests/deps.sh demo
	$(MAKE) all
	tests/demo.sh

bench: all
	bench/run.sh

bogo:
	tests/bogo/run.sh $(RUNNER)

fuzz: all
	tests/fuzz.sh

# Random calls on both APIs, from seed FIRST on.
SEEDS = 10000
FIRST = 1
model: all
	tests/model/run.sh $(SEEDS) $(FIRST)

# Changes of N lines, one after the other, which SEED chooses: does a test notice?
N = 20
SEED = 1
mutate:
	nice $(GO) run ./tests/mutate -n $(N) -seed $(SEED)
