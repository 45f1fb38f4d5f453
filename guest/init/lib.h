/* SPDX-License-Identifier: Apache-2.0 */
/* The little of a C library that init needs. */
#ifndef LUPINE_LIB_H
#define LUPINE_LIB_H

#include <stdbool.h>
#include "sys.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
/* Finds a byte; NULL when absent. */
char *strchr(const char *s, int c);
/* What follows @prefix in @s, or NULL when @s does not begin with it. */
const char *after(const char *s, const char *prefix);

/*
 * Parses a whole string as a decimal number up to @max; false for anything
 * else, also an empty string or a sign.
 */
bool parse_number(const char *s, uint64_t max, uint64_t *value);

/* A string of bounded size; what does not fit is cut. */
struct text {
	size_t len;
	char s[1024];
};

void text_add(struct text *t, const char *s);
void text_number(struct text *t, uint64_t n);
/* Joins strings up to a NULL. */
void text_join(struct text *t, ...);

/* The reason of a negative errno, e.g. "permission denied". */
const char *reason(long err);

/* Zeroed memory that lives as long as init; never NULL (init ends instead). */
void *alloc(size_t size);

/*
 * Reads a file of up to @max bytes; NULL when it cannot be read or is empty.
 * @size: its length; a zero byte follows. A longer file is cut.
 */
char *read_file(const char *path, size_t max, size_t *size);

/* Microseconds since the kernel's clock began. */
uint64_t now_us(void);
void sleep_ms(unsigned int ms);

/* Makes a directory and its parents; the answer of the last mkdir, 0 if it was there. */
long make_path(const char *path, int mode);

#endif
