# make            build/libtls.so, and a link of its soname beside it
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
INSTALL = install

BUILD = build
LIB = $(BUILD)/libtls.so
MAP = $(BUILD)/libtls.map
PC = $(BUILD)/libtls.pc
LDFLAGS_SO = -Wl,-soname,$(SONAME) -Wl,-T,$(CURDIR)/capi/runtime.ld \
	-Wl,--version-script=$(CURDIR)/$(MAP)

.PHONY: all install clean check test demo bench bogo fuzz $(LIB) $(PC)

all: $(LIB) $(PC)

# Go's own cache knows what is out of date.
$(LIB): $(MAP)
	$(GO) build -trimpath -buildmode=c-shared \
	    -ldflags "-extldflags '$(LDFLAGS_SO)'" -o $@ ./capi
	rm -f $(BUILD)/libtls.h $(BUILD)/libtls.so.*
	ln -s libtls.so $(BUILD)/$(SONAME)

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
