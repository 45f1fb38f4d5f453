// SPDX-License-Identifier: Apache-2.0
/*
 * The files of /etc that belong to the machine and not to the image. They replace
 * the image's, as docker's do. Where the root is read-only they are mounted over
 * the image's: made in the initramfs, held by open_tree(2) across the move.
 */

#include "init.h"

static struct file {
	const char *path;
	const char *copy;	/* in the initramfs; it stays: only a named file can be mounted */
	char *data;		/* NULL: the image's stays */
	size_t len, size;
	int tree;		/* detached mount of the copy; -1: none */
} files[] = {
	{ .path = "/etc/hostname", .copy = "/lupine/hostname" },
	{ .path = "/etc/hosts", .copy = "/lupine/hosts" },
	{ .path = "/etc/resolv.conf", .copy = "/lupine/resolv.conf" },
};
enum { HOSTNAME, HOSTS, RESOLV };

static void add(struct file *f, const char *s)
{
	const size_t len = strlen(s);

	if (!f->data) {
		f->size = 65536;
		f->data = alloc(f->size);
	}
	if (f->len + len <= f->size) {
		memcpy(f->data + f->len, s, len);
		f->len += len;
	}
}

static void write_hosts(const struct settings *s, struct file *f)
{
	size_t i;

	add(f, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
	for (i = 0; i < s->hosts.n; i++) {
		add(f, s->hosts.item[i]);
		add(f, "\n");
	}
	if (s->hostname) {
		add(f, s->address ? s->address_text : "127.0.1.1");
		add(f, "\t");
		add(f, s->hostname);
		add(f, "\n");
	}
}

/* What the kernel's own DHCP client was told. */
static void copy_dhcp(struct file *f)
{
	size_t size = 0;
	char *line, *end;

	sys_mkdir("/proc", 0555);
	if (sys_mount("proc", "/proc", "proc", 0, NULL) < 0) {
		say(WARNING, "PROC_FS", "no name servers: cannot read what DHCP gave", NULL);
		return;
	}
	line = read_file("/proc/net/pnp", 4096, &size);
	sys_umount("/proc", 0);
	if (!line) {
		say(WARNING, "IP_PNP_DHCP", "no address: the kernel has no DHCP client", NULL);
		return;
	}
	for (; *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			break;
		*end = 0;
		if (after(line, "nameserver ") || after(line, "domain ") || after(line, "search ")) {
			add(f, line);
			add(f, "\n");
		}
	}
}

static void write_resolv(const struct settings *s, struct file *f)
{
	size_t i;

	for (i = 0; i < s->nameservers.n; i++) {
		add(f, "nameserver ");
		add(f, s->nameservers.item[i]);
		add(f, "\n");
	}
	if (s->dhcp && !s->nameservers.n)
		copy_dhcp(f);
}

/* Creates a file, replacing what is there; 0 or the errno. */
static long write_file(const char *path, const struct file *f)
{
	long err = sys_unlink(path);
	int fd;

	if (err < 0 && err != -ENOENT)
		return err;
	fd = sys_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return fd;
	sys3(fchmod, fd, 0644, 0);
	err = sys_write(fd, f->data, f->len);
	sys_close(fd);
	return err < 0 ? err : 0;
}

void files_prepare(const struct settings *s)
{
	size_t i;

	write_hosts(s, &files[HOSTS]);
	write_resolv(s, &files[RESOLV]);
	if (s->hostname) {
		sys3(sethostname, s->hostname, strlen(s->hostname), 0);
		add(&files[HOSTNAME], s->hostname);
		add(&files[HOSTNAME], "\n");
	}
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		files[i].tree = -1;
		if (!files[i].data || s->access != ACCESS_RO)
			continue;
		if (write_file(files[i].copy, &files[i]) == 0)
			files[i].tree = sys3(open_tree, AT_FDCWD, files[i].copy,
					     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	}
}

void files_install(void)
{
	size_t i;

	sys_mkdir("/etc", 0755);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		struct file *f = &files[i];
		long err;

		if (!f->data)
			continue;
		if (f->tree >= 0)
			err = sys6(move_mount, f->tree, "", AT_FDCWD, f->path,
				   MOVE_MOUNT_F_EMPTY_PATH, 0);
		else
			err = write_file(f->path, f);
		if (f->tree >= 0)
			sys_close(f->tree);
		/* A read-only image without the file has nothing to mount over. */
		if (err < 0)
			say(f == &files[RESOLV] ? WARNING : INFO, NULL, "cannot write ", f->path,
			    ": ", reason(err), NULL);
	}
}
