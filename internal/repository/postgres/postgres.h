/*
 * Reads from a PostgreSQL server, for the sources of the queues that live in
 * one: one connection, one short read-only transaction a poll, deadlines,
 * interruption. Nothing is ever locked or written, and nothing is left behind
 * in the session, so that a pooler in transaction mode may stand between.
 *
 * The server is told to give up before we do (statement_timeout), and to notice
 * that we are gone (client_connection_check_interval): a query that nobody
 * waits for does not run on. libpq's PQcancel is not used: it blocks.
 *
 * An object belongs to one thread; only sst_postgres_interrupt() may be called
 * from others. Connects when first used and again after a failure.
 */
#ifndef SST_REPOSITORY_POSTGRES_POSTGRES_H
#define SST_REPOSITORY_POSTGRES_POSTGRES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/option.h"

/* Rows of a source's option table fill it: SST_POSTGRES_ROWS. */
struct sst_postgres_settings {
	char *url; /* postgresql://HOST[:PORT][,HOST[:PORT]]/DATABASE */
	char *username;
	struct sst_secret password;
	int sslmode; /* index into sst_postgres_sslmodes */
	char *ca_file;
	char *cert_file;
	char *key_file;
};

/* For option tables: */
bool sst_postgres_valid_url(const char *text);
extern const char *const sst_postgres_sslmodes[];

#define SST_POSTGRES_ROW_(row_name, row_type, row_help, row_offset)   \
	{                                                             \
		.name = row_name, .type = row_type, .help = row_help, \
		.offset = row_offset                                  \
	}
#define SST_POSTGRES_ROWS(owner, member)                                       \
	{.name = "url",                                                        \
	    .type = SST_OPTION_STRING,                                         \
	    .required = true,                                                  \
	    .valid = sst_postgres_valid_url,                                   \
	    .form = "postgresql://HOST[:PORT]/DATABASE, without credentials "  \
		    "and with no other parameter than host, hostaddr, port "   \
		    "and target_session_attrs",                                \
	    .help =                                                            \
		"Where the database is. Several hosts are separated by "       \
		"commas, the first that answers is read; a unix socket is "    \
		"postgresql:///DATABASE?host=/FOLDER.",                        \
	    .offset = offsetof(owner, member.url)},                            \
	    {.name = "username",                                               \
		.type = SST_OPTION_STRING,                                     \
		.required = true,                                              \
		.min = 1,                                                      \
		.max = 256,                                                    \
		.help = "Role that may read the tables of the queues; it "     \
			"needs no other right.",                               \
		.offset = offsetof(owner, member.username)},                   \
	    SST_POSTGRES_ROW_("password", SST_OPTION_SECRET,                   \
		"Its password. Read again when the server refuses it.",        \
		offsetof(owner, member.password)),                             \
	    {.name = "sslmode",                                                \
		.type = SST_OPTION_ENUM,                                       \
		.fallback = "prefer",                                          \
		.names = sst_postgres_sslmodes,                                \
		.help = "As libpq has it. verify-full alone proves who "       \
			"answers.",                                            \
		.offset = offsetof(owner, member.sslmode)},                    \
	    SST_POSTGRES_ROW_("ca_file", SST_OPTION_STRING,                    \
		"PEM file to check the server's certificate with, for "        \
		"verify-ca and verify-full.",                                  \
		offsetof(owner, member.ca_file)),                              \
	    SST_POSTGRES_ROW_("cert_file", SST_OPTION_STRING,                  \
		"PEM file with a client certificate.",                         \
		offsetof(owner, member.cert_file)),                            \
	    SST_POSTGRES_ROW_("key_file", SST_OPTION_STRING,                   \
		"PEM file with its private key, readable by the owner alone.", \
		offsetof(owner, member.key_file))

struct sst_postgres;

/*
 * No I/O; the settings are borrowed and outlive the object. SST_INVALID names
 * the option (a key without a certificate, verify-ca without ca_file);
 * SST_NOMEM.
 */
int sst_postgres_new(const struct sst_postgres_settings *settings,
    const struct sst_clock *clock, struct sst_postgres **out,
    struct sst_error *err);
/* Closes; accepts NULL. */
void sst_postgres_free(struct sst_postgres **postgres);

/*
 * Begins a transaction: one snapshot for all queries, read-only, times in UTC,
 * no parallel workers, and the search path given as it stands in SQL (NULL:
 * that of the role). Connects first when needed, and once more when a kept
 * connection turns out to be closed. The server ends what has not ended a
 * little before the deadline.
 *
 * Codes of this and the functions below: SST_UNREACHABLE (refused, no name,
 * closed), SST_TLS, SST_UNAUTHORIZED (password, role, pg_hba.conf),
 * SST_FORBIDDEN (no right, a query that writes), SST_NOT_FOUND (database,
 * schema, table, column), SST_TIMEOUT (ours, the server's, a lock),
 * SST_CANCELED, SST_UPSTREAM (starting up, too many connections, out of
 * resources), SST_INVALID (SQL that is none), SST_TYPE (a value that cannot be
 * converted), SST_PROTOCOL (not a PostgreSQL server), SST_TRUNCATED (closed in
 * an answer), SST_NOMEM. err->detail is 0; the text names the server and holds
 * what it said, never a secret. After a failure the connection is closed.
 */
int sst_postgres_begin(struct sst_postgres *postgres, struct sst_mono deadline,
    const char *search_path, struct sst_error *err);

struct sst_postgres_value {
	const char *data; /* NUL-terminated; NULL: SQL's null */
	size_t len;
};

struct sst_postgres_column {
	const char *name;
	uint32_t type; /* oid of pg_type */
};

/* Borrowed for the call. Another code than 0 ends the query and is its result
 * (the connection is closed, as rows are left in it). */
typedef int (*sst_postgres_on_row)(void *ctx,
    const struct sst_postgres_value *values, size_t count,
    struct sst_error *err);
typedef int (*sst_postgres_on_columns)(void *ctx,
    const struct sst_postgres_column *columns, size_t count,
    struct sst_error *err);

/* More columns than this are not for queues. */
enum { SST_POSTGRES_COLUMNS = 256 };

struct sst_postgres_query {
	const char *sql;           /* one statement */
	const char *const *params; /* text; for $1, $2 */
	size_t param_count;
	sst_postgres_on_columns on_columns; /* before any row; NULL: not told */
	sst_postgres_on_row on_row;
	void *ctx;
};

/* Runs a statement within the transaction, row by row: one row is in memory at
 * a time. */
int sst_postgres_run(struct sst_postgres *postgres,
    const struct sst_postgres_query *query, struct sst_error *err);
/* Ends the transaction; the connection is kept. */
int sst_postgres_end(struct sst_postgres *postgres, struct sst_error *err);
/* Closes the connection, in whatever state. */
void sst_postgres_drop(struct sst_postgres *postgres);

/* "127.0.0.1:5432/agents": as errors name it; borrowed from the object. */
const char *sst_postgres_where(const struct sst_postgres *postgres);
/* 150020 for 15.20; 0 when not connected. */
int sst_postgres_version(const struct sst_postgres *postgres);

/* A run that is on, or the next one, ends with SST_CANCELED; resume makes later
 * ones possible again. From any thread, never block. */
void sst_postgres_interrupt(struct sst_postgres *postgres);
void sst_postgres_resume(struct sst_postgres *postgres);

/* Texts of SQL: "a name", and {"an","array"} for a parameter of type text[].
 * Memory: sst_buf_failed(out). */
void sst_postgres_add_name(struct sst_buf *out, const char *name);
void sst_postgres_add_element(
    struct sst_buf *out, const char *text, size_t len, bool first);

/*
 * Reads what a column of the type timestamptz, timestamp or date holds, with
 * times in UTC. False for infinity, years before Christ or after 9999, and what
 * is no time.
 */
bool sst_postgres_time(const char *text, size_t len, struct sst_wall *out);

#endif
