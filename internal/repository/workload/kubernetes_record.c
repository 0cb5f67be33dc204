#include "repository/workload/kubernetes_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void
kubernetes__draft_init(struct kubernetes_draft *draft)
{
	/* also the padding: records are compared as bytes */
	memset(draft, 0, sizeof(*draft));
	sst_buf_init(&draft->text);
	sst_buf_addc(&draft->text, '\0');
}

void
kubernetes__draft_fini(struct kubernetes_draft *draft)
{
	sst_buf_fini(&draft->text);
}

/* No more than max bytes, and no half character at the end. */
static size_t
record_cut(const char *text, size_t max)
{
	size_t len = strnlen(text, max + 1);

	if (len <= max)
		return len;
	for (len = max; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
		len--;
	return len;
}

uint32_t
kubernetes__draft_text(
    struct kubernetes_draft *draft, const char *text, size_t max)
{
	uint32_t at = (uint32_t)draft->text.len;

	if (text == NULL || text[0] == '\0')
		return 0;
	sst_buf_add(&draft->text, text, record_cut(text, max));
	sst_buf_addc(&draft->text, '\0');
	return at;
}

int
kubernetes__draft_finish(const struct kubernetes_draft *draft,
    struct kubernetes_record **out, struct sst_error *err)
{
	size_t list = draft->head.container_count * sizeof(*draft->containers);
	size_t bytes = sizeof(draft->head) + list + draft->text.len;
	struct kubernetes_record *r;

	if (sst_buf_failed(&draft->text))
		return sst_error_nomem(err);
	r = malloc(bytes);
	if (r == NULL)
		return sst_error_nomem(err);
	memcpy(r, &draft->head, sizeof(draft->head));
	r->bytes = (uint32_t)bytes;
	if (list > 0)
		memcpy(r + 1, draft->containers, list);
	memcpy((char *)(r + 1) + list, draft->text.data, draft->text.len);
	*out = r;
	return SST_OK;
}

bool
kubernetes__record_same(
    const struct kubernetes_record *a, const struct kubernetes_record *b)
{
	return a->bytes == b->bytes && memcmp(a, b, a->bytes) == 0;
}

const char *
kubernetes__resource_kind(enum kubernetes_resource resource)
{
	static const char *const kinds[] = {
	    [KUBERNETES_PODS] = "Pod",
	    [KUBERNETES_DEPLOYMENTS] = "Deployment",
	    [KUBERNETES_REPLICASETS] = "ReplicaSet",
	    [KUBERNETES_STATEFULSETS] = "StatefulSet",
	    [KUBERNETES_DAEMONSETS] = "DaemonSet",
	    [KUBERNETES_JOBS] = "Job",
	    [KUBERNETES_CRONJOBS] = "CronJob",
	    [KUBERNETES_HPAS] = "HorizontalPodAutoscaler",
	};

	return kinds[resource];
}
