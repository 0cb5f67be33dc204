/* What tests of pg-boss read: its tables, and what was recorded of them. */
#ifndef TESTS_UNIT_REPOSITORY_TEST_PGBOSS_LOAD_H
#define TESTS_UNIT_REPOSITORY_TEST_PGBOSS_LOAD_H

/* The tables of a version of its schema: 24, 26 or 40. */
void pgboss_install(const char *version);
void pgboss_create_queue(const char *name);
/* Both, with the jobs of the recordings; their times are moved to now. */
void pgboss_load_recorded(const char *version);
/* v12_flow.txt: mail waits for report, report for two others. */
void pgboss_load_flow(void);

extern const char pgboss_report[], pgboss_mail[];

#endif
