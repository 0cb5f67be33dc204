/*
 * What a pod may use at most, as the scheduler and the kubelet reckon it:
 * the larger of what its containers and sidecars have together and what the
 * greediest init container has together with the sidecars before it; limits of
 * the pod itself take their place; the overhead of its runtime is added. A
 * container without a limit makes the whole pod unbounded: a sum of the others
 * would be a lie. An init container without one does not: it has ended when
 * the pod runs.
 */
#include "repository/workload/kubernetes_parse.h"

#include <string.h>

struct limits_kind {
	const char *name; /* cpu, memory */
	int64_t (*read)(const json_t *object, const char *member);
};

static const struct limits_kind limits_cpu = {"cpu", kubernetes__json_nano};
static const struct limits_kind limits_memory = {
    "memory", kubernetes__json_whole};

/* The statuses of a pod, which know of a resize in place. */
static const json_t *
limits_status(const json_t *statuses, const char *name)
{
	const char *text;
	size_t i;

	for (i = 0; name != NULL && i < json_array_size(statuses); i++) {
		const json_t *status = json_array_get(statuses, i);

		text = kubernetes__json_text(status, "name");
		if (text != NULL && strcmp(text, name) == 0)
			return status;
	}
	return NULL;
}

static int64_t
limits_of(const struct limits_kind *kind, const json_t *container,
    const json_t *statuses)
{
	const json_t *status =
	    limits_status(statuses, kubernetes__json_text(container, "name"));
	int64_t value;

	value = kind->read(
	    json_object_get(json_object_get(status, "resources"), "limits"),
	    kind->name);
	if (value != KUBERNETES_NONE)
		return value;
	return kind->read(
	    json_object_get(json_object_get(container, "resources"), "limits"),
	    kind->name);
}

static bool
limits_is_sidecar(const json_t *container)
{
	const char *policy = kubernetes__json_text(container, "restartPolicy");

	return policy != NULL && strcmp(policy, "Always") == 0;
}

/* Containers and sidecars together; KUBERNETES_NONE when one has no limit. In
 * *peak_out the greediest moment of the initialisation. */
static int64_t
limits_sum(const struct limits_kind *kind, const json_t *spec,
    const json_t *status, int64_t *peak_out)
{
	const json_t *list = json_object_get(spec, "initContainers");
	const json_t *told = json_object_get(status, "initContainerStatuses");
	int64_t sidecars = 0, sum = 0, value, peak = 0;
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		const json_t *container = json_array_get(list, i);

		value = limits_of(kind, container, told);
		if (limits_is_sidecar(container)) {
			sidecars = kubernetes__sum(sidecars, value);
			value = sidecars;
		} else {
			value = kubernetes__sum(sidecars, value);
		}
		if (value > peak)
			peak = value;
	}
	list = json_object_get(spec, "containers");
	told = json_object_get(status, "containerStatuses");
	for (i = 0; i < json_array_size(list); i++)
		sum = kubernetes__sum(
		    sum, limits_of(kind, json_array_get(list, i), told));
	*peak_out = peak;
	return i == 0 ? KUBERNETES_NONE : kubernetes__sum(sum, sidecars);
}

static int64_t
limits_total(
    const struct limits_kind *kind, const json_t *spec, const json_t *status)
{
	int64_t total, peak, whole, over;

	total = limits_sum(kind, spec, status, &peak);
	if (total != KUBERNETES_NONE && peak > total)
		total = peak;
	whole = kind->read(
	    json_object_get(json_object_get(spec, "resources"), "limits"),
	    kind->name);
	if (whole != KUBERNETES_NONE)
		total = whole;
	over = kind->read(json_object_get(spec, "overhead"), kind->name);
	if (total > 0 && over != KUBERNETES_NONE)
		total = kubernetes__sum(total, over);
	return total;
}

static void
limits_name(struct kubernetes_draft *draft, const json_t *container,
    const json_t *statuses, struct kubernetes_limits *out)
{
	const char *name = kubernetes__json_text(container, "name");
	uint32_t at;

	if (!kubernetes__name_good(name, KUBERNETES_TEXT_NAME) ||
	    out->unlimited.count >= KUBERNETES_CONTAINERS_MAX)
		return;
	if ((out->cpu_nano != KUBERNETES_NONE ||
		limits_of(&limits_cpu, container, statuses) !=
		    KUBERNETES_NONE) &&
	    (out->memory_bytes != KUBERNETES_NONE ||
		limits_of(&limits_memory, container, statuses) !=
		    KUBERNETES_NONE))
		return;
	at = kubernetes__draft_text(draft, name, KUBERNETES_TEXT_NAME);
	if (out->unlimited.count++ == 0)
		out->unlimited.at = at;
}

/* Whom the pod owes it to that it is not bounded. */
static void
limits_unlimited(struct kubernetes_draft *draft, const json_t *spec,
    const json_t *status, struct kubernetes_limits *out)
{
	const json_t *list = json_object_get(spec, "initContainers");
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		if (limits_is_sidecar(json_array_get(list, i)))
			limits_name(draft, json_array_get(list, i),
			    json_object_get(status, "initContainerStatuses"),
			    out);
	}
	list = json_object_get(spec, "containers");
	for (i = 0; i < json_array_size(list); i++)
		limits_name(draft, json_array_get(list, i),
		    json_object_get(status, "containerStatuses"), out);
}

void
kubernetes__parse_limits(struct kubernetes_draft *draft, const json_t *spec,
    const json_t *status, struct kubernetes_limits *out)
{
	out->cpu_nano = limits_total(&limits_cpu, spec, status);
	out->memory_bytes = limits_total(&limits_memory, spec, status);
	out->unlimited.at = out->unlimited.count = 0;
	if (out->cpu_nano == KUBERNETES_NONE ||
	    out->memory_bytes == KUBERNETES_NONE)
		limits_unlimited(draft, spec, status, out);
}
