// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host_state.c - everything that host_tool knows, as one line of JSON: what it
 * has set, and the words that stand in its own memory now.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/prctl.h>

#include "host_tool.h"

/* An eventfd's counter without reading it, which would set it to 0; -1 without one. */
static long long event_count(int fd)
{
	char path[64], line[128];
	long long count = -1;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fd < 0 ? NULL : fopen(path, "r");
	if (!info)
		return -1;
	while (fgets(line, sizeof(line), info))
		if (sscanf(line, "eventfd-count: %llx", (unsigned long long *)&count) == 1)
			break;
	fclose(info);
	return count;
}

static void print_words(const struct ring *ring, FILE *out)
{
	struct words w = words_of(ring);

	fprintf(out, "\"avail\":{\"flags\":%u,\"idx\":%u,\"used_event\":%u},"
		"\"used\":{\"flags\":%u,\"idx\":%u,\"avail_event\":%u}",
		w.avail_flags, w.avail_idx, w.used_event, w.used_flags, w.used_idx,
		w.avail_event);
	if (ring->unseen)
		fprintf(out, ",\"unseen\":\"%s\"", ring->unseen);
}

static void print_descriptors(const struct vring_desc *desc, unsigned count, FILE *out)
{
	fputc('[', out);
	for (unsigned i = 0; i < count; i++)
		fprintf(out, "%s[%" PRIu64 ",%u,%u,%u]", i ? "," : "", (uint64_t)desc[i].addr,
			desc[i].len, desc[i].flags, desc[i].next);
	fputc(']', out);
}

static void print_chains(const struct vhost *v, const struct ring *ring, FILE *out)
{
	if (!ring->told)
		return;
	fprintf(out, ",\"desc\":");
	print_descriptors(ring->desc, ring->told, out);
	fprintf(out, ",\"tables\":{");
	for (int i = 0; i < ring->tables; i++) {
		fprintf(out, "%s\"%" PRIu64 "\":", i ? "," : "", ring->table[i].gpa + v->iova);
		print_descriptors(ring->table[i].at, ring->table[i].entries, out);
	}
	fputc('}', out);
}

static void print_addresses(const struct vhost *v, const struct ring *ring, FILE *out)
{
	fprintf(out, "\"user\":{\"desc\":\"%p\",\"avail\":\"%p\",\"used\":\"%p\"},",
		(void *)ring->desc, (void *)ring->avail, (void *)ring->used);
	fprintf(out, "\"gpa\":{\"desc\":\"0x%" PRIx64 "\",\"avail\":\"0x%" PRIx64
		"\",\"used\":\"0x%" PRIx64 "\"},\"iova\":\"0x%" PRIx64 "\",",
		ring->gpa[DESC], ring->gpa[AVAIL], ring->gpa[USED], v->iova);
}

static void print_ring(const struct vhost *v, int index, FILE *out)
{
	const struct ring *ring = &v->ring[index];

	fprintf(out, "{\"vq\":%d,\"num\":%u,\"base\":%u,\"used_base\":%u,\"published\":%u,",
		index, ring->num, ring->base, ring->used_base, ring->published);
	print_addresses(v, ring, out);
	fprintf(out, "\"kick\":%lld,\"call\":%lld,\"error\":%lld,\"kicks\":%u,",
		event_count(ring->kick), event_count(ring->call),
		event_count(ring->error), ring->kicks);
	if (ring->backend)
		fprintf(out, "\"backend\":\"%s\",\"backend_queue\":%d,", ring->backend,
			ring->backend_queue);
	print_words(ring, out);
	print_chains(v, ring, out);
	fprintf(out, "}");
}

static void print_vhost(const struct vhost *v, FILE *out)
{
	const char *comma = "";

	fprintf(out, "{\"name\":\"%s\",\"kind\":\"%s\",\"fd\":%d,\"features\":\"0x%" PRIx64
		"\",\"cid\":%" PRIu64 ",\"rings\":[", v->name, v->kind, v->fd,
		v->features, v->cid);
	for (int i = 0; i < MAX_RINGS; i++) {
		if (!v->ring[i].num)
			continue;
		fputs(comma, out);
		print_ring(v, i, out);
		comma = ",";
	}
	fprintf(out, "]}");
}

/* Packets that an interface has received, sent and dropped, as its own namespace sees it. */
static void print_counters(const char *name, FILE *out)
{
	unsigned long long rx, rx_drop, tx, tx_drop;
	FILE *table = fopen("/proc/self/net/dev", "r");
	char line[512];

	while (table && fgets(line, sizeof(line), table)) {
		char *colon = strchr(line, ':'), *word = line + strspn(line, " ");

		if (!colon)
			continue;
		*colon = '\0';
		if (strcmp(word, name) ||
		    sscanf(colon + 1, "%*u %llu %*u %llu %*u %*u %*u %*u %*u %llu %*u %llu",
			   &rx, &rx_drop, &tx, &tx_drop) != 4)
			continue;
		fprintf(out, ",\"rx_packets\":%llu,\"rx_dropped\":%llu,\"tx_packets\":%llu,"
			"\"tx_dropped\":%llu", rx, rx_drop, tx, tx_drop);
	}
	if (table)
		fclose(table);
}

static void print_tap(const struct tap *tap, FILE *out)
{
	fprintf(out, "{\"name\":\"%s\",\"queues\":[", tap->name);
	for (int i = 0; i < tap->count; i++)
		fprintf(out, "%s{\"fd\":%d,\"detached\":%s}", i ? "," : "", tap->fd[i],
			tap->detached[i] ? "true" : "false");
	fprintf(out, "]");
	print_counters(tap->name, out);
	fprintf(out, "}");
}

static void print_region(const struct region *region, FILE *out)
{
	fprintf(out, "{\"gpa\":\"0x%" PRIx64 "\",\"size\":\"0x%" PRIx64 "\",\"user\":\"%p\"}",
		region->gpa, region->size, (void *)region->at);
}

void print_state(FILE *out)
{
	char comm[17] = "";

	prctl(PR_GET_NAME, comm);
	fprintf(out, "LAB-STATE {\"pid\":%d,\"comm\":\"%s\",\"failures\":%d,\"regions\":[",
		world.owner, comm, world.failures);
	for (int i = 0; i < world.regions; i++) {
		fputs(i ? "," : "", out);
		print_region(&world.region[i], out);
	}
	fprintf(out, "],\"taps\":[");
	for (int i = 0; i < world.taps; i++) {
		fputs(i ? "," : "", out);
		print_tap(&world.tap[i], out);
	}
	fprintf(out, "],\"vhosts\":[");
	for (int i = 0; i < world.vhosts; i++) {
		fputs(i ? "," : "", out);
		print_vhost(&world.vhost[i], out);
	}
	fprintf(out, "]}\n");
}
