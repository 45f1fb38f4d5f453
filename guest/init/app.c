// SPDX-License-Identifier: Apache-2.0
/*
 * Starts the application: its pipes or terminal, its identity, its program. What
 * goes wrong in the child comes back through a pipe that a successful exec closes.
 */

#include <asm/fcntl.h>
#include "init.h"

#define DEFAULT_PATH	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct report {
	int status;
	const char *option;	/* same addresses in parent and child */
	struct text text;
};

static const char *get_env(const struct settings *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->env.n; i++) {
		const char *value = after(s->env.item[i], name);

		if (value)
			return value;
	}
	return NULL;
}

/* Adds `name=value` unless the variable is there; @name ends with '='. */
static void default_env(struct settings *s, const char *name, const char *value)
{
	size_t len = strlen(name);
	char *item;

	if (!value || get_env(s, name))
		return;
	item = alloc(len + strlen(value) + 1);
	memcpy(item, name, len);
	memcpy(item + len, value, strlen(value));
	s->env.item[s->env.n++] = item;
}

static void __attribute__((noreturn)) report(int pipe, int status, const char *option,
					     const char *what, const char *name, const char *why)
{
	struct report r = { .status = status, .option = option };

	text_join(&r.text, what, name, *why ? ": " : "", why, NULL);
	sys_write(pipe, &r, sizeof(r));
	for (;;)
		sys_exit(status);
}

/* Why the kernel did not run a file that exists. */
static void __attribute__((noreturn)) explain(int pipe, const char *path, long err)
{
	int fd = sys_open(path, O_RDONLY_CLOEXEC, 0);
	char head[2] = { 0 };
	bool script = fd >= 0 && sys_read(fd, head, 2) == 2 && head[0] == '#' && head[1] == '!';

	if (err == -ENOENT || err == -ENOTDIR)
		report(pipe, STATUS_NOT_FOUND, NULL, "cannot start ", path,
		       fd < 0 ? reason(err) :
		       script ? "the program its first line names is not in the image" :
				"its loader (ELF interpreter) is not in the image");
	if (err == -ENOEXEC && script)
		report(pipe, STATUS_NOT_EXECUTABLE, "BINFMT_SCRIPT", "cannot start ", path,
		       "the kernel does not run scripts");
	if (err == -ENOEXEC)
		report(pipe, STATUS_NOT_EXECUTABLE, NULL, "cannot start ", path,
		       "no program for this machine (another architecture, or a script "
		       "without #!)");
	report(pipe, STATUS_NOT_EXECUTABLE, NULL, "cannot start ", path, reason(err));
}

static bool is_directory(const char *path)
{
	struct stat st;

	return sys_stat(path, &st) == 0 && (st.st_mode & S_IFMT) == S_IFDIR;
}

/* As execvpe(3), which docker's search agrees with. Does not return. */
static void __attribute__((noreturn)) exec_search(int pipe, const struct settings *s)
{
	char *const *argv = s->argv.item;
	const char *path = get_env(s, "PATH=");
	long worst = 0;
	struct text file;

	if (strchr(argv[0], '/'))
		explain(pipe, argv[0], is_directory(argv[0]) ? -EISDIR :
			sys_execve(argv[0], argv, s->env.item));
	while (*argv[0] && path) {
		const char *end = strchr(path, ':');
		size_t len = end ? (size_t)(end - path) : strlen(path);
		long err;

		file.len = 0;
		if (len < sizeof(file.s) - 1) {
			memcpy(file.s, path, len);
			file.len = len;
			file.s[len] = 0;
			text_join(&file, len ? "/" : "./", argv[0], NULL);
			err = is_directory(file.s) ? -ENOENT :
			      sys_execve(file.s, argv, s->env.item);
			if (err != -ENOENT && err != -ENOTDIR && err != -EACCES)
				explain(pipe, file.s, err);
			if (err == -EACCES)
				worst = err;
			else if (err == -ENOENT && sys3(access, file.s, 0, 0) == 0)
				explain(pipe, file.s, err);
		}
		path = end ? end + 1 : NULL;
	}
	if (worst)
		report(pipe, STATUS_NOT_EXECUTABLE, NULL, "cannot start ", argv[0],
		       "found in PATH, but permission denied");
	report(pipe, STATUS_NOT_FOUND, NULL, "cannot start ", argv[0],
	       "no such program in the image's PATH");
}

/* Without MULTIUSER there is one user, and it is root: said by the parent. */
static void become(int pipe, const struct identity *who)
{
	long err = sys3(setgroups, who->n_groups, who->groups, 0);

	if (err != -ENOSYS && err < 0)
		report(pipe, STATUS_LUPINE, NULL, "cannot set the ", "groups", reason(err));
	err = sys3(setgid, who->gid, 0, 0);
	if (err == 0)
		err = sys3(setuid, who->uid, 0, 0);
	if (err != -ENOSYS && err < 0)
		report(pipe, STATUS_LUPINE, NULL, "cannot become the ", "user", reason(err));
}

static void __attribute__((noreturn)) child(int pipe, const struct settings *s,
					    const struct identity *who, const int fds[3])
{
	const char *dir = s->workdir ? s->workdir : "/";
	const sigset_t none = 0;
	size_t i;
	long err;

	sys3(setsid, 0, 0, 0);
	for (i = 0; i < 3; i++)
		sys_dup2(fds[i], i);
	if (s->tty)
		sys_ioctl(0, TIOCSCTTY, 0);
	for (i = 0; i < s->n_limits; i++) {
		err = sys6(prlimit64, 0, s->limits[i].resource, &s->limits[i].value, 0, 0, 0);
		if (err < 0)
			report(pipe, STATUS_LUPINE, NULL, "cannot set a resource ", "limit",
			       reason(err));
	}
	sys3(umask, 022, 0, 0);
	become(pipe, who);
	err = sys_chdir(dir);
	if (err < 0)
		report(pipe, STATUS_NOT_EXECUTABLE, NULL, "cannot enter the working directory ",
		       dir, reason(err));
	sys_sigprocmask(SIG_SETMASK, &none);
	exec_search(pipe, s);
}

static void make_pipe(int *reader, int *writer)
{
	int fds[2];
	long err = sys_pipe2(fds, O_CLOEXEC);

	if (err < 0)
		fail(STATUS_LUPINE, NULL, "cannot make a pipe: ", reason(err), NULL);
	*reader = fds[0];
	*writer = fds[1];
}

static int open_null(void)
{
	int fd = sys_open("/dev/null", O_RDWR | O_CLOEXEC, 0);
	int reader, writer;

	if (fd >= 0)
		return fd;
	/* No /dev at all: a pipe without a writer is as empty. */
	make_pipe(&reader, &writer);
	sys_close(writer);
	return reader;
}

/* False when the kernel has no pseudo terminals. */
static bool open_pty(const struct settings *s, struct app *app, int fds[3])
{
	const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
	int unlock = 0;
	int master = sys_open("/dev/ptmx", flags, 0);
	int slave;

	if (master < 0)
		return false;
	sys_ioctl(master, TIOCSPTLCK, &unlock);
	slave = sys_ioctl(master, TIOCGPTPEER, flags);
	if (slave < 0) {
		sys_close(master);
		return false;
	}
	sys_ioctl(master, TIOCSWINSZ, &s->size);
	app->in = app->out = master;
	app->err = -1;
	app->slave = slave;
	fds[0] = fds[1] = fds[2] = slave;
	return true;
}

static void open_pipes(const struct settings *s, struct app *app, int fds[3])
{
	app->in = app->slave = -1;
	if (s->stdin)
		make_pipe(&fds[0], &app->in);
	else
		fds[0] = open_null();
	make_pipe(&app->out, &fds[1]);
	make_pipe(&app->err, &fds[2]);
}

static void set_nonblocking(int fd)
{
	if (fd >= 0)
		sys3(fcntl, fd, F_SETFL, O_NONBLOCK);
}

static void prepare(struct settings *s, const struct identity *who)
{
	default_env(s, "PATH=", DEFAULT_PATH);
	default_env(s, "HOSTNAME=", s->hostname);
	default_env(s, "HOME=", who->home);
	if (s->tty)
		default_env(s, "TERM=", "xterm");
	if (s->workdir && make_path(s->workdir, 0755) < 0)
		say(WARNING, NULL, "cannot make the working directory ", s->workdir, NULL);
	if ((who->uid || who->gid || who->n_groups) && sys3(setgroups, 0, 0, 0) == -ENOSYS)
		say(WARNING, "MULTIUSER", "the application runs as root: the kernel has no users",
		    NULL);
}

void app_start(struct settings *s, const struct identity *who, struct app *app)
{
	struct report r;
	int report_in, report_out, fds[3];
	size_t i;

	prepare(s, who);
	if (s->tty && !open_pty(s, app, fds)) {
		say(WARNING, "UNIX98_PTYS", "no terminal: the kernel lacks pseudo terminals", NULL);
		s->tty = false;
	}
	if (!s->tty)
		open_pipes(s, app, fds);
	/* So that a user other than root can open /dev/stdout, as nginx's images do. */
	for (i = 0; i < 3; i++)
		if (s->tty || i || s->stdin)
			sys_fchown(fds[i], who->uid, s->tty ? 5 : who->gid);
	make_pipe(&report_in, &report_out);
	console_started();
	app->pid = sys_fork();
	if (app->pid == 0)
		child(report_out, s, who, fds);
	if (app->pid < 0)
		fail(STATUS_LUPINE, NULL, "cannot start a process: ", reason(app->pid), NULL);
	sys_close(report_out);
	if (sys_read(report_in, &r, sizeof(r)) == sizeof(r))
		fail_text(r.status, r.option, r.text.s);
	sys_close(report_in);
	for (i = 0; !s->tty && i < 3; i++)
		sys_close(fds[i]);
	set_nonblocking(app->in);
	set_nonblocking(app->out);
	set_nonblocking(app->err);
}
