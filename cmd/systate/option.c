#include "option.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/section.h"
#include "model/snapshot.h"
#include "service/moment.h"

enum { OPTION_NAME = 40, OPTION_TIMEOUT_MS = 30 * 1000 };

void
cli_args_init(struct cli_args *args)
{
	const char *url = getenv("SYSTATE_URL");
	const char *token = getenv("SYSTATE_TOKEN_FILE");

	memset(args, 0, sizeof(*args));
	args->url =
	    url != NULL && url[0] != '\0' ? url : "http://127.0.0.1:8080";
	args->token_file = token != NULL && token[0] != '\0' ? token : NULL;
	args->timeout_ms = OPTION_TIMEOUT_MS;
	args->sections = SST_SECTIONS_ALL;
	args->limit = 1000;
	args->for_ms = -1;
	args->give_up_ms = 10 * 60 * 1000;
}

size_t
cli_distance(const char *a, const char *b)
{
	return sst_text_distance(a, strlen(a), b, strlen(b));
}

static void *
option_target(struct cli_args *args, size_t offset)
{
	return (char *)args + offset;
}

static const struct cli_option *
option_find(const struct cli_command *command, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < command->option_count; i++) {
		const char *own = command->options[i].name;

		if (strlen(own) == len && memcmp(own, name, len) == 0)
			return &command->options[i];
	}
	return NULL;
}

static int
option_unknown(
    const struct cli_command *command, const char *name, struct sst_error *err)
{
	const char *best = NULL;
	size_t i, d, least = 4;

	for (i = 0; i < command->option_count; i++) {
		d = cli_distance(name, command->options[i].name);
		if (d < least) {
			least = d;
			best = command->options[i].name;
		}
	}
	return sst_error_set(err, SST_INVALID,
	    "%.80s: no such option%s%s; systate help %s lists them", name,
	    best != NULL ? "; did you mean " : "", best != NULL ? best : "",
	    command->name);
}

/* A bit for each name; 0 when the list is not one. */
static unsigned
option_sections(const char *text)
{
	enum sst_section_id id;
	unsigned mask = 0;
	size_t len;

	for (;;) {
		len = strcspn(text, ",");
		id = sst_section_by_name(text, len);
		if (id >= SST_SECTION_COUNT || (mask & 1u << id) != 0)
			return 0;
		mask |= 1u << id;
		if (text[len] == '\0')
			return mask;
		text += len + 1;
	}
}

static int
option_parse_count(const struct cli_option *row, const char *text,
    uint64_t *out, struct sst_error *err)
{
	uint64_t n = 0;
	size_t i, len = strlen(text);

	for (i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++)
		n = n * 10 + (uint64_t)(text[i] - '0');
	if (len == 0 || len > 18 || i < len || n < row->min || n > row->max)
		return sst_error_set(err, SST_INVALID,
		    "%s: got \"%.60s\"; expected a number from %llu to %llu",
		    row->name, text, (unsigned long long)row->min,
		    (unsigned long long)row->max);
	*out = n;
	return SST_OK;
}

static int
option_parse_duration(const struct cli_option *row, const char *text,
    int64_t *out, struct sst_error *err)
{
	int64_t ms;

	if (sst_duration_parse(text, strlen(text), &ms) != SST_OK ||
	    (uint64_t)ms < row->min || (uint64_t)ms > row->max)
		return sst_error_set(err, SST_INVALID,
		    "%s: got \"%.60s\"; expected a duration such as 500ms, "
		    "30s, 5m or 2h, at least %llums",
		    row->name, text, (unsigned long long)row->min);
	*out = ms;
	return SST_OK;
}

static int
option_parse_choice(const struct cli_option *row, const char *text, int *out,
    struct sst_error *err)
{
	struct sst_buf names = SST_BUF_INIT;
	int i;

	for (i = 0; row->choices[i] != NULL; i++) {
		if (strcmp(row->choices[i], text) == 0) {
			*out = i;
			sst_buf_fini(&names);
			return SST_OK;
		}
		sst_buf_addf(
		    &names, "%s%s", i > 0 ? ", " : "", row->choices[i]);
	}
	if (sst_buf_failed(&names))
		sst_error_nomem(err);
	else
		sst_error_set(err, SST_INVALID,
		    "%s: got \"%.60s\"; expected one of %s", row->name, text,
		    names.data);
	sst_buf_fini(&names);
	return err->code;
}

static int
option_parse_text(const struct cli_option *row, const char *text,
    const char **out, struct sst_error *err)
{
	struct sst_moment moment;

	if (text[0] == '\0')
		return sst_error_set(err, SST_INVALID,
		    "%s: the value is empty; expected %s", row->name,
		    row->value);
	if (row->type == CLI_OPTION_MOMENT &&
	    sst_moment_parse(text, strlen(text), &moment) != SST_OK)
		return sst_error_set(err, SST_INVALID,
		    "%s: got \"%.60s\"; must be %s", row->name, text,
		    sst_moment_forms);
	*out = text;
	return SST_OK;
}

static int
option_parse_value(const struct cli_option *row, const char *text, void *target,
    struct sst_error *err)
{
	unsigned mask;

	switch (row->type) {
	case CLI_OPTION_DURATION:
		return option_parse_duration(row, text, target, err);
	case CLI_OPTION_COUNT:
		return option_parse_count(row, text, target, err);
	case CLI_OPTION_CHOICE:
		return option_parse_choice(row, text, target, err);
	case CLI_OPTION_SECTIONS:
		mask = option_sections(text);
		if (mask == 0)
			return sst_error_set(err, SST_INVALID,
			    "%s: got \"%.60s\"; expected names of agents, "
			    "workload, queues, litellm, each at most once, "
			    "with commas between them",
			    row->name, text);
		*(unsigned *)target = mask;
		return SST_OK;
	default:
		return option_parse_text(row, text, target, err);
	}
}

/* What was given already, a bit for each row. */
struct option_state {
	const struct cli_command *command;
	struct cli_args *args;
	uint64_t given;
};

static int
option_set_form(
    struct option_state *s, const struct cli_option *row, struct sst_error *err)
{
	int *target = option_target(s->args, row->offset);
	const struct cli_option *other;
	size_t i;

	for (i = 0; i < s->command->option_count; i++) {
		other = &s->command->options[i];
		if ((s->given & UINT64_C(1) << i) != 0 && other != row &&
		    other->type == CLI_OPTION_SET &&
		    other->offset == row->offset)
			return sst_error_set(err, SST_INVALID,
			    "%s and %s exclude each other", other->name,
			    row->name);
	}
	*target = row->set;
	return SST_OK;
}

static int
option_take(struct option_state *s, const struct cli_option *row,
    const char *value, struct sst_error *err)
{
	uint64_t bit = UINT64_C(1) << (row - s->command->options);
	void *target = option_target(s->args, row->offset);
	int code = SST_OK;

	if (row->value != NULL && (s->given & bit) != 0)
		return sst_error_set(
		    err, SST_INVALID, "%s: given more than once", row->name);
	if (row->type == CLI_OPTION_FLAG)
		*(bool *)target = true;
	else if (row->type == CLI_OPTION_SET)
		code = option_set_form(s, row, err);
	else
		code = option_parse_value(row, value, target, err);
	if (code == SST_OK && row->given != 0)
		*(bool *)option_target(s->args, row->given) = true;
	s->given |= bit;
	return code;
}

/* One option at argv[*at], and its value when that is the next word. */
static int
option_parse(struct option_state *s, char *const *argv, int argc, int *at,
    struct sst_error *err)
{
	const char *word = argv[*at], *equals = strchr(word, '=');
	size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
	const struct cli_option *row = option_find(s->command, word, len);
	char name[OPTION_NAME * 2];

	if (row == NULL) {
		len = len < sizeof(name) ? len : sizeof(name) - 1;
		memcpy(name, word, len);
		name[len] = '\0';
		return option_unknown(s->command, name, err);
	}
	if (row->value == NULL && equals != NULL)
		return sst_error_set(
		    err, SST_INVALID, "%s: takes no value", row->name);
	if (row->value != NULL && equals == NULL && *at + 1 >= argc)
		return sst_error_set(err, SST_INVALID,
		    "%s: expected a value, %s", row->name, row->value);
	if (row->value == NULL)
		return option_take(s, row, "", err);
	return option_take(
	    s, row, equals != NULL ? equals + 1 : argv[++*at], err);
}

/* "-" is standard input, "-15m" a moment. */
static bool
word_is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0' &&
	       !(word[1] >= '0' && word[1] <= '9');
}

static int
operand_take(
    const struct option_state *s, const char *word, struct sst_error *err)
{
	struct cli_args *args = s->args;

	if (args->operand_count == s->command->operands_max)
		return sst_error_set(err, SST_INVALID,
		    "\"%.80s\": one word too many; usage: systate %s "
		    "[OPTION...]%s%s",
		    word, s->command->name,
		    s->command->operands[0] != '\0' ? " " : "",
		    s->command->operands);
	if (word[0] == '\0')
		return sst_error_set(err, SST_INVALID,
		    "an empty word; expected %s", s->command->operands);
	args->operands[args->operand_count++] = word;
	return SST_OK;
}

int
cli_args_parse(const struct cli_command *command, int argc, char *const *argv,
    struct cli_args *args, struct sst_error *err)
{
	struct option_state s = {command, args, 0};
	bool options = true;
	int at, code = SST_OK;

	for (at = 0; at < argc && code == SST_OK; at++) {
		if (options && strcmp(argv[at], "--") == 0)
			options = false;
		else if (options && word_is_option(argv[at]))
			code = option_parse(&s, argv, argc, &at, err);
		else
			code = operand_take(&s, argv[at], err);
	}
	if (code == SST_OK && args->operand_count < command->operands_min)
		return sst_error_set(err, SST_INVALID,
		    "a word is missing; usage: systate %s [OPTION...] %s",
		    command->name, command->operands);
	return code;
}
