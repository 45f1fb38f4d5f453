// SPDX-License-Identifier: Apache-2.0
/*
 * smp: what the primitives of synchronisation cost, for a comparison of
 * kernels built with and without multiprocessing on one CPU.
 *
 *	futex		waking a futex on which nobody waits
 *	semaphore	two threads in turns, each posting a semaphore of the
 *			other and waiting for its own; a count is both turns.
 *			The semaphores are a libc's: an atomic counter, and a
 *			futex when it is not positive
 *	yield		sched_yield, alone
 *	thread		starting a thread and waiting for its end
 *
 * bench_loops: repetitions (10000); of threads a tenth.
 */

#include "task.h"

static uint64_t loops;

struct semaphore {
	volatile int value;
	volatile int waiting;
};

static struct semaphore ping, pong;

static void post(struct semaphore *s)
{
	__atomic_fetch_add(&s->value, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&s->waiting, __ATOMIC_SEQ_CST))
		sys_futex(&s->value, FUTEX_WAKE, 1);
}

static void wait(struct semaphore *s)
{
	for (;;) {
		int value = __atomic_load_n(&s->value, __ATOMIC_SEQ_CST);

		while (value > 0)
			if (__atomic_compare_exchange_n(&s->value, &value, value - 1, false,
							__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
				return;
		__atomic_fetch_add(&s->waiting, 1, __ATOMIC_SEQ_CST);
		sys_futex(&s->value, FUTEX_WAIT, value);
		__atomic_fetch_sub(&s->waiting, 1, __ATOMIC_SEQ_CST);
	}
}

static void partner(void *unused)
{
	uint64_t i;

	(void)unused;
	for (i = 0; i < loops; i++) {
		wait(&ping);
		post(&pong);
	}
}

static void nothing(void *unused)
{
	(void)unused;
}

void bench_main(void)
{
	static int word;
	struct task other;
	struct figure f;
	uint64_t i;

	settle();
	loops = parameter_number("bench_loops", 10000);
	if (sys_futex(&word, FUTEX_WAKE, 1) < 0) {
		lacks("futex", sys_futex(&word, FUTEX_WAKE, 1));
	} else {
		figure_begin(&f, "futex", 0, loops);
		for (i = 0; i < loops; i++)
			sys_futex(&word, FUTEX_WAKE, 1);
		figure_end(&f);
		task_start(&other, partner, NULL);
		figure_begin(&f, "semaphore", 0, loops);
		for (i = 0; i < loops; i++) {
			post(&ping);
			wait(&pong);
		}
		figure_end(&f);
		task_join(&other);
		figure_begin(&f, "thread", 0, loops / 10);
		for (i = 0; i < loops / 10; i++) {
			task_start(&other, nothing, NULL);
			task_join(&other);
		}
		figure_end(&f);
	}
	figure_begin(&f, "yield", 0, loops);
	for (i = 0; i < loops; i++)
		sys3(sched_yield, 0, 0, 0);
	figure_end(&f);
}
