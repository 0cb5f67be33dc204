#include "unit/repository/kube_source.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static const struct kube_api_fault hold = {.kind = KUBE_API_HOLD};

/* All but the first resource have failed with 500; that one is to be tried
 * again. Below prefix. */
static void
source_fail_late(const struct kube_source *source, const char *prefix)
{
	const struct kube_api_fault failing = {
	    .kind = KUBE_API_STATUS, .status = 500};
	const struct kube_api_fault again = {
	    .kind = KUBE_API_STATUS, .status = 410};
	struct kube_rig *rig = source->rig;
	char list[256];

	snprintf(list, sizeof(list), "%s?limit", source->first);
	kube_api_misbehave(rig->api, prefix, &failing);
	kube_api_misbehave(rig->api, list, &again);
	kube_rig_open(rig, source->options);
	ck_assert(POLL_UNTIL(
	    fake_clock_waiting(&rig->subject.hands) == source->reflectors));
	kube_api_misbehave(rig->api, list, NULL);
}

/* The first one fails as well. */
static void
source_fail_last(const struct kube_source *source)
{
	struct fake_clock *hands = &source->rig->subject.hands;

	fake_clock_advance(hands, 2000);
	ck_assert(POLL_UNTIL(fake_clock_waiting(hands) == source->reflectors));
	ck_assert_int_eq(subject_collect(&source->rig->subject), SST_UPSTREAM);
}

void
kube_source_tells_the_gravest(const struct kube_source *source)
{
	struct subject *subject = &source->rig->subject;

	source_fail_late(source, "/api");
	ck_assert_int_eq(subject_collect(subject), SST_NODATA);
	source_fail_last(source);
	ck_assert_msg(strstr(subject->err.text, source->first) != NULL, "%s",
	    subject->err.text);
}

void
kube_source_tells_of_the_server(const struct kube_source *source)
{
	struct subject *subject = &source->rig->subject;
	struct sst_error early;

	source_fail_late(source, "");
	ck_assert_int_eq(subject_collect(subject), SST_UPSTREAM);
	early = subject->err;
	ck_assert_ptr_nonnull(strstr(early.text, "/version"));
	source_fail_last(source);
	ck_assert_str_eq(subject->err.text, early.text);
}

void
kube_source_asks(struct kube_rig *rig)
{
	unsigned before;

	kube_rig_ask(rig);
	ck_assert_int_eq(subject_join(&rig->subject), SST_OK);
	/* that was an answer a moment ago */
	before = kube_api_calls(rig->api, "/version");
	kube_rig_await(rig, SST_OK);
	ck_assert_uint_eq(kube_api_calls(rig->api, "/version"), before);
}

void
kube_source_keeps_its_deadline(struct kube_rig *rig)
{
	kube_api_misbehave(rig->api, "/version", &hold);
	kube_rig_ask_until(rig, kube_rig_pass_deadline, SST_TIMEOUT);
}

void
kube_source_can_be_interrupted(struct kube_rig *rig)
{
	kube_api_misbehave(rig->api, "/version", &hold);
	kube_rig_ask_until(rig, kube_rig_interrupt, SST_CANCELED);
	kube_api_behave(rig->api);
	kube_api_release(rig->api);
	kube_rig_await(rig, SST_OK);
}
