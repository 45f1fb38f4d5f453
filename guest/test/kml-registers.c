// SPDX-License-Identifier: Apache-2.0
/* What an entry into the kernel must leave alone. */
#include "kml.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static unsigned int code_segment(void)
{
	unsigned int cs;

	asm volatile("mov %%cs, %0" : "=r" (cs));
	return cs;
}

static int privilege(void)
{
	note("cpl %u", code_segment() & 3);
	check((code_segment() & 3) == (kml_is_on() ? 0 : 3));
	return 0;
}

static long seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start->tv_sec;
}

/* Timer interrupts as often as the kernel gives them, and no signal. */
static void start_interrupts(void)
{
	struct itimerspec often = {
		.it_value.tv_nsec = 50000, .it_interval.tv_nsec = 50000,
	};
	struct sigevent silent = { .sigev_notify = SIGEV_NONE };
	struct itimerval also = {
		.it_value.tv_usec = 100, .it_interval.tv_usec = 100,
	};
	timer_t timer;

	signal(SIGALRM, SIG_IGN);
	timer_create(CLOCK_MONOTONIC, &silent, &timer);
	timer_settime(timer, 0, &often, NULL);
	setitimer(ITIMER_REAL, &also, NULL);
}

/*
 * Fills the 128 bytes below the stack pointer and all registers that may be
 * used, spins, and looks whether they still hold what they held.
 */
static uint64_t spin_with_full_red_zone(uint64_t seed, uint64_t turns)
{
	uint64_t bad = 0;

	asm volatile(
		"xor %%eax, %%eax\n\t"
		".set i, 1\n\t"
		".rept 16\n\t"
		"lea i(%[seed]), %%rcx\n\t"
		"mov %%rcx, -8*i(%%rsp)\n\t"
		".set i, i+1\n\t"
		".endr\n\t"
		"lea 100(%[seed]), %%r8\n\t"
		"lea 101(%[seed]), %%r9\n\t"
		"lea 102(%[seed]), %%r10\n\t"
		"lea 103(%[seed]), %%r11\n\t"
		"lea 104(%[seed]), %%r12\n\t"
		"movq %[seed], %%xmm5\n\t"
		"1: dec %[turns]\n\t"
		"jnz 1b\n\t"
		".set i, 1\n\t"
		".rept 16\n\t"
		"lea i(%[seed]), %%rcx\n\t"
		"xor -8*i(%%rsp), %%rcx\n\t"
		"or %%rcx, %%rax\n\t"
		".set i, i+1\n\t"
		".endr\n\t"
		"sub $100, %%r8\n\t"
		"sub $101, %%r9\n\t"
		"sub $102, %%r10\n\t"
		"sub $103, %%r11\n\t"
		"sub $104, %%r12\n\t"
		"movq %%xmm5, %%rcx\n\t"
		"xor %[seed], %%rcx\n\t"
		"or %%rcx, %%rax\n\t"
		"xor %[seed], %%r8\n\t"
		"xor %[seed], %%r9\n\t"
		"xor %[seed], %%r10\n\t"
		"xor %[seed], %%r11\n\t"
		"xor %[seed], %%r12\n\t"
		"or %%r8, %%rax\n\t"
		"or %%r9, %%rax\n\t"
		"or %%r10, %%rax\n\t"
		"or %%r11, %%rax\n\t"
		"or %%r12, %%rax\n\t"
		: "=&a" (bad), [turns] "+d" (turns)
		: [seed] "b" (seed)
		: "rcx", "r8", "r9", "r10", "r11", "r12", "xmm5", "cc",
		  "memory");
	return bad;
}

static int red_zone_under_interrupts(void)
{
	struct timespec start;
	uint64_t seed = 0x123456789abcdefULL;

	clock_gettime(CLOCK_MONOTONIC, &start);
	start_interrupts();
	while (seconds_since(&start) < 3) {
		check(spin_with_full_red_zone(seed, 100000) == 0);
		seed = seed * 6364136223846793005ULL + 1;
	}
	return 0;
}

/* The red zone must survive a system call too, whatever road it takes. */
static int red_zone_under_system_calls(void)
{
	for (int i = 0; i < 20000; i++) {
		uint64_t bad, number = SYS_getppid;

		asm volatile(
			"mov %%rbx, -8(%%rsp)\n\t"
			"mov %%rbx, -128(%%rsp)\n\t"
			"mov $110, %%eax\n\t"
			"syscall\n\t"
			"mov %%rbx, %%rax\n\t"
			"mov %%rbx, %%rdx\n\t"
			"xor -8(%%rsp), %%rax\n\t"
			"xor -128(%%rsp), %%rdx\n\t"
			"or %%rdx, %%rax\n\t"
			: "=&a" (bad)
			: "b" (0x5555aaaa00ff00ffULL ^ number ^ i)
			: "rcx", "rdx", "r11", "memory", "cc");
		check(bad == 0);
	}
	return 0;
}

struct saved {
	uint64_t rdi, rsi, rdx, r10, r8, r9, rbx, rbp, r12, r13, r14, r15;
	uint64_t rsp_before, rsp_after;
};

/* getppid with a value in every register; a function, so that rbp is free */
void getppid_with_all(struct saved *in_out);
asm(
	".globl getppid_with_all\n"
	"getppid_with_all:\n\t"
	"push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n\t"
	"push %rdi\n\t"
	"mov %rdi, %rax\n\t"
	"mov %rsp, 96(%rax)\n\t"
	"mov 0(%rax), %rdi; mov 8(%rax), %rsi; mov 16(%rax), %rdx\n\t"
	"mov 24(%rax), %r10; mov 32(%rax), %r8; mov 40(%rax), %r9\n\t"
	"mov 48(%rax), %rbx; mov 56(%rax), %rbp; mov 64(%rax), %r12\n\t"
	"mov 72(%rax), %r13; mov 80(%rax), %r14; mov 88(%rax), %r15\n\t"
	"mov $110, %eax\n\t"
	"syscall\n\t"
	"mov (%rsp), %rax\n\t"
	"mov %rsp, 104(%rax)\n\t"
	"mov %rdi, 0(%rax); mov %rsi, 8(%rax); mov %rdx, 16(%rax)\n\t"
	"mov %r10, 24(%rax); mov %r8, 32(%rax); mov %r9, 40(%rax)\n\t"
	"mov %rbx, 48(%rax); mov %rbp, 56(%rax); mov %r12, 64(%rax)\n\t"
	"mov %r13, 72(%rax); mov %r14, 80(%rax); mov %r15, 88(%rax)\n\t"
	"pop %rdi\n\t"
	"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n\t"
	"ret\n");

static int registers_survive_a_call(void)
{
	for (uint64_t turn = 1; turn < 1000; turn++) {
		struct saved before, after;

		for (size_t i = 0; i < sizeof(before) / 8; i++)
			((uint64_t *)&before)[i] = turn * 0x0101010101010101 + i;
		after = before;
		getppid_with_all(&after);
		check(after.rsp_before == after.rsp_after);
		check(memcmp(&before, &after, 12 * 8) == 0);
	}
	return 0;
}

/* The stack pointer belongs to the program; the kernel may not use it. */
static int call_without_a_stack(void)
{
	static const uint64_t pointers[] = { 0, 8, 1, 0x7fffffffffff,
					     0x800000000000 };

	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
		for (int turn = 0; turn < 3; turn++) {
			uint64_t result, kept;

			asm volatile(
				"mov %%rsp, %%rbx\n\t"
				"mov %[pointer], %%rsp\n\t"
				"mov $110, %%eax\n\t"
				"syscall\n\t"
				"mov %%rsp, %[kept]\n\t"
				"mov %%rbx, %%rsp\n\t"
				: "=&a" (result), [kept] "=&d" (kept)
				: [pointer] "r" (pointers[i])
				: "rbx", "rcx", "r11", "memory");
			check(result == (uint64_t)getppid());
			check(kept == pointers[i]);
		}
	}
	return 0;
}

/* Flags other than the arithmetic ones are the program's own. */
static int flags_survive_a_call(void)
{
	uint64_t flags;

	for (int turn = 0; turn < 3; turn++) {
		asm volatile(
			"sub $256, %%rsp\n\t"
			"std\n\t"
			"mov $110, %%eax\n\t"
			"syscall\n\t"
			"pushfq\n\t"
			"cld\n\t"
			"pop %0\n\t"
			"add $256, %%rsp\n\t"
			: "=&r" (flags) : : "rax", "rcx", "r11", "memory", "cc");
		check(flags & 0x400);
		check(flags & 0x200);
		asm volatile(
			"sub $256, %%rsp\n\t"
			"pushfq\n\t"
			"orl $0x244000, (%%rsp)\n\t"	/* ID, AC, NT */
			"popfq\n\t"
			"mov $110, %%eax\n\t"
			"syscall\n\t"
			"pushfq\n\t"
			"pop %0\n\t"
			"pushq $0x202\n\t"
			"popfq\n\t"
			"add $256, %%rsp\n\t"
			: "=&r" (flags) : : "rax", "rcx", "r11", "memory", "cc");
		check(flags & 0x200000);
		check(flags & 0x40000);
	}
	return 0;
}

const struct kml_test register_tests[] = {
	{ "privilege level", privilege },
	{ "red zone under interrupts", red_zone_under_interrupts },
	{ "red zone under system calls", red_zone_under_system_calls },
	{ "registers survive a call", registers_survive_a_call },
	{ "system call without a stack", call_without_a_stack },
	{ "flags survive a call", flags_survive_a_call },
	{ },
};
