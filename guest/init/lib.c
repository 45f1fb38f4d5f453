// SPDX-License-Identifier: Apache-2.0
/* See lib.h. The mem functions are also what the compiler itself calls. */

#include <stdarg.h>
#include <linux/mman.h>
#include "init.h"

void *memcpy(void *to, const void *from, size_t n)
{
	void *start = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	return start;
}

void *memmove(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	if (t <= f || t >= f + n)
		return memcpy(to, from, n);
	while (n--)
		t[n] = f[n];
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	void *start = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(byte) : "memory");
	return start;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

const char *after(const char *s, const char *prefix)
{
	while (*prefix)
		if (*s++ != *prefix++)
			return NULL;
	return s;
}

bool parse_number(const char *s, uint64_t max, uint64_t *value)
{
	uint64_t n = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned int digit = *s - '0';

		if (digit > 9 || digit > max || n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*value = n;
	return true;
}

void text_add(struct text *t, const char *s)
{
	while (*s && t->len < sizeof(t->s) - 1)
		t->s[t->len++] = *s++;
	t->s[t->len] = 0;
}

void text_number(struct text *t, uint64_t n)
{
	char digits[21];
	char *p = digits + sizeof(digits) - 1;

	*p = 0;
	do
		*--p = '0' + n % 10;
	while (n /= 10);
	text_add(t, p);
}

void text_join(struct text *t, ...)
{
	va_list parts;
	const char *part;

	va_start(parts, t);
	while ((part = va_arg(parts, const char *)))
		text_add(t, part);
	va_end(parts);
}

const char *reason(long err)
{
	static struct text other;

	switch (-err) {
	case EPERM: return "operation not permitted";
	case ENOENT: return "no such file or directory";
	case EIO: return "input/output error";
	case ENXIO: return "no such device or address";
	case E2BIG: return "arguments and environment too long";
	case ENOEXEC: return "not in an executable format this kernel knows";
	case ENOMEM: return "out of memory";
	case EACCES: return "permission denied";
	case EBUSY: return "busy";
	case ENODEV: return "not in this kernel";
	case ENOTDIR: return "not a directory";
	case EISDIR: return "is a directory";
	case EINVAL: return "invalid";
	case ENOSPC: return "no space left";
	case EROFS: return "read-only file system";
	case ELOOP: return "too many symbolic links";
	case ENOSYS: return "system call not in this kernel";
	}
	other.len = 0;
	text_add(&other, "errno ");
	text_number(&other, -err);
	return other.s;
}

void *alloc(size_t size)
{
	long p = sys6(mmap, 0, size + !size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p < 0 && p > -4096)
		fail(STATUS_LUPINE, NULL, "out of memory", NULL);
	return (void *)p;
}

char *read_file(const char *path, size_t max, size_t *size)
{
	int fd = sys_open(path, O_RDONLY_CLOEXEC, 0);
	struct stat st;
	char *data;
	size_t len = 0;
	long n;

	if (fd < 0)
		return NULL;
	/* Files of proc have no size: take the limit for them. */
	if (sys_fstat(fd, &st) == 0 && st.st_size > 0 && (size_t)st.st_size < max)
		max = st.st_size;
	data = alloc(max + 1);
	while (len < max && (n = sys_read(fd, data + len, max - len)) > 0)
		len += n;
	sys_close(fd);
	*size = len;
	return len ? data : NULL;
}

uint64_t now_us(void)
{
	struct __kernel_timespec ts = { 0 };

	sys_clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ull + ts.tv_nsec / 1000;
}

void sleep_ms(unsigned int ms)
{
	struct __kernel_timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	sys_nanosleep(&ts);
}

long make_path(const char *path, int mode)
{
	size_t len = strlen(path);
	char *copy = alloc(len + 1);
	struct stat st;
	long err = 0;
	size_t i;

	memcpy(copy, path, len);
	for (i = 1; i <= len; i++) {
		if (copy[i] && copy[i] != '/')
			continue;
		copy[i] = 0;
		err = sys_mkdir(copy, mode);
		copy[i] = path[i];
	}
	if (sys_stat(path, &st) == 0)
		return (st.st_mode & S_IFMT) == S_IFDIR ? 0 : -ENOTDIR;
	return err < 0 ? err : -ENOENT;
}
