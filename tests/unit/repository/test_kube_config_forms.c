/*
 * What a kubeconfig may say, as texts: forms of servers, clusters, users,
 * plugins and YAML, and the error for each that is wrong.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/kube/kube_priv.h"
#include "unit/base/run.h"

/* In every place where a secret may stand. */
#define SECRET "Zq7marker9"

#define SMALL                                                                  \
	"current-context: x\n"                                                 \
	"clusters: [{name: c, cluster: {server: 'https://h'}}]\n"              \
	"contexts: [{name: x, context: {cluster: c, user: u}}]\n"

static struct sst_kube_config *config;
static struct sst_error err;

static void
teardown(void)
{
	sst_kube_config_free(&config);
}

static int
build_len(const char *text, size_t len)
{
	const struct kube_source source = {"/home/u/.kube/config", text, len};

	sst_kube_config_free(&config);
	sst_error_clear(&err);
	return kube__config_build(&source, 1, NULL, &config, &err);
}

static int
build(const char *text)
{
	return build_len(text, strlen(text));
}

/* A whole kubeconfig around what one cluster or one user says. */
static int
build_cluster(const char *cluster)
{
	char text[8192];

	snprintf(text, sizeof(text),
	    "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n"
	    "clusters:\n- name: c\n  cluster: {%s}\n",
	    cluster);
	return build(text);
}

static int
build_user(const char *user)
{
	char text[8192];

	snprintf(text, sizeof(text), SMALL "users:\n- name: u\n  user: {%s}\n",
	    user);
	return build(text);
}

static const struct {
	const char *text, *server;
} servers[] = {
    {"'https://h:6443'", "https://h:6443"},
    {"'https://h:6443/'", "https://h:6443"},
    {"'https://rancher/k8s/clusters/c-x/?a=b'",
	"https://rancher/k8s/clusters/c-x"},
    {"'https://[fd00::1]:443#x'", "https://[fd00::1]:443"},
    {"'http://127.0.0.1:8001'", "http://127.0.0.1:8001"},
    {"'127.0.0.1:6443'", NULL},
    {"h", NULL},
    {"'ftp://h'", NULL},
    {"'https://u:" SECRET "@h'", NULL},
    {"'https://'", NULL},
    {"''", NULL},
    {"[a]", NULL},
    {"~", NULL},
};

START_TEST(forms_of_servers)
{
	char cluster[256];

	snprintf(cluster, sizeof(cluster), "server: %s", servers[_i].text);
	if (servers[_i].server != NULL) {
		ck_assert_msg(
		    build_cluster(cluster) == SST_OK, "%s", err.text);
		ck_assert_str_eq(config->server, servers[_i].server);
		return;
	}
	ck_assert_int_eq(build_cluster(cluster), SST_INVALID);
	ck_assert_msg(strstr(err.text, "/home/u/.kube/config:5: cluster \"c\""),
	    "%s", err.text);
	ck_assert_ptr_null(strstr(err.text, SECRET));
}
END_TEST

START_TEST(forms_of_clusters)
{
	ck_assert_msg(build_cluster("server: 'https://h', tls-server-name: n, "
				    "proxy-url: 'socks5://p:1080', "
				    "disable-compression: true, "
				    "insecure-skip-tls-verify: Yes, "
				    "extensions: [1], unknown: {a: b}") ==
			  SST_OK,
	    "%s", err.text);
	ck_assert_str_eq(config->tls_server_name, "n");
	ck_assert_str_eq(config->proxy_url, "socks5://p:1080");
	ck_assert(config->disable_compression);
	ck_assert(config->insecure);
	ck_assert_int_eq(build_cluster("server: 'https://h', "
				       "certificate-authority: ../ca/x.crt"),
	    SST_OK);
	ck_assert_str_eq(config->ca_file, "/home/u/.kube/../ca/x.crt");
	ck_assert_int_eq(build_cluster("server: 'https://h', "
				       "certificate-authority: /x.crt"),
	    SST_OK);
	ck_assert_str_eq(config->ca_file, "/x.crt");
}
END_TEST

static const struct {
	const char *text, *fault;
} bad_clusters[] = {
    {"certificate-authority: a, insecure-skip-tls-verify: true",
	"insecure-skip-tls-verify excludes a certificate authority"},
    {"certificate-authority: a, certificate-authority-data: "
     "LS0tLS1CRUdJTiA=",
	"are both given"},
    {"certificate-authority-data: aGVsbG8=", "is no PEM once decoded"},
    {"certificate-authority-data: LS0tLS1CRUdJTiA", "is not base64"},
    {"certificate-authority-data: LS0tLS1CRUdJTiAA", "is no PEM"},
    {"certificate-authority-data: LS0tLS1CRUdJTi==A", "is not base64"},
    {"certificate-authority-data: LS0tL===", "is not base64"},
    {"insecure-skip-tls-verify: maybe", "must be true or false"},
    {"insecure-skip-tls-verify: [true]", "must be true or false"},
    {"tls-server-name: {a: b}", "tls-server-name must be a text"},
    {"proxy-url: 'ftp://x'", "the scheme must be http, https or socks5"},
    {"proxy-url: 'http://a:" SECRET "@x:y'", "not a URL"},
};

START_TEST(clusters_that_are_wrong)
{
	char cluster[512];

	snprintf(cluster, sizeof(cluster), "server: 'https://h', %s",
	    bad_clusters[_i].text);
	ck_assert_int_eq(build_cluster(cluster), SST_INVALID);
	ck_assert_msg(strstr(err.text, bad_clusters[_i].fault) != NULL &&
			  strstr(err.text, "cluster \"c\": ") != NULL,
	    "%s", err.text);
	ck_assert_ptr_null(strstr(err.text, SECRET));
}
END_TEST

START_TEST(base64_over_lines)
{
	ck_assert_int_eq(
	    build("current-context: x\n"
		  "contexts: [{name: x, context: {cluster: c}}]\n"
		  "clusters:\n- name: c\n  cluster:\n"
		  "    server: https://h\n"
		  "    certificate-authority-data: |\n"
		  "      LS0tLS1C\n      RUdJTiA=\n"),
	    SST_OK);
	ck_assert_str_eq(config->ca_data, "-----BEGIN ");
}
END_TEST

START_TEST(forms_of_users)
{
	ck_assert_int_eq(build_user(""), SST_OK);
	ck_assert_ptr_null(config->token);
	ck_assert_int_eq(build_user("token: 12345"), SST_OK);
	ck_assert_str_eq(config->token, "12345");
	ck_assert_int_eq(build_user("token: null, tokenFile: ''"), SST_OK);
	ck_assert_ptr_null(config->token);
	ck_assert_ptr_null(config->token_file);
	/* a key alone is not used, and no mistake */
	ck_assert_int_eq(build_user("token: a, client-key: k"), SST_OK);
	ck_assert_int_eq(
	    build_user("client-certificate: c.crt, client-key: /k"), SST_OK);
	ck_assert_str_eq(config->cert_file, "/home/u/.kube/c.crt");
	ck_assert_str_eq(config->key_file, "/k");
	ck_assert_int_eq(
	    build_user("client-certificate-data: LS0tLS1CRUdJTiA=, "
		       "client-key: k"),
	    SST_OK);
	ck_assert_str_eq(config->cert_data, "-----BEGIN ");
	/* nobody */
	ck_assert_int_eq(
	    build("current-context: x\n"
		  "clusters: [{name: c, cluster: {server: 'https://h'}}]\n"
		  "contexts: [{name: x, context: {cluster: c}}]\n"),
	    SST_OK);
}
END_TEST

#define EXEC_V1 "apiVersion: client.authentication.k8s.io/v1"

static const struct {
	const char *text, *fault;
} bad_users[] = {
    {"token: " SECRET ", username: a, password: b", "only one is allowed"},
    {"tokenFile: t, password: " SECRET, "only one is allowed"},
    {"password: " SECRET, "basic authentication is not supported"},
    {"token: {a: " SECRET "}", "token must be a text"},
    {"token: \"" SECRET "\\tb\"", "control character"},
    {"client-certificate-data: '" SECRET "!', client-key: k",
	"client-certificate-data is not base64"},
    {"client-certificate: c, client-key: k, client-key-data: '" SECRET "'",
	"client-key-data is not base64"},
    {"client-certificate: c, client-key: k, client-key-data: "
     "LS0tLS1CRUdJTiA=",
	"client-key-data and client-key are both given"},
    {"client-certificate: c, client-certificate-data: LS0tLS1CRUdJTiA=, "
     "client-key: k",
	"client-certificate are both given"},
    {"auth-provider: {name: oidc, config: {id-token: " SECRET "}}",
	"auth provider oidc is not supported: use the credential plugin "
	"kubelogin"},
    {"auth-provider: {name: openstack}",
	"auth provider openstack is not supported"},
    {"auth-provider: {}", "auth-provider without a name"},
    {"act-as-groups: [a]", "need act-as"},
    {"act-as: a, act-as-groups: b", "must be a list of texts"},
    {"act-as: a, act-as-user-extra: [b]", "must be lists of texts by name"},
    {"act-as: a, act-as-user-extra: {a: {b: c}}", "lists of texts by name"},
    {"act-as: \"a\\nb\"", "control character"},
    {"exec: 1", "exec must be a map"},
    {"exec: {command: a}", "exec names no apiVersion"},
    {"exec: {" EXEC_V1 ", interactiveMode: Never}", "exec names no command"},
    {"exec: {" EXEC_V1 ", command: a}", "exec names no interactiveMode"},
    {"exec: {" EXEC_V1 ", command: a, interactiveMode: Always}",
	"interactiveMode Always"},
    {"exec: {" EXEC_V1 ", command: a, interactiveMode: Sometimes}",
	"interactiveMode must be Never or IfAvailable"},
    {"exec: {" EXEC_V1 ", command: a, interactiveMode: Never, args: x}",
	"args must be a list of texts"},
    {"exec: {" EXEC_V1 ", command: a, interactiveMode: Never, args: [[" SECRET
     "]]}",
	"args must be a list of texts"},
    {"exec: {" EXEC_V1 ", command: a, interactiveMode: Never, env: {a: " SECRET
     "}}",
	"env must be a list of name and value"},
    {"exec: {" EXEC_V1
     ", command: a, interactiveMode: Never, env: [{value: " SECRET "}]}",
	"env must be a list of name and value"},
    {"exec: {apiVersion: v2, command: a}", "invalid apiVersion \"v2\""},
};

START_TEST(users_that_are_wrong)
{
	ck_assert_int_eq(build_user(bad_users[_i].text), SST_INVALID);
	ck_assert_msg(strstr(err.text, bad_users[_i].fault) != NULL &&
			  strstr(err.text, "user \"u\": ") != NULL,
	    "%s: %s", bad_users[_i].text, err.text);
	ck_assert_ptr_null(strstr(err.text, SECRET));
}
END_TEST

START_TEST(a_credential_plugin)
{
	const struct sst_kube_exec *e;

	ck_assert_msg(
	    build("current-context: x\n"
		  "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
		  "clusters:\n- name: c\n  cluster:\n    server: https://h\n"
		  "    extensions:\n"
		  "    - name: other\n      extension: {no: 1}\n"
		  "    - name: client.authentication.k8s.io/exec\n"
		  "      extension: {audience: 06e3, n: -1, r: 1.5e1, "
		  "q: '1', b: true, l: [~], v: 1.2.3}\n"
		  "users:\n- name: u\n  user:\n    exec:\n"
		  "      apiVersion: client.authentication.k8s.io/v1beta1\n"
		  "      command: aws\n"
		  "      args: [eks, get-token, 7]\n"
		  "      env:\n      - {name: AWS_PROFILE, value: a=b}\n"
		  "      - name: EMPTY\n"
		  "      installHint: get it\n"
		  "      provideClusterInfo: true\n") == SST_OK,
	    "%s", err.text);
	e = config->exec;
	ck_assert_str_eq(e->command, "aws");
	ck_assert_str_eq(e->args[1], "get-token");
	ck_assert_str_eq(e->args[2], "7");
	ck_assert_ptr_null(e->args[3]);
	ck_assert_str_eq(e->env[0], "AWS_PROFILE=a=b");
	ck_assert_str_eq(e->env[1], "EMPTY=");
	ck_assert_ptr_null(e->env[2]);
	ck_assert_str_eq(e->install_hint, "get it");
	ck_assert(e->provide_cluster_info);
	ck_assert_str_eq(e->cluster_config,
	    "{\"audience\":\"06e3\",\"n\":-1,\"r\":15.0,\"q\":\"1\",\"b\":true,"
	    "\"l\":[null],\"v\":\"1.2.3\"}");
}
END_TEST

START_TEST(somebody_else)
{
	ck_assert_msg(
	    build_user("token: t, act-as: a, act-as-uid: 0815, "
		       "act-as-groups: [g1, 'g 2'], "
		       "act-as-user-extra: {Scopes: [x, y], "
		       "'acme.com/a=b': z}") == SST_OK,
	    "%s", err.text);
	ck_assert_str_eq(config->impersonate_user, "a");
	ck_assert_str_eq(config->impersonate_uid, "0815");
	ck_assert_str_eq(config->impersonate_groups[1], "g 2");
	ck_assert_ptr_null(config->impersonate_groups[2]);
	ck_assert_str_eq(config->impersonate_extra[0], "Scopes=x");
	ck_assert_str_eq(config->impersonate_extra[1], "Scopes=y");
	ck_assert_str_eq(config->impersonate_extra[2], "acme.com%2Fa%3Db=z");
	ck_assert_ptr_null(config->impersonate_extra[3]);
}
END_TEST

START_TEST(nothing_secret_over_plain_http)
{
	static const char *const users[] = {"token: " SECRET, "tokenFile: t",
	    "client-certificate: a, client-key: b",
	    "exec: {" EXEC_V1 ", command: a, interactiveMode: Never}"};
	char text[1024];

	snprintf(text, sizeof(text),
	    "current-context: x\n"
	    "clusters: [{name: c, cluster: {server: 'HTTP://h'}}]\n"
	    "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
	    "users: [{name: u, user: {%s}}]\n",
	    users[_i]);
	ck_assert_int_eq(build(text), SST_INVALID);
	ck_assert_ptr_nonnull(
	    strstr(err.text, "credentials are not sent without TLS"));
	ck_assert_ptr_null(strstr(err.text, SECRET));
}
END_TEST

START_TEST(forms_of_yaml)
{
	static const char bom[] =
	    "\xef\xbb\xbf" SMALL "users: [{name: u, user: {token: a}}]\n";

	ck_assert_msg(build(bom) == SST_OK, "%s", err.text);
	ck_assert_str_eq(config->token, "a");
	ck_assert_msg(
	    build("{\"current-context\":\"x\",\n\t\"clusters\":[{\"name\":"
		  "\"c\",\"cluster\":{\"server\":\"https:\\/\\/h\"}}],"
		  "\"contexts\":[{\"name\":\"x\",\"context\":{\"cluster\":"
		  "\"c\"}}],\"users\":null}") == SST_OK,
	    "%s", err.text);
	ck_assert_str_eq(config->server, "https://h");
	ck_assert_msg(build("current-context: x\n"
			    "base: &b {insecure-skip-tls-verify: true}\n"
			    "more: &m {tls-server-name: n, server: no}\n"
			    "clusters:\n- name: c\n  cluster:\n"
			    "    <<: [*b, *m]\n    server: https://h\n"
			    "contexts: [{name: x, context: &k {cluster: c}},"
			    " {name: y, context: *k}]\n") == SST_OK,
	    "%s", err.text);
	ck_assert(config->insecure);
	ck_assert_str_eq(config->server, "https://h");
	ck_assert_str_eq(config->tls_server_name, "n");
}
END_TEST

/* An alias bomb, and one that is bent to itself through a merge. */
START_TEST(yaml_that_grows)
{
	static const char head[] = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
	char text[4096];
	size_t len = strlen(head);
	int i;

	memcpy(text, head, sizeof(head));
	for (i = 1; i < 9; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i,
		    i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	ck_assert_int_eq(build(text), SST_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "aliases unfolded"));
	ck_assert_int_eq(build("current-context: x\ncontexts:\n- name: x\n"
			       "  context: {<<: {<<: {<<: {<<: {<<: {<<: "
			       "{cluster: c}}}}}}}\n"),
	    SST_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "names no cluster"));
}
END_TEST

static const struct {
	const char *text, *fault;
} bad_texts[] = {
    {"[]", "this is no kubeconfig"},
    {"hello", "this is no kubeconfig"},
    {"clusters: {a: b}\ncurrent-context: x\n"
     "contexts: [{name: x, context: {cluster: c}}]\n",
	"config:1: clusters must be a list"},
    {"current-context: [x]\n", "current-context must be a text"},
    {"current-context: x\ncontexts: [{name: x}]\n", "names no cluster"},
    {"current-context: x\ncontexts: [{name: x, context: 1}]\n",
	"context \"x\": must be a map"},
    {"current-context: x\ncontexts: [{name: x, context: {cluster: d}}]\n",
	"cluster \"d\" not found"},
    {"current-context: x\ncontexts: [1, {}, {name: [x]}]\n",
	"context \"x\" not found; there is: none"},
    {"current-context: x\ncontexts: [{name: x, context: {cluster: c}}, "
     "{name: x, context: {cluster: c}}]\n",
	"\"x\" is twice among the contexts"},
    {SMALL "users: [{name: u, user: {token: *" SECRET "}}]\n", "alias of"},
    {SMALL "users: [{name: u, user: {token: !" SECRET " a}}]\n", "tags"},
    {SMALL "users: [{name: u, user: {token: \"" SECRET "\n", "not YAML"},
    {SMALL "users: [{name: u, user: {token: @" SECRET "}}]\n", "not YAML"},
    {SMALL "users: [{name: u, user: {" SECRET ": 1, " SECRET ": 2}}]\n",
	"twice"},
    {"a: 1\n---\nb: 1\n", "more than one document"},
    {"a: \"\\0\"\n", "a NUL in a text"},
    {"a: \xff\n", "not valid UTF-8"},
};

START_TEST(texts_that_are_wrong)
{
	ck_assert_int_eq(build(bad_texts[_i].text), SST_INVALID);
	ck_assert_int_eq(err.code, SST_INVALID);
	ck_assert_msg(strstr(err.text, bad_texts[_i].fault) != NULL &&
			  strstr(err.text, "/home/u/.kube/config") != NULL,
	    "%s", err.text);
	ck_assert_ptr_null(strstr(err.text, SECRET));
}
END_TEST

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

static void
add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, forms_of_servers, 0, COUNT(servers));
	tcase_add_test(tc, forms_of_clusters);
	tcase_add_loop_test(
	    tc, clusters_that_are_wrong, 0, COUNT(bad_clusters));
	tcase_add_test(tc, base64_over_lines);
	tcase_add_test(tc, forms_of_users);
	tcase_add_loop_test(tc, users_that_are_wrong, 0, COUNT(bad_users));
	tcase_add_test(tc, a_credential_plugin);
	tcase_add_test(tc, somebody_else);
	tcase_add_loop_test(tc, nothing_secret_over_plain_http, 0, 4);
	tcase_add_test(tc, forms_of_yaml);
	tcase_add_test(tc, yaml_that_grows);
	tcase_add_loop_test(tc, texts_that_are_wrong, 0, COUNT(bad_texts));
}

int
main(void)
{
	Suite *s = suite_create("kube_config_forms");
	TCase *tc = tcase_create("kube_config_forms");

	tcase_add_checked_fixture(tc, NULL, teardown);
	add_tests(tc);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
