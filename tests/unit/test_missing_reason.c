// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_missing_reason.c - what is said where a member that a command needs is unknown, and
 * what is advised.
 */
#include "unit.h"
#include "guest_builder.h"

#define DEBIAN	"6.1.0-18-cloud-amd64"
#define EL7	"3.10.0-693.el7.x86_64"
#define TENCENT	"3.10.0-693_44.tl2"

static struct guest *new_guest(const char *release, bool minimal, bool loaded)
{
	static const char *const modules[] = { "virtio_net", "tun" };
	struct guest *g = guest_new(ERA_EL7);
	struct vr_missing missing;

	guest_modules(g, modules + !loaded, loaded ? 2 : 1);
	assert_int_equal(vr_layout_resolve(&g->c, VR_G_KERNEL, &missing), 0);
	snprintf(g->f->t.release, sizeof(g->f->t.release), "%s", release);
	snprintf(g->f->t.why, sizeof(g->f->t.why), "no virtio_net.ko in /lib");
	g->f->t.minimal = minimal;
	return g;
}

static const char *reason(struct guest *g, const char *module, const char *command)
{
	static char buf[2048];
	const struct vr_missing m = { "virtnet_info", "sq", module, false };

	vr_missing_reason(buf, sizeof(buf), &g->c, &m, command, "/boot/vmlinux");
	return buf;
}

static void a_loaded_module_takes_its_debuginfo(void **state)
{
	struct guest *g = new_guest(DEBIAN, false, true);

	(void)state;
	assert_string_equal(reason(g, "virtio_net", "vring"),
			    "virtnet_info.sq: unknown: no debuginfo of module virtio_net:"
			    " no virtio_net.ko in /lib; install linux-image-" DEBIAN "-dbg,"
			    " start crash with --mod DIRECTORY, give vring -t DIRECTORY,"
			    " or: mod -s virtio_net FILE");
	guest_free(g);
}

/* crash has no mod in minimal mode. */
static void minimal_mode_is_not_told_to_use_mod(void **state)
{
	struct guest *g = new_guest(DEBIAN, true, true);

	(void)state;
	assert_non_null(strstr(reason(g, "virtio_net", "vqwalk"),
			       " start crash with --mod DIRECTORY, or give vqwalk -t DIRECTORY"));
	assert_null(strstr(reason(g, "virtio_net", "vqwalk"), "mod -s"));
	guest_free(g);
}

static void each_distribution_has_its_own_package(void **state)
{
	static const struct {
		const char *release, *install;
	} cases[] = {
		{ EL7, "install kernel-debuginfo-" EL7 "," },
		{ "6.10.3-200.fc40.x86_64", "install kernel-debuginfo-6.10.3-200.fc40.x86_64," },
		{ DEBIAN, "install linux-image-" DEBIAN "-dbg," },
		{ "6.12.9+bpo-arm64", "install linux-image-6.12.9+bpo-arm64-dbg," },
		{ "5.15.0-91-generic", "install linux-image-5.15.0-91-generic-dbgsym," },
		{ TENCENT, "install the debuginfo package of kernel " TENCENT "," },
		{ "", "install the debuginfo package of kernel ," },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct guest *g = new_guest(cases[i].release, false, true);

		assert_non_null(strstr(reason(g, "virtio_net", "vring"), cases[i].install));
		guest_free(g);
	}
}

/* On a host, say, or in a guest that was asked for its vhost. */
static void a_module_that_is_not_loaded_is_said_first(void **state)
{
	static const struct {
		const char *module, *other;
	} cases[] = { { "virtio_net", "vhostq" }, { "vhost", "vring" }, { "vhost_net", "vring" } };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct guest *g = new_guest(DEBIAN, false, false);
		char want[200];

		snprintf(want, sizeof(want), "virtnet_info.sq: unknown: module %s is not loaded, so"
			 " nothing here is its own (the other end of a virtual machine's network"
			 " is for %s); no debuginfo of module %s: ", cases[i].module,
			 cases[i].other, cases[i].module);
		assert_ptr_equal(strstr(reason(g, cases[i].module, "vqwalk"), want),
				 reason(g, cases[i].module, "vqwalk"));
		guest_free(g);
	}
}

/* A list of modules that cannot be read is no list without it. */
static void an_unreadable_list_of_modules_says_nothing(void **state)
{
	struct guest *g = new_guest(DEBIAN, false, false);
	uint64_t head;

	(void)state;
	assert_int_equal(g->f->t.symbol(&g->f->t, "modules", &head), 0);
	fake_drop(g->f, VR_KERNEL, head);
	assert_null(strstr(reason(g, "virtio_net", "vring"), "not loaded"));
	guest_free(g);
}

static void a_struct_that_lacks_the_member_takes_no_file(void **state)
{
	struct guest *g = new_guest(DEBIAN, false, true);

	(void)state;
	g->f->t.why[0] = '\0';
	assert_string_equal(reason(g, "virtio_net", "vring"), "virtnet_info.sq: unknown: this"
			    " kernel's types have it under no name that vring knows;"
			    " BTF of vmlinux: this kernel has none");
	guest_free(g);
}

static void a_type_of_vmlinux_asks_for_the_right_file(void **state)
{
	struct guest *g = new_guest(DEBIAN, false, true);

	(void)state;
	assert_string_equal(reason(g, NULL, "vring"), "virtnet_info.sq: unknown: not in the types"
			    " of /boot/vmlinux; is that this kernel's vmlinux, with debuginfo?");
	guest_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loaded_module_takes_its_debuginfo),
		cmocka_unit_test(minimal_mode_is_not_told_to_use_mod),
		cmocka_unit_test(each_distribution_has_its_own_package),
		cmocka_unit_test(a_module_that_is_not_loaded_is_said_first),
		cmocka_unit_test(an_unreadable_list_of_modules_says_nothing),
		cmocka_unit_test(a_struct_that_lacks_the_member_takes_no_file),
		cmocka_unit_test(a_type_of_vmlinux_asks_for_the_right_file),
	};

	return cmocka_run_group_tests_name("missing reason", tests, NULL, NULL);
}
