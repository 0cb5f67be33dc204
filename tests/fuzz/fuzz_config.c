/*
 * Bytes as a configuration file: read, checked against the table, printed, and
 * what was printed read again. It must give the same print.
 */
/* fuzz-libs: sst_config */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int
parse(const char *text, size_t len, struct sst_config_doc **doc,
    struct sst_config *config)
{
	const struct sst_option *table;
	struct sst_error err;
	size_t count;
	int code = sst_config_doc_parse("f", text, len, doc, &err);

	if (code != SST_OK && (err.code != code || err.text[0] == '\0'))
		abort();
	if (code != SST_OK)
		return code;
	table = sst_config_options(&count);
	code = sst_options_parse(
	    table, count, sst_config_doc_root(*doc), config, &err);
	if (code != SST_OK && (err.code != code || err.text[0] == '\0'))
		abort();
	return code;
}

static void
end(struct sst_config_doc **doc, struct sst_config *config)
{
	const struct sst_option *table;
	size_t count;

	table = sst_config_options(&count);
	sst_options_fini(table, count, config);
	sst_config_doc_free(doc);
}

static void
print_again(const struct sst_config *config)
{
	static struct sst_config again;
	struct sst_config_doc *doc = NULL;
	struct sst_buf one = SST_BUF_INIT, two = SST_BUF_INIT;
	struct sst_error err;

	sst_config_check(config, &err);
	sst_config_print(config, &one);
	/* masks and indentation make it longer, aliases are unfolded */
	if (one.len <= SST_CONFIG_FILE_MAX) {
		memset(&again, 0, sizeof(again));
		if (parse(one.data, one.len, &doc, &again) != SST_OK)
			abort();
		sst_config_print(&again, &two);
		if (one.len != two.len ||
		    memcmp(one.data, two.data, one.len) != 0)
			abort();
		end(&doc, &again);
	}
	sst_buf_fini(&one);
	sst_buf_fini(&two);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct sst_config config;
	struct sst_config_doc *doc = NULL;

	memset(&config, 0, sizeof(config));
	if (parse((const char *)data, len, &doc, &config) == SST_OK)
		print_again(&config);
	end(&doc, &config);
	return 0;
}
