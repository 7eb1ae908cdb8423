// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host_builder.c - a host's tasks and files, and the walk over all of it.
 */
#include "unit.h"
#include "host_builder.h"

#define DIRECT		0xffff888000000000ULL
#define IMAGE		0xffffffff81000000ULL
#define KERNEL_TABLES	0x1000000ULL
#define USER_TABLES	0x2000000ULL
#define MAX_FILES	64u
#define MISC_MAJOR	10u
#define VHOST_NET_MINOR	238u
#define CHARACTER_DEVICE 0020666u

static uint64_t off(struct host *h, const char *type, const char *path)
{
	return fake_offset(h->f, type, path);
}

uint64_t host_alloc(struct host *h, const char *type)
{
	return fake_alloc(h->f, fake_sizeof(h->f, type));
}

/* ---- tasks and their files ---------------------------------------------------- */

void host_list(struct host *h, uint64_t addr, const char *type, const char *path)
{
	guest_list_init(h->f, addr + off(h, type, path));
}

/* A thread of 'leader', or with 0 a process of its own. */
static void add_task(struct host *h, uint64_t task, uint64_t leader)
{
	struct fake_target *f = h->f;
	bool late = fake_has(f, "signal_struct", "thread_head");
	uint64_t signal, link;

	if (!leader) {
		guest_list_add(f, h->init_task + off(h, "task_struct", "tasks"),
			       task + off(h, "task_struct", "tasks"));
		signal = host_alloc(h, "signal_struct");
		fake_set(f, task, "task_struct", "signal", signal);
		if (late)
			host_list(h, signal, "signal_struct", "thread_head");
		else
			host_list(h, task, "task_struct", "thread_group");
	}
	/* Up to 3.13 the leader has the others on its own link. */
	signal = fake_get64(f, (leader ? leader : task) + off(h, "task_struct", "signal"));
	link = late ? signal + off(h, "signal_struct", "thread_head") :
		      leader + (leader ? off(h, "task_struct", "thread_group") : 0);
	if (link)
		guest_list_add(f, link, task + off(h, "task_struct", late ?
						 "thread_node" : "thread_group"));
}

uint64_t host_task(struct host *h, const struct task_spec *s)
{
	struct fake_target *f = h->f;
	const char *name = fake_has(f, "task_struct", "__state") ? "__state" : "state";
	uint64_t task = host_alloc(h, "task_struct");

	fake_set(f, task, "task_struct", "pid", s->pid);
	fake_str(f, task + off(h, "task_struct", "comm"), s->comm);
	fake_set(f, task, "task_struct", "mm", s->mm);
	fake_set(f, task, "task_struct", name, s->state);
	fake_set(f, task, "task_struct", "on_cpu", !s->state);
	add_task(h, task, s->leader);
	return task;
}

static void new_files(struct host *h)
{
	uint64_t files = host_alloc(h, "files_struct"), fdt = host_alloc(h, "fdtable");

	h->fds = fake_alloc(h->f, 8 * MAX_FILES);
	fake_set(h->f, fdt, "fdtable", "max_fds", MAX_FILES);
	fake_set(h->f, fdt, "fdtable", "fd", h->fds);
	fake_set(h->f, files, "files_struct", "fdt", fdt);
	fake_set(h->f, h->owner, "task_struct", "files", files);
}

void host_open_misc(struct host *h, unsigned minor, const char *name, uint64_t private_data)
{
	uint64_t file = host_alloc(h, "file"), inode = host_alloc(h, "inode");
	uint64_t dentry = host_alloc(h, "dentry"), text = fake_alloc(h->f, strlen(name) + 1);

	fake_str(h->f, text, name);
	fake_set(h->f, dentry, "dentry", "d_name.name", text);
	fake_set(h->f, file, "file", "f_path.dentry", dentry);
	assert_true(h->nfiles < MAX_FILES);
	fake_set(h->f, inode, "inode", "i_mode", CHARACTER_DEVICE);
	fake_set(h->f, inode, "inode", "i_rdev", MISC_MAJOR << 20 | minor);
	fake_set(h->f, file, "file", "f_inode", inode);
	fake_set(h->f, file, "file", "private_data", private_data);
	/* Descriptors have holes. */
	fake_u64(h->f, h->fds + 8 * (2 * h->nfiles + 1), file);
	h->nfiles++;
}

void host_open(struct host *h, uint64_t vhost_net)
{
	host_open_misc(h, VHOST_NET_MINOR, "vhost-net", vhost_net);
}

struct host *host_new(enum guest_era era)
{
	struct host *h = calloc(1, sizeof(*h));
	uint64_t init_mm = IMAGE + 0x100000;
	struct pgtable kernel;

	assert_non_null(h);
	h->name = era_name(era);
	h->g = guest_new(era);
	h->f = h->g->f;
	h->f->t.x86_64 = true;
	fake_symbol(h->f, "_text", IMAGE);
	fake_symbol(h->f, "_end", IMAGE + (32 << 20));
	fake_symbol(h->f, "init_mm", init_mm);
	fake_map(h->f, VR_KERNEL, init_mm, fake_sizeof(h->f, "mm_struct"));
	pt_init(&kernel, h->f, 4, DIRECT, KERNEL_TABLES);
	fake_set(h->f, init_mm, "mm_struct", "pgd", kernel.top_kernel);
	h->mm = host_alloc(h, "mm_struct");
	pt_init(&h->user, h->f, 4, DIRECT, USER_TABLES);
	fake_set(h->f, h->mm, "mm_struct", "pgd", h->user.top_kernel);
	h->init_task = host_alloc(h, "task_struct");
	fake_symbol(h->f, "init_task", h->init_task);
	host_list(h, h->init_task, "task_struct", "tasks");
	h->owner = host_task(h, &(struct task_spec){ .pid = HOST_OWNER_PID,
			     .comm = HOST_OWNER_COMM, .mm = h->mm, .state = 1 });
	h->vcpu = host_task(h, &(struct task_spec){ .pid = HOST_OWNER_PID + 1,
			    .comm = "CPU 0/KVM", .mm = h->mm, .state = 1,
			    .leader = h->owner });
	new_files(h);
	return h;
}

void host_free(struct host *h)
{
	guest_free(h->g);
	free(h);
}

/* ---- reading it back ---------------------------------------------------------------- */

struct host_walked host_walk(struct host *h, const char *device)
{
	struct vr_select sel = { .device = device };
	struct vr_missing missing;
	struct host_walked w = { .host = { .memory = true } };

	if (vr_layout_resolve(&h->g->c, VR_G_KERNEL | VR_G_TASKS | VR_G_VHOST, &missing))
		fail_msg("%s.%s is missing", missing.type,
			 missing.path ? missing.path : "(size)");
	w.status = vr_host_walk(&h->g->c, &sel, 0, &w.host, &w.err);
	if (w.status == VR_WALK_OK)
		vr_check_host(&h->g->c, &w.host);
	return w;
}

const struct vr_hostq *host_walked_queue(const struct host_walked *w, uint64_t vq)
{
	for (unsigned i = 0; i < w->host.nqueues; i++)
		if (w->host.queues[i].vhost_virtqueue == vq)
			return &w->host.queues[i];
	fail_msg("vhost_virtqueue %llx was not read", (unsigned long long)vq);
	return NULL;
}

static char *render(struct host *h, struct host_walked *w, bool json)
{
	struct vr_select sel = { .full = true };
	char *text, *kept;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	if (json)
		vr_json_host(out, &h->g->c, &w->host);
	else
		vr_text_host(out, &h->g->c, &w->host, &sel);
	fclose(out);
	kept = fake_own(h->f, len + 1);
	memcpy(kept, text, len + 1);
	free(text);
	return kept;
}

char *host_json(struct host *h, struct host_walked *w)
{
	return render(h, w, true);
}

char *host_text(struct host *h, struct host_walked *w)
{
	return render(h, w, false);
}
