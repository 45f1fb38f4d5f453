// SPDX-License-Identifier: Apache-2.0
/* See trace.h. */

#include "trace.h"
#include <linux/elf.h>
#include <linux/mman.h>
#include <linux/ptrace.h>

#define sys_ptrace(request, pid, data)	sys6(ptrace, request, pid, 0, data, 0, 0)

struct trace {
	/* A copy of the process, and a task of the same process. */
	volatile uint64_t forks, threads;
	/* Without the first, which starts the program. */
	volatile uint64_t execs;
};

static struct trace *trace;

struct trace *trace_new(void)
{
	long p = sys6(mmap, 0, sizeof(*trace), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p < 0 && p > -4096)
		fail("mmap", p);
	trace = (struct trace *)p;
	return trace;
}

/* Returns the signal that the task is to get, which may have stopped for it. */
static int count(struct trace *t, int status)
{
	static bool started;
	int sig = status >> 8 & 0xff;

	if (sig != SIGTRAP)
		return sig == SIGSTOP ? 0 : sig;
	switch (status >> 16) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
		t->forks++;
		break;
	case PTRACE_EVENT_CLONE:
		t->threads++;
		break;
	case PTRACE_EVENT_EXEC:
		if (started)
			t->execs++;
		started = true;
		break;
	}
	return 0;
}

static void __attribute__((noreturn)) watch(struct trace *t, int first)
{
	int result = 0;

	for (;;) {
		int status, pid = sys_wait4(-1, &status, __WALL);

		if (pid == -EINTR)
			continue;
		if (pid < 0)
			break;
		if ((status & 0xff) == 0x7f)
			sys_ptrace(PTRACE_CONT, pid, count(t, status));
		else if (pid == first)
			result = status >> 8;
	}
	sys_exit(result);
	__builtin_unreachable();
}

void trace_here(struct trace *t)
{
	int pid = must(sys_fork()), status;

	if (!pid) {
		must(sys_ptrace(PTRACE_TRACEME, 0, 0));
		sys_kill(sys3(getpid, 0, 0, 0), SIGSTOP);
		return;
	}
	must(sys_wait4(pid, &status, 0));
	must(sys_ptrace(PTRACE_SETOPTIONS, pid,
			PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL));
	must(sys_ptrace(PTRACE_CONT, pid, 0));
	watch(t, pid);
}

static bool has_interpreter(const char *program)
{
	static char head[4096];
	const Elf64_Ehdr *elf = (const void *)head;
	int fd = must(sys_open(program, O_RDONLY, 0));
	long size = must(sys_read(fd, head, sizeof(head)));
	int i;

	sys_close(fd);
	for (i = 0; i < elf->e_phnum; i++) {
		size_t at = elf->e_phoff + (size_t)i * sizeof(Elf64_Phdr);
		const Elf64_Phdr *segment = (const void *)(head + at);

		if ((long)(at + sizeof(*segment)) <= size && segment->p_type == PT_INTERP)
			return true;
	}
	return false;
}

static void print(const char *name, uint64_t n)
{
	char buffer[21];

	say("count", name, decimal(n, buffer), NULL);
}

void trace_print(const char *program)
{
	print("forks", trace->forks);
	print("threads", trace->threads);
	print("execs", trace->execs);
	print("dynamic", has_interpreter(program));
}
