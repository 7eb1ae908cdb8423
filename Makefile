# SPDX-License-Identifier: GPL-2.0-or-later
#
# make          vring.so, to load into crash with 'extend'
# make demo     a real guest, its vmcore, and what 'vring eth0 1' says about it (0 where no tap
#               can be made)
# make check    all tests on kernel 6.1, some on others, everything they need installed first (as root)
# make check-matrix  all tests on all kernels, and each kernel in each crash
# make check-arm64  the same commands on an arm64 guest's dump, in an arm64 crash
# make check-packages  the packages, built and installed on fresh systems
# make fuzz     new inputs for what reads a dump, TIME=60 seconds each (docs/fuzzing.md)
# make bench    what it costs, beside crash's own start and the ways people use now
# make install  vring.so to where crash looks for extensions, man pages, documents, scripts; make uninstall
# make deb, rpm a package of this tree, below build/
#
# PREFIX, DESTDIR, EXTDIR, MANDIR, DOCDIR: where install puts things; crash looks for extensions
#               in /usr/lib64/crash/extensions, /usr/lib/crash/extensions and $CRASH_EXTENSIONS
# CRASH=DIR     take defs.h from crash's source tree instead of /usr/include/crash
#
# For another machine, in a folder of its own (Debian: gcc-aarch64-linux-gnu):
#   mkdir -p DIR && make -C DIR -f $PWD/Makefile ARCH=aarch64 CC=aarch64-linux-gnu-gcc

CC ?= gcc
CFLAGS ?= -O2 -g
CRASH ?= /usr/include/crash

ARCH := $(shell uname -m)
TREE := $(dir $(lastword $(MAKEFILE_LIST)))
vpath %.c $(TREE)
crash_arch_x86_64 := X86_64
crash_arch_aarch64 := ARM64
crash_arch_ppc64le := PPC64
crash_arch_s390x := S390X
CRASH_ARCH := $(crash_arch_$(ARCH))

WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wformat=2
VRING_CFLAGS := -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden $(WARN)
# Only these know crash; its header is not ours to keep free of warnings.
CRASH_CFLAGS := -D$(CRASH_ARCH) -isystem $(CRASH)

CORE := arch arch_arm64 arena btf bus chains check check_guest check_host check_ring clock compare compare_joint cpus features \
	files grow hops import irq irq_tree json json_in kernel list members members_host missed net_state net_walk netdevs notify offsets \
	owners owners_blk owners_net packed packed_held packet pgtable render_chains render_compare render_device render_errors render_layout \
	render_host render_host_json render_json render_owners render_packed render_text render_verdict \
	render_walk ring select slots tasks types vdev_walk vhost_find vhost_iov vhost_memory vhost_queue vhost_tap vhost_walk vqs watch words
GLUE := debuginfo elf help session target_crash vring
OBJS := $(patsubst %,build/%.o,$(CORE) $(GLUE))

# Files of tests/vm that are run at once; each boots guests of its own.
JOBS ?= $(shell n=$$(nproc); echo $$((n > 4 ? 4 : n)))

TIME ?= 60
PREFIX ?= /usr
EXTDIR ?= $(PREFIX)/$(if $(wildcard /etc/debian_version),lib,lib64)/crash/extensions
MANDIR ?= $(PREFIX)/share/man
SHAREDIR ?= $(PREFIX)/share/vring
DOCDIR ?= $(PREFIX)/share/doc/crash-vring
PAGES := vring.8 vqwalk.8 vhostq.8
SCRIPTS := guest host compare

.PHONY: all demo check check-unit check-fuzz check-vm check-matrix matrix check-arm64 check-packages fuzz fuzz-coverage bench warnings clean

all: vring.so

vring.so: $(OBJS)
	$(CC) -shared $(LDFLAGS) -o $@ $^

build/%.o: %.c | build
	$(CC) $(CPPFLAGS) $(VRING_CFLAGS) $(if $(filter $*,$(GLUE)),$(CRASH_CFLAGS)) \
		$(CFLAGS) -MMD -c -o $@ $<

build:
	mkdir -p $@

$(CRASH)/defs.h:
	@echo "$@ is missing: install crash's header (Debian: crash and zlib1g-dev," \
		"Fedora: crash-devel), or give CRASH=/path/to/crash/source" >&2; false

build/session.o build/vring.o build/target_crash.o: $(CRASH)/defs.h

demo:
	tests/vm/setup.sh demo
	$(MAKE) vring.so
	/usr/bin/python3 tests/vm/demo.py $(CURDIR)/vring.so

check:
	@tests/vm/stage.sh 'set-up' tests/vm/setup.sh check
	@tests/vm/stage.sh 'unit tests' $(MAKE) check-unit
	@tests/vm/stage.sh 'fuzzers' $(MAKE) check-fuzz
	@tests/vm/stage.sh 'real dumps' $(MAKE) check-vm

# What 'check' leaves out: all tests of the other kernels, then every cell of the matrix,
# which writes docs/support-matrix.md. Parts may be run for themselves, of some kernels
# (KERNELS='6.1 7.3') and of some cells (CELLS='guest and minimal', as for pytest -k).
KERNELS ?= all
CELLS ?=

check-matrix:
	@tests/vm/stage.sh 'set-up' tests/vm/setup.sh check
	@tests/vm/stage.sh 'real dumps' $(MAKE) check-vm PYTEST_ARGS='--kernels "$(KERNELS)"'
	@tests/vm/stage.sh 'matrix' $(MAKE) matrix
	$(if $(filter all 6.1,$(KERNELS)),@tests/vm/stage.sh 'arm64' $(MAKE) check-arm64)
	$(if $(filter all,$(KERNELS)),@tests/vm/stage.sh 'packages' $(MAKE) check-packages)

matrix: vring.so
	/usr/bin/python3 -m pytest tests/vm/test_matrix.py -v -n $(JOBS) --dist loadgroup --durations=10 \
		--matrix --kernels '$(KERNELS)' -k '$(CELLS)'

# Warnings of both compilers, then the unit tests plain and under sanitizers.
check-unit: warnings
	$(MAKE) -C tests/unit check CC=gcc
	$(MAKE) -C tests/unit check CC=clang SANITIZE=1

# The fuzzers' corpus and earlier findings once more: the same inputs every time.
check-fuzz:
	$(MAKE) -C tests/fuzz check

# New inputs, TIME seconds for each fuzzer; and which lines the corpus reaches.
fuzz:
	$(MAKE) -C tests/fuzz run SECONDS=$(TIME)

fuzz-coverage:
	$(MAKE) -C tests/fuzz coverage

warnings:
	@for cc in gcc clang; do for f in $(CORE) $(GLUE); do \
		echo "$$cc -fsyntax-only $$f.c"; \
		$$cc $(VRING_CFLAGS) -Werror $(CRASH_CFLAGS) -O2 -fsyntax-only $$f.c || exit 1; \
	done; done

# The seam over crash, driven by tests/vm/test_loader.py.
build/probe.so: tests/vm/probe.c $(filter-out build/vring.o build/session.o,$(OBJS))
	$(CC) $(VRING_CFLAGS) $(CRASH_CFLAGS) $(CFLAGS) -shared $(LDFLAGS) -o $@ $^

# All of vring.so, with members hidden from it, for tests/vm/test_renamed.py.
build/hide.so: tests/vm/hide.c $(OBJS)
	$(CC) $(VRING_CFLAGS) $(CRASH_CFLAGS) $(CFLAGS) -shared $(LDFLAGS) \
		-Wl,--wrap=vr_type_size,--wrap=vr_type_member,--wrap=register_extension -o $@ $^

check-vm: vring.so build/probe.so build/hide.so
	/usr/bin/python3 -m pytest tests/vm -v -n $(JOBS) --dist loadfile --durations=20 $(PYTEST_ARGS)

check-arm64:
	tests/vm/setup.sh arm64
	/usr/bin/python3 -m pytest tests/vm/test_arm64.py -v --matrix

# What takes minutes: packages on fresh systems (as root).
check-packages: vring.so
	tests/vm/setup.sh matrix
	/usr/bin/python3 -m pytest tests/vm/test_packages.py -v --matrix

bench: vring.so build/probe.so
	tests/vm/setup.sh check
	/usr/bin/python3 tests/bench/bench.py $(CURDIR)/vring.so

include $(TREE)packaging/install.mk

clean:
	rm -rf build vring.so tests/unit/build-* tests/fuzz/build

-include $(wildcard build/*.d)
