// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_layout_files.c - which file a source of struct layouts is said to be (-l).
 */
#include "unit.h"
#include "compare_builder.h"
#include "guest_builder.h"

#define DEBUGINFO	"/usr/lib/debug/virtio_net.ko"
#define VMLINUX		"/boot/vmlinux\033[31m"

static const char *of_modules(struct vr_target *t, const char *module)
{
	(void)t;
	if (!module)
		return VMLINUX;
	return strcmp(module, "virtio_net") ? NULL : DEBUGINFO;
}

/* Files of one module's BTF and of vmlinux's; what is in them is not asked here. */
static int btf_of(struct vr_target *t, struct vr_arena *arena, const char *module,
		  void **data, size_t *len)
{
	(void)arena, (void)data, (void)len;
	if (strcmp(module, "virtio_net") && strcmp(module, "vmlinux"))
		return -1;
	snprintf(t->btf_path, sizeof(t->btf_path), "/btf/%s", module);
	return 0;
}

static char *listing(struct guest *g)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	vr_text_layout(out, &g->c);
	fclose(out);
	return text;
}

/* All from debuginfo: a module's own, or vmlinux's where it is built in; a line each. */
static void debuginfo_files_are_named_once(void **state)
{
	struct guest *g = guest_new(ERA_EL7);
	char *text;

	(void)state;
	g->c.t->types_from = of_modules;
	guest_resolve(g);
	text = listing(g);
	/* Whether it is built in is not known without the list of modules. */
	assert_has(text, "\nDWARF virtio_ring  -\n");
	free(text);
	guest_modules(g, (const char *const []){ "virtio_net", "virtio" }, 2);
	text = listing(g);
	assert_has(text, "\nDWARF virtio       another module's debuginfo\n");
	assert_has(text, "\n\nSOURCE             FILE\nDWARF vmlinux      /boot/vmlinux\\x1b[31m\n");
	assert_has(text, "\nDWARF virtio_net   " DEBUGINFO "\n");
	assert_has(text, "\nDWARF virtio_ring  /boot/vmlinux\\x1b[31m\n");
	assert_null(strstr(strstr(text, "DWARF vmlinux      /boot") + 1,
			   "DWARF vmlinux      /boot"));
	free(text);
	guest_free(g);
}

static void btf_files_are_named(void **state)
{
	struct guest *g = guest_new(ERA_6_1);
	enum vr_slot slot;
	const char *module;
	char *text;

	(void)state;
	guest_resolve(g);
	g->c.t->btf_file = btf_of;
	for (unsigned n = 0; vr_layout_row(n, &slot, &module); n++)
		if (g->c.layout.f[slot].known)
			g->c.layout.f[slot].source = *module ? VR_FROM_BTF_FILE :
							       VR_FROM_BTF;
	text = listing(g);
	assert_has(text, "\nBTF vmlinux        the dump itself\n");
	assert_has(text, "\nBTF file virtio_net /btf/virtio_net\n");
	assert_has(text, "\nBTF file virtio_ring /btf/vmlinux\n");
	g->c.t->btf_file = NULL;
	free(text);
	text = listing(g);
	assert_has(text, "\nBTF file virtio_net -\n");
	free(text);
	guest_free(g);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(debuginfo_files_are_named_once),
		cmocka_unit_test(btf_files_are_named),
	};

	return cmocka_run_group_tests_name("layout_files", tests, NULL, NULL);
}
