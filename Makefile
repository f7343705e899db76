# make            build/libtls.so, a link of its soname beside it, build/libtls.a
# make install    into DESTDIR, below PREFIX
# make test, test-musl, test-arm64, demo, bench, bogo RUNNER=..., fuzz
# make check      the exported symbols are those of capi/exports, ssl_exports
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
PC = $(BUILD)/libtls.pc
# The variables and functions of Go's runtime that capi/runtime.c and fork.c
# take part in.
GLOBALS = tlsg=go_tlsg tls_g=go_tls_g sigtable=go_signals epfd=go_epoll \
	netpollEventFd=go_event netpollInited=go_polls
WRAPS = pthread_attr_getstacksize x_cgo_bindm x_cgo_getstackbound x_cgo_mmap \
	x_cgo_munmap x_cgo_sys_thread_create

# The SSL_* functions have a version name, so that a process may have OpenSSL
# as well; those of libtls have none, as in other implementations.
SSL_VERSION_NAME = LIBTLS_SSL_1
ifeq ($(SSL_SUBSET),no)
override TAGS += nossl
SSL_EXPORTS =
else
SSL_EXPORTS = capi/ssl_exports
endif

.PHONY: all install clean check test test-musl test-arm64 demo bench bogo fuzz $(OBJECT) $(MAP) $(PC)

all: $(LIB) $(STATIC) $(PC)

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

$(LIB): $(OBJECT) $(MAP)
	$(CC) -shared $(LDFLAGS) -o $@ $(OBJECT) -lpthread \
	    -Wl,-soname,$(SONAME) -Wl,--version-script=$(MAP) \
	    -Wl,-z,nodelete -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
	rm -f $(BUILD)/libtls.so.*
	ln -s libtls.so $(BUILD)/$(SONAME)

$(STATIC): $(OBJECT)
	rm -f $@
	ar rcs $@ $(OBJECT)

$(EXPORTS): capi/exports $(SSL_EXPORTS)
	mkdir -p $(BUILD)
	cat $^ >$@

# A map that names a version has no place for names without one: they are
# global unless a pattern takes them, as it does what the linker makes.
$(MAP): $(EXPORTS)
	{ if [ -z "$(SSL_EXPORTS)" ]; then \
	    echo '{ global:'; sed 's/$$/;/' capi/exports; echo 'local: *;'; \
	else \
	    echo '$(SSL_VERSION_NAME) { global:'; sed 's/$$/;/' $(SSL_EXPORTS); \
	    echo 'local: __start_*; __stop_*; x_cgo_*;'; \
	fi; echo '};'; } >$@

$(PC): libtls.pc.in
	mkdir -p $(BUILD)
	sed -e 's|@prefix@|$(PREFIX)|' -e 's|@libdir@|$(LIBDIR)|' \
	    -e 's|@includedir@|$(INCLUDEDIR)|' -e 's|@version@|$(VERSION)|' \
	    libtls.pc.in >$@

install: all
	$(INSTALL) -d $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(LIBDIR)/pkgconfig \
	    $(DESTDIR)$(MANDIR)/man3
	$(INSTALL) -m 644 tls.h $(DESTDIR)$(INCLUDEDIR)
	$(INSTALL) -m 755 $(LIB) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libtls.so
	$(INSTALL) -m 644 $(PC) $(DESTDIR)$(LIBDIR)/pkgconfig
	$(INSTALL) -m 644 man/*.3 $(DESTDIR)$(MANDIR)/man3
	while read -r name page; do \
	    ln -sf $$page $(DESTDIR)$(MANDIR)/man3/$$name; done <man/links
ifneq ($(SSL_SUBSET),no)
	$(INSTALL) -d $(DESTDIR)$(INCLUDEDIR)/libtls/openssl
	$(INSTALL) -m 644 compat/openssl/*.h $(DESTDIR)$(INCLUDEDIR)/libtls/openssl
	$(INSTALL) -m 644 man/ssl/*.3tls $(DESTDIR)$(MANDIR)/man3
	for name in SSL_CTX_get_num_tickets SSL_set_num_tickets \
	    SSL_get_num_tickets; do ln -sf SSL_CTX_set_num_tickets.3tls \
	    $(DESTDIR)$(MANDIR)/man3/$$name.3tls; done
endif

clean:
	rm -rf $(BUILD)

check: all
	{ cat capi/exports; [ -z "$(SSL_EXPORTS)" ] || { \
	    echo $(SSL_VERSION_NAME); \
	    sed 's/$$/@@$(SSL_VERSION_NAME)/' $(SSL_EXPORTS); }; } | \
	    LC_ALL=C sort >$(BUILD)/wanted
	nm -D --defined-only $(LIB) | awk '{ print $$3 }' | LC_ALL=C sort | \
	    diff $(BUILD)/wanted -

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
