/* SPDX-License-Identifier: Apache-2.0 */
/* Threads without a libc: a stack, a function, and a word that is zero again at the end. */
#ifndef LUPINE_TASK_H
#define LUPINE_TASK_H

#include "bench.h"

struct task {
	/* The thread while it runs; the kernel writes 0 at its end and wakes who waits. */
	volatile int running;
	void (*run)(void *);
	void *arg;
	void *stack;
};

/* Starts @run as a thread of this process. */
void task_start(struct task *t, void (*run)(void *), void *arg);
void task_join(struct task *t);

#define FUTEX_WAIT	0
#define FUTEX_WAKE	1
#define sys_futex(word, op, value) \
	sys6(futex, word, op, value, 0, 0, 0)

#endif
