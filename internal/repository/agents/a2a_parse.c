/* Cards. */
#include "repository/agents/a2a_parse.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "httpc/json_body.h"
#include "repository/agents/a2a_url.h"

/* A card that is being read. */
struct card_read {
	const json_t *tree;
	const struct a2a_reject *reject;
	struct a2a_card card;
	bool nomem;
};

static void
card_reject(const struct card_read *r, const char *pointer, const char *reason)
{
	if (r->reject != NULL && r->reject->told != NULL)
		r->reject->told(r->reject->ctx, pointer, reason);
}

static bool
card_absent(const json_t *value)
{
	return value == NULL || json_is_null(value);
}

/* A member that may be missing; one of another type is told and left out. */
static const json_t *
card_member(const struct card_read *r, const char *pointer, json_type type)
{
	const json_t *value = json_object_get(r->tree, pointer + 1);

	if (card_absent(value))
		return NULL;
	if (json_typeof(value) == type)
		return value;
	card_reject(r, pointer,
	    type == JSON_STRING  ? "not a string"
	    : type == JSON_ARRAY ? "not an array"
				 : "not an object");
	return NULL;
}

static char *
card_keep(struct card_read *r, char *text)
{
	r->nomem = r->nomem || text == NULL;
	return text;
}

/* Clean, masked, cut; NULL when nothing is left of it. */
static char *
card_safe(struct card_read *r, const json_t *value, size_t chars)
{
	struct sst_buf out = SST_BUF_INIT;
	char *text = NULL;

	if (!sst_text_safe(json_string_value(value), json_string_length(value),
		chars, &out))
		r->nomem = true;
	else if (out.len > 0)
		text = card_keep(r, sst_buf_take(&out, NULL));
	sst_buf_fini(&out);
	return text;
}

/* What is wrong with a text as a name, in words; NULL: nothing. */
static const char *
name_fault(const char *text, size_t len)
{
	size_t i, n, chars = 0;
	uint32_t cp;

	for (i = 0; i < len; i += n, chars++) {
		n = sst_text_decode(text + i, len - i, &cp);
		if (n == 0 || sst_text_is_control(cp))
			return "holds control or invisible characters";
	}
	if (chars == 0 || strspn(text, " ") == len)
		return "is empty";
	return chars > A2A_NAME_MAX ? "is longer than 512 characters" : NULL;
}

static int
card_name(struct card_read *r, const char *given, struct sst_error *err)
{
	const json_t *name = json_object_get(r->tree, "name");
	const char *fault;

	if (given != NULL) {
		r->card.name = card_keep(r, strdup(given));
		return SST_OK;
	}
	if (!json_is_string(name))
		return sst_error_set(err, SST_TYPE, "/name: %s",
		    card_absent(name) ? "missing" : "not a string");
	fault = name_fault(json_string_value(name), json_string_length(name));
	if (fault != NULL)
		return sst_error_set(err, SST_INVALID,
		    "/name: %s; the option name gives it another one", fault);
	r->card.name = card_keep(r, strdup(json_string_value(name)));
	return SST_OK;
}

static void
card_texts(struct card_read *r)
{
	const json_t *text = card_member(r, "/description", JSON_STRING);

	/* cleaned and cut with all other free texts */
	r->card.description =
	    card_keep(r, strdup(text != NULL ? json_string_value(text) : ""));
	text = card_member(r, "/version", JSON_STRING);
	if (text != NULL)
		r->card.version = card_safe(r, text, A2A_VERSION_CHARS);
}

static int
compare_texts(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static void
skills_tidy(struct a2a_card *card)
{
	size_t i, kept = 0;

	if (card->skill_count < 2)
		return;
	qsort(card->skills, card->skill_count, sizeof(*card->skills),
	    compare_texts);
	for (i = 0; i < card->skill_count; i++) {
		if (kept > 0 &&
		    strcmp(card->skills[kept - 1], card->skills[i]) == 0)
			free(card->skills[i]);
		else
			card->skills[kept++] = card->skills[i];
	}
	card->skill_count = kept;
}

static void
skill_read(struct card_read *r, const json_t *skill, size_t index)
{
	const json_t *name = json_object_get(skill, "name");
	char pointer[A2A_POINTER];
	char *text = NULL;

	if (!json_is_string(name))
		name = json_object_get(skill, "id");
	if (json_is_string(name))
		text = card_safe(r, name, A2A_SKILL_CHARS);
	if (text != NULL) {
		r->card.skills[r->card.skill_count++] = text;
		return;
	}
	snprintf(pointer, sizeof(pointer), "/skills/%zu", index);
	card_reject(r, pointer, "has no name");
}

static void
card_skills(struct card_read *r)
{
	const json_t *skills = card_member(r, "/skills", JSON_ARRAY);
	size_t count = json_array_size(skills), i;

	if (count > A2A_SKILLS_MAX) {
		card_reject(r, "/skills", "the 201st and all after it");
		count = A2A_SKILLS_MAX;
	}
	if (count == 0)
		return;
	r->card.skills = calloc(count, sizeof(*r->card.skills));
	if (r->card.skills == NULL) {
		r->nomem = true;
		return;
	}
	for (i = 0; i < count; i++)
		skill_read(r, json_array_get(skills, i), i);
	skills_tidy(&r->card);
}

/* One way to talk to the agent. */
struct card_interface {
	const char *url;     /* NULL: none that is a text */
	const char *binding; /* "HTTP+JSON", ...; NULL: not told */
	const char *tenant;  /* NULL: none */
	unsigned major;      /* of the protocol */
};

static const char *
text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text != NULL && text[0] != '\0' ? text : NULL;
}

/* The first one whose URL can be shown: agents put the best one first. */
static void
interface_show(struct card_read *r, const struct card_interface *at)
{
	struct sst_buf url = SST_BUF_INIT;

	if (r->card.url != NULL || at->url == NULL ||
	    !a2a__url_show(at->url, &url))
		return;
	if (sst_buf_failed(&url))
		r->nomem = true;
	else if (url.len <= A2A_URL_MAX)
		r->card.url = card_keep(r, sst_buf_take(&url, NULL));
	sst_buf_fini(&url);
}

/* Whether tasks can be listed there by GET. */
static bool
interface_lists(const struct card_interface *at)
{
	return at->url != NULL && at->binding != NULL && at->major <= 1 &&
	       strcasecmp(at->binding, "HTTP+JSON") == 0 &&
	       strlen(at->url) <= A2A_URL_MAX && strpbrk(at->url, "?#") == NULL;
}

static void
interface_take(struct card_read *r, const struct card_interface *at)
{
	struct a2a_card *card = &r->card;

	interface_show(r, at);
	if (!interface_lists(at) ||
	    (card->tasks_url != NULL && (card->tasks_v1 || at->major == 0)))
		return;
	free(card->tasks_url);
	free(card->tenant);
	card->tenant = NULL;
	card->tasks_v1 = at->major == 1;
	card->tasks_url = card_keep(r, strdup(at->url));
	if (at->tenant != NULL)
		card->tenant = card_keep(r, strdup(at->tenant));
}

static unsigned
protocol_major(const char *version)
{
	return version != NULL && version[0] >= '0' && version[0] <= '9'
		   ? (unsigned)(version[0] - '0')
		   : 0;
}

/* 1.0 */
static void
card_interfaces(struct card_read *r)
{
	const json_t *list = card_member(r, "/supportedInterfaces", JSON_ARRAY);
	struct card_interface at;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		at.url = text_of(item, "url");
		at.binding = text_of(item, "protocolBinding");
		at.tenant = text_of(item, "tenant");
		at.major = protocol_major(text_of(item, "protocolVersion"));
		/* this list is one of 1.0 */
		if (text_of(item, "protocolVersion") == NULL)
			at.major = 1;
		interface_take(r, &at);
	}
}

/* 0.3, and what it was before that */
static void
card_transports(struct card_read *r)
{
	const json_t *url = card_member(r, "/url", JSON_STRING), *item;
	const json_t *list =
	    card_member(r, "/additionalInterfaces", JSON_ARRAY);
	struct card_interface at = {.url = json_string_value(url)};
	size_t i;

	at.binding = text_of(r->tree, "preferredTransport");
	interface_take(r, &at);
	json_array_foreach(list, i, item)
	{
		at.url = text_of(item, "url");
		at.binding = text_of(item, "transport");
		interface_take(r, &at);
	}
}

static int
card_read(struct card_read *r, const char *name, struct sst_error *err)
{
	int code;

	if (!json_is_object(r->tree))
		return sst_error_set(
		    err, SST_TYPE, "the card is not an object");
	code = card_name(r, name, err);
	if (code != SST_OK)
		return code;
	card_texts(r);
	card_skills(r);
	card_interfaces(r);
	card_transports(r);
	if (r->card.tasks_url == NULL)
		r->card.no_tasks = "the card names no HTTP+JSON interface: "
				   "others do not list tasks by GET";
	return r->nomem ? sst_error_nomem(err) : SST_OK;
}

int
a2a__parse_card(const struct a2a_bytes *body, const struct a2a_reject *reject,
    struct a2a_card *out, struct sst_error *err)
{
	struct card_read r = {.reject = reject};
	json_t *tree = NULL;
	int code;

	code = sst_json_body_parse(body->bytes, body->len, &tree, err);
	if (code != SST_OK)
		return code;
	r.tree = tree;
	code = card_read(&r, body->name, err);
	json_decref(tree);
	if (code == SST_OK)
		*out = r.card;
	else
		a2a__card_fini(&r.card);
	return code;
}

void
a2a__card_fini(struct a2a_card *card)
{
	size_t i;

	for (i = 0; i < card->skill_count; i++)
		free(card->skills[i]);
	free(card->skills);
	free(card->name);
	free(card->description);
	free(card->version);
	free(card->url);
	free(card->tasks_url);
	free(card->tenant);
	memset(card, 0, sizeof(*card));
}
