// SPDX-License-Identifier: Apache-2.0
/* Threads: their storage, locks and cancellation; many on one call site. */
#include "kml.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS 4

static __thread uint64_t own = 1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static uint64_t counter;

static void *count(void *argument)
{
	uint64_t start = (uintptr_t)argument;

	own = start;
	for (int i = 0; i < 5000; i++) {
		pthread_mutex_lock(&lock);
		counter++;
		pthread_cond_signal(&changed);
		pthread_mutex_unlock(&lock);
		own++;
	}
	return (void *)(own - start == 5000 ? 0L : 1L);
}

static int storage_and_locks(void)
{
	pthread_t threads[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		check(pthread_create(&threads[i], NULL, count,
				     (void *)(i * 100000)) == 0);
	pthread_mutex_lock(&lock);
	while (counter < THREADS * 5000)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < THREADS; i++) {
		void *result;

		check(pthread_join(threads[i], &result) == 0 && !result);
	}
	check(own == 1);
	return 0;
}

static pthread_barrier_t together;

static __attribute__((noinline)) long one_site(void)
{
	long result;

	asm volatile("mov $186, %%eax\n\tsyscall"	/* gettid */
		     : "=&a" (result) : : "rcx", "r11", "memory");
	return result;
}

static void *call_one_site(void *argument)
{
	long self = syscall(SYS_gettid);

	(void)argument;
	pthread_barrier_wait(&together);
	for (int i = 0; i < 20000; i++) {
		if (one_site() != self)
			return (void *)1;
	}
	return NULL;
}

static int threads_on_one_site(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&together, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		check(pthread_create(&threads[i], NULL, call_one_site, NULL) == 0);
	for (int i = 0; i < THREADS; i++) {
		void *result;

		check(pthread_join(threads[i], &result) == 0 && !result);
	}
	return 0;
}

static void *wait_for_ever(void *argument)
{
	int *ends = argument;
	char byte;

	return (void *)read(ends[0], &byte, 1);
}

static int cancellation(void)
{
	int ends[2];

	check(pipe(ends) == 0);
	for (int turn = 0; turn < 50; turn++) {
		pthread_t thread;
		void *result;

		check(pthread_create(&thread, NULL, wait_for_ever, ends) == 0);
		if (turn % 2)
			usleep(1000);
		check(pthread_cancel(thread) == 0);
		check(pthread_join(thread, &result) == 0);
		check(result == PTHREAD_CANCELED);
	}
	return 0;
}

const struct kml_test thread_tests[] = {
	{ "thread storage and locks", storage_and_locks },
	{ "threads on one site", threads_on_one_site },
	{ "thread cancellation", cancellation },
	{ },
};
