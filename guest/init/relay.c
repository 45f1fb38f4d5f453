// SPDX-License-Identifier: Apache-2.0
/*
 * The loop between the application, the kernel's log and the host. Everything in
 * it is bounded: a full console queue stops reading what the application writes,
 * stdin comes only as fast as the credit that was given, and a host that is gone
 * never keeps init from collecting its children.
 */

#include "init.h"

/* Bytes of stdin the host may have on their way. Worst case on the line, escaped,
 * is half of what the kernel's tty layer holds (64 KiB) before it drops. */
#define WINDOW		16384
/* After the application's end: how long without any progress. */
#define DRAIN_MS	5000

static struct app *app;
static int kmsg = -1;
static bool input_alive = true;
static char input[WINDOW];
static size_t input_start, input_end;
static size_t owed;		/* credit not yet given back */
static bool input_closing;
static bool app_running;
static int app_status;
static bool children_left;

static void on_child(int sig)
{
	(void)sig;	/* its arrival ends ppoll(), no more is needed */
}

__asm__("signal_return:\n"
	"	mov $15, %eax\n"
	"	syscall\n");
extern void signal_return(void);

static void catch_children(void)
{
	const sigset_t chld = 1ul << (SIGCHLD - 1);
	struct sigaction action = {
		.sa_handler = on_child,
		.sa_flags = SA_RESTORER,
		.sa_restorer = signal_return,
	};

	sys_sigprocmask(SIG_BLOCK, &chld);
	sys_sigaction(SIGCHLD, &action);
}

static void reap(void)
{
	int status, pid;

	while ((pid = sys_wait4(-1, &status, WNOHANG)) > 0) {
		if (pid == app->pid) {
			app_running = false;
			app_status = status;
		}
	}
	children_left = pid == 0;
}

/* --- the kernel's log --- */

/* Relays one record, "level,seq,usec,flags;text": true if there was one. */
static bool kernel_log_read(bool all)
{
	static char record[4096];
	struct text t = { 0 };
	long n = sys_read(kmsg, record, sizeof(record) - 1);
	char *level, *usec, *text, *end;
	uint64_t prefix;

	if (n == -EPIPE || n == -EINVAL)
		return true;	/* overwritten meanwhile, or too long: go on with the next */
	if (n <= 0 && n != -EAGAIN && n != -EINTR) {
		sys_close(kmsg);
		kmsg = -1;
	}
	if (n <= 0)
		return false;
	record[n] = 0;
	level = record;
	usec = strchr(record, ',');
	text = strchr(record, ';');
	if (!usec || !text)
		return true;
	*usec++ = 0;
	*text++ = 0;
	usec = strchr(usec, ',');
	end = strchr(text, '\n');
	if (!usec || !end)
		return true;
	*end = 0;
	end = strchr(++usec, ',');
	if (end)
		*end = 0;
	/* Priorities of 8 and above come from programs that write to /dev/kmsg. */
	if (!parse_number(level, ~0u, &prefix) || prefix > 7)
		return true;
	if (after(text, "lupine: ") || (all && prefix <= 4)) {
		text_join(&t, level, ",", usec, ";", text, NULL);
		console_frame(FRAME_KERNEL, t.s, t.len);
	}
	return true;
}

void kernel_log_open(void)
{
	kmsg = sys_open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
	if (kmsg < 0)
		say(INFO, "PRINTK", "the kernel keeps no log", NULL);
	while (kmsg >= 0 && kernel_log_read(false))
		;
}

/* --- stdin --- */

static void give_credit(void)
{
	struct text n = { 0 };

	text_number(&n, owed);
	if (owed && console_frame(FRAME_CREDIT, n.s, n.len))
		owed = 0;
}

static void input_write(void)
{
	while (input_end > input_start) {
		long n = app->in < 0 ? -EPIPE :
			 sys_write(app->in, input + input_start, input_end - input_start);

		if (n == -EAGAIN || n == -EINTR)
			return;
		if (n <= 0)	/* nobody reads it any more */
			n = input_end - input_start;
		input_start += n;
		owed += n;
	}
	input_start = input_end = 0;
	if (owed)
		give_credit();
	if (input_closing && app->in >= 0 && app->slave < 0) {
		sys_close(app->in);
		app->in = -1;
	}
}

static void input_add(const char *data, size_t len)
{
	if (input_end + len > WINDOW) {
		memmove(input, input + input_start, input_end - input_start);
		input_end -= input_start;
		input_start = 0;
	}
	if (input_closing || input_end + len > WINDOW) {
		say(WARNING, NULL, "stdin beyond its credit or end is lost", NULL);
		return;
	}
	memcpy(input + input_end, data, len);
	input_end += len;
	input_write();
}

static void set_size(char *payload)
{
	char *columns = strchr(payload, ',');
	struct winsize size = { 0 };
	uint64_t rows, cols;

	if (!columns || app->slave < 0)
		return;
	*columns++ = 0;
	if (!parse_number(payload, 65535, &rows) || !parse_number(columns, 65535, &cols))
		return;
	size.ws_row = rows;
	size.ws_col = cols;
	sys_ioctl(app->in, TIOCSWINSZ, &size);
}

static void handle(char type, char *data, size_t len)
{
	const char end_of_file = 4;	/* Ctrl-D, as a terminal says it */
	char payload[16];
	uint64_t n;

	switch (type) {
	case FRAME_STDIN:
		input_add(data, len);
		return;
	case FRAME_STDIN_END:
		if (app->slave >= 0)
			input_add(&end_of_file, 1);
		input_closing = true;
		input_write();
		return;
	}
	if (len >= sizeof(payload))
		return;
	memcpy(payload, data, len);
	payload[len] = 0;
	if (type == FRAME_WINSIZE)
		set_size(payload);
	else if (type == FRAME_SIGNAL && parse_number(payload, 64, &n) && n && app_running)
		sys_kill(app->pid, n);
}

/* --- stdout and stderr --- */

/* Relays one read; closes the descriptor at its end. */
static void output_read(int *fd, char type)
{
	static char buf[FRAME_MAX];
	long n = sys_read(*fd, buf, sizeof(buf));

	if (n > 0) {
		console_frame(type, buf, n);
	} else if (n != -EAGAIN && n != -EINTR) {
		if (app->in == *fd)
			app->in = -1;
		sys_close(*fd);
		*fd = -1;
	}
}

/* One turn: waits until something can be done, and does it. */
static void turn(const struct __kernel_timespec *timeout)
{
	enum { LINE, LOG, IN, OUT, ERR, N };
	const bool room = console_room();
	const sigset_t none = 0;
	struct pollfd fds[N] = {
		[LINE] = { console_fd(), console_pending() ? POLLOUT : 0, 0 },
		[LOG] = { room ? kmsg : -1, POLLIN, 0 },
		[IN] = { input_end > input_start ? app->in : -1, POLLOUT, 0 },
		[OUT] = { room ? app->out : -1, POLLIN, 0 },
		[ERR] = { room ? app->err : -1, POLLIN, 0 },
	};

	if (input_alive)
		fds[LINE].events |= POLLIN;
	else if (!console_pending())
		fds[LINE].fd = -1;
	if (sys_ppoll(fds, N, timeout, &none) > 0) {
		if (fds[LINE].revents & (POLLIN | POLLHUP | POLLERR) && input_alive)
			input_alive = console_input(handle);
		if (fds[IN].revents)
			input_write();
		if (fds[LOG].revents)
			kernel_log_read(true);
		if (fds[OUT].revents && console_room())
			output_read(&app->out, FRAME_STDOUT);
		if (fds[ERR].revents && console_room())
			output_read(&app->err, FRAME_STDERR);
	}
	console_flush();
	give_credit();
	reap();
}

int relay(struct app *running)
{
	const struct __kernel_timespec tick = { .tv_nsec = 20 * 1000000 };
	uint64_t limit;

	app = running;
	app_running = true;
	catch_children();
	if (app->in >= 0) {
		console_expect_input();
		owed = WINDOW;
	}
	give_credit();
	reap();
	while (app_running)
		turn(NULL);
	sys_kill(-1, SIGKILL);
	if (app->slave >= 0) {
		sys_close(app->slave);	/* now the terminal's end can be seen */
		app->slave = -1;
	}
	limit = now_us() + DRAIN_MS * 1000;
	while ((children_left || app->out >= 0 || app->err >= 0) && now_us() < limit) {
		const size_t before = console_written();

		turn(&tick);
		if (console_written() != before)
			limit = now_us() + DRAIN_MS * 1000;
	}
	while (kmsg >= 0 && console_room() && kernel_log_read(true))
		;
	return app_status;
}
