/*
 * Kubeconfigs: each recorded case gives what kubectl gives, or the error that
 * it is to give to a service; then where they are looked for.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repository/kube/config.h"
#include "unit/base/run.h"

#define CASES SST_SOURCE_DIR "/mocks/upstreams/kubeconfig/"
#define TOKEN "throwaway-token-1"

static struct sst_kube_config *config;
static struct sst_error err;

struct variable {
	const char *name, *value;
};

static const char *
variable_get(const char *name, void *ctx)
{
	const struct variable *v = ctx;

	for (; v->name != NULL; v++) {
		if (strcmp(v->name, name) == 0)
			return v->value;
	}
	return NULL;
}

static void
teardown(void)
{
	sst_kube_config_free(&config);
}

static int
load(const struct sst_kube_config_where *where)
{
	sst_kube_config_free(&config);
	sst_error_clear(&err);
	return sst_kube_config_load(where, &config, &err);
}

static int
load_env(struct variable *env)
{
	const struct sst_kube_config_where where = {.getenv = variable_get,
	    .getenv_ctx = env,
	    .service_account = "/nonexistent"};

	return load(&where);
}

static int
load_path(const char *path)
{
	struct variable env[] = {{NULL, NULL}};
	const struct sst_kube_config_where where = {
	    .path = path, .getenv = variable_get, .getenv_ctx = env};

	return load(&where);
}

static const struct {
	const char *file;
	const char *fault; /* what the error names; NULL: it works */
	const char *more;
} recorded[] = {
    {"azure.yaml", "kubelogin", "azure.yaml:9: user \"u\""},
    {"badb64.yaml", "certificate-authority-data is not base64",
	"badb64.yaml:6"},
    {"badctx.yaml", "context \"zzz\" not found; there is: x",
	"badctx.yaml"},
    {"baduser.yaml", "user \"nobody\" not found", "context \"x\""},
    {"basic.yaml", "basic authentication is not supported", "basic.yaml:9"},
    {"ca_data.yaml", NULL, NULL},
    {"certnokey.yaml", "a client certificate needs client-key-data or "
		       "client-key",
	"user \"u\""},
    {"crlf.yaml", NULL, NULL},
    {"empty.yaml", "no current-context", "empty.yaml"},
    {"exec.yaml", NULL, NULL},
    {"exec4.yaml",
	"invalid apiVersion \"client.authentication.k8s.io/v1alpha1\"",
	"aws eks update-kubeconfig"},
    {"gcp.yaml", "gke-gcloud-auth-plugin", "gcp.yaml:9: user \"u\""},
    {"insecure.yaml", NULL, NULL},
    {"json.yaml", NULL, NULL},
    {"missca.yaml", NULL, NULL}, /* files are read by access.c */
    {"noca.yaml", NULL, NULL},
    {"noctx.yaml", "no current-context is set", "noctx.yaml"},
    {"partA.yaml", "no current-context is set", "there is: x"},
    {"partB.yaml", NULL, NULL},
    {"proxydead.yaml", NULL, NULL},
    {"relca.yaml", NULL, NULL},
    {"tab.yaml", "tab.yaml:3:", "found a tab character"},
    {"tokfile.yaml", NULL, NULL},
    {"tokmiss.yaml", NULL, NULL},
    {"no-such-file.yaml", "no-such-file.yaml: No such file or directory",
	CASES},
};

START_TEST(recorded_cases)
{
	char path[512];
	int code;

	snprintf(path, sizeof(path), "%s%s", CASES, recorded[_i].file);
	code = load_path(path);
	if (recorded[_i].fault == NULL) {
		ck_assert_msg(code == SST_OK, "%s", err.text);
		ck_assert_str_eq(config->context, "x");
		ck_assert_str_eq(config->origin, path);
		ck_assert_str_eq(config->namespace, "agents");
		ck_assert_str_eq(config->server, "https://127.0.0.1:16443");
		return;
	}
	ck_assert_int_eq(code, SST_INVALID);
	ck_assert_int_eq(err.code, SST_INVALID);
	ck_assert_msg(strstr(err.text, recorded[_i].fault) != NULL &&
			  strstr(err.text, recorded[_i].more) != NULL,
	    "%s: %s", recorded[_i].file, err.text);
	ck_assert_ptr_null(strstr(err.text, TOKEN));
	ck_assert_ptr_null(config);
}
END_TEST

START_TEST(what_the_recorded_cases_hold)
{
	ck_assert_int_eq(load_path(CASES "ca_data.yaml"), SST_OK);
	ck_assert_str_eq(config->token, TOKEN);
	ck_assert_int_eq(
	    strncmp(config->ca_data, "-----BEGIN CERTIFICATE-----\n", 28), 0);
	ck_assert_ptr_nonnull(strstr(config->ca_data, "-----END CERT"));
	ck_assert(!config->insecure);
	ck_assert_int_eq(load_path(CASES "relca.yaml"), SST_OK);
	ck_assert_str_eq(config->ca_file, CASES "ca.crt");
	ck_assert_int_eq(load_path(CASES "tokfile.yaml"), SST_OK);
	ck_assert_str_eq(config->token_file, CASES "tok_nl");
	ck_assert_ptr_null(config->token);
	ck_assert(config->insecure);
	ck_assert_int_eq(load_path(CASES "exec.yaml"), SST_OK);
	ck_assert_str_eq(config->exec->command, CASES "./plug.sh");
	ck_assert_str_eq(
	    config->exec->api_version, "client.authentication.k8s.io/v1");
	ck_assert_ptr_null(config->exec->args);
	ck_assert_int_eq(load_path(CASES "proxydead.yaml"), SST_OK);
	ck_assert_str_eq(config->proxy_url, "http://127.0.0.1:1");
}
END_TEST

/* The first file wins per entry, whole. */
START_TEST(a_list_of_files)
{
	struct variable env[] = {{"KUBECONFIG", NULL}, {NULL, NULL}};

	env[0].value = CASES "partA.yaml:" CASES "partB.yaml";
	ck_assert_msg(load_env(env) == SST_OK, "%s", err.text);
	ck_assert_str_eq(config->token, "wrong");
	ck_assert_str_eq(config->server, "https://127.0.0.1:16443");
	/* the context too is that of the first file, without a namespace */
	ck_assert_ptr_null(config->namespace);
	env[0].value = CASES "partB.yaml:" CASES "partA.yaml";
	ck_assert_int_eq(load_env(env), SST_OK);
	ck_assert_str_eq(config->token, TOKEN);
	ck_assert_str_eq(config->namespace, "agents");
	env[0].value = "::/nonexistent/x:" CASES "partB.yaml:" CASES
		       "partB.yaml::";
	ck_assert_msg(load_env(env) == SST_OK, "%s", err.text);
	ck_assert_str_eq(config->token, TOKEN);
	/* a bad one is an error, though others are good */
	env[0].value = CASES "partB.yaml:" CASES "tab.yaml";
	ck_assert_int_eq(load_env(env), SST_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "tab.yaml:3"));
	env[0].value = CASES "partB.yaml:" CASES "tls";
	ck_assert_int_eq(load_env(env), SST_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "tls: Is a directory"));
}
END_TEST

static void
spit(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void
sweep(const char *dir)
{
	static const char *const names[] = {
	    "token", "ca.crt", "namespace", ".kube/config", ".kube"};
	char path[256];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		ck_assert(unlink(path) == 0 || rmdir(path) == 0 || i < 5);
	}
	ck_assert_int_eq(rmdir(dir), 0);
}

#define SMALL                                                                  \
	"current-context: x\n"                                                 \
	"clusters: [{name: c, cluster: {server: 'https://h'}}]\n"              \
	"contexts: [{name: x, context: {cluster: c, user: u}}]\n"

START_TEST(where_it_is_looked_for)
{
	char dir[] = "/tmp/systate-kube-XXXXXX", path[64];
	struct variable env[] = {{"KUBECONFIG", NULL}, {"HOME", dir},
	    {"KUBERNETES_SERVICE_HOST", NULL},
	    {"KUBERNETES_SERVICE_PORT", "443"}, {NULL, NULL}};
	struct sst_kube_config_where where = {.getenv = variable_get,
	    .getenv_ctx = env,
	    .service_account = dir};

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(load(&where), SST_NOT_FOUND);
	ck_assert_str_eq(err.text, "no kubeconfig: neither KUBECONFIG nor "
				   "~/.kube/config, and this is no pod");
	env[0].value = "/nonexistent/x";
	ck_assert_int_eq(load(&where), SST_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "KUBECONFIG (/nonexistent/x)"));
	/* a pod */
	env[0].value = "";
	env[2].value = "fd00::1";
	ck_assert_int_eq(load(&where), SST_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "no service account token"));
	spit(dir, "token", " abc\n");
	ck_assert_msg(load(&where) == SST_OK, "%s", err.text);
	ck_assert_str_eq(config->context, "in-cluster");
	ck_assert_str_eq(config->server, "https://[fd00::1]:443");
	ck_assert_ptr_null(config->ca_file);
	ck_assert_ptr_null(config->namespace);
	spit(dir, "ca.crt", "x");
	spit(dir, "namespace", "prod\n");
	env[2].value = "10.0.0.1";
	ck_assert_int_eq(load(&where), SST_OK);
	ck_assert_str_eq(config->server, "https://10.0.0.1:443");
	ck_assert_str_eq(config->namespace, "prod");
	snprintf(path, sizeof(path), "%s/ca.crt", dir);
	ck_assert_str_eq(config->ca_file, path);
	snprintf(path, sizeof(path), "%s/token", dir);
	ck_assert_str_eq(config->token_file, path);
	ck_assert_ptr_null(config->token);
	/* files come first */
	snprintf(path, sizeof(path), "%s/.kube", dir);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	spit(dir, ".kube/config", SMALL "users: [{name: u}]\n");
	ck_assert_msg(load(&where) == SST_OK, "%s", err.text);
	ck_assert_str_eq(config->server, "https://h");
	env[0].value = CASES "insecure.yaml";
	ck_assert_int_eq(load(&where), SST_OK);
	ck_assert_str_eq(config->server, "https://127.0.0.1:16443");
	where.path = path;
	ck_assert_int_eq(load(&where), SST_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "Is a directory"));
	sweep(dir);
}
END_TEST

START_TEST(a_path_from_the_working_directory)
{
	char here[4096];

	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	ck_assert_int_eq(chdir(CASES), 0);
	ck_assert_int_eq(load_path("relca.yaml"), SST_OK);
	ck_assert_str_eq(config->ca_file, CASES "ca.crt");
	ck_assert_int_eq(chdir(here), 0);
}
END_TEST

START_TEST(another_context)
{
	struct variable env[] = {{NULL, NULL}};
	struct sst_kube_config_where where = {.path = CASES "badctx.yaml",
	    .context = "x",
	    .getenv = variable_get,
	    .getenv_ctx = env};

	ck_assert_int_eq(load(&where), SST_OK);
	ck_assert_str_eq(config->context, "x");
	where.context = "y";
	ck_assert_int_eq(load(&where), SST_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "context \"y\" not found"));
}
END_TEST

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

static void
add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, recorded_cases, 0, COUNT(recorded));
	tcase_add_test(tc, what_the_recorded_cases_hold);
	tcase_add_test(tc, a_list_of_files);
	tcase_add_test(tc, where_it_is_looked_for);
	tcase_add_test(tc, a_path_from_the_working_directory);
	tcase_add_test(tc, another_context);
}

int
main(void)
{
	Suite *s = suite_create("kube_config");
	TCase *tc = tcase_create("kube_config");

	tcase_add_checked_fixture(tc, NULL, teardown);
	add_tests(tc);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
