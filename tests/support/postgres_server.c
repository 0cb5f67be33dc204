#include "support/postgres_server.h"

#include <glob.h>
#include <stddef.h>

#include "support/server.h"

/* Makes the cluster the first time; it is thrown away, so nothing is synced.
 * Debian has the programs beside PATH. */
static const char start_script[] =
    "set -e; cd {DIR}; PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin "
    "2>/dev/null | tail -n 1); as=; "
    "if [ \"$(id -u)\" = 0 ]; then user=postgres; id postgres >/dev/null 2>&1 "
    "|| user=nobody; chown $user {DIR}; "
    "as=\"setpriv --reuid=$user --regid=$(id -g $user) --clear-groups "
    "--pdeathsig KILL\"; fi; "
    "if [ ! -f hba ]; then $as initdb -D {DIR}/data -U postgres -A trust "
    "-E UTF8 --locale=C -N >/dev/null; "
    "{ echo host all postgres 127.0.0.1/32 trust; "
    "echo host all all 127.0.0.1/32 scram-sha-256; } > hba; "
    "chmod 644 hba; fi; "
    "rm -f data/postmaster.pid; "
    "exec $as postgres -D {DIR}/data -p {PORT} -c listen_addresses=127.0.0.1 "
    "-c unix_socket_directories= -c hba_file={DIR}/hba -c fsync=off "
    "-c shared_buffers=16MB -c autovacuum=off -c max_connections=20 "
    "-c password_encryption=scram-sha-256";

const char *const postgres_server_argv[] = {"sh", "-c", start_script, NULL};

bool
postgres_server_has(void)
{
	glob_t found = {0};
	bool is =
	    server_has("initdb") ||
	    glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0;

	globfree(&found);
	return is;
}
