/*
 * Secrets from files and variables. Ways to fail: a line end taken for a part
 * of the value, an empty or endless file taken, the value in a message.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/secret.h"
#include "unit/base/run.h"

static struct sst_error err;

static void
write_secret(char *path, const char *bytes, size_t len)
{
	int fd;

	snprintf(path, 40, "/tmp/sst-secret-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

START_TEST(secret_of_a_file)
{
	static const struct {
		const char *bytes;
		size_t len;
		int code;
		const char *want;
	} rows[] = {{"abc", 3, 0, "abc"}, {"abc\n", 4, 0, "abc"},
	    {"abc\r\n", 5, 0, "abc"}, {"a\nb\n\n", 5, 0, "a\nb\n"},
	    {"", 0, SST_INVALID, "is empty"},
	    {"\n", 1, SST_INVALID, "is empty"},
	    {"a\0b", 3, SST_NUL, "holds a NUL byte"}};
	struct sst_secret secret = {NULL, NULL, NULL};
	char path[40], *value = NULL;

	write_secret(path, rows[_i].bytes, rows[_i].len);
	secret.file = path;
	ck_assert_int_eq(sst_secret_read(&secret, &value, &err), rows[_i].code);
	if (rows[_i].code == 0)
		ck_assert_str_eq(value, rows[_i].want);
	else
		ck_assert_ptr_nonnull(strstr(err.text, rows[_i].want));
	sst_secret_free(&value);
	ck_assert_ptr_null(value);
	unlink(path);
}
END_TEST

START_TEST(secret_of_elsewhere)
{
	static char inline_value[] = "v", name[] = "SST_TEST_SECRET";
	static char nowhere[] = "/nonexistent/x", endless[] = "/dev/zero";
	struct sst_secret secret = {NULL, NULL, NULL};
	char *value = NULL;

	ck_assert_int_eq(sst_secret_read(&secret, &value, &err), 0);
	ck_assert_ptr_null(value);
	secret.value = inline_value;
	ck_assert_int_eq(sst_secret_read(&secret, &value, &err), 0);
	ck_assert_str_eq(value, "v");
	sst_secret_free(&value);
	secret = (struct sst_secret){NULL, NULL, name};
	unsetenv(name);
	ck_assert_int_eq(sst_secret_read(&secret, &value, &err), SST_NOT_FOUND);
	ck_assert_str_eq(err.text, "environment variable SST_TEST_SECRET with "
				   "a secret is not set");
	setenv(name, "", 1);
	ck_assert_int_eq(sst_secret_read(&secret, &value, &err), SST_INVALID);
	setenv(name, "from env", 1);
	ck_assert_int_eq(sst_secret_read(&secret, &value, &err), 0);
	ck_assert_str_eq(value, "from env");
	sst_secret_free(&value);
	secret = (struct sst_secret){NULL, nowhere, NULL};
	ck_assert_int_eq(sst_secret_read(&secret, &value, &err), SST_NOT_FOUND);
	secret.file = endless;
	ck_assert_int_eq(sst_secret_read(&secret, &value, &err), SST_TOO_LARGE);
	ck_assert_ptr_null(value);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("secret");
	TCase *tc = tcase_create("secret");

	tcase_add_loop_test(tc, secret_of_a_file, 0, 7);
	tcase_add_test(tc, secret_of_elsewhere);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
