// SPDX-License-Identifier: Apache-2.0
/*
 * throughput, compress, memory: an application, and its load beside it in the
 * same VM. The plan is the file /plan, strings each ended by a zero byte:
 *
 *	server		a command that stays, in the background
 *	step NAME	a command that ends; its output goes to the console
 *	arg TEXT	an argument of the last command
 *	port NUMBER	the server is ready when it accepts a connection there
 *	trace		the server's tasks are counted; at the end the counts of
 *			forks, threads and execs are printed, and whether it is
 *			linked dynamically
 *	disk		the files are on the first disk (ext2), not in the initrd
 *
 * Commands run in /app, in which /dev, /proc, /tmp and /run are mounted. The
 * figure `ready` has the time stamp counter since reset, that of a step how
 * long it took. A server that ends or is not ready in time has its output
 * printed.
 *
 * bench_ready_ms: processor time that the server may take until it is ready
 * (10000). Time as such says nothing: while a guest whose instructions are
 * counted waits for its disk, its clock leaps.
 */

#include "bench.h"
#include "trace.h"

#define MOST_ARGS	64
#define MOST_STEPS	16
struct command {
	const char *name;
	char *argv[MOST_ARGS + 1];
	int argc;
};

static struct command server, steps[MOST_STEPS];
static int step_count;
static uint16_t port;
static bool disk, trace;

static char *env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "LC_ALL=C", NULL };

static void read_plan(void)
{
	static char plan[16384];
	int fd = must(sys_open("/plan", O_RDONLY, 0));
	char *end = plan + must(sys_read(fd, plan, sizeof(plan) - 1));
	struct command *current = NULL;
	char *s;

	sys_close(fd);
	for (s = plan; s < end; s += strlen(s) + 1) {
		const char *rest;

		if (same(s, "disk")) {
			disk = true;
		} else if (same(s, "trace")) {
			trace = true;
		} else if (same(s, "server")) {
			current = &server;
		} else if ((rest = after(s, "step ")) && step_count < MOST_STEPS) {
			current = &steps[step_count++];
			current->name = rest;
		} else if ((rest = after(s, "port "))) {
			port = number(rest);
		} else if ((rest = after(s, "arg ")) && current && current->argc < MOST_ARGS) {
			current->argv[current->argc++] = (char *)rest;
		} else {
			fail(s, -EINVAL);
		}
	}
}

static void enter_root(void)
{
	if (disk) {
		sys_mkdir("/app", 0755);
		/* A general kernel has ext4 alone, which reads ext2. */
		if (sys_mount("/dev/vda", "/app", "ext2", 0, 0) < 0)
			must(sys_mount("/dev/vda", "/app", "ext4", 0, 0));
	}
	must(sys_chdir("/app"));
	sys_mkdir("dev", 0755);
	sys_mkdir("proc", 0755);
	sys_mkdir("tmp", 0777);
	sys_mkdir("run", 0755);
	must(sys_mount("dev", "dev", "devtmpfs", 0, 0));
	must(sys_mount("proc", "proc", "proc", 0, 0));
	must(sys_mount("tmp", "tmp", "tmpfs", 0, "mode=1777"));
	must(sys_mount("run", "run", "tmpfs", 0, 0));
	must(sys_chroot("."));
	must(sys_chdir("/"));
}

/* @traced: by whom its tasks are counted, or NULL. */
static int start_command(struct command *c, int output, struct trace *traced)
{
	int pid = must(sys_fork());

	if (pid)
		return pid;
	if (traced)
		trace_here(traced);
	sys_dup2(must(sys_open("/dev/null", O_RDONLY, 0)), 0);
	sys_dup2(output, 1);
	sys_dup2(output, 2);
	fail(c->argv[0], sys_execve(c->argv[0], c->argv, env));
}

static void show(int fd)
{
	char text[512];
	long n;

	sys3(lseek, fd, 0, 0);
	while ((n = sys_read(fd, text, sizeof(text))) > 0)
		sys_write(1, text, n);
}

static bool answers(void)
{
	struct {
		uint16_t family, port;
		uint32_t address;
		char zero[8];
	} address = { AF_INET, port >> 8 | (uint16_t)(port << 8), 0x0100007f, { 0 } };
	int fd = must(sys_socket(AF_INET, SOCK_STREAM));
	long err = sys3(connect, fd, &address, sizeof(address));

	sys_close(fd);
	return err == 0;
}

/* Of a process; 0 once it has ended. clock_getcpuclockid(3): the pid inverted, CPUCLOCK_SCHED. */
static uint64_t processor_time(int pid)
{
	struct __kernel_timespec ts = { 0 };

	sys_clock_gettime((~pid << 3) | 2, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void serve(void)
{
	int log = must(sys_open("/tmp/server.log", O_CREAT | O_RDWR | O_APPEND, 0600));
	int pid = start_command(&server, log, trace ? trace_new() : NULL);
	char t[21], n[21];
	uint64_t limit = parameter_number("bench_ready_ms", 10000) * 1000000;
	/* Of a server that does nothing at all. */
	uint64_t end = nanoseconds() + limit * 100;
	int status = 0;

	while (!answers()) {
		bool ended = sys_wait4(pid, &status, WNOHANG) == pid;

		if (ended || processor_time(pid) > limit || nanoseconds() > end) {
			show(log);
			fail(ended ? "the server ended" : "the server is not ready", -(status >> 8));
		}
		sleep_ms(1);
	}
	say("figure", "ready", "0", "1", decimal(ticks(), t), decimal(nanoseconds(), n), NULL);
}

static void take_step(struct command *c)
{
	struct figure f;
	char number[21];
	int status, pid;

	say("step", c->name, NULL);
	figure_begin(&f, c->name, 0, 1);
	pid = start_command(c, 1, NULL);
	/* The server's children may be ours by now. */
	while (must(sys_wait4(-1, &status, 0)) != pid)
		;
	figure_end(&f);
	if (!status)
		return;
	status = status & 0x7f ? 128 + (status & 0x7f) : status >> 8;
	say("failed", c->argv[0], "ended with status", decimal(status, number), NULL);
	power_off();
}

void bench_main(void)
{
	int i;

	read_plan();
	loopback_up();
	enter_root();
	if (server.argc)
		serve();
	if (step_count)
		settle();
	for (i = 0; i < step_count; i++)
		take_step(&steps[i]);
	if (trace)
		trace_print(server.argv[0]);
}
