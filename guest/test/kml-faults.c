// SPDX-License-Identifier: Apache-2.0
/* Faults of a program: each must give the signal it gives at CPL 3. */
#include "kml.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf after_fault;
static volatile sig_atomic_t fault_signal;
static void *volatile fault_address;
static volatile uint64_t fault_code;

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	fault_signal = number;
	fault_address = info->si_addr;
	fault_code = info->si_code;
	siglongjmp(after_fault, 1);
}

static void catch_faults(void)
{
	static char stack[65536];
	stack_t alternative = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};

	sigaltstack(&alternative, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	sigaction(SIGFPE, &action, NULL);
	sigaction(SIGTRAP, &action, NULL);
}

/* Gives the signal of the body, 0 if there was none. */
#define signal_of(body)							\
	({								\
		fault_signal = 0;					\
		if (!sigsetjmp(after_fault, 1)) {			\
			body;						\
		}							\
		fault_signal;						\
	})

static int read_bad_addresses(void)
{
	static const uintptr_t addresses[] = {
		0, 8, 0x1000, 0x7ffffffff000,
		0xffffff0000000000, 0xfffffffffffff000,
	};

	catch_faults();
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		volatile char *address = (char *)addresses[i];

		for (int turn = 0; turn < 100; turn++) {
			check(signal_of((void)*address) == SIGSEGV);
			check(fault_address == address);
			check(signal_of(*address = 1) == SIGSEGV);
		}
	}
	return 0;
}

static int read_non_canonical(void)
{
	volatile char *address = (char *)0x800000000000;

	catch_faults();
	check(signal_of((void)*address) == SIGSEGV);
	check(signal_of(((void (*)(void))address)()) == SIGSEGV);
	return 0;
}

static int write_to_read_only(void)
{
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	volatile char *volatile text = "constant";

	catch_faults();
	check(page != MAP_FAILED);
	check(page[0] == 0);
	check(signal_of(*(volatile char *)page = 1) == SIGSEGV);
	check(fault_code == SEGV_ACCERR);
	check(signal_of(*text = 'C') == SIGSEGV);
	check(mprotect(page, 4096, PROT_NONE) == 0);
	check(signal_of((void)*(volatile char *)page) == SIGSEGV);
	return 0;
}

static int execute_data(void)
{
	unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*function)(void) = (void (*)(void))page;

	catch_faults();
	check(page != MAP_FAILED);
	page[0] = 0xc3;
	check(signal_of(function()) == SIGSEGV);
	check(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
	check(signal_of(function()) == 0);
	check(signal_of(((void (*)(void))0)()) == SIGSEGV);
	return 0;
}

static int instruction_faults(void)
{
	volatile int zero = 0, one = 1;

	catch_faults();
	for (int turn = 0; turn < 100; turn++) {
		check(signal_of(asm volatile("ud2")) == SIGILL);
		check(signal_of(asm volatile("int3")) == SIGTRAP);
		check(signal_of(one = one / zero) == SIGFPE);
		check(signal_of(asm volatile("mov %0, %%ss"
					     : : "r" (0x1234))) == SIGSEGV);
	}
	return 0;
}

static uint64_t depth(uint64_t n)
{
	volatile char page[4096];

	page[0] = n;
	return n ? depth(n - 1) + page[0] : 0;
}

static int stack_growth(void)
{
	check(depth(1000) != 1);
	return 0;
}

static int stack_overflow(void)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };

	setrlimit(RLIMIT_STACK, &limit);
	catch_faults();
	for (int turn = 0; turn < 3; turn++)
		check(signal_of(depth(1000000)) == SIGSEGV);
	return 0;
}

static void overflow_without_a_handler(void)
{
	depth(1000000);
}

static int stack_overflow_kills(void)
{
	int status = status_of(overflow_without_a_handler);

	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	return 0;
}

static void halt(void)
{
	asm volatile("hlt");
	_exit(0);
}

static void halt_under_jump(void)
{
	/* as a libc does when it finds its heap broken */
	asm volatile(
		"cmp %%rsp, %%rsp\n\t"
		"je 1f\n\t"
		"hlt\n\t"
		"1: cmp %%rsp, %%rsp\n\t"
		"jne 2f\n\t"
		"hlt\n\t"
		"2:" : : : "cc");
	_exit(0);
}

static void halt_for_ever(void)
{
	for (;;)
		asm volatile("hlt");
}

static int halt_kills(void)
{
	void (*const ways[])(void) = { halt, halt_under_jump, halt_for_ever };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int status = status_of(ways[i]);

		note("way %zu: status %#x", i, status);
		check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	}
	return 0;
}

static int copy_on_write(void)
{
	size_t size = 256 * 4096;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	check(memory != MAP_FAILED);
	memset(memory, 1, size);
	pid = fork();
	if (pid == 0) {
		memset(memory, 2, size);
		_exit(memory[5000] != 2);
	}
	check(waitpid(pid, &status, 0) == pid && status == 0);
	for (size_t i = 0; i < size; i += 512)
		check(memory[i] == 1);
	return 0;
}

/* A system call with a bad pointer is an error, not a fault. */
static int bad_pointers_in_calls(void)
{
	int ends[2];

	check(pipe(ends) == 0);
	check(write(ends[1], (void *)8, 1) == -1);
	check(write(ends[1], (void *)0x800000000000, 1) == -1);
	check(write(ends[1], (void *)0xffffffff81000000, 1) == -1);
	check(write(ends[1], "x", 1) == 1);
	check(read(ends[0], (void *)0xffffffff81000000, 1) == -1);
	return 0;
}

const struct kml_test fault_tests[] = {
	{ "read bad addresses", read_bad_addresses },
	{ "read a non-canonical address", read_non_canonical },
	{ "write to read-only memory", write_to_read_only },
	{ "execute data", execute_data },
	{ "instruction faults", instruction_faults },
	{ "stack growth", stack_growth },
	{ "stack overflow with a handler", stack_overflow },
	{ "stack overflow kills", stack_overflow_kills },
	{ "hlt kills", halt_kills },
	{ "copy on write", copy_on_write },
	{ "bad pointers in calls", bad_pointers_in_calls },
	{ },
};
