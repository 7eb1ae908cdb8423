# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installing, and packages of the tree as it is; part of the Makefile.

VERSION := $(shell sed -n 's/.*VRING_VERSION "\(.*\)"/\1/p' $(TREE)version.h)
DIST := crash-vring-$(VERSION)
# What README.md and they themselves link to; the pages of man are links of README.md, too.
DOCS := $(wildcard docs/*.md docs/*.svg docs/*.8) docs/vring.schema.json

.PHONY: install uninstall dist deb rpm drop-in

install: vring.so
	install -D -m 644 vring.so $(DESTDIR)$(EXTDIR)/vring.so
	install -d $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(SHAREDIR)
	install -m 644 $(PAGES:%=docs/%) $(DESTDIR)$(MANDIR)/man8
	install -m 644 $(SCRIPTS:%=scripts/%) docs/vring.schema.json $(DESTDIR)$(SHAREDIR)
	# As they lie here, for the links between them.
	install -d $(DESTDIR)$(DOCDIR)/docs
	install -m 644 README.md NEWS $(DESTDIR)$(DOCDIR)
	install -m 644 $(DOCS) $(DESTDIR)$(DOCDIR)/docs
	@case $(EXTDIR) in /usr/lib/crash/extensions|/usr/lib64/crash/extensions) ;; \
		*) echo "crash does not look in $(EXTDIR) by itself: CRASH_EXTENSIONS=$(EXTDIR) names it" ;; esac

uninstall:
	rm -f $(DESTDIR)$(EXTDIR)/vring.so $(PAGES:%=$(DESTDIR)$(MANDIR)/man8/%)
	rm -f $(SCRIPTS:%=$(DESTDIR)$(SHAREDIR)/%) $(DESTDIR)$(SHAREDIR)/vring.schema.json
	rm -f $(DESTDIR)$(DOCDIR)/README.md $(DESTDIR)$(DOCDIR)/NEWS $(DOCS:%=$(DESTDIR)$(DOCDIR)/%)
	for dir in $(SHAREDIR) $(EXTDIR) $(DOCDIR)/docs $(DOCDIR); do \
		rmdir --ignore-fail-on-non-empty $(DESTDIR)$$dir 2>/dev/null || true; done

# All files but what was built, whether or not this is a git checkout.
dist: | build
	rm -rf build/dist
	mkdir -p build/dist/$(DIST)
	tar -c --exclude-vcs --exclude='./build*' --exclude='./tests/*/build*' --exclude='*.so' \
		--exclude=__pycache__ --exclude=.pytest_cache . | tar -x -C build/dist/$(DIST)
	tar -c -z -f build/$(DIST).tar.gz -C build/dist $(DIST)

# Needs the packages dpkg-dev and debhelper, and what debian/control names.
deb: dist
	cp -r packaging/debian build/dist/$(DIST)/debian
	cd build/dist/$(DIST) && dpkg-buildpackage -b -uc -us
	cp build/dist/*.deb build/

# Needs rpmbuild; RPMFLAGS=--nodeps where what the .spec names goes by other names.
rpm: dist
	rpmbuild -bb $(RPMFLAGS) --define "_topdir $(CURDIR)/build/rpm" \
		--define "_sourcedir $(CURDIR)/build" packaging/crash-vring.spec
	cp build/rpm/RPMS/*/*.rpm build/

# Into crash's source tree, whose 'make extensions' then builds vring.so too.
drop-in:
	@test -f $(CRASH)/extensions/Makefile || \
		{ echo "$@: CRASH=$(CRASH) is no source tree of crash" >&2; false; }
	rm -rf $(CRASH)/extensions/vring
	install -d $(CRASH)/extensions/vring/packaging
	install -m 644 *.c *.h Makefile LICENSE $(CRASH)/extensions/vring
	install -m 644 packaging/install.mk $(CRASH)/extensions/vring/packaging
	install -m 644 packaging/crash-tree/vring.c packaging/crash-tree/vring.mk $(CRASH)/extensions
