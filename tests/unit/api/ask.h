/*
 * Requests without a socket: straight into the dispatcher, over the fake
 * service. One at a time; the answer holds until the next one. A handler that
 * asks for a worker gets one at once.
 */
#ifndef TESTS_UNIT_API_ASK_H
#define TESTS_UNIT_API_ASK_H

#include <jansson.h>

#include "api/api_priv.h"
#include "unit/api/fake_service.h"

/* The request that ask() sends next; cleared by it. */
extern struct api_request_headers ask_headers;
extern size_t ask_body_len;
/* Called when a handler waits for a change, before it is woken; a test then
 * sends what it waits for. NULL: no handler may wait. Cleared by ask_setup. */
extern void (*ask_waiting)(void);

void ask_setup(void);
void ask_teardown(void);

struct sst_api *ask_api(void);
struct sst_service *ask_service(void);

/* Returns the status. */
int ask(const char *method, const char *uri);
/* Of the answer: a header (NULL when absent), the body as text or JSON. */
const char *ask_header(const char *name);
const struct sst_body *ask_body(void);
const json_t *ask_json(void);
/* A string member of the JSON body, "" when absent. */
const char *ask_text(const char *member);
/* What its stream gives now, until there is nothing or an end. */
const char *ask_stream(bool *ended_out);

#endif
