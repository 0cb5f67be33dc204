/* Misbehaviour on order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/kube_api_priv.h"

static void
order_free(struct kube_order *order)
{
	free(order->prefix);
	free((char *)(uintptr_t)order->fault.reason);
	free((char *)(uintptr_t)order->fault.message);
	free(order);
}

/* With the mutex held: takes out the order with exactly that prefix, which may
 * be the order's own. */
static void
order_end(struct kube_api *api, const char *prefix)
{
	struct kube_order **at = &api->orders, *order;

	while (*at != NULL && strcmp((*at)->prefix, prefix) != 0)
		at = &(*at)->next;
	order = *at;
	if (order == NULL)
		return;
	*at = order->next;
	order_free(order);
}

void
kube__faults_clear(struct kube_api *api)
{
	struct kube_order *order;

	while ((order = api->orders) != NULL) {
		api->orders = order->next;
		order_free(order);
	}
}

void
kube_api_misbehave(struct kube_api *api, const char *prefix,
    const struct kube_api_fault *fault)
{
	struct kube_order *order;

	pthread_mutex_lock(&api->stage.mutex);
	order_end(api, prefix);
	if (fault != NULL && fault->kind != KUBE_API_NONE) {
		order = kube__alloc(1, sizeof(*order));
		order->prefix = kube__copy(prefix);
		order->fault = *fault;
		order->left = fault->times;
		if (fault->reason != NULL)
			order->fault.reason = kube__copy(fault->reason);
		if (fault->message != NULL)
			order->fault.message = kube__copy(fault->message);
		order->next = api->orders;
		api->orders = order;
	}
	pthread_mutex_unlock(&api->stage.mutex);
}

void
kube_api_behave(struct kube_api *api)
{
	pthread_mutex_lock(&api->stage.mutex);
	kube__faults_clear(api);
	pthread_mutex_unlock(&api->stage.mutex);
}

void
kube__fault_decide(struct kube_exchange *x)
{
	struct kube_order *order;

	memset(&x->fault, 0, sizeof(x->fault));
	for (order = x->api->orders; order != NULL; order = order->next) {
		if (strncmp(x->target, order->prefix, strlen(order->prefix)) ==
		    0)
			break;
	}
	if (order == NULL)
		return;
	x->fault = order->fault;
	snprintf(x->reason, sizeof(x->reason), "%s",
	    order->fault.reason != NULL ? order->fault.reason
					: kube__reason(order->fault.status));
	snprintf(x->message, sizeof(x->message), "%s",
	    order->fault.message != NULL ? order->fault.message : "on order");
	x->fault.reason = x->reason;
	x->fault.message = x->message;
	if (order->left > 0 && --order->left == 0)
		order_end(x->api, order->prefix);
}

/* One line as all there is of a watch. */
static bool
fault_line(struct kube_exchange *x, const struct sst_buf *line)
{
	return kube__stream_begin(x) &&
	       kube__stream_chunk(x, line->data, line->len) &&
	       kube__stream_end(x);
}

static bool
fault_event(struct kube_exchange *x)
{
	struct sst_buf line = SST_BUF_INIT;
	bool on;

	sst_buf_adds(&line, "{\"type\":\"ERROR\",\"object\":");
	kube__status_text(&line, x->fault.status, x->reason, x->message, NULL);
	sst_buf_adds(&line, "}\n");
	if (sst_buf_failed(&line))
		abort();
	on = fault_line(x, &line);
	sst_buf_fini(&line);
	return on;
}

static bool
fault_huge(struct kube_exchange *x, bool watch)
{
	struct sst_buf text = SST_BUF_INIT;
	bool on;

	sst_buf_adds(&text,
	    watch ? "{\"type\":\"ADDED\",\"object\":"
		  : "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{"
		    "\"resourceVersion\":\"1\"},\"items\":[");
	sst_buf_adds(&text,
	    "{\"metadata\":{\"name\":\"huge\",\"resourceVersion\":\"1\","
	    "\"annotations\":{\"a\":\"");
	if (!sst_buf_reserve(&text, x->fault.size))
		abort();
	memset(text.data + text.len, 'x', x->fault.size);
	text.len += x->fault.size;
	sst_buf_adds(&text, "\"}}}");
	sst_buf_adds(&text, watch ? "}\n" : "]}\n");
	if (sst_buf_failed(&text))
		abort();
	on = fault_line(x, &text);
	sst_buf_fini(&text);
	return on;
}

static bool
fault_body(struct kube_exchange *x, const char *text)
{
	return kube__reply(x, 200, "application/json", text, strlen(text));
}

bool
kube__fault_reply(struct kube_exchange *x, const struct kube_question *q)
{
	char watch[8] = "";

	kube__param(x, "watch", watch, sizeof(watch));
	switch (x->fault.kind) {
	case KUBE_API_STATUS:
		return kube__reply_status(
		    x, x->fault.status, x->reason, x->message, NULL);
	case KUBE_API_STATUS_TEXT:
		return kube__reply(x, x->fault.status,
		    "text/plain; charset=utf-8", x->message,
		    strlen(x->message));
	case KUBE_API_ERROR_EVENT:
		return fault_event(x);
	case KUBE_API_SHORT:
		return kube__stream_begin(x) && kube__stream_end(x);
	case KUBE_API_SILENT:
		return q->collection != NULL && kube__watch_silent(x, q);
	case KUBE_API_GARBAGE:
		return fault_body(x, "<html>not what was asked for</html>\n");
	case KUBE_API_WRONG_TYPE:
		return fault_body(x, "42\n");
	case KUBE_API_HUGE:
		return fault_huge(x, watch[0] != '\0');
	default: /* KUBE_API_CLOSE */
		return false;
	}
}
