#include <jansson.h>

#include "base/buf.h"
#include "base/text.h"
#include "httpc/json_body.h"
#include "repository/kube/cluster_priv.h"

/* Characters of it; those we know have 20 to 40. */
enum { VERSION_MAX = 128 };

char *
kube__parse_version(const char *json, size_t len)
{
	struct sst_buf clean = SST_BUF_INIT;
	struct sst_error err;
	json_t *tree = NULL;
	const json_t *text;

	if (sst_json_body_parse(json, len, &tree, &err) != SST_OK)
		return NULL;
	text = json_object_get(tree, "gitVersion");
	if (json_is_string(text))
		sst_text_safe(json_string_value(text), json_string_length(text),
		    VERSION_MAX, &clean);
	json_decref(tree);
	if (clean.len > 0 && !sst_buf_failed(&clean))
		return sst_buf_take(&clean, NULL);
	sst_buf_fini(&clean);
	return NULL;
}
