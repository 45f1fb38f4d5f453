// SPDX-License-Identifier: Apache-2.0
/*
 * System calls without SYSCALL: through the vDSO's entry. Where programs run at
 * CPL 3, it is not there and the tests see to it that the same code works.
 */
#define _GNU_SOURCE
#include "kml.h"

#include <errno.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Registers as for SYSCALL; used through AT_SYSINFO when that is there. */
static void *entry;
asm(
	".globl plain_entry\n"
	"plain_entry: syscall\n\t"
	"ret\n");
void plain_entry(void);

static void find_entry(void)
{
	entry = (void *)getauxval(AT_SYSINFO);
	if (!entry)
		entry = plain_entry;
}

static long call3(long number, long a, long b, long c)
{
	long result;

	asm volatile(
		"sub $128, %%rsp\n\t"
		"call *%[entry]\n\t"
		"add $128, %%rsp\n\t"
		: "=a" (result)
		: "a" (number), "D" (a), "S" (b), "d" (c), [entry] "r" (entry)
		: "rcx", "r11", "memory", "cc");
	return result;
}

static int entry_is_announced(void)
{
	check(!getauxval(AT_SYSINFO) == !kml_is_on());
	return 0;
}

static int calls_through_the_entry(void)
{
	int ends[2];
	char byte = 0;

	find_entry();
	for (int turn = 0; turn < 10000; turn++)
		check(call3(SYS_getppid, 0, 0, 0) == getppid());
	check(call3(-1, 0, 0, 0) == -ENOSYS);
	check(call3(99999, 0, 0, 0) == -ENOSYS);
	check(call3(SYS_pipe, (long)ends, 0, 0) == 0);
	check(call3(SYS_write, ends[1], (long)"z", 1) == 1);
	check(call3(SYS_read, ends[0], (long)&byte, 1) == 1 && byte == 'z');
	check(call3(SYS_read, -1, 0, 0) == -EBADF);
	return 0;
}

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
	(void)number;
	alarms++;
}

static void alarm_each(long microseconds, int flags)
{
	struct sigaction action = {
		.sa_handler = on_alarm, .sa_flags = flags,
	};
	struct itimerval interval = {
		.it_value.tv_usec = microseconds,
		.it_interval.tv_usec = microseconds,
	};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &interval, NULL);
}

static int alarms_at_the_entry(void)
{
	long parent = getppid();

	find_entry();
	alarm_each(500, 0);
	while (alarms < 200)
		check(call3(SYS_getppid, 0, 0, 0) == parent);
	return 0;
}

static int entry_is_restarted(void)
{
	int ends[2], status;
	char byte = 0;
	pid_t pid;

	find_entry();
	check(pipe(ends) == 0);
	pid = fork();
	if (pid == 0) {
		usleep(50000);
		_exit(write(ends[1], "x", 1) != 1);
	}
	alarm_each(2000, SA_RESTART);
	check(call3(SYS_read, ends[0], (long)&byte, 1) == 1 && byte == 'x');
	check(alarms >= 2);
	alarm_each(0, SA_RESTART);
	check(waitpid(pid, &status, 0) == pid && status == 0);

	alarm_each(2000, 0);
	check(call3(SYS_read, ends[0], (long)&byte, 1) == -EINTR);
	return 0;
}

static int forks_through_the_entry(void)
{
	find_entry();
	for (int turn = 0; turn < 50; turn++) {
		int status;
		long pid = call3(SYS_fork, 0, 0, 0);

		if (pid == 0)
			_exit(turn);
		check(pid > 0 && waitpid(pid, &status, 0) == pid);
		check(WIFEXITED(status) && WEXITSTATUS(status) == turn);
	}
	return 0;
}

/* Nothing but its return address may be written to the stack. */
static int entry_at_an_edge_of_the_stack(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long result;

	find_entry();
	check(pages != MAP_FAILED);
	check(mprotect(pages, 4096, PROT_NONE) == 0);
	for (int turn = 0; turn < 1000; turn++) {
		asm volatile(
			"mov %%rsp, %%rbx\n\t"
			"lea 8(%[edge]), %%rsp\n\t"
			"call *%[entry]\n\t"
			"mov %%rbx, %%rsp\n\t"
			: "=a" (result)
			: "a" (SYS_getppid), [edge] "r" (pages + 4096),
			  [entry] "r" (entry)
			: "rbx", "rcx", "r11", "memory", "cc");
		check(result == getppid());
	}
	return 0;
}

static void calls_for_a_debugger(void)
{
	for (int i = 0; i < 10; i++) {
		if (call3(SYS_getppid, 0, 0, 0) != getppid())
			_exit(1);
	}
	_exit(7);
}

static int single_steps_through_the_entry(void)
{
	struct user_regs_struct regs;
	int status, steps = 0;
	pid_t pid;

	find_entry();
	pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		calls_for_a_debugger();
	}
	check(waitpid(pid, &status, 0) == pid);
	for (;;) {
		check(ptrace(PTRACE_SINGLESTEP, pid, 0, 0) == 0);
		check(waitpid(pid, &status, 0) == pid);
		if (!WIFSTOPPED(status))
			break;
		check(WSTOPSIG(status) == SIGTRAP);
		check(ptrace(PTRACE_GETREGS, pid, 0, &regs) == 0);
		check(regs.rip < 0x800000000000);
		steps++;
	}
	check(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	check(steps > 100);
	return 0;
}

static volatile sig_atomic_t traps;

static void on_trap(int number)
{
	(void)number;
	traps++;
}

static int trap_flag_at_the_entry(void)
{
	find_entry();
	signal(SIGTRAP, on_trap);
	for (int turn = 0; turn < 10; turn++) {
		long result;

		asm volatile(
			"sub $256, %%rsp\n\t"
			"pushfq\n\t"
			"orl $0x100, (%%rsp)\n\t"
			"popfq\n\t"
			"call *%[entry]\n\t"
			"pushfq\n\t"
			"andl $~0x100, (%%rsp)\n\t"
			"popfq\n\t"
			"add $256, %%rsp\n\t"
			: "=a" (result)
			: "a" (SYS_getppid), [entry] "r" (entry)
			: "rcx", "r11", "memory", "cc");
		check(result == getppid());
		check(traps >= 4);
		traps = 0;
	}
	return 0;
}

const struct kml_test gate_tests[] = {
	{ "entry is announced", entry_is_announced },
	{ "calls through the entry", calls_through_the_entry },
	{ "alarms at the entry", alarms_at_the_entry },
	{ "entry is restarted", entry_is_restarted },
	{ "forks through the entry", forks_through_the_entry },
	{ "entry at an edge of the stack", entry_at_an_edge_of_the_stack },
	{ "single steps through the entry", single_steps_through_the_entry },
	{ "trap flag at the entry", trap_flag_at_the_entry },
	{ },
};
