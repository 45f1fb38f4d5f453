// SPDX-License-Identifier: Apache-2.0
/* Processes: fork, vfork, exec, and what a new program finds. */
#include "kml.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Of linux/seccomp.h, which musl's own headers lack. */
#ifndef SECCOMP_MODE_STRICT
#define SECCOMP_MODE_STRICT 1
#endif

static int many_forks(void)
{
	for (int turn = 0; turn < 100; turn++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(turn);
		check(waitpid(pid, &status, 0) == pid);
		check(WIFEXITED(status) && WEXITSTATUS(status) == turn);
	}
	return 0;
}

static int many_vforks(void)
{
	volatile int shared = 0;

	for (int turn = 0; turn < 100; turn++) {
		int status;
		pid_t pid = vfork();

		if (pid == 0) {
			shared = turn + 1;
			_exit(0);
		}
		check(shared == turn + 1);
		check(waitpid(pid, &status, 0) == pid && status == 0);
	}
	return 0;
}

/* The program itself, asked to run nothing. */
static int many_execs(void)
{
	char *const arguments[] = { "kml", "no test", NULL };

	for (int turn = 0; turn < 20; turn++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			int null = open("/proc/self/cmdline", O_RDONLY);

			close(1);
			dup(null);
			execv("/proc/self/exe", arguments);
			_exit(99);
		}
		check(waitpid(pid, &status, 0) == pid && status == 0);
	}
	return 0;
}

static int auxiliary_vector(void)
{
	const unsigned char *vdso = (void *)getauxval(AT_SYSINFO_EHDR);
	struct timespec time;

	check(vdso && memcmp(vdso, ELFMAG, SELFMAG) == 0);
	check(getauxval(AT_PAGESZ) == 4096);
	check(getauxval(AT_UID) == getuid());
	check(clock_gettime(CLOCK_REALTIME, &time) == 0);
	return 0;
}

static int heap_grows(void)
{
	const long size = 64 << 20;
	long start = syscall(SYS_brk, 0);

	check(syscall(SYS_brk, start + size) == start + size);
	memset((char *)start, 7, size);
	check(((char *)start)[size - 1] == 7);
	check(syscall(SYS_brk, start) == start);
	return 0;
}

/* A program for 32-bit machines: refused, not run. */
static int program_of_32_bits(void)
{
	Elf32_Ehdr header = {
		.e_type = ET_EXEC, .e_machine = EM_386, .e_version = 1,
		.e_ehsize = sizeof(header), .e_phentsize = sizeof(Elf32_Phdr),
	};
	char *const arguments[] = { "old", NULL };
	int file = syscall(SYS_memfd_create, "old", 0);

	if (file < 0)
		file = open("/old", O_RDWR | O_CREAT, 0700);
	check(file >= 0);
	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS32;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	check(write(file, &header, sizeof(header)) == sizeof(header));
	check(syscall(SYS_execveat, file, "", arguments, NULL, 0x1000) == -1);
	check(errno == ENOEXEC || errno == ETXTBSY);
	return 0;
}

/* Code that writes itself, as a JIT does: a call of getppid made at run time. */
static int code_made_at_run_time(void)
{
	static const unsigned char text[] = {
		0xb8, 110, 0, 0, 0, 0x0f, 0x05, 0xc3,
	};
	unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long (*call)(void) = (long (*)(void))page;

	check(page != MAP_FAILED);
	for (int turn = 0; turn < 10; turn++) {
		memcpy(page, text, sizeof(text));
		for (int i = 0; i < 10; i++)
			check(call() == getppid());
		page[1] = 39;
		memcpy(page, "\xb8\x27\0\0\0", 5);
		for (int i = 0; i < 10; i++)
			check(call() == getpid());
	}
	return 0;
}

/* A program on an overlay of read-only layers: its text comes from another file system than its path. */
static int program_on_an_overlay(void)
{
	char *const arguments[] = { "kml", "many forks", NULL };
	int status;
	pid_t pid;

	mkdir("/overlay", 0755);
	mkdir("/empty", 0755);
	check(mount("overlay", "/overlay", "overlay", MS_RDONLY,
		    "lowerdir=/empty:/trusted") == 0);
	pid = fork();
	if (pid == 0) {
		close(1);
		execv("/overlay/kml", arguments);
		_exit(99);
	}
	check(waitpid(pid, &status, 0) == pid && status == 0);
	check(umount("/overlay") == 0);
	return 0;
}

/* A filter of calls works behind the gate as well: all but read, write and exit end the process. */
static int seccomp(void)
{
	int results[2], status;
	char byte[2];
	pid_t pid;

	check(pipe(results) == 0);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 1000; i++)
			getppid();
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
		write(results[1], "a", 1);
		getppid();
		write(results[1], "b", 1);
		syscall(SYS_exit, 0);
	}
	close(results[1]);
	check(waitpid(pid, &status, 0) == pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	check(read(results[0], byte, 2) == 1 && byte[0] == 'a');
	return 0;
}

/* The registers of a core file's first thread. */
static bool read_core(const char *path, struct user_regs_struct *regs)
{
	static char core[1 << 16];
	const Elf64_Ehdr *header = (void *)core;
	const Elf64_Phdr *segment;
	const Elf64_Nhdr *found;
	int file = open(path, O_RDONLY);

	if (file < 0 || read(file, core, sizeof(core)) < 4096)
		return false;
	segment = (void *)(core + header->e_phoff);
	if (segment->p_type != PT_NOTE || segment->p_offset > sizeof(core) / 2)
		return false;
	found = (void *)(core + segment->p_offset);
	if (found->n_type != NT_PRSTATUS)
		return false;
	/* pr_reg of struct elf_prstatus, which musl and glibc name differently */
	memcpy(regs, (char *)(found + 1) + 8 + 112, sizeof(*regs));
	return true;
}

static int core_dump(void)
{
	const struct rlimit any = { RLIM_INFINITY, RLIM_INFINITY };
	struct user_regs_struct regs;
	int status;
	pid_t pid;

	check(chdir("/") == 0);
	unlink("core");
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &any);
		asm volatile("mov $0x1234, %%eax\n\t"
			     "xor %%ebx, %%ebx\n\t"
			     "mov (%%rbx), %%ebx" ::: "rax", "rbx");
	}
	check(waitpid(pid, &status, 0) == pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	check(WCOREDUMP(status) && read_core("core", &regs));
	unlink("core");
	check(regs.cs == 0x33 && regs.ss == 0x2b);
	check(regs.rax == 0x1234 && regs.rbx == 0);
	return 0;
}

/* What a program wrote into its text is its child's too, and so is the rest of the file. */
static int fork_copies_text(void)
{
	int file = open("/proc/self/exe", O_RDONLY), status;
	unsigned char *text, before;
	pid_t pid;

	check(file >= 0);
	text = mmap(NULL, 8192, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
	check(text != MAP_FAILED);
	before = text[5000];
	check(mprotect(text, 4096, PROT_READ | PROT_WRITE) == 0);
	text[100] = 0xc3;
	check(mprotect(text, 4096, PROT_READ | PROT_EXEC) == 0);
	pid = fork();
	if (pid == 0) {
		((void (*)(void))(text + 100))();
		_exit(text[5000] == before ? 7 : 1);
	}
	check(waitpid(pid, &status, 0) == pid);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	return 0;
}

const struct kml_test process_tests[] = {
	{ "fork copies text", fork_copies_text },
	{ "program on an overlay", program_on_an_overlay },
	{ "seccomp", seccomp },
	{ "core dump", core_dump },
	{ "many forks", many_forks },
	{ "many vforks", many_vforks },
	{ "many execs", many_execs },
	{ "auxiliary vector", auxiliary_vector },
	{ "heap grows", heap_grows },
	{ "program of 32 bits", program_of_32_bits },
	{ "code made at run time", code_made_at_run_time },
	{ },
};
