// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * elf.c - finding a section of an ELF file.
 *
 * libelf is opened at run time, so that the extension loads where it is
 * missing.
 */
#include <dlfcn.h>
#include <fcntl.h>
#ifdef __has_include
# if !__has_include(<gelf.h>)
#  error "gelf.h is missing: install libelf-dev (Fedora: elfutils-libelf-devel)"
# endif
#endif
#include <gelf.h>
#include <string.h>
#include <unistd.h>

#include "target_crash.h"

/* The old version of dlopen() and friends, so that a build on a new glibc
 * (where they moved into libc, 2.34) still loads on an old one. */
#if defined(__x86_64__)
__asm__(".symver dlopen,dlopen@GLIBC_2.2.5");
__asm__(".symver dlsym,dlsym@GLIBC_2.2.5");
#elif defined(__aarch64__)
__asm__(".symver dlopen,dlopen@GLIBC_2.17");
__asm__(".symver dlsym,dlsym@GLIBC_2.17");
#endif


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

static enum vr_elf scan(const struct libelf *e, Elf *elf, const char *section,
			uint64_t *offset, uint64_t *size)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	size_t names;

	if (e->getshdrstrndx(elf, &names))
		return VR_ELF_NOT;
	while ((scn = e->nextscn(elf, scn))) {
		const char *name;

		if (!e->getshdr(scn, &shdr) || shdr.sh_type == SHT_NOBITS)
			continue;
		name = e->strptr(elf, names, shdr.sh_name);
		if (!name || strcmp(name, section))
			continue;
		*offset = shdr.sh_offset;
		*size = shdr.sh_size;
		return VR_ELF_FOUND;
	}
	return VR_ELF_LACKS;
}

enum vr_elf vr_elf_section(const char *path, const char *section,
			   uint64_t *offset, uint64_t *size)
{
	const struct libelf *e = libelf();
	enum vr_elf r = VR_ELF_NOT;
	Elf *elf;
	int fd;

	if (!e)
		return VR_ELF_NO_LIBRARY;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return VR_ELF_NOT;
	elf = e->begin(fd, ELF_C_READ, NULL);
	if (elf) {
		r = scan(e, elf, section, offset, size);
		e->end(elf);
	}
	close(fd);
	return r;
}
