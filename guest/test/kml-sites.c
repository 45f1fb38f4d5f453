// SPDX-License-Identifier: Apache-2.0
/*
 * Call sites which the kernel rewrote. Where programs run at CPL 3, it does not
 * and the tests see to it that the same code works.
 */
#define _GNU_SOURCE
#include "kml.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Each is a function of its own, so that its bytes can be looked at; the last
 * bytes before the return are the SYSCALL.
 */
#define SITE(name, text)						\
	long name(long argument, ...);					\
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
/* two have room together; the second begins with the fourth byte, or the fifth */
SITE(site_two, "mov %rdi, %rax\n\tmov %rsi, %rdx\n\tsyscall\n\tadd %rdx, %rax");
SITE(site_two_fifth, "lea 5(%rsi), %rdx\n\tmov %rdi, %rax\n\tsyscall\n\t"
		     "add %rdx, %rax");
/* it begins with the third, which is for the stub */
SITE(site_two_third, "xor %edx, %edx\n\tmov %rdi, %rax\n\tsyscall");
/* it would not be the same elsewhere */
SITE(site_relative, "mov $39, %eax\n\tlea site_zero(%rip), %rdx\n\tsyscall");

/* A site whose five bytes lie on two pages */
long site_on_two_pages(long argument, ...);
asm(".pushsection .text.pages, \"ax\"\n\t"
    ".p2align 12\n\t.skip 4096 - 2, 0x90\n"
    "site_on_two_pages: mov $110, %eax\n\tsyscall\n\tret\n\t"
    ".popsection");

static unsigned char byte_of(long (*site)(long, ...), int offset)
{
	return ((volatile unsigned char *)site)[offset];
}

static bool is_patched(long (*site)(long, ...))
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
		check(site_two(SYS_getppid, i) == getppid() + i);
		check(site_two_fifth(SYS_getppid, i) == getppid() + i + 5);
		check(site_two_third(SYS_getppid) == getppid());
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
	check(is_patched(site_two) == made);
	check(is_patched(site_two_fifth) == made);
	check(!is_patched(site_two_third) && byte_of(site_two_third, 2) == 0x48);
	check(!is_patched(site_hidden));
	check(byte_of(site_hidden, 5) == 0x0f && byte_of(site_hidden, 8) == 0xb8);
	check(!is_patched(site_relative) && byte_of(site_relative, 5) == 0x48);
	check(!is_patched(site_on_two_pages));
	if (!kml_is_on())
		check(!made);
	return 0;
}

/* Calls @site, or what is @offset behind, with the registers of a function. */
static long call_into(long (*site)(long, ...), int offset, long number,
		      long rdi, long rsi, long rdx)
{
	long result;

	asm volatile("sub $128, %%rsp\n\t"
		     "call *%[middle]\n\t"
		     "add $128, %%rsp"
		     : "=a" (result), "+d" (rdx)
		     : "a" (number), "D" (rdi), "S" (rsi),
		       [middle] "r" ((char *)site + offset)
		     : "rcx", "r11", "memory", "cc");
	return result;
}

/* The SYSCALL of a patched site still is one, for whoever jumps to it. */
static int jumps_into_a_site(void)
{
	patches_are_made();
	for (int i = 0; i < 100; i++)
		check(call_into(site_plain, 5, SYS_getpid, 0, 0, 0) == getpid());
	return 0;
}

/*
 * Where the second of two instructions was that a jump replaced: few jumps to
 * it leave the jump, many do not.
 */
static int jumps_between_two(void)
{
	bool made = patches_are_made();
	long parent = getppid();

	for (int i = 0; i < 1000; i++) {
		site_two(SYS_getppid, 0);
		site_two_fifth(SYS_getppid, 0);
	}
	check(is_patched(site_two) == made);
	check(is_patched(site_two_fifth) == made);

	for (int i = 0; i < 50; i++) {
		check(call_into(site_two, 3, SYS_getppid, -1, i, -1) == parent + i);
		check(call_into(site_two_fifth, 4, -1, SYS_getppid, -1, i) ==
		      parent + i);
	}
	check(is_patched(site_two) == made);
	check(is_patched(site_two_fifth) == made);

	for (int i = 0; i < 1000; i++)
		check(call_into(site_two, 3, SYS_getppid, -1, i, -1) == parent + i);
	check(!is_patched(site_two));
	for (int i = 0; i < 1000; i++)
		check(site_two(SYS_getppid, i) == parent + i);
	check(!is_patched(site_two));
	return 0;
}

SITE(site_pause, "mov $34, %eax\n\tsyscall");

/* Of the program: where else its instruction pointer was when a signal came. */
extern char __executable_start, etext;
static volatile unsigned long elsewhere;
static volatile sig_atomic_t alarms;

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
	const struct sigaction somewhere = {
		.sa_sigaction = on_alarm_somewhere, .sa_flags = SA_SIGINFO,
	};
	const struct itimerval often = {
		.it_value.tv_usec = 500, .it_interval.tv_usec = 500,
	};
	long parent = getppid();

	patches_are_made();
	sigaction(SIGALRM, &somewhere, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (alarms < 500) {
		check(site_plain(0) == parent);
		check(site_two(SYS_getppid, 7) == parent + 7);
		check(site_two_fifth(SYS_getppid, 7) == parent + 12);
	}
	if (elsewhere)
		note("a signal at %lx", elsewhere);
	check(!elsewhere);
	for (int i = 0; i < 20; i++)
		check(site_pause(0) == -EINTR);
	return 0;
}

/* a sleep that stops and goes on, restarted at a patched site */
SITE(site_nanosleep, "mov $35, %eax\n\tsyscall");

static long sleep_at_a_site(long nanoseconds)
{
	struct { long seconds, nanoseconds; } time = { 0, nanoseconds };
	long result;

	asm volatile("sub $128, %%rsp\n\t"
		     "call site_nanosleep\n\t"
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
			      site_long(0) != getppid() ||
			      site_two(SYS_getppid, 1) != getppid() + 1);
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

const struct kml_test site_tests[] = {
	{ "another process has its own sites", another_process_has_its_own },
	{ "sites are patched", sites_are_patched },
	{ "jumps into a site", jumps_into_a_site },
	{ "jumps between two instructions of a site", jumps_between_two },
	{ "signals at a site", signals_at_a_site },
	{ "restart at a site", restart_at_a_site },
	{ "children of a patched program", children_of_a_patched_program },
	{ },
};
