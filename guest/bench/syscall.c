// SPDX-License-Identifier: Apache-2.0
/*
 * syscall: what a call of the kernel costs. Each figure is a loop around the
 * call; `loop` is the same loop around nothing, the overhead in all of them.
 *
 *	null		getppid
 *	read		1 byte of /dev/zero
 *	write		1 byte to /dev/null
 *	stat		of a file in a tmpfs
 *	open		and close, of the same file
 *	pipe		a byte into a pipe and out again, in one process
 *	fork		a child that exits at once, and waiting for it
 *	exec		the same with an execve of this program before the exit
 *	fault		the first touch of an anonymous page
 *	switch		a byte to another process and back, by two pipes; with it
 *			two switches of context
 *	tcp, unix	the same round trip by a stream socket over loopback
 *
 * bench_loops: repetitions of the cheap ones (10000); of the others a tenth.
 */

#include "bench.h"

static const char file[] = "/tmp/file";
static uint64_t loops;
static char byte;

/* The work is a macro: a call of a function would be measured with it. */
#define measure(name, n, work) do {			\
	struct figure figure_;				\
	uint64_t i_, n_ = (n);				\
							\
	for (i_ = 0; i_ < n_ / 10 + 1; i_++)		\
		work;					\
	figure_begin(&figure_, name, 0, n_);		\
	for (i_ = 0; i_ < n_; i_++)			\
		work;					\
	figure_end(&figure_);				\
} while (0)

static void cheap(void)
{
	int zero = must(sys_open("/dev/zero", O_RDONLY, 0));
	int null = must(sys_open("/dev/null", O_WRONLY, 0));
	struct stat st;
	int fds[2];

	measure("loop", loops, __asm__ volatile(""));
	measure("null", loops, sys_getppid());
	measure("read", loops, sys_read(zero, &byte, 1));
	measure("write", loops, sys_write(null, &byte, 1));
	sys_close(must(sys_open(file, O_CREAT | O_RDWR, 0644)));
	measure("stat", loops, sys_stat(file, &st));
	measure("open", loops, sys_close(sys_open(file, O_RDONLY, 0)));
	must(sys_pipe(fds));
	measure("pipe", loops, (sys_write(fds[1], &byte, 1), sys_read(fds[0], &byte, 1)));
	sys_close(fds[0]);
	sys_close(fds[1]);
	sys_close(zero);
	sys_close(null);
}

static void nothing(void *unused)
{
	(void)unused;
}

static void execute(void *unused)
{
	char *argv[] = { "/init", "exit", NULL };

	(void)unused;
	must(sys_execve(argv[0], argv, environment));
}

static void processes(void)
{
	uint64_t times = loops / 10, i;
	struct figure f;
	char *memory;

	measure("fork", times, wait_for(child(nothing, NULL)));
	measure("exec", times, wait_for(child(execute, NULL)));
	memory = pages(times * 4096);
	figure_begin(&f, "fault", 0, times);
	for (i = 0; i < times; i++)
		*(volatile char *)(memory + i * 4096) = 1;
	figure_end(&f);
}

/* Both ends of a channel: one reads what the other writes. */
struct ends {
	int in, out;
};

static void echo(void *arg)
{
	struct ends *mine = arg;

	while (sys_read(mine->in, &byte, 1) == 1)
		must(sys_write(mine->out, &byte, 1));
}

static void round_trip(struct ends *ends)
{
	must(sys_write(ends->out, &byte, 1));
	must(sys_read(ends->in, &byte, 1));
}

/* @others: the ends that only the child may keep, so that it sees the end of our data. */
static void ping_pong(const char *name, struct ends *ours, struct ends *others)
{
	int pid = must(sys_fork());

	if (!pid) {
		sys_close(ours->in);
		sys_close(ours->out);
		echo(others);
		sys_exit(0);
	}
	sys_close(others->in);
	sys_close(others->out);
	measure(name, loops / 10, round_trip(ours));
	sys_close(ours->in);
	sys_close(ours->out);
	wait_for(pid);
}

static void pipes(void)
{
	int there[2], back[2];
	struct ends ours, others;

	must(sys_pipe(there));
	must(sys_pipe(back));
	ours = (struct ends){ .in = back[0], .out = there[1] };
	others = (struct ends){ .in = there[0], .out = back[1] };
	ping_pong("switch", &ours, &others);
}

static void tcp(void)
{
	struct {
		uint16_t family, port;
		uint32_t address;
		char zero[8];
	} address = { .family = AF_INET, .port = 0x3412, .address = 0x0100007f };
	long err = loopback_up();
	int listener, client, server;
	struct ends ours, others;

	if (err < 0) {
		lacks("tcp", err);
		return;
	}
	listener = must(sys_socket(AF_INET, SOCK_STREAM));
	must(sys3(bind, listener, &address, sizeof(address)));
	must(sys3(listen, listener, 1, 0));
	client = must(sys_socket(AF_INET, SOCK_STREAM));
	must(sys3(connect, client, &address, sizeof(address)));
	server = must(sys3(accept, listener, 0, 0));
	sys_close(listener);
	ours = (struct ends){ .in = client, .out = client };
	others = (struct ends){ .in = server, .out = server };
	ping_pong("tcp", &ours, &others);
}

static void local(void)
{
	int fds[2];
	long err = sys_socketpair(AF_UNIX, SOCK_STREAM, fds);
	struct ends ours, others;

	if (err < 0) {
		lacks("unix", err);
		return;
	}
	ours = (struct ends){ .in = fds[0], .out = fds[0] };
	others = (struct ends){ .in = fds[1], .out = fds[1] };
	ping_pong("unix", &ours, &others);
}

void bench_main(void)
{
	settle();
	loops = parameter_number("bench_loops", 10000);
	cheap();
	processes();
	pipes();
	tcp();
	local();
}
