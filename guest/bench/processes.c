// SPDX-License-Identifier: Apache-2.0
/*
 * processes: messaging between threads and between processes, after `perf
 * bench sched messaging -p`. A group is 20 senders and 20 receivers; every
 * sender sends bench_loops messages of 100 bytes to every receiver, by a pipe
 * of the receiver's own. All begin together. X is the number of groups; the
 * count of a figure is that of the messages. Starting and ending the tasks is
 * not measured.
 *
 * bench_most: groups at the end of the sweep (8). bench_loops: 10.
 */

#include "task.h"

#define SIDE		20
#define MESSAGE		100
#define MOST_GROUPS	16

/* What all tasks of a run share; processes inherit it, threads see it. */
static struct run {
	uint64_t loops;
	/* A byte from each task that is ready; the end of data is the order to begin. */
	int ready[2], go[2];
	/* A byte from each receiver that has everything. */
	int done[2];
} run;

static struct group {
	int pipes[SIDE][2];
} groups[MOST_GROUPS];

struct role {
	struct group *group;
	/* Of the receiver; SIDE and above are senders. */
	int number;
};

static struct role roles[MOST_GROUPS * 2 * SIDE];
static struct task tasks[MOST_GROUPS * 2 * SIDE];
static int pids[MOST_GROUPS * 2 * SIDE];

static void read_fully(int fd, size_t bytes)
{
	char buffer[MESSAGE];

	while (bytes)
		bytes -= must(sys_read(fd, buffer, bytes < MESSAGE ? bytes : MESSAGE));
}

static void take_part(void *arg)
{
	struct role *role = arg;
	char message[MESSAGE] = { 0 };
	uint64_t i;
	int r;

	must(sys_write(run.ready[1], message, 1));
	must(sys_read(run.go[0], message, 1));
	if (role->number < SIDE) {
		read_fully(role->group->pipes[role->number][0], run.loops * SIDE * MESSAGE);
		must(sys_write(run.done[1], message, 1));
		return;
	}
	for (i = 0; i < run.loops; i++)
		for (r = 0; r < SIDE; r++)
			must(sys_write(role->group->pipes[r][1], message, MESSAGE));
}

static void close_both(int fds[2])
{
	sys_close(fds[0]);
	sys_close(fds[1]);
}

static void measure(const char *name, uint64_t x, bool threads)
{
	int n = x * 2 * SIDE, i;
	struct figure f;
	char go[MESSAGE] = { 0 };

	must(sys_pipe(run.ready));
	must(sys_pipe(run.go));
	must(sys_pipe(run.done));
	for (i = 0; i < (int)x * SIDE; i++)
		must(sys_pipe(groups[i / SIDE].pipes[i % SIDE]));
	for (i = 0; i < n; i++) {
		roles[i] = (struct role){ &groups[i / (2 * SIDE)], i % (2 * SIDE) };
		if (threads)
			task_start(&tasks[i], take_part, &roles[i]);
		else
			pids[i] = child(take_part, &roles[i]);
	}
	for (i = 0; i < n; i++)
		read_fully(run.ready[0], 1);
	figure_begin(&f, name, x, x * SIDE * SIDE * run.loops);
	for (i = 0; i < n; i++)
		must(sys_write(run.go[1], go, 1));
	for (i = 0; i < (int)x * SIDE; i++)
		read_fully(run.done[0], 1);
	figure_end(&f);
	for (i = 0; i < n; i++) {
		if (threads)
			task_join(&tasks[i]);
		else
			wait_for(pids[i]);
	}
	for (i = 0; i < (int)x * SIDE; i++)
		close_both(groups[i / SIDE].pipes[i % SIDE]);
	close_both(run.ready);
	close_both(run.go);
	close_both(run.done);
}

void bench_main(void)
{
	struct { uint64_t soft, hard; } files = { 4096, 4096 };
	uint64_t most = parameter_number("bench_most", 8);
	uint64_t x;

	settle();
	run.loops = parameter_number("bench_loops", 10);
	if (most > MOST_GROUPS)
		most = MOST_GROUPS;
	must(sys3(setrlimit, RLIMIT_NOFILE, &files, 0));
	for (x = 1; x <= most; x *= 2) {
		measure("threads", x, true);
		measure("processes", x, false);
	}
}
