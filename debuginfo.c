// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * debuginfo.c - finding a kernel module's debuginfo file, and BTF in files.
 *
 * crash's own search takes the first file of the right name, which on the
 * machine that runs the same kernel is the stripped module itself: it loads
 * and brings no types.  This search looks into each file for .debug_info;
 * without libelf every file of the right name is taken as it is.
 */
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "target_crash.h"

#define MAX_ENTRIES	100000	/* of one directory tree */
#define MAX_DEPTH	12
#define MAX_BTF		((uint64_t)64 << 20)

/* A jump out of the middle would leak open files; these calls are short. */
static void hold_interrupt(sigset_t *saved)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, saved);
}

/* ---- where is it? ---------------------------------------------------------------- */

/* nftw() hands no argument to its callback. */
static struct {
	const char *module;
	char *path;
	size_t size;
	unsigned entries;
	char other[VR_PATH];	/* a file of that name that is no debuginfo */
	enum vr_elf other_is;
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
	uint64_t offset, size;
	enum vr_elf r;

	(void)st;
	if (++search.entries > MAX_ENTRIES)
		return -1;
	if (type != FTW_F || ftw->level > MAX_DEPTH ||
	    !name_matches(path + ftw->base) || strlen(path) >= search.size)
		return 0;
	r = vr_elf_section(path, ".debug_info", &offset, &size);
	if (r == VR_ELF_FOUND || r == VR_ELF_NO_LIBRARY) {
		strcpy(search.path, path);
		return 1;
	}
	snprintf(search.other, sizeof(search.other), "%s", path);
	search.other_is = r;
	return 0;
}

void vr_debuginfo_dirs(const char *dirs[VR_DEBUGINFO_DIRS], const char *release,
		       const char *vmlinux, const char *mod_tree,
		       const char *user)
{
	static char buf[4][VR_PATH];
	static char real[PATH_MAX];
	const char *env = getenv("CRASH_MODULE_PATH");
	unsigned n = 0;
	char *slash;

	if (user && *user)
		dirs[n++] = user;
	snprintf(buf[0], VR_PATH, "/usr/lib/debug/lib/modules/%s", release);
	dirs[n++] = buf[0];
	if (env && *env)
		dirs[n++] = env;
	if (mod_tree && *mod_tree)
		dirs[n++] = mod_tree;
	if (vmlinux && realpath(vmlinux, real) && strlen(real) < VR_PATH / 2) {
		/* Debian: .../boot/vmlinux-R beside .../lib/modules/R;
		 * Fedora and its kin: .../lib/modules/R/vmlinux. */
		strcpy(buf[1], real);
		slash = strrchr(buf[1], '/');
		*slash = '\0';
		snprintf(buf[2], VR_PATH, "%.*s/../lib/modules/%s",
			 VR_PATH / 2, buf[1], release);
		dirs[n++] = buf[2];
		dirs[n++] = buf[1];
	}
	snprintf(buf[3], VR_PATH, "/lib/modules/%s", release);
	dirs[n++] = buf[3];
	dirs[n] = NULL;
}

static void explain(const char *const dirs[], char *why, size_t size)
{
	size_t n;

	if (search.other[0]) {
		snprintf(why, size, "%s %s", search.other,
			 search.other_is == VR_ELF_LACKS ?
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
	sigset_t saved;
	int found = 0;

	memset(&search, 0, sizeof(search));
	search.module = module;
	search.path = path;
	search.size = size;
	hold_interrupt(&saved);
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

/* ---- BTF in files -------------------------------------------------------------------- */

/* Read 'len' bytes at 'offset' of a file into the arena. */
static int slurp(struct vr_arena *arena, const char *path, uint64_t offset,
		 uint64_t len, void **data, size_t *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t done = 0;

	if (fd < 0)
		return -1;
	*data = len && len <= MAX_BTF ? vr_alloc(arena, 1, len) : NULL;
	while (*data && done < len) {
		ssize_t n = pread(fd, (char *)*data + done, len - done,
				  (off_t)(offset + done));

		if (n <= 0)
			break;
		done += (uint64_t)n;
	}
	close(fd);
	*ret = done;
	return *data && done == len ? 0 : -1;
}

/* 0 for what has no length, such as a pipe.  Files under /sys tell theirs too.
 * (stat() would do, but a build on glibc 2.33 or newer would then need it.) */
static uint64_t file_length(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	off_t end;

	if (fd < 0)
		return 0;
	end = lseek(fd, 0, SEEK_END);
	close(fd);
	return end > 0 ? (uint64_t)end : 0;
}

int vr_file_read(struct vr_arena *arena, const char *path, size_t max, void **data,
		 size_t *len)
{
	uint64_t size = file_length(path);

	*len = 0;
	if (!size || size > max)
		return -1;
	return slurp(arena, path, 0, size, data, len);
}

/* A file of raw BTF, or an ELF file with a section .BTF. */
static int btf_of_file(struct vr_arena *arena, const char *path, void **data,
		       size_t *len)
{
	uint64_t offset, size;

	if (vr_elf_section(path, ".BTF", &offset, &size) == VR_ELF_FOUND)
		return slurp(arena, path, offset, size, data, len);
	return slurp(arena, path, 0, file_length(path), data, len);
}

/* Is the machine we run on running the dumped kernel's release? */
static bool same_release(const char *release)
{
	struct utsname u;

	return !uname(&u) && !strcmp(u.release, release);
}

static int btf_candidates(struct vr_arena *arena, const char *module,
			  const char *release, const char *vmlinux,
			  const char *user, char path[VR_PATH], void **data,
			  size_t *len)
{
	bool kernel = !strcmp(module, "vmlinux");

	if (user && *user) {
		snprintf(path, VR_PATH, "%s/%s", user, module);
		if (!btf_of_file(arena, path, data, len))
			return 0;
		snprintf(path, VR_PATH, "%s", user);
		if (kernel && !btf_of_file(arena, path, data, len))
			return 0;
	}
	if (kernel && vmlinux) {
		snprintf(path, VR_PATH, "%s", vmlinux);
		if (!btf_of_file(arena, path, data, len))
			return 0;
	}
	if (!same_release(release))
		return -1;
	snprintf(path, VR_PATH, "/sys/kernel/btf/%s", module);
	return btf_of_file(arena, path, data, len);
}

int vr_btf_find(struct vr_arena *arena, const char *module, const char *release,
		const char *vmlinux, const char *user, char path[VR_PATH],
		void **data, size_t *len)
{
	sigset_t saved;
	int r;

	hold_interrupt(&saved);
	r = btf_candidates(arena, module, release, vmlinux, user, path, data, len);
	sigprocmask(SIG_SETMASK, &saved, NULL);
	return r;
}
