#include "support/kube_rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Longer than any sign of life counts. */
enum { RIG_SILENCE_MS = 10000 };

void
kube_rig_init(struct kube_rig *rig, const struct sst_source_ops *ops)
{
	int fd;

	memset(rig, 0, sizeof(*rig));
	subject_init(&rig->subject, ops);
	ck_assert(kube_api_start(0, &rig->api));
	snprintf(rig->kubeconfig, sizeof(rig->kubeconfig), "/tmp/kube-XXXXXX");
	fd = mkstemp(rig->kubeconfig);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert(kube_api_kubeconfig(rig->api, rig->kubeconfig));
}

void
kube_rig_fini(struct kube_rig *rig)
{
	kube_api_behave(rig->api);
	kube_api_release(rig->api);
	subject_fini(&rig->subject);
	kube_api_stop(&rig->api);
	unlink(rig->kubeconfig);
	json_decref(rig->entities);
	json_decref(rig->upstream);
}

void
kube_rig_open(struct kube_rig *rig, const char *more)
{
	char yaml[512];

	snprintf(yaml, sizeof(yaml), "{kubeconfig: %s%s%s}", rig->kubeconfig,
	    more[0] != '\0' ? ", " : "", more);
	ck_assert_msg(subject_open(&rig->subject, yaml) == SST_OK, "%s",
	    rig->subject.err.text);
}

static void
rig_keep(struct kube_rig *rig)
{
	const struct sst_harvest *h = rig->subject.harvest;

	json_decref(rig->entities);
	rig->entities = subject_tree(&rig->subject);
	json_decref(rig->upstream);
	rig->upstream = NULL;
	if (h->upstream != NULL)
		rig->upstream =
		    json_loadb(h->upstream, h->upstream_len, 0, NULL);
	ck_assert_ptr_nonnull(rig->upstream);
}

bool
kube_rig_look(struct kube_rig *rig)
{
	if (subject_collect(&rig->subject) != SST_OK)
		return false;
	rig_keep(rig);
	return true;
}

void
kube_rig_await(struct kube_rig *rig, int code)
{
	struct subject *s = &rig->subject;
	int got = SST_OK;

	ck_assert_msg(POLL_UNTIL((got = subject_collect(s)) == code),
	    "got %s (%s), expected %s", sst_code_name(got), s->err.text,
	    sst_code_name(code));
	if (code == SST_OK)
		rig_keep(rig);
}

static const char *
part_text(const json_t *part, const char *member)
{
	const char *text = json_string_value(json_object_get(part, member));

	return text != NULL ? text : "";
}

const char *
kube_rig_part(const struct kube_rig *rig, const char *name, const char *member)
{
	const json_t *part;
	size_t i;

	json_array_foreach(json_object_get(rig->upstream, "parts"), i, part)
	{
		if (strcmp(part_text(part, "name"), name) == 0)
			return part_text(part, member);
	}
	return "";
}

bool
kube_rig_all_ok(const struct kube_rig *rig)
{
	const json_t *part;
	const char *state;
	size_t i;

	json_array_foreach(json_object_get(rig->upstream, "parts"), i, part)
	{
		state = part_text(part, "state");
		if (strcmp(state, "ok") != 0 && strcmp(state, "disabled") != 0)
			return false;
	}
	return i > 0;
}

bool
kube_rig_skip(struct kube_rig *rig, size_t reflectors)
{
	struct fake_clock *hands = &rig->subject.hands;
	size_t idle =
	    fake_clock_waiting(hands) + kube_api_watchers(rig->api, "");
	int64_t ms = fake_clock_next_ms(hands);

	if (idle < reflectors || ms <= 0 || ms == INT64_MAX)
		return false;
	fake_clock_advance(hands, ms);
	return true;
}

/* False: the collection found that the server has just spoken. */
static bool
rig_asks(struct kube_rig *rig)
{
	unsigned asked = kube_api_calls(rig->api, "/version");

	fake_clock_advance(&rig->subject.hands, RIG_SILENCE_MS);
	subject_begin(&rig->subject);
	ck_assert(POLL_UNTIL(kube_api_calls(rig->api, "/version") > asked ||
			     subject_over(&rig->subject)));
	if (kube_api_calls(rig->api, "/version") > asked)
		return true;
	subject_join(&rig->subject);
	return false;
}

void
kube_rig_ask(struct kube_rig *rig)
{
	ck_assert(POLL_UNTIL(rig_asks(rig)));
}

static int
rig_end(struct kube_rig *rig, void (*end)(struct kube_rig *rig))
{
	kube_rig_ask(rig);
	end(rig);
	return subject_join(&rig->subject);
}

void
kube_rig_ask_until(
    struct kube_rig *rig, void (*end)(struct kube_rig *rig), int code)
{
	ck_assert_msg(POLL_UNTIL(rig_end(rig, end) == code),
	    "got %s (%s), expected %s", sst_code_name(rig->subject.code),
	    rig->subject.err.text, sst_code_name(code));
}

void
kube_rig_pass_deadline(struct kube_rig *rig)
{
	fake_clock_advance(&rig->subject.hands, SUBJECT_DEADLINE_MS + 1);
}

void
kube_rig_interrupt(struct kube_rig *rig)
{
	rig->subject.ops->interrupt(rig->subject.state);
}
