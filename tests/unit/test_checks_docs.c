// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_checks_docs.c - every check and state stands in docs/checks.md and in the help
 * texts, with its severity and its meaning; and nothing else does.
 */
#include <ctype.h>

#include "help.h"
#include "judge.h"

#define MAX_ROWS 64

struct row {
	char name[32], severity[16], meaning[200];
	unsigned seen;
};

struct page {
	struct row row[MAX_ROWS];
	unsigned n;
};

static const struct row *find(const struct page *p, const char *name)
{
	for (unsigned i = 0; i < p->n; i++)
		if (!strcmp(p->row[i].name, name))
			return &p->row[i];
	return NULL;
}

static struct row *add(struct page *p)
{
	assert_true(p->n < MAX_ROWS);
	return &p->row[p->n++];
}

/* The cell of a table row that begins at '*at', without blanks around it. */
static void cell(const char **at, char *buf, size_t size)
{
	const char *end;

	*at += strspn(*at, "| `");
	end = strchr(*at, '|');
	assert_non_null(end);
	snprintf(buf, size, "%.*s", (int)(end - *at), *at);
	*at = end;
	for (size_t n = strlen(buf); n && strchr(" `", buf[n - 1]); n--)
		buf[n - 1] = '\0';
}

/* Rows are "| `name` | severity | meaning |", or without a severity: error. */
static struct page read_docs(void)
{
	FILE *f = fopen(TOP_DIR "/docs/checks.md", "r");
	struct page p = { .n = 0 };
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		const char *at = line;
		unsigned bars = 0;
		struct row *r;

		if (strncmp(line, "| `", 3))
			continue;
		for (const char *s = line; *s; s++)
			bars += *s == '|';
		r = add(&p);
		cell(&at, r->name, sizeof(r->name));
		strcpy(r->severity, "error");
		if (bars == 4)
			cell(&at, r->severity, sizeof(r->severity));
		cell(&at, r->meaning, sizeof(r->meaning));
	}
	fclose(f);
	return p;
}

static bool is_severity(const char *word)
{
	for (enum vr_severity s = VR_SEV_OK; s <= VR_SEV_ERROR; s++)
		if (!strcmp(word, vr_severity_name(s)))
			return true;
	return false;
}

/* Rows are "     name (severity)  meaning", and go on in lines that are further in. */
static void read_help(struct page *p, char *const *help)
{
	struct row *r = NULL;

	for (; *help; help++) {
		char name[32], severity[16];
		int used = 0;
		size_t in = strspn(*help, " ");

		if (in == 5 && sscanf(*help, "%31s (%15[^)]) %n", name, severity, &used) == 2 &&
		    is_severity(severity)) {
			r = add(p);
			snprintf(r->name, sizeof(r->name), "%s", name);
			snprintf(r->severity, sizeof(r->severity), "%s", severity);
			snprintf(r->meaning, sizeof(r->meaning), "%s", *help + used);
		} else if (r && in > 20) {
			size_t n = strlen(r->meaning);

			snprintf(r->meaning + n, sizeof(r->meaning) - n, " %s",
				 *help + in);
		} else {
			r = NULL;
		}
	}
}

/* Every row of the code stands there as it is. */
static void assert_holds(const struct page *p, const char *where)
{
	const char *name, *meaning;
	enum vr_severity severity;

	for (unsigned n = 0; vr_check_row(n, &name, &severity, &meaning); n++) {
		const struct row *r = find(p, name);

		if (!r)
			fail_msg("%s is not in %s", name, where);
		assert_string_equal(r->severity, vr_severity_name(severity));
		assert_string_equal(r->meaning, meaning);
	}
}

/* Every row there is one of the code. */
static void assert_known(const struct page *p, const char *where)
{
	for (unsigned i = 0; i < p->n; i++) {
		const char *name, *meaning;
		enum vr_severity severity;
		bool known = false;

		for (unsigned n = 0; vr_check_row(n, &name, &severity, &meaning); n++)
			if (!strcmp(name, p->row[i].name)) {
				known = true;
				assert_string_equal(p->row[i].severity,
						    vr_severity_name(severity));
				assert_string_equal(p->row[i].meaning, meaning);
			}
		if (!known)
			fail_msg("%s in %s is no check", p->row[i].name, where);
	}
}

static void the_page_holds_every_row(void **state)
{
	struct page p = read_docs();

	(void)state;
	assert_holds(&p, "docs/checks.md");
	assert_known(&p, "docs/checks.md");
	for (unsigned i = 0; i < p.n; i++)
		assert_ptr_equal(find(&p, p.row[i].name), &p.row[i]);
}

/* In the page, states stand by precedence. */
static void the_page_keeps_the_order(void **state)
{
	struct page p = read_docs();
	unsigned at = 0;

	(void)state;
	for (int s = VR_ST_UNREADABLE; s < VR_ST_NSTATES; s++, at++)
		assert_string_equal(p.row[at].name, vr_state_name((enum vr_state)s));
}

static void the_help_texts_hold_every_row(void **state)
{
	struct page p = { .n = 0 };

	(void)state;
	read_help(&p, help_vring);
	assert_known(&p, "help vring");
	read_help(&p, help_vhostq);
	assert_known(&p, "help vhostq");
	assert_holds(&p, "help vring or help vhostq");
}

/* Each side's help has its own invariants, and the states that it can come to. */
static void each_command_tells_of_its_own(void **state)
{
	static const enum vr_state only_host[] = {
		VR_ST_VHOST_ERROR, VR_ST_LOST_KICK, VR_ST_KICK_NOT_SERVED,
	}, only_guest[] = {
		VR_ST_UNREADABLE, VR_ST_BROKEN, VR_ST_LOST_INTERRUPT, VR_ST_RING_FULL,
		VR_ST_TX_STOPPED, VR_ST_NOT_CONSUMING, VR_ST_NOT_REAPING,
	}, both[] = {
		VR_ST_CORRUPT, VR_ST_STOPPED, VR_ST_RX_STARVED, VR_ST_ACTIVE, VR_ST_IDLE,
	};
	struct page guest = { .n = 0 }, host = { .n = 0 };

	(void)state;
	read_help(&guest, help_vring);
	read_help(&host, help_vhostq);
	for (const struct vr_check *c = vr_ring_checks; c->name; c++)
		assert_non_null(find(&guest, c->name));
	for (const struct vr_check *c = vr_host_checks; c->name; c++)
		assert_non_null(find(&host, c->name));
	for (unsigned i = 0; i < COUNT_OF(only_host); i++)
		assert_non_null(find(&host, vr_state_name(only_host[i])));
	for (unsigned i = 0; i < COUNT_OF(only_guest); i++)
		assert_non_null(find(&guest, vr_state_name(only_guest[i])));
	for (unsigned i = 0; i < COUNT_OF(both); i++) {
		assert_non_null(find(&guest, vr_state_name(both[i])));
		assert_non_null(find(&host, vr_state_name(both[i])));
	}
}

/* crash prints each line with its own name as the one argument: '%' is for prompts. */
static void the_help_fits_a_terminal(void **state)
{
	char *const *const helps[] = { help_vring, help_vqwalk, help_vhostq };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(helps); i++) {
		unsigned widest = 80;

		for (char *const *line = helps[i]; *line; line++) {
			unsigned column = 0;

			/* What the commands print is as wide as it is. */
			if (!strcmp(*line, "\nEXAMPLES"))
				widest = 240;

			for (const char *s = *line; *s; s++) {
				column = *s == '\n' ? 0 : column + 1;
				assert_true(column <= widest);
				assert_true(*s == '\n' || isprint((unsigned char)*s));
				if (*s == '%')
					assert_memory_equal(s, "%s> ", 4);
			}
		}
	}
}

static void names_are_unique_and_rows_end(void **state)
{
	const char *name, *other, *meaning;
	enum vr_severity severity;
	unsigned n = 0;

	(void)state;
	for (; vr_check_row(n, &name, &severity, &meaning); n++) {
		assert_true(*name && *meaning);
		for (unsigned k = 0; k < n; k++) {
			assert_true(vr_check_row(k, &other, &severity, &meaning));
			assert_string_not_equal(name, other);
		}
		assert_true(n < 200);
	}
	assert_true(n >= VR_ST_NSTATES - 1 + 20);
	assert_false(vr_check_row(n + 1, &name, &severity, &meaning));
}

/* A broken invariant is an error; a healthy state is none, and a state that a healthy
 * queue passes through is no warning. */
static void severities_are_those_of_the_rules(void **state)
{
	static const struct {
		enum vr_state state;
		enum vr_severity severity;
	} want[] = {
		{ VR_ST_UNREADABLE, VR_SEV_WARN }, { VR_ST_CORRUPT, VR_SEV_ERROR },
		{ VR_ST_BROKEN, VR_SEV_ERROR }, { VR_ST_STOPPED, VR_SEV_INFO },
		{ VR_ST_VHOST_ERROR, VR_SEV_ERROR },
		{ VR_ST_LOST_INTERRUPT, VR_SEV_WARN }, { VR_ST_LOST_KICK, VR_SEV_WARN },
		{ VR_ST_KICK_NOT_SERVED, VR_SEV_WARN }, { VR_ST_RX_STARVED, VR_SEV_WARN },
		{ VR_ST_RING_FULL, VR_SEV_WARN }, { VR_ST_TX_STOPPED, VR_SEV_WARN },
		{ VR_ST_NOT_CONSUMING, VR_SEV_INFO }, { VR_ST_NOT_REAPING, VR_SEV_INFO },
		{ VR_ST_ACTIVE, VR_SEV_OK }, { VR_ST_IDLE, VR_SEV_OK },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(want); i++) {
		assert_int_equal(want[i].state, VR_ST_UNREADABLE + i);
		assert_int_equal(vr_state_severity(want[i].state), want[i].severity);
	}
	for (const struct vr_check *c = vr_ring_checks; c->name; c++)
		assert_int_equal(c->severity, VR_SEV_ERROR);
	for (const struct vr_check *c = vr_host_checks; c->name; c++)
		assert_int_equal(c->severity, VR_SEV_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_holds_every_row),
		cmocka_unit_test(the_page_keeps_the_order),
		cmocka_unit_test(the_help_texts_hold_every_row),
		cmocka_unit_test(each_command_tells_of_its_own),
		cmocka_unit_test(the_help_fits_a_terminal),
		cmocka_unit_test(names_are_unique_and_rows_end),
		cmocka_unit_test(severities_are_those_of_the_rules),
	};

	return cmocka_run_group_tests_name("checks_docs", tests, NULL, NULL);
}
