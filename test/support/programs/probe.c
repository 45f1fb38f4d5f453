/*
 * What the small test image runs: a static program that does one thing, named by its first argument,
 * and says what it found in lines that a test can compare.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

extern char **environ;

static int failed(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	return 1;
}

/* Arguments, environment, and who and where the program is. */
static int hello(int argc, char **argv)
{
	char directory[4096] = "?", host[256] = "?";

	getcwd(directory, sizeof directory);
	gethostname(host, sizeof host);
	for (int i = 2; i < argc; i++)
		printf("argument: %s\n", argv[i]);
	for (char **e = environ; *e; e++)
		printf("environment: %s\n", *e);
	printf("directory: %s\nhost: %s\nuser: %d:%d\n", directory, host, getuid(), getgid());
	return 0;
}

static const char *kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return "directory";
	case S_IFLNK: return "link";
	case S_IFREG: return "file";
	case S_IFCHR: return "character device";
	case S_IFIFO: return "fifo";
	default: return "other";
	}
}

/* Each path as the guest sees it. */
static int look(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		struct stat st;
		char target[4096] = "";

		if (lstat(argv[i], &st) < 0) {
			printf("%s: %s\n", argv[i], strerror(errno));
			continue;
		}
		printf("%s: %s %04o %d:%d", argv[i], kind(st.st_mode), st.st_mode & 07777, st.st_uid, st.st_gid);
		if (S_ISREG(st.st_mode))
			printf(" size %lld links %d time %lld", (long long)st.st_size, (int)st.st_nlink,
			       (long long)st.st_mtime);
		if (S_ISLNK(st.st_mode) && readlink(argv[i], target, sizeof target - 1) > 0)
			printf(" to %s", target);
		if (S_ISCHR(st.st_mode))
			printf(" %u:%u", major(st.st_rdev), minor(st.st_rdev));
		putchar('\n');
	}
	return 0;
}

/* Creates a file and reads it back. */
static int keep(const char *path)
{
	char text[8] = "";
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

	if (fd < 0 || write(fd, "kept\n", 5) != 5 || pread(fd, text, 5, 0) != 5)
		return failed(path);
	printf("%s: %s", path, text);
	return 0;
}

static int copy(void)
{
	char buffer[4096];
	ssize_t n;

	while ((n = read(0, buffer, sizeof buffer)) > 0)
		if (write(1, buffer, n) != n)
			return 1;
	return n < 0;
}

/* Touches memory until there is none. */
static int eat(void)
{
	for (;;) {
		char *p = malloc(1 << 20);

		if (!p)
			return failed("malloc");
		memset(p, 1, 1 << 20);
	}
}

/* Answers every connection with the same line, until SIGTERM. */
static void stop(int number)
{
	(void)number;
	_exit(3);
}

static int serve(int port)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	signal(SIGTERM, stop);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (fd < 0 || bind(fd, (void *)&here, sizeof here) < 0 || listen(fd, 8) < 0)
		return failed("serve");
	puts("serving");
	for (;;) {
		int peer = accept(fd, NULL, NULL);

		if (peer >= 0)
			dprintf(peer, "from the guest\n");
		close(peer);
	}
}

/* Things that a small kernel lacks. */
static int epoll(void)
{
	/* Not the C library's: musl goes on to try epoll_create. */
	return syscall(SYS_epoll_create1, 0) < 0 ? failed("epoll_create1") : (puts("epoll_create1: works"), 0);
}

static int unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? failed("socket") : (puts("socket: works"), 0);
}

static int mount_type(const char *type)
{
	if (mount("none", "/mnt", type, 0, NULL) < 0)
		return failed("mount");
	puts("mount: works");
	return 0;
}

static int terminal(void)
{
	struct winsize size = { 0 };

	if (!isatty(0) || ioctl(1, TIOCGWINSZ, &size) < 0)
		return failed("terminal");
	printf("terminal: %d x %d\n", size.ws_row, size.ws_col);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *value = argc > 2 ? argv[2] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(what, "hello"))
		return hello(argc, argv);
	if (!strcmp(what, "look"))
		return look(argc, argv);
	if (!strcmp(what, "keep"))
		return keep(value);
	if (!strcmp(what, "copy"))
		return copy();
	if (!strcmp(what, "eat"))
		return eat();
	if (!strcmp(what, "serve"))
		return serve(atoi(value));
	if (!strcmp(what, "epoll"))
		return epoll();
	if (!strcmp(what, "unix"))
		return unix_socket();
	if (!strcmp(what, "mount"))
		return mount_type(value);
	if (!strcmp(what, "terminal"))
		return terminal();
	if (!strcmp(what, "exit"))
		return atoi(value);
	if (!strcmp(what, "die"))
		return raise(atoi(value));
	if (!strcmp(what, "reboot"))
		return reboot(RB_AUTOBOOT);
	if (!strcmp(what, "both")) {
		puts("to stdout");
		fputs("to stderr\n", stderr);
		return 0;
	}
	fprintf(stderr, "probe: what is '%s'?\n", what);
	return 64;
}
