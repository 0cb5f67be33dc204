#include <stdlib.h>
#include <string.h>

#include "config/option_priv.h"

static bool
copy_text(char *const *from, char **to)
{
	*to = *from != NULL ? strdup(*from) : NULL;
	return *from == NULL || *to != NULL;
}

static bool
copy_secret(const struct sst_secret *from, struct sst_secret *to)
{
	return copy_text(&from->value, &to->value) &&
	       copy_text(&from->file, &to->file) &&
	       copy_text(&from->env, &to->env);
}

static bool
copy_list(const struct sst_option_list *from, struct sst_option_list *to)
{
	if (from->count == 0)
		return true;
	to->items = calloc(from->count, sizeof(*to->items));
	if (to->items == NULL)
		return false;
	for (; to->count < from->count; to->count++) {
		if (!copy_text(
			&from->items[to->count], &to->items[to->count]))
			return false;
	}
	return true;
}

static bool
copy_items(const struct sst_option *row, const struct sst_option_items *from,
    struct sst_option_items *to)
{
	const char *source = from->items;
	char *target;

	if (from->count == 0)
		return true;
	to->items = target = calloc(from->count, row->item_size);
	if (target == NULL)
		return false;
	for (; to->count < from->count; to->count++) {
		if (sst_options_copy(row->items, row->item_count,
			source + to->count * row->item_size,
			target + to->count * row->item_size, NULL) != SST_OK)
			return false;
	}
	return true;
}

static bool
copy_row(const struct sst_option *row, const void *from, void *to)
{
	switch (row->type) {
	case SST_OPTION_BOOL:
		*(bool *)to = *(const bool *)from;
		return true;
	case SST_OPTION_INT:
	case SST_OPTION_DURATION:
		*(int64_t *)to = *(const int64_t *)from;
		return true;
	case SST_OPTION_REAL:
		*(double *)to = *(const double *)from;
		return true;
	case SST_OPTION_ENUM:
		*(int *)to = *(const int *)from;
		return true;
	case SST_OPTION_STRING:
		return copy_text(from, to);
	case SST_OPTION_SECRET:
		return copy_secret(from, to);
	case SST_OPTION_LIST:
		return copy_list(from, to);
	case SST_OPTION_MAP:
		*(const struct sst_config_node **)to =
		    *(const struct sst_config_node *const *)from;
		return true;
	case SST_OPTION_ITEMS:
		return copy_items(row, from, to);
	}
	return false;
}

int
sst_options_copy(const struct sst_option *table, size_t count,
    const void *from, void *to, struct sst_error *err)
{
	const struct sst_option *row, *end = table + count;

	/* so that a copy that fails half-way can be freed */
	for (row = table; row < end; row++)
		memset(option_field(row, to), 0, config__field_size(row));
	for (row = table; row < end; row++) {
		if (copy_row(row, option_field_const(row, from),
			option_field(row, to)))
			continue;
		sst_options_fini(table, count, to);
		return sst_error_nomem(err);
	}
	return SST_OK;
}
