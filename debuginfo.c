// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * debuginfo.c - finding a kernel module's debuginfo file.
 *
 * crash's own search takes the first file of the right name, which on the
 * machine that runs the same kernel is the stripped module itself: it loads
 * and brings no types.  This search looks into each file for .debug_info.
 *
 * libelf is opened at run time, so that the extension loads where it is
 * missing; every file of the right name is then taken as it is.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <ftw.h>
#include <gelf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target_crash.h"

#define MAX_ENTRIES	100000	/* of one directory tree */
#define MAX_DEPTH	12
#define DIRLEN		512

/* The old version of dlopen() and friends, so that a build on a new glibc
 * (where they moved into libc, 2.34) still loads on an old one. */
#if defined(__x86_64__)
__asm__(".symver dlopen,dlopen@GLIBC_2.2.5");
__asm__(".symver dlsym,dlsym@GLIBC_2.2.5");
#elif defined(__aarch64__)
__asm__(".symver dlopen,dlopen@GLIBC_2.17");
__asm__(".symver dlsym,dlsym@GLIBC_2.17");
#endif

/* ---- is it debuginfo? --------------------------------------------------------- */

enum content { CONTENT_DEBUG, CONTENT_STRIPPED, CONTENT_NO_ELF, CONTENT_UNKNOWN };

struct libelf {
	unsigned (*version)(unsigned);
	Elf *(*begin)(int, Elf_Cmd, Elf *);
	int (*end)(Elf *);
	Elf_Scn *(*nextscn)(Elf *, Elf_Scn *);
	int (*getshdrstrndx)(Elf *, size_t *);
	char *(*strptr)(Elf *, size_t, size_t);
	GElf_Shdr *(*getshdr)(Elf_Scn *, GElf_Shdr *);
};

/* ISO C has no way to turn dlsym()'s pointer into a function's; POSIX does. */
static bool bind_symbol(void *lib, const char *name, void *fn)
{
	void *p = dlsym(lib, name);

	memcpy(fn, &p, sizeof(p));
	return p != NULL;
}

static const struct libelf *libelf(void)
{
	static struct libelf e;
	static bool ready;
	void *lib;

	if (ready)
		return &e;
	lib = dlopen("libelf.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		return NULL;
	ready = bind_symbol(lib, "elf_version", &e.version) &&
		bind_symbol(lib, "elf_begin", &e.begin) &&
		bind_symbol(lib, "elf_end", &e.end) &&
		bind_symbol(lib, "elf_nextscn", &e.nextscn) &&
		bind_symbol(lib, "elf_getshdrstrndx", &e.getshdrstrndx) &&
		bind_symbol(lib, "elf_strptr", &e.strptr) &&
		bind_symbol(lib, "gelf_getshdr", &e.getshdr) &&
		e.version(EV_CURRENT) != EV_NONE;
	return ready ? &e : NULL;
}

static enum content scan_sections(const struct libelf *e, Elf *elf)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	size_t names;

	if (e->getshdrstrndx(elf, &names))
		return CONTENT_NO_ELF;
	while ((scn = e->nextscn(elf, scn))) {
		const char *name;

		if (!e->getshdr(scn, &shdr))
			continue;
		name = e->strptr(elf, names, shdr.sh_name);
		if (name && (!strcmp(name, ".debug_info") ||
			     !strcmp(name, ".zdebug_info")))
			return CONTENT_DEBUG;
	}
	return CONTENT_STRIPPED;
}

static enum content content_of(const char *path)
{
	const struct libelf *e = libelf();
	enum content r = CONTENT_NO_ELF;
	Elf *elf;
	int fd;

	if (!e)
		return CONTENT_UNKNOWN;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return CONTENT_NO_ELF;
	elf = e->begin(fd, ELF_C_READ, NULL);
	if (elf) {
		r = scan_sections(e, elf);
		e->end(elf);
	}
	close(fd);
	return r;
}

/* ---- where is it? ---------------------------------------------------------------- */

/* nftw() hands no argument to its callback. */
static struct {
	const char *module;
	char *path;
	size_t size;
	unsigned entries;
	char other[DIRLEN];	/* a file of that name that is no debuginfo */
	enum content other_content;
	bool no_libelf;
} search;

/* Is this 'virtio_net.ko' or 'virtio-net.ko.debug', for the module searched? */
static bool name_matches(const char *base)
{
	const char *m = search.module;

	for (; *m; m++, base++)
		if (*base != *m && !(*m == '_' && *base == '-'))
			return false;
	return !strcmp(base, ".ko") || !strcmp(base, ".ko.debug") ||
	       !strcmp(base, ".ko.xz") || !strcmp(base, ".ko.zst") ||
	       !strcmp(base, ".ko.gz");
}

static int visit(const char *path, const struct stat *st, int type,
		 struct FTW *ftw)
{
	enum content content;

	(void)st;
	if (++search.entries > MAX_ENTRIES)
		return -1;
	if (type != FTW_F || ftw->level > MAX_DEPTH ||
	    !name_matches(path + ftw->base) || strlen(path) >= search.size)
		return 0;
	content = content_of(path);
	if (content == CONTENT_DEBUG || content == CONTENT_UNKNOWN) {
		search.no_libelf = content == CONTENT_UNKNOWN;
		strcpy(search.path, path);
		return 1;
	}
	snprintf(search.other, sizeof(search.other), "%s", path);
	search.other_content = content;
	return 0;
}

void vr_debuginfo_dirs(const char *dirs[VR_DEBUGINFO_DIRS], const char *release,
		       const char *vmlinux, const char *mod_tree)
{
	static char buf[4][DIRLEN];
	const char *env = getenv("CRASH_MODULE_PATH");
	unsigned n = 0;
	char *slash;

	snprintf(buf[0], DIRLEN, "/usr/lib/debug/lib/modules/%s", release);
	dirs[n++] = buf[0];
	if (env && *env)
		dirs[n++] = env;
	if (mod_tree && *mod_tree)
		dirs[n++] = mod_tree;
	if (vmlinux && strlen(vmlinux) < DIRLEN / 2) {
		/* Debian: .../boot/vmlinux-R beside .../lib/modules/R;
		 * Fedora and its kin: .../lib/modules/R/vmlinux. */
		strcpy(buf[1], vmlinux);
		slash = strrchr(buf[1], '/');
		if (slash)
			*slash = '\0';
		else
			strcpy(buf[1], ".");
		snprintf(buf[2], DIRLEN, "%.*s/../lib/modules/%s",
			 DIRLEN / 2, buf[1], release);
		dirs[n++] = buf[2];
		dirs[n++] = buf[1];
	}
	snprintf(buf[3], DIRLEN, "/lib/modules/%s", release);
	dirs[n++] = buf[3];
	dirs[n] = NULL;
}

static void explain(const char *const dirs[], char *why, size_t size)
{
	size_t n;

	if (search.other[0]) {
		snprintf(why, size, "%s %s", search.other,
			 search.other_content == CONTENT_STRIPPED ?
			 "is stripped" : "is compressed or no ELF file");
		return;
	}
	n = (size_t)snprintf(why, size, "nothing found below");
	for (unsigned i = 0; dirs[i] && n < size; i++)
		n += (size_t)snprintf(why + n, size - n, "%s %s", i ? "," : "",
				      dirs[i]);
}

int vr_debuginfo_find(const char *const dirs[], const char *module, char *path,
		      size_t size, char *why, size_t whysize)
{
	sigset_t set, saved;
	int found = 0;

	memset(&search, 0, sizeof(search));
	search.module = module;
	search.path = path;
	search.size = size;
	/* A jump out of nftw() would leak its open directories; it is short. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, &saved);
	for (unsigned i = 0; dirs[i] && found != 1; i++) {
		search.entries = 0;
		found = nftw(dirs[i], visit, 16, FTW_PHYS);
	}
	sigprocmask(SIG_SETMASK, &saved, NULL);
	if (found == 1)
		return 0;
	explain(dirs, why, whysize);
	return -1;
}
