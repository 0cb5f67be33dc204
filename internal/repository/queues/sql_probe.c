/* What there is of a system in the database, and what of it may be read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/sql_priv.h"

/*
 * From the catalog, which everybody may read: asking for a right is no error,
 * reading without it would end the transaction. $1 is the schema, $2 the
 * tables. Row-level security hides rows without an error, so it is looked for:
 * active without any policy for this role it hides all of them. A view shows
 * what its owner may see, or, with security_invoker, what we may.
 */
#define PROBE_TABLES                                                    \
	"SELECT t.oid FROM pg_catalog.pg_class t WHERE t.relnamespace=" \
	"n.oid AND t.relname=ANY($2::text[]) AND t.relkind<>'v' "
#define PROBE_INVOKER                                                \
	"c.reloptions&&'{security_invoker=on,security_invoker=true," \
	"security_invoker=1,security_invoker=yes}'::text[]"
#define PROBE_SUPER                                                        \
	"EXISTS(SELECT FROM pg_catalog.pg_roles o WHERE o.oid=c.relowner " \
	"AND (o.rolsuper OR o.rolbypassrls))"
#define PROBE_SQL                                                              \
	"SELECT pg_catalog.has_schema_privilege(n.oid,'USAGE'),c.relname,"     \
	"a.attname,pg_catalog.has_column_privilege(c.oid,a.attnum,"            \
	"'SELECT'),CASE WHEN c.relkind<>'v' THEN "                             \
	"pg_catalog.row_security_active(c.oid) WHEN " PROBE_INVOKER            \
	" THEN EXISTS(" PROBE_TABLES                                           \
	"AND pg_catalog.row_security_active(t.oid)) ELSE EXISTS(" PROBE_TABLES \
	"AND t.relrowsecurity AND t.relowner<>c.relowner AND "                 \
	"NOT " PROBE_SUPER ") END,EXISTS(SELECT FROM pg_catalog.pg_policy "    \
	"p WHERE (p.polrelid=c.oid OR c.relkind='v' AND p.polrelid IN "        \
	"(" PROBE_TABLES                                                       \
	")) AND p.polcmd IN ('r','*') AND EXISTS(SELECT FROM "                 \
	"pg_catalog.unnest(p.polroles) r WHERE CASE WHEN r=0 THEN true "       \
	"ELSE pg_catalog.pg_has_role(r,'MEMBER') END)) "                       \
	"FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_class c "      \
	"ON c.relnamespace=n.oid AND c.relname=ANY($2::text[]) "               \
	"AND c.relkind IN ('r','p','v','m','f') "                              \
	"LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid=c.oid AND "         \
	"(a.attnum>0 OR a.attname IN ('ctid','xmin')) AND "                    \
	"NOT a.attisdropped WHERE n.nspname=$1"

enum {
	PROBE_USAGE,
	PROBE_RELATION,
	PROBE_COLUMN,
	PROBE_READABLE,
	PROBE_FILTERED,
	PROBE_POLICY,
	PROBE_COLUMNS
};

static bool
probe_true(const struct sst_postgres_value *value)
{
	return value->data != NULL && value->data[0] == 't';
}

static size_t
probe_text(struct sql_probe *p, const char *text)
{
	size_t at = p->texts.len;

	sst_buf_add(&p->texts, text, strlen(text) + 1);
	return at;
}

static int
probe_on_row(void *ctx, const struct sst_postgres_value *values, size_t count,
    struct sst_error *err)
{
	struct sql_probe *p = ctx;
	struct sql_column *more, *column;
	size_t cap;

	if (count < PROBE_COLUMNS)
		return sst_error_set(err, SST_PROTOCOL, "too few columns");
	p->schema = true;
	p->usage = probe_true(&values[PROBE_USAGE]);
	if (values[PROBE_COLUMN].data == NULL)
		return SST_OK;
	if (p->count == p->cap) {
		cap = p->cap == 0 ? 64 : p->cap * 2;
		more = realloc(p->columns, cap * sizeof(*more));
		if (more == NULL)
			return sst_error_nomem(err);
		p->columns = more;
		p->cap = cap;
	}
	column = &p->columns[p->count++];
	column->relation = probe_text(p, values[PROBE_RELATION].data);
	column->name = probe_text(p, values[PROBE_COLUMN].data);
	column->readable = probe_true(&values[PROBE_READABLE]);
	column->filtered = probe_true(&values[PROBE_FILTERED]);
	column->hidden = column->filtered && !probe_true(&values[PROBE_POLICY]);
	return sst_buf_failed(&p->texts) ? sst_error_nomem(err) : SST_OK;
}

static int
probe_run(struct sql_read *read, const char *relations, struct sst_error *err)
{
	const char *const params[] = {read->schema, relations};
	struct sst_postgres_query query = {
	    .sql = PROBE_SQL,
	    .params = params,
	    .param_count = 2,
	    .on_row = probe_on_row,
	    .ctx = &read->probe,
	};
	const struct sql_source *s = read->source;
	int code = sst_postgres_run(s->server, &query, err);

	if (code != SST_OK)
		return code;
	if (!read->probe.schema)
		return sst_error_set(err, SST_NOT_FOUND,
		    "postgresql %s: there is no schema \"%s\": is %s "
		    "installed there?",
		    sst_postgres_where(s->server), read->schema,
		    s->flavour->product);
	if (!read->probe.usage)
		return sst_error_set(err, SST_FORBIDDEN,
		    "postgresql %s: permission denied for schema %s: GRANT "
		    "USAGE ON SCHEMA",
		    sst_postgres_where(s->server), read->schema);
	return SST_OK;
}

int
sql__probe(struct sql_read *read, struct sst_error *err)
{
	const char *const *name = read->source->flavour->relations;
	struct sst_buf names = SST_BUF_INIT;
	size_t i;
	int code;

	sst_buf_addc(&names, '{');
	for (i = 0; name[i] != NULL; i++)
		sst_postgres_add_element(
		    &names, name[i], strlen(name[i]), i == 0);
	sst_buf_addc(&names, '}');
	code = sst_buf_failed(&names) ? sst_error_nomem(err)
				      : probe_run(read, names.data, err);
	sst_buf_fini(&names);
	return code;
}

static const struct sql_column *
probe_find(const struct sql_probe *p, const char *relation, const char *name,
    size_t len)
{
	const char *text;
	size_t i;

	for (i = 0; i < p->count; i++) {
		if (strcmp(p->texts.data + p->columns[i].relation, relation) !=
		    0)
			continue;
		text = p->texts.data + p->columns[i].name;
		if (len == 0 ||
		    (strncmp(text, name, len) == 0 && text[len] == '\0'))
			return &p->columns[i];
	}
	return NULL;
}

enum sql_right
sql__right(
    const struct sql_read *read, const char *relation, const char *column)
{
	const struct sql_column *c = probe_find(&read->probe, relation, column,
	    column != NULL ? strlen(column) : 0);

	if (c == NULL)
		return SQL_ABSENT;
	return c->readable && !c->hidden ? SQL_READABLE : SQL_DENIED;
}

static int
need_column(struct sql_read *read, const char *relation,
    const struct sql_column *column, const char *name, struct sst_error *err)
{
	const char *where = sst_postgres_where(read->source->server);

	if (column == NULL && probe_find(&read->probe, relation, "", 0) == NULL)
		return sst_error_set(err, SST_NOT_FOUND,
		    "postgresql %s: there is no table %s.%s", where,
		    read->schema, relation);
	if (column == NULL)
		return sst_error_set(err, SST_UNSUPPORTED,
		    "postgresql %s: %s.%s has no column %s: a version of %s "
		    "that is not known",
		    where, read->schema, relation, name,
		    read->source->flavour->product);
	if (!column->readable)
		return sst_error_set(err, SST_FORBIDDEN,
		    "postgresql %s: permission denied for %s.%s, column %s: "
		    "GRANT SELECT",
		    where, read->schema, relation, name);
	if (column->hidden)
		return sst_error_set(err, SST_FORBIDDEN,
		    "postgresql %s: row-level security hides all rows of "
		    "%s.%s from this role: CREATE POLICY",
		    where, read->schema, relation);
	return SST_OK;
}

int
sql__need(struct sql_read *read, const char *relation, const char *columns,
    struct sst_error *err)
{
	char name[64];
	size_t len;
	int code;

	for (; *columns != '\0'; columns += len + (columns[len] == ' ')) {
		len = strcspn(columns, " ");
		snprintf(name, sizeof(name), "%.*s", (int)len, columns);
		code = need_column(read, relation,
		    probe_find(&read->probe, relation, name, strlen(name)),
		    name, err);
		if (code != SST_OK)
			return code;
	}
	return SST_OK;
}

void
sql__part(struct sql_read *read, const char *name, const char *state,
    const char *reason)
{
	struct sql_part *part;

	if (read->part_count == SQL_PARTS_MAX)
		return;
	part = &read->parts[read->part_count++];
	part->name = name;
	part->state = state;
	snprintf(part->reason, sizeof(part->reason), "%s", reason);
}

bool
sql__want(struct sql_read *read, const char *part, const char *relation,
    const char *columns)
{
	struct sst_error why;
	int code = sql__need(read, relation, columns, &why);

	if (code == SST_OK) {
		sql__part(read, part, "ok", "");
		return true;
	}
	if (code != SST_FORBIDDEN) {
		sql__part(read, part, "unsupported", why.text);
		return false;
	}
	sql__part(read, part, "forbidden", why.text);
	sst_draft_degrade(read->out, code, "%s not known: %s", part, why.text);
	return false;
}
