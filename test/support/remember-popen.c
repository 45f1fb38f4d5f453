/*
 * Preloaded into the kernel's conf: what a command printed is kept in a file of $REMEMBER_POPEN, and
 * read from there the next time. The commands are the compiler probes of Kconfig files, a hundred of
 * them, whose answers do not change between two runs with one environment.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void name_of(const char *command, char *path, size_t size)
{
	unsigned long one = 14695981039346656037UL, other = 5381;

	for (const char *c = command; *c; c++) {
		one = (one ^ (unsigned char)*c) * 1099511628211UL;
		other = other * 33 + (unsigned char)*c;
	}
	snprintf(path, size, "%s/%016lx%016lx", getenv("REMEMBER_POPEN"), one, other);
}

static void run(const char *command, const char *path)
{
	FILE *(*real_popen)(const char *, const char *) = dlsym(RTLD_NEXT, "popen");
	int (*real_pclose)(FILE *) = dlsym(RTLD_NEXT, "pclose");
	char temporary[4200];
	FILE *in, *out;
	int c;

	snprintf(temporary, sizeof(temporary), "%s.%d", path, getpid());
	in = real_popen(command, "r");
	out = fopen(temporary, "w");
	if (!in || !out)
		abort();
	while ((c = getc(in)) != EOF)
		putc(c, out);
	fclose(out);
	real_pclose(in);
	rename(temporary, path);
}

FILE *popen(const char *command, const char *mode)
{
	char path[4096];

	(void)mode;
	name_of(command, path, sizeof(path));
	if (access(path, R_OK))
		run(command, path);
	return fopen(path, "r");
}

int pclose(FILE *file)
{
	return fclose(file);
}
