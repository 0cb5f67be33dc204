/*
 * Options as tables: one row says name, type, default, range, unit and reason
 * of an option, and where its value goes. The rows drive parsing, --help,
 * --print-config, the README table and the test of the schema. The service has
 * one table, and every source adapter has one for its `options:` map.
 *
 * Tables are const; functions here are pure, safe from any thread.
 */
#ifndef SST_CONFIG_OPTION_H
#define SST_CONFIG_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "config/node.h"
#include "config/secret.h"

enum sst_option_type {
	SST_OPTION_BOOL,     /* bool */
	SST_OPTION_INT,      /* int64_t */
	SST_OPTION_REAL,     /* double */
	SST_OPTION_DURATION, /* int64_t, milliseconds */
	SST_OPTION_STRING,   /* char *, owned; NULL when not given */
	SST_OPTION_SECRET,   /* struct sst_secret, owned */
	SST_OPTION_ENUM,     /* int: index into names */
	SST_OPTION_LIST,     /* struct sst_option_list, owned: texts */
	SST_OPTION_MAP,      /* const struct sst_config_node *, borrowed from
			      * the document; NULL when not given */
	SST_OPTION_ITEMS     /* struct sst_option_items, owned: structs of
			      * item_size bytes parsed with their own table */
};

/* Texts; NULL and 0 when empty. */
struct sst_option_list {
	char **items;
	size_t count;
};

/* Structs one after the other; NULL and 0 when empty. */
struct sst_option_items {
	void *items;
	size_t count;
};

struct sst_option {
	const char *name; /* "port"; "listen.port" stands in a map `listen` */
	enum sst_option_type type;
	/* As it would stand in the file; NULL: 0, false, NULL, empty. */
	const char *fallback;
	/* Of the value (durations: seconds), of the bytes of a text, of the
	 * number of items. Both 0: not bounded. */
	double min, max;
	const char *unit;         /* "bytes", "s"; NULL: none */
	const char *const *names; /* ENUM, LIST: what is allowed, NULL ends */
	/* STRING and each item of a LIST: whether the text is one, and in
	 * words what is. Both or none. */
	bool (*valid)(const char *text);
	const char *form;
	bool required;    /* must be given */
	bool reloadable;  /* takes effect on SIGHUP */
	const char *env;  /* environment variable, or NULL */
	const char *flag; /* "--port", or NULL */
	const char *help; /* what it does and why it is bounded so */
	size_t offset;    /* of the value in the target struct */
	const struct sst_option *items; /* ITEMS: the table of one item */
	size_t item_count;
	size_t item_size; /* bytes of the struct of one item */
};

#define SST_OPTION_COUNT(table) (sizeof(table) / sizeof((table)[0]))

/*
 * Fills target (a struct that the table's offsets fit) from map, a MAP node or
 * NULL, and from the defaults. Whatever target held is overwritten. A key that
 * no row has is an error. Durations are `5` (seconds), `5s`, `250ms`, `1m`,
 * `2h`. A secret NAME is given as NAME, NAME_file or NAME_env.
 *
 * The text of an error says where (file:line:column), which option by its whole
 * path, what was received and what is allowed, and the nearest name for an
 * unknown one. SST_INVALID, SST_TYPE, SST_NOMEM; target then owns nothing.
 * Free with sst_options_fini(). MAP values live as long as map's document.
 */
int sst_options_parse(const struct sst_option *table, size_t count,
    const struct sst_config_node *map, void *target, struct sst_error *err);

/* Frees what target owns and zeroes those fields; accepts zeroed memory. */
void
sst_options_fini(const struct sst_option *table, size_t count, void *target);

/*
 * Copies the fields that the table names from one struct to another, which
 * owned nothing; MAP values stay borrowed. SST_NOMEM; then it owns nothing.
 * What a source does that keeps its settings. Free with sst_options_fini().
 */
int sst_options_copy(const struct sst_option *table, size_t count,
    const void *from, void *to, struct sst_error *err);

/* Whether the values of one row are the same in two structs. */
bool
sst_option_equal(const struct sst_option *row, const void *a, const void *b);

/*
 * Appends target as YAML, indented by `indent` blanks, secrets masked; options
 * without a value as comments. Reading it back gives the same output.
 */
void sst_options_print(const struct sst_option *table, size_t count,
    const void *target, unsigned indent, struct sst_buf *out);

/* Appends the rows for people: aligned text for --help, a Markdown table. */
void sst_options_print_help(
    const struct sst_option *table, size_t count, struct sst_buf *out);
void sst_options_print_markdown(
    const struct sst_option *table, size_t count, struct sst_buf *out);

#endif
