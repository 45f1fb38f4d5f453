// SPDX-License-Identifier: Apache-2.0
/* What a fresh VM cannot know by itself: randomness and the time. */

#include <linux/random.h>
#include "init.h"

/* Overwrites a secret; the barrier keeps the compiler from dropping the store. */
static void wipe(void *p, size_t n)
{
	memset(p, 0, n);
	__asm__ volatile("" : : "r"(p) : "memory");
}

void entropy_feed(struct settings *s)
{
	struct {
		int bits;
		int bytes;
		unsigned char data[sizeof(s->entropy)];
	} pool;	/* struct rand_pool_info of random(4) */
	const char *path = "/random";
	int fd;

	if (!s->entropy_len)
		return;
	pool.bits = s->entropy_len * 8;
	pool.bytes = s->entropy_len;
	memcpy(pool.data, s->entropy, s->entropy_len);
	sys_mknod(path, S_IFCHR | 0600, makedev(1, 8));
	fd = sys_open(path, O_RDWR | O_CLOEXEC, 0);
	if (fd < 0 || sys_ioctl(fd, RNDADDENTROPY, &pool) < 0)
		say(WARNING, NULL, "the kernel did not take the host's entropy", NULL);
	else
		sys_ioctl(fd, RNDRESEEDCRNG, 0);
	if (fd >= 0)
		sys_close(fd);
	sys_unlink(path);
	wipe(&pool, sizeof(pool));
	wipe(s->entropy, sizeof(s->entropy));
}

void clock_set(const struct settings *s)
{
	struct __kernel_timespec now = { 0 };
	uint64_t us = now_us();
	int64_t off, want;

	if (!s->clock)
		return;
	/* The host wrote its time just before the kernel's clock began. */
	want = s->clock + us / 1000000;
	sys_clock_gettime(CLOCK_REALTIME, &now);
	off = now.tv_sec - want;
	if (off >= -2 && off <= 2)
		return;
	now.tv_sec = want;
	now.tv_nsec = us % 1000000 * 1000;
	if (sys3(clock_settime, CLOCK_REALTIME, &now, 0) < 0)
		say(WARNING, NULL, "cannot set the clock", NULL);
}
