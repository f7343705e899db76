# make            build/libtls.so, a link of its soname beside it, build/libtls.a
# make install    into DESTDIR, below PREFIX
# make test, test-musl, test-arm64, demo, bench, bogo RUNNER=..., fuzz
# make check      each library's symbols are those of capi/exports and names.h
# SSL_SUBSET=no   leaves the SSL_* functions out

VERSION = 0.1.0
SONAME = libtls.so.33
PREFIX = /usr/local
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
MANDIR = $(PREFIX)/share/man
DESTDIR =
SSL_SUBSET = yes

GO = go
CC = cc
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
# take part in.
GLOBALS = tlsg=go_tlsg tls_g=go_tls_g sigtable=go_signals epfd=go_epoll \
	netpollEventFd=go_event netpollInited=go_polls
WRAPS = pthread_attr_getstacksize x_cgo_bindm x_cgo_getstackbound x_cgo_mmap \
	x_cgo_munmap x_cgo_sys_thread_create

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

.PHONY: all install clean check test test-musl test-arm64 demo bench bogo fuzz $(OBJECT) $(MAP) $(PCS)

all: $(LIB) $(STATIC) $(SUBSET) $(PCS)

# Go's own cache knows what is out of date.
$(OBJECT): $(EXPORTS)
	rm -rf $(BUILD)/parts
	mkdir -p $(BUILD)/parts
	CC="$(CC)" $(GO) build -trimpath -tags "$(TAGS)" -buildmode=c-archive \
	    -o $(BUILD)/parts/all.a ./capi
	cd $(BUILD)/parts && ar x all.a
	$(OBJCOPY) $(GLOBALS:%=--redefine-sym runtime.%) $(BUILD)/parts/go.o
	$(OBJCOPY) $(foreach g,$(GLOBALS),--globalize-symbol=$(lastword $(subst =, ,$g))) \
	    $(BUILD)/parts/go.o
	$(CC) -r -nostdlib -Wl,-T,capi/runtime.ld $(WRAPS:%=-Wl,--wrap=%) \
	    -o $@ $(BUILD)/parts/*.o
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
	    echo 'local: __start_*; __stop_*; x_cgo_*; _init; _fini; };'; \
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
	echo 'LIBTLS_SSL_1 { *; };' >$(BUILD)/libtls-openssl.map
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
	    $(DESTDIR)$(MANDIR)/man3
	$(INSTALL) -m 644 tls.h $(DESTDIR)$(INCLUDEDIR)
	$(INSTALL) -m 755 $(LIB) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libtls.so
	$(INSTALL) -m 644 $(PCS) $(DESTDIR)$(LIBDIR)/pkgconfig
	$(INSTALL) -m 644 man/*.3 $(DESTDIR)$(MANDIR)/man3
	while read -r name page; do \
	    ln -sf $$page $(DESTDIR)$(MANDIR)/man3/$$name; done <man/links
ifneq ($(SSL_SUBSET),no)
	$(INSTALL) -m 755 $(BUILD)/$(SSL_SONAME) $(DESTDIR)$(LIBDIR)
	$(INSTALL) -m 644 $(BUILD)/libtls-openssl.so $(DESTDIR)$(LIBDIR)
	$(INSTALL) -d $(DESTDIR)$(INCLUDEDIR)/libtls/openssl
	$(INSTALL) -m 644 compat/openssl/*.h $(DESTDIR)$(INCLUDEDIR)/libtls/openssl
	$(INSTALL) -m 644 man/ssl/*.3tls $(DESTDIR)$(MANDIR)/man3
	for name in SSL_CTX_get_num_tickets SSL_set_num_tickets \
	    SSL_get_num_tickets; do ln -sf SSL_CTX_set_num_tickets.3tls \
	    $(DESTDIR)$(MANDIR)/man3/$$name.3tls; done
endif

clean:
	rm -rf $(BUILD)

# What stands before it on the line, and the names in a library.
same = LC_ALL=C sort >$(BUILD)/wanted && nm -D --defined-only $1 | \
	awk '{ print $$3 }' | LC_ALL=C sort | diff $(BUILD)/wanted -

check: all
	{ cat capi/exports; [ -z "$(NAMES)" ] || { \
	    echo LIBTLS_1; sed 's/.*/libtls_&@@LIBTLS_1/' $(NAMES); \
	    echo LIBTLS_SSL_1; sed 's/$$/@LIBTLS_SSL_1/' $(NAMES); }; } | \
	    $(call same,$(LIB))
ifneq ($(SSL_SUBSET),no)
	{ echo LIBTLS_SSL_1; sed 's/$$/@@LIBTLS_SSL_1/' $(NAMES); } | \
	    $(call same,$(BUILD)/$(SSL_SONAME))
endif

test: check
	tests/run.sh

test-musl:
	tests/guest/musl.sh

# With a cross compiler and qemu-user.
test-arm64:
	tests/guest/arm64.sh

demo: all
	tests/demo.sh

bench: all
	bench/run.sh

bogo:
	tests/bogo/run.sh $(RUNNER)

fuzz:
	tests/fuzz.sh
