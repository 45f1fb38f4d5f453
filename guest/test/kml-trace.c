// SPDX-License-Identifier: Apache-2.0
/* What a debugger sees: user selectors, single steps, system calls. */
#include "kml.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static __attribute__((noinline)) long call_getppid(void)
{
	long result;

	asm volatile("mov $110, %%eax\n\tsyscall"
		     : "=&a" (result) : : "rcx", "r11", "memory");
	return result;
}

static pid_t start_traced(void (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		/* the site is warm before the debugger comes */
		for (int i = 0; i < 3; i++)
			call_getppid();
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		body();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSTOPPED(status) ? pid : -1;
}

static void ten_calls(void)
{
	for (int i = 0; i < 10; i++) {
		if (call_getppid() != getppid())
			_exit(1);
	}
	_exit(7);
}

static int registers_of_another(void)
{
	struct user_regs_struct regs;
	pid_t pid = start_traced(ten_calls);
	int status;

	check(pid > 0);
	check(ptrace(PTRACE_GETREGS, pid, 0, &regs) == 0);
	check(regs.cs == 0x33 && regs.ss == 0x2b);
	check(regs.rip < 0x800000000000 && regs.rsp < 0x800000000000);
	check(ptrace(PTRACE_SETREGS, pid, 0, &regs) == 0);
	check(ptrace(PTRACE_CONT, pid, 0, 0) == 0);
	check(waitpid(pid, &status, 0) == pid);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	return 0;
}

static int single_steps(void)
{
	struct user_regs_struct regs;
	pid_t pid = start_traced(ten_calls);
	int status, steps = 0;

	check(pid > 0);
	for (;;) {
		check(ptrace(PTRACE_SINGLESTEP, pid, 0, 0) == 0);
		check(waitpid(pid, &status, 0) == pid);
		if (!WIFSTOPPED(status))
			break;
		check(WSTOPSIG(status) == SIGTRAP);
		check(ptrace(PTRACE_GETREGS, pid, 0, &regs) == 0);
		check(regs.rip < 0x800000000000);
		check(regs.cs == 0x33);
		steps++;
	}
	note("%d steps", steps);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	check(steps > 100);
	return 0;
}

static int traced_system_calls(void)
{
	struct user_regs_struct regs;
	pid_t pid = start_traced(ten_calls);
	int status, entries = 0, exits = 0;
	bool inside = false;

	check(pid > 0);
	check(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD) == 0);
	for (;;) {
		check(ptrace(PTRACE_SYSCALL, pid, 0, 0) == 0);
		check(waitpid(pid, &status, 0) == pid);
		if (!WIFSTOPPED(status))
			break;
		check(WSTOPSIG(status) == (SIGTRAP | 0x80));
		check(ptrace(PTRACE_GETREGS, pid, 0, &regs) == 0);
		inside = !inside;
		if (regs.orig_rax != SYS_getppid)
			continue;
		if (inside) {
			entries++;
			check((long)regs.rax == -38);
		} else {
			exits++;
			check((pid_t)regs.rax == getpid());
		}
	}
	check(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	note("%d entries, %d exits", entries, exits);
	check(entries == 20 && exits == 20);
	return 0;
}

static volatile long watched;

static void write_watched(void)
{
	watched = 1;
	_exit(3);
}

static int watchpoints(void)
{
	pid_t pid = start_traced(write_watched);
	int status;

	check(pid > 0);
	check(ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[0]),
		     &watched) == 0);
	/* 8 bytes, on writes, enabled in this task */
	check(ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[7]),
		     0x90001) == 0);
	check(ptrace(PTRACE_CONT, pid, 0, 0) == 0);
	check(waitpid(pid, &status, 0) == pid);
	check(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	check(ptrace(PTRACE_CONT, pid, 0, 0) == 0);
	check(waitpid(pid, &status, 0) == pid);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	return 0;
}

static volatile sig_atomic_t traps;

static void on_trap(int number)
{
	(void)number;
	traps++;
}

/* A program may set the trap flag itself, and call the kernel with it. */
static int trap_flag_by_itself(void)
{
	signal(SIGTRAP, on_trap);
	for (int turn = 0; turn < 10; turn++) {
		long result;

		asm volatile(
			"sub $256, %%rsp\n\t"
			"pushfq\n\t"
			"orl $0x100, (%%rsp)\n\t"
			"popfq\n\t"
			"nop\n\t"
			"mov $110, %%eax\n\t"
			"syscall\n\t"
			"nop\n\t"
			"pushfq\n\t"
			"andl $~0x100, (%%rsp)\n\t"
			"popfq\n\t"
			"add $256, %%rsp\n\t"
			: "=&a" (result) : : "rcx", "r11", "memory", "cc");
		check(result == getppid());
		check(traps >= 4);
		traps = 0;
	}
	return 0;
}

const struct kml_test trace_tests[] = {
	{ "registers of another process", registers_of_another },
	{ "single steps", single_steps },
	{ "traced system calls", traced_system_calls },
	{ "watchpoints", watchpoints },
	{ "trap flag set by the program", trap_flag_by_itself },
	{ },
};
