# make            build/libtls.so, a link of its soname beside it, build/libtls.a
# make install    into DESTDIR, below PREFIX
# make test, demo, bench, bogo RUNNER=..., fuzz
# make check      the exported symbols are those of capi/exports

VERSION = 0.1.0
SONAME = libtls.so.33
PREFIX = /usr/local
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
MANDIR = $(PREFIX)/share/man
DESTDIR =

GO = go
CC = cc
OBJCOPY = objcopy
INSTALL = install

BUILD = build
LIB = $(BUILD)/libtls.so
STATIC = $(BUILD)/libtls.a
OBJECT = $(BUILD)/libtls.o
MAP = $(BUILD)/libtls.map
PC = $(BUILD)/libtls.pc
# The variables and functions of Go's runtime that capi/runtime.c and fork.c
# take part in.
GLOBALS = runtime.tlsg runtime.tls_g runtime.sigtable
WRAPS = pthread_attr_getstacksize x_cgo_bindm x_cgo_getstackbound x_cgo_mmap \
	x_cgo_munmap x_cgo_sys_thread_create

.PHONY: all install clean check test demo bench bogo fuzz $(OBJECT) $(PC)

all: $(LIB) $(STATIC) $(PC)

# Go's own cache knows what is out of date.
$(OBJECT):
	rm -rf $(BUILD)/parts
	mkdir -p $(BUILD)/parts
	CC="$(CC)" $(GO) build -trimpath -buildmode=c-archive \
	    -o $(BUILD)/parts/all.a ./capi
	cd $(BUILD)/parts && ar x all.a
	$(OBJCOPY) $(GLOBALS:%=--globalize-symbol=%) $(BUILD)/parts/go.o
	$(CC) -r -nostdlib -Wl,-T,capi/runtime.ld $(WRAPS:%=-Wl,--wrap=%) \
	    -o $@ $(BUILD)/parts/*.o
	$(OBJCOPY) --keep-global-symbols=capi/exports $@

$(LIB): $(OBJECT) $(MAP)
	$(CC) -shared $(LDFLAGS) -o $@ $(OBJECT) -lpthread \
	    -Wl,-soname,$(SONAME) -Wl,--version-script=$(MAP) \
	    -Wl,-z,nodelete -Wl,-z,relro -Wl,-z,noexecstack
	rm -f $(BUILD)/libtls.so.*
	ln -s libtls.so $(BUILD)/$(SONAME)

$(STATIC): $(OBJECT)
	rm -f $@
	ar rcs $@ $(OBJECT)

# No version name, as in other implementations of libtls.
$(MAP): capi/exports
	mkdir -p $(BUILD)
	{ echo '{ global:'; sed 's/$$/;/' capi/exports; echo 'local: *; };'; } >$@

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

clean:
	rm -rf $(BUILD)

check: all
	nm -D --defined-only $(LIB) | awk '{ print $$3 }' | LC_ALL=C sort | \
	    diff - capi/exports

test: check
	tests/run.sh

demo: all
	tests/demo.sh

bench: all
	bench/run.sh

bogo:
	tests/bogo/run.sh $(RUNNER)

fuzz:
	tests/fuzz.sh
