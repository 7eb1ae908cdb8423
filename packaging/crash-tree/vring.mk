# SPDX-License-Identifier: GPL-2.0-or-later
#
# For extensions/ in crash's source tree: 'make extensions' there runs this for vring.c.
# 'make drop-in CRASH=DIR' in vring's own tree puts all of it there.

all: vring.so

vring.so: FORCE
	$(MAKE) -C vring CRASH=$(CURDIR)/.. CFLAGS="-O2 -g" vring.so
	cp vring/vring.so $@

clean:
	$(MAKE) -C vring clean
	rm -f vring.so

.PHONY: all clean FORCE
