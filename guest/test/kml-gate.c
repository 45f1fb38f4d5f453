// SPDX-License-Identifier: Apache-2.0
/*
 * System calls without SYSCALL: through the vDSO's entry, and at call sites
 * which the kernel rewrote. Where programs run at CPL 3, neither is there and
 * the tests see to it that the same code works.
 */
#define _GNU_SOURCE
#include "kml.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/ucontext.h>
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

/*
 * Call sites. Each is a function of its own, so that its bytes can be looked
 * at; the last bytes before the return are the SYSCALL.
 */
#define SITE(name, text)						\
	long name(long argument);					\
	asm(".p2align 6\n\tnop\n" #name ": " text "\n\tret\n")

SITE(site_plain, "mov $110, %eax\n\tsyscall");
SITE(site_long, ".byte 0x48, 0xc7, 0xc0, 110, 0, 0, 0\n\tsyscall");
/* mov $39, %r8d: its last five bytes look like the plain site */
SITE(site_other_register, "mov $39, %eax\n\tmov $39, %r8d\n\tsyscall");
/* what is between is done all the same */
SITE(site_moves, "mov $110, %eax\n\tlea 5(%rdi), %rdx\n\tsyscall\n\t"
		 "add %rdx, %rax");
/* any number, as in syscall(2) and where musl waits */
SITE(site_any_number, "mov %edi, %eax\n\tmov 8(%rsp), %r9\n\tsyscall");
SITE(site_zero, "xor %eax, %eax\n\tsyscall");
/* the bytes of a mov are the end of a longer instruction, a NOP */
SITE(site_hidden, "mov $39, %eax\n\t"
		  ".byte 0x0f, 0x1f, 0x84, 0xb8, 39, 0, 0, 0\n\tsyscall");
/* it would not be the same elsewhere */
SITE(site_relative, "mov $39, %eax\n\tlea site_zero(%rip), %rdx\n\tsyscall");

/* A site whose five bytes lie on two pages */
long site_on_two_pages(long argument);
asm(".pushsection .text.pages, \"ax\"\n\t"
    ".p2align 12\n\t.skip 4096 - 2, 0x90\n"
    "site_on_two_pages: mov $110, %eax\n\tsyscall\n\tret\n\t"
    ".popsection");

static unsigned char byte_of(long (*site)(long), int offset)
{
	return ((volatile unsigned char *)site)[offset];
}

static bool is_patched(long (*site)(long))
{
	return byte_of(site, 0) == 0xe9;
}

static bool patches_are_made(void)
{
	bool made;

	/* not at the first call */
	for (int i = 0; i < 1000; i++)
		site_plain(0);
	made = is_patched(site_plain);
	if (!made)
		note("call sites are not patched here");
	return made;
}

static int sites_are_patched(void)
{
	bool made = patches_are_made();

	for (int i = 0; i < 1000; i++) {
		check(site_plain(0) == getppid());
		check(site_long(0) == getppid());
		check(site_other_register(0) == getpid());
		check(site_moves(i) == getppid() + i + 5);
		check(site_any_number(SYS_getppid) == getppid());
		check(site_hidden(0) == getpid());
		check(site_relative(0) == getpid());
		site_zero(-1);
		check(site_on_two_pages(0) == getppid());
	}
	check(is_patched(site_long) == made);
	check(is_patched(site_moves) == made);
	check(!is_patched(site_other_register));
	check(byte_of(site_other_register, 5) == (made ? 0xe9 : 0x41));
	check(byte_of(site_any_number, 2) == (made ? 0xe9 : 0x4c));
	check(!is_patched(site_hidden));
	check(byte_of(site_hidden, 5) == 0x0f && byte_of(site_hidden, 8) == 0xb8);
	check(!is_patched(site_relative) && byte_of(site_relative, 5) == 0x48);
	check(!is_patched(site_on_two_pages));
	if (!kml_is_on())
		check(!made);
	return 0;
}

/* The SYSCALL of a patched site still is one, for whoever jumps to it. */
static int jumps_into_a_site(void)
{
	long result;

	patches_are_made();
	for (int i = 0; i < 100; i++) {
		asm volatile("sub $128, %%rsp\n\t"
			     "call *%[middle]\n\t"
			     "add $128, %%rsp"
			     : "=a" (result)
			     : "a" (SYS_getpid),
			       [middle] "r" ((char *)site_plain + 5)
			     : "rcx", "r11", "memory", "cc");
		check(result == getpid());
	}
	return 0;
}

SITE(site_pause, "mov $34, %eax\n\tsyscall");

/* Of the program: where else its instruction pointer was when a signal came. */
extern char __executable_start, etext;
static volatile unsigned long elsewhere;

static void on_alarm_somewhere(int number, siginfo_t *info, void *context)
{
	unsigned long ip = ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	(void)number;
	(void)info;
	alarms++;
	if (ip < (unsigned long)&__executable_start || ip >= (unsigned long)&etext)
		elsewhere = ip;
}

static int signals_at_a_site(void)
{
	struct sigaction somewhere = {
		.sa_sigaction = on_alarm_somewhere, .sa_flags = SA_SIGINFO,
	};
	long parent = getppid();

	patches_are_made();
	alarm_each(500, 0);
	sigaction(SIGALRM, &somewhere, NULL);
	while (alarms < 500)
		check(site_plain(0) == parent);
	if (elsewhere)
		note("a signal at %lx", elsewhere);
	check(!elsewhere);
	for (int i = 0; i < 20; i++)
		check(site_pause(0) == -EINTR);
	return 0;
}

/* read(0, ...) from a pipe, restarted at a patched site */
SITE(site_clock_nanosleep, "mov $35, %eax\n\tsyscall");

static long sleep_at_a_site(long nanoseconds)
{
	struct { long seconds, nanoseconds; } time = { 0, nanoseconds };
	long result;

	asm volatile("sub $128, %%rsp\n\t"
		     "call site_clock_nanosleep\n\t"
		     "add $128, %%rsp"
		     : "=a" (result) : "D" (&time), "S" (0)
		     : "rcx", "r11", "memory", "cc");
	return result;
}

static int restart_at_a_site(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < 100; i++)
			sleep_at_a_site(1000);
		_exit(sleep_at_a_site(200000000) != 0);
	}
	for (int turn = 0; turn < 5; turn++) {
		usleep(30000);
		kill(pid, SIGSTOP);
		check(waitpid(pid, &status, WUNTRACED) == pid);
		check(WIFSTOPPED(status));
		kill(pid, SIGCONT);
	}
	check(waitpid(pid, &status, 0) == pid && status == 0);
	return 0;
}

static int children_of_a_patched_program(void)
{
	patches_are_made();
	for (int turn = 0; turn < 50; turn++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(site_plain(0) != getppid() ||
			      site_long(0) != getppid());
		check(waitpid(pid, &status, 0) == pid && status == 0);
	}
	return 0;
}

/* A patch is of this process only: the file has what it had. */
static int another_process_has_its_own(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		patches_are_made();
		_exit(0);
	}
	check(waitpid(pid, &status, 0) == pid && status == 0);
	check(!is_patched(site_plain));
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
	{ "another process has its own sites", another_process_has_its_own },
	{ "sites are patched", sites_are_patched },
	{ "jumps into a site", jumps_into_a_site },
	{ "signals at a site", signals_at_a_site },
	{ "restart at a site", restart_at_a_site },
	{ "children of a patched program", children_of_a_patched_program },
	{ },
};
