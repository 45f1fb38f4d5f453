// SPDX-License-Identifier: Apache-2.0
/*
 * The settings file: `key=value` strings, each ended by a zero byte, the first
 * being the version. An unknown key, a bad value, or a single key given twice is
 * an error: host and guest are made together, so it is a bug worth hearing of.
 */

#include "init.h"

#define SETTINGS_FILE	"/lupine/settings"
#define SETTINGS_MAX	(1 << 20)

static bool set_string(const char **to, const char *value)
{
	*to = value;
	return *value != 0;
}

static bool set_absolute(const char **to, const char *value)
{
	*to = value;
	return *value == '/';
}

static bool set_yes(bool *to, const char *value)
{
	*to = true;
	return strcmp(value, "yes") == 0;
}

static bool add_string(struct strings *to, const char *value)
{
	to->item[to->n++] = (char *)value;
	return true;
}

static bool set_mode(struct settings *s, const char *v)
{
	s->probe = strcmp(v, "probe") == 0;
	return s->probe || strcmp(v, "run") == 0;
}

static bool set_root(struct settings *s, const char *v)
{
	static const char *const types[] = { "ext2", "squashfs", "erofs", "initramfs" };
	size_t i;

	s->root = v;
	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(v, types[i]) == 0)
			return true;
	return false;
}

static bool set_device(struct settings *s, const char *v)
{
	s->device = v;
	return after(v, "/dev/") && !strchr(v + 5, '/') && v[5];
}

static bool set_access(struct settings *s, const char *v)
{
	static const char *const names[] = { "rw", "ro", "overlay" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(v, names[i]) == 0) {
			s->access = i;
			return true;
		}
	}
	return false;
}

/* Cuts a string at the first @c; the rest, or NULL without one. */
static char *cut(char *s, char c)
{
	char *at = strchr(s, c);

	if (!at)
		return NULL;
	*at = 0;
	return at + 1;
}

/* Dotted decimal to network byte order. */
static bool parse_ipv4(char *v, uint32_t *address)
{
	unsigned char byte[4];
	int i;

	for (i = 0; i < 4; i++) {
		char *rest = cut(v, '.');
		uint64_t n;

		if (!parse_number(v, 255, &n) || !rest != (i == 3))
			return false;
		byte[i] = n;
		v = rest;
	}
	memcpy(address, byte, 4);
	return true;
}

static bool set_address(struct settings *s, const char *v)
{
	char *copy = alloc(strlen(v) + 1);
	char *text = alloc(strlen(v) + 1);
	char *prefix;
	uint64_t bits;

	memcpy(copy, v, strlen(v));
	memcpy(text, v, strlen(v));
	cut(text, '/');
	s->address_text = text;
	prefix = cut(copy, '/');
	if (!prefix || !parse_number(prefix, 32, &bits) || bits == 0)
		return false;
	s->netmask = __builtin_bswap32(~0u << (32 - bits));
	return parse_ipv4(copy, &s->address);
}

static bool set_gateway(struct settings *s, const char *v)
{
	return parse_ipv4((char *)v, &s->gateway);
}

static bool set_tty(struct settings *s, const char *v)
{
	char *columns = cut((char *)v, ',');
	uint64_t rows, cols;

	if (!columns || !parse_number(v, 65535, &rows) || !parse_number(columns, 65535, &cols))
		return false;
	s->tty = true;
	s->size.ws_row = rows;
	s->size.ws_col = cols;
	return true;
}

static bool set_clock(struct settings *s, const char *v)
{
	return parse_number(v, 1ull << 40, &s->clock);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Wipes the value as it reads it. */
static bool set_entropy(struct settings *s, const char *v)
{
	volatile char *hex = (volatile char *)v;
	size_t len = strlen(v);
	size_t i;

	if (len % 2 || len / 2 > sizeof(s->entropy))
		return false;
	for (i = 0; i < len; i += 2) {
		int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);

		if (high < 0 || low < 0)
			return false;
		s->entropy[i / 2] = high << 4 | low;
		hex[i] = hex[i + 1] = '0';
	}
	s->entropy_len = len / 2;
	return len > 0;
}

/* resource:soft:hard, all numbers; the resource as in asm-generic/resource.h. */
static bool add_limit(struct settings *s, const char *v)
{
	char *soft = cut((char *)v, ':');
	char *hard = soft ? cut(soft, ':') : NULL;
	struct limit *l = &s->limits[s->n_limits];
	uint64_t resource, cur, max;

	if (s->n_limits == ARRAY_SIZE(s->limits) || !hard ||
	    !parse_number(v, RLIM_NLIMITS - 1, &resource) ||
	    !parse_number(soft, UINT64_MAX, &cur) || !parse_number(hard, UINT64_MAX, &max))
		return false;
	l->resource = resource;
	l->value.rlim_cur = cur;
	l->value.rlim_max = max;
	s->n_limits++;
	return true;
}

enum key {
	K_MODE, K_ROOT, K_DEVICE, K_ACCESS, K_USER, K_WORKDIR, K_HOSTNAME, K_ADDRESS, K_GATEWAY,
	K_DHCP, K_STDIN, K_TTY, K_CLOCK, K_ENTROPY,
	K_LISTS, /* the rest may be repeated */
	K_ARG = K_LISTS, K_ENV, K_GROUP, K_NAMESERVER, K_HOST, K_TMPFS, K_VOLUME,
	K_RLIMIT,
	K_NUMBER
};

static const char *const keys[K_NUMBER] = {
	"mode", "root", "device", "access", "user", "workdir", "hostname", "address", "gateway",
	"dhcp", "stdin", "tty", "clock", "entropy",
	"arg", "env", "group", "nameserver", "host", "tmpfs", "volume",
	"rlimit",
};

/* /dev/NAME:ro|rw:/PATH */
static bool is_volume(const char *v)
{
	const char *mode = after(v, "/dev/") ? strchr(v, ':') : NULL;

	return mode && (after(mode, ":ro:/") || after(mode, ":rw:/"));
}

static bool set(struct settings *s, enum key key, char *v)
{
	switch (key) {
	case K_MODE: return set_mode(s, v);
	case K_ROOT: return set_root(s, v);
	case K_DEVICE: return set_device(s, v);
	case K_ACCESS: return set_access(s, v);
	case K_USER: return set_string(&s->user, v);
	case K_WORKDIR: return set_absolute(&s->workdir, v);
	case K_HOSTNAME: return set_string(&s->hostname, v) && strlen(v) <= 64;
	case K_ADDRESS: return set_address(s, v);
	case K_GATEWAY: return set_gateway(s, v);
	case K_DHCP: return set_yes(&s->dhcp, v);
	case K_STDIN: return set_yes(&s->stdin, v);
	case K_TTY: return set_tty(s, v);
	case K_CLOCK: return set_clock(s, v);
	case K_ENTROPY: return set_entropy(s, v);
	case K_ARG: return add_string(&s->argv, v);
	case K_ENV: return strchr(v, '=') && *v != '=' && add_string(&s->env, v);
	case K_GROUP: return *v && add_string(&s->groups, v);
	case K_NAMESERVER: return *v && add_string(&s->nameservers, v);
	case K_HOST: return *v && add_string(&s->hosts, v);
	case K_TMPFS: return *v == '/' && add_string(&s->tmpfs, v);
	case K_VOLUME: return is_volume(v) && add_string(&s->volumes, v);
	case K_RLIMIT: return add_limit(s, v);
	case K_NUMBER: break;
	}
	return false;
}

static void set_line(struct settings *s, char *line)
{
	static bool seen[K_LISTS];
	char *value = cut(line, '=');
	unsigned int key;

	for (key = 0; key < K_NUMBER; key++)
		if (strcmp(line, keys[key]) == 0)
			break;
	if (!value || key == K_NUMBER)
		fail(STATUS_LUPINE, NULL, "settings: unknown key '", line, "'", NULL);
	if (key < K_LISTS && seen[key])
		fail(STATUS_LUPINE, NULL, "settings: '", line, "' is given twice", NULL);
	if (key < K_LISTS)
		seen[key] = true;
	if (!set(s, key, value))
		fail(STATUS_LUPINE, NULL, "settings: bad value of '", line, "'", NULL);
}

/* Lists with room for as many strings as the file has, and a few of init's own. */
static void make_lists(struct settings *s, size_t strings)
{
	struct strings *lists[] = {
		&s->argv, &s->env, &s->groups, &s->nameservers, &s->hosts, &s->tmpfs,
		&s->volumes,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lists); i++)
		lists[i]->item = alloc((strings + 8) * sizeof(char *));
}

/* The seed is in it: nothing of the file may stay in memory that others will get. */
static void remove_file(size_t size)
{
	int fd = sys_open(SETTINGS_FILE, O_WRONLY | O_CLOEXEC, 0);

	if (fd >= 0) {
		char *zeros = alloc(size);

		sys_write(fd, zeros, size);
		sys6(munmap, zeros, size, 0, 0, 0, 0);
		sys_close(fd);
	}
	sys_unlink(SETTINGS_FILE);
}

void settings_read(struct settings *s)
{
	size_t size = 0, strings = 0, i;
	char *data = read_file(SETTINGS_FILE, SETTINGS_MAX, &size);
	char *p, *end = data + size;

	if (!data)
		fail(STATUS_LUPINE, NULL, "no settings in the initramfs: " SETTINGS_FILE, NULL);
	if (size == SETTINGS_MAX || end[-1] != 0)
		fail(STATUS_LUPINE, NULL, "settings: too long or cut short", NULL);
	remove_file(size);
	if (strcmp(data, "version=" SETTINGS_VERSION) != 0)
		fail(STATUS_LUPINE, NULL, "settings: this init reads version " SETTINGS_VERSION,
		     " but got '", data, "'", NULL);
	for (i = 0; i < size; i++)
		strings += !data[i];
	make_lists(s, strings);
	s->device = "/dev/vda";
	s->access = ACCESS_RW;
	p = data + strlen(data) + 1;
	while (p < end) {
		char *next = p + strlen(p) + 1;

		set_line(s, p);
		p = next;
	}
	if (!s->probe && (!s->root || !s->argv.n))
		fail(STATUS_LUPINE, NULL, "settings: 'root' or 'arg' is missing", NULL);
}
