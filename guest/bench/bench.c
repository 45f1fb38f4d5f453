// SPDX-License-Identifier: Apache-2.0
/* See bench.h. */

#include "bench.h"
#include <stdarg.h>
#include <linux/mman.h>
#include <linux/sockios.h>

#define IFF_UP		0x1

char **arguments;
char **environment;

__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call start\n"
	"	ud2\n");

void __attribute__((noreturn, used)) start(long *stack)
{
	arguments = (char **)(stack + 1);
	environment = arguments + stack[0] + 1;
	/* The end of an execve that was measured. */
	if (stack[0] > 1 && same(arguments[1], "exit"))
		sys_exit(0);
	mounts();
	bench_main();
	say("end", NULL);
	power_off();
}

void *memset(void *to, int byte, size_t n)
{
	void *start = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(byte) : "memory");
	return start;
}

void *memcpy(void *to, const void *from, size_t n)
{
	void *start = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	return start;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

const char *after(const char *s, const char *prefix)
{
	while (*prefix)
		if (*s++ != *prefix++)
			return NULL;
	return s;
}

bool same(const char *a, const char *b)
{
	const char *rest = after(a, b);

	return rest && !*rest;
}

uint64_t number(const char *s)
{
	uint64_t n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (*s - '0');
	return n;
}

const char *parameter(const char *name)
{
	char **entry;

	for (entry = environment; *entry; entry++) {
		const char *rest = after(*entry, name);

		if (rest && *rest == '=')
			return rest + 1;
	}
	return NULL;
}

uint64_t parameter_number(const char *name, uint64_t otherwise)
{
	const char *value = parameter(name);

	return value ? number(value) : otherwise;
}

uint64_t nanoseconds(void)
{
	struct __kernel_timespec ts = { 0 };

	sys_clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void sleep_ms(unsigned int ms)
{
	struct __kernel_timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	sys_nanosleep(&ts);
}

void settle(void)
{
	sleep_ms(parameter_number("bench_settle_ms", 2000));
}

void figure_begin(struct figure *f, const char *name, uint64_t x, uint64_t count)
{
	f->name = name;
	f->x = x;
	f->count = count;
	f->nanoseconds = nanoseconds();
	f->ticks = ticks();
}

void figure_end(struct figure *f)
{
	uint64_t took = ticks() - f->ticks;
	uint64_t ns = nanoseconds() - f->nanoseconds;
	char x[21], count[21], tsc[21], clock[21];

	say("figure", f->name, decimal(f->x, x), decimal(f->count, count), decimal(took, tsc),
	    decimal(ns, clock), NULL);
}

const char *decimal(uint64_t n, char buffer[21])
{
	char *p = buffer + 20;

	*p = 0;
	do
		*--p = '0' + n % 10;
	while (n /= 10);
	return p;
}

void say(const char *word, ...)
{
	char line[512] = "bench:";
	size_t len = 6;
	va_list words;

	va_start(words, word);
	for (; word; word = va_arg(words, const char *)) {
		size_t n = strlen(word);

		if (len + n + 2 > sizeof(line))
			break;
		line[len++] = ' ';
		memcpy(line + len, word, n);
		len += n;
	}
	va_end(words);
	line[len++] = '\n';
	sys_write(1, line, len);
}

void lacks(const char *name, long err)
{
	char buffer[21];

	say("lacks", name, decimal(-err, buffer), NULL);
}

void fail(const char *what, long err)
{
	char buffer[21];

	say("failed", what, decimal(-err, buffer), NULL);
	power_off();
}

void power_off(void)
{
	sys6(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART, 0, 0, 0);
	for (;;)
		sys_pause();
}

void mounts(void)
{
	int console;

	sys_mkdir("/dev", 0755);
	sys_mkdir("/proc", 0755);
	sys_mkdir("/tmp", 0755);
	sys_mount("dev", "/dev", "devtmpfs", 0, 0);
	sys_mount("proc", "/proc", "proc", 0, 0);
	sys_mount("tmp", "/tmp", "tmpfs", 0, 0);
	console = sys_open("/dev/console", O_RDWR, 0);
	if (console < 0)
		return;
	sys_dup2(console, 1);
	sys_dup2(console, 2);
}

long loopback_up(void)
{
	struct {		/* struct ifreq; linux/if.h pulls in a libc */
		char name[16];
		short flags;
		char rest[22];
	} request = { .name = "lo", .flags = IFF_UP };
	long fd = sys_socket(AF_INET, SOCK_STREAM);
	long err;

	if (fd < 0)
		return fd;
	err = sys_ioctl(fd, SIOCSIFFLAGS, &request);
	sys_close(fd);
	return err;
}

void *pages(size_t bytes)
{
	long p = sys6(mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p < 0 && p > -4096)
		fail("mmap", p);
	return (void *)p;
}

int child(void (*run)(void *), void *arg)
{
	int pid = must(sys_fork());

	if (pid)
		return pid;
	run(arg);
	sys_exit(0);
	__builtin_unreachable();
}

void wait_for(int pid)
{
	int status;

	must(sys_wait4(pid, &status, 0));
	if (status)
		fail("a child process", -status);
}
