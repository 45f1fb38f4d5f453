// SPDX-License-Identifier: Apache-2.0
/*
 * boot: when user space begins. The very first instruction reads the time
 * stamp counter, which counts from the reset of the VM.
 *
 *	bench: figure init 0 1 TICKS NANOSECONDS
 *
 * NANOSECONDS are of the kernel's own clock, which begins later, when the
 * kernel starts it.
 */

#include "bench.h"

uint64_t first __attribute__((used));

__asm__(".globl first_start\n"
	"first_start:\n"
	"	rdtsc\n"
	"	shl $32, %rdx\n"
	"	or %rdx, %rax\n"
	"	mov %rax, first(%rip)\n"
	"	jmp _start\n");

void bench_main(void)
{
	uint64_t ns = nanoseconds();
	char t[21], n[21];

	say("figure", "init", "0", "1", decimal(first, t), decimal(ns, n), NULL);
}
