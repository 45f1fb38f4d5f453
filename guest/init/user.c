// SPDX-License-Identifier: Apache-2.0
/*
 * Whom the application runs as. The rules are docker's: a number is always an id;
 * the groups of /etc/group count only when none was named; a user that
 * /etc/passwd does not know is fine if it is a number.
 */

#include "init.h"

#define TABLE_MAX	(1 << 20)
#define ID_MAX		0x7fffffff

/* Splits off the next line, without its end; NULL after the last. */
static char *next_line(char **rest)
{
	char *line = *rest, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	*rest = end ? end + 1 : NULL;
	if (end)
		*end = 0;
	return line;
}

/* Splits a line at its colons; false unless it has at least @n fields. */
static bool split(char *line, char **field, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		char *end;

		if (!line)
			return false;
		field[i] = line;
		end = strchr(line, ':');
		if (end)
			*end = 0;
		line = end ? end + 1 : NULL;
	}
	return true;
}

static bool in_list(const char *list, const char *name)
{
	while (*list) {
		const char *rest = after(list, name);

		if (rest && (*rest == 0 || *rest == ','))
			return true;
		list = strchr(list, ',');
		if (!list)
			return false;
		list++;
	}
	return false;
}

/* Fills in what /etc/passwd says of a user; its name there, or NULL. */
static const char *find_user(const char *user, struct identity *who)
{
	size_t size;
	char *rest = read_file("/etc/passwd", TABLE_MAX, &size);
	uint64_t wanted, uid, gid;
	bool numeric = parse_number(user, ID_MAX, &wanted);
	char *line, *f[6];

	while ((line = next_line(&rest))) {
		if (!split(line, f, 6) || !parse_number(f[2], ID_MAX, &uid) ||
		    !parse_number(f[3], ID_MAX, &gid))
			continue;
		if (numeric ? uid != wanted : strcmp(f[0], user) != 0)
			continue;
		who->uid = uid;
		who->gid = gid;
		if (*f[5])
			who->home = f[5];
		return f[0];
	}
	if (!numeric)
		fail(STATUS_LUPINE, NULL, "no user '", user, "' in the image's /etc/passwd", NULL);
	who->uid = wanted;
	return NULL;
}

static unsigned int find_group(const char *group)
{
	size_t size;
	char *rest = read_file("/etc/group", TABLE_MAX, &size);
	char *line, *f[3];
	uint64_t gid;

	if (parse_number(group, ID_MAX, &gid))
		return gid;
	while ((line = next_line(&rest)))
		if (split(line, f, 3) && strcmp(f[0], group) == 0 &&
		    parse_number(f[2], ID_MAX, &gid))
			return gid;
	fail(STATUS_LUPINE, NULL, "no group '", group, "' in the image's /etc/group", NULL);
}

static void add_group(struct identity *who, unsigned int gid)
{
	if (who->n_groups < ARRAY_SIZE(who->groups))
		who->groups[who->n_groups++] = gid;
}

static void add_groups_of(const char *name, struct identity *who)
{
	size_t size;
	char *rest = read_file("/etc/group", TABLE_MAX, &size);
	char *line, *f[4];
	uint64_t gid;

	while ((line = next_line(&rest)))
		if (split(line, f, 4) && parse_number(f[2], ID_MAX, &gid) && in_list(f[3], name))
			add_group(who, gid);
}

void user_resolve(const struct settings *s, struct identity *who)
{
	const char *spec = s->user ? s->user : "0";
	char *user = alloc(strlen(spec) + 1);
	char *group;
	const char *name;
	size_t i;

	memcpy(user, spec, strlen(spec));
	group = strchr(user, ':');
	if (group)
		*group++ = 0;
	who->home = "/";
	name = find_user(*user ? user : "0", who);
	if (group && *group)
		who->gid = find_group(group);
	else if (name)
		add_groups_of(name, who);
	for (i = 0; i < s->groups.n; i++)
		add_group(who, find_group(s->groups.item[i]));
}
