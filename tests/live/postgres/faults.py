#!/usr/bin/env python3
"""Each way in which PostgreSQL can fail while it is read shows as what it is,
nothing else of the document changes, and it is all there again afterwards.
Usage: faults.py SYSTATED"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from service import ROOT, Service, run, wait_until  # noqa: E402
from world import Postgres  # noqa: E402

SECRET = 'MARK-password'


def seen(what, check):
    value = wait_until(what, check, 60)
    print('  ' + what, flush=True)
    return value


def mock(name):
    with open(os.path.join(ROOT, 'mocks', 'upstreams', name),
              encoding='utf-8') as f:
        return f.read()


def fill(server):
    server.sql(mock('pgboss/schema_40.sql'))
    server.sql("INSERT INTO pgboss.version(version) VALUES (40); "
               "INSERT INTO pgboss.queue(name,policy,retry_limit,retry_delay,"
               "retry_backoff,expire_seconds,retention_seconds,"
               "deletion_seconds,partition,table_name) SELECT n,'standard',2,"
               "0,false,900,3600,3600,false,'job_common' FROM "
               "unnest('{plan,tools}'::text[]) n; INSERT INTO "
               "pgboss.job(name) SELECT 'plan' FROM generate_series(1,20)")
    server.sql("CREATE ROLE reader LOGIN PASSWORD '%s'; GRANT USAGE ON SCHEMA "
               'pgboss TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA pgboss '
               'TO reader' % SECRET)


def error_of(service):
    return (service.source()['error'] or {}).get('code')


def fails(service, what, code):
    seen('%s: %s' % (what, code), lambda: error_of(service) == code)
    # the last good result is served
    assert service.queues()['plan']['depth']['total'] == 20


def recovers(service):
    service.ok(90)
    assert service.queues()['plan']['depth']['ready'] == 20


def kill(service, server):
    server.kill()
    fails(service, 'killed', 'unreachable')
    server.start()
    recovers(service)


def end_sessions(service, server):
    """Nobody notices: it connects again at once."""
    attempts = service.attempts()
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
               "usename='reader'")
    service.polls(3)
    assert service.source()['status'] == 'ok', service.source()
    assert service.attempts() > attempts
    print('  its session ended: nothing to be seen', flush=True)


def password(service, server):
    server.sql("ALTER ROLE reader PASSWORD 'other'; SELECT "
               "pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
               "usename='reader'")
    fails(service, 'another password', 'unauthorized')
    server.sql("ALTER ROLE reader PASSWORD '%s'" % SECRET)
    recovers(service)


def no_login(service, server):
    server.sql("ALTER ROLE reader NOLOGIN; SELECT pg_terminate_backend(pid) "
               "FROM pg_stat_activity WHERE usename='reader'")
    fails(service, 'no right to log in', 'unauthorized')
    server.sql('ALTER ROLE reader LOGIN')
    recovers(service)


def no_right(service, server):
    server.sql('REVOKE SELECT ON pgboss.job FROM reader')
    fails(service, 'no right to the jobs', 'forbidden')
    server.sql('GRANT SELECT ON pgboss.job TO reader; '
               'REVOKE SELECT ON pgboss.job_dependency FROM reader')
    seen('no right to one table', lambda: (
        service.source()['status'] == 'degraded' and
        service.parts()['dependencies']['state'] == 'forbidden'))
    assert service.parts()['jobs']['state'] == 'ok'
    assert service.queues()['plan']['depth']['ready'] == 20
    server.sql('GRANT SELECT ON pgboss.job_dependency TO reader')
    recovers(service)


def hidden(service, server):
    server.sql('ALTER TABLE pgboss.job ENABLE ROW LEVEL SECURITY')
    fails(service, 'rows are hidden', 'forbidden')
    server.sql('ALTER TABLE pgboss.job DISABLE ROW LEVEL SECURITY')
    recovers(service)


def locked(service, server):
    session = server.session('BEGIN; LOCK TABLE pgboss.job')
    fails(service, 'a locked table', 'timeout')
    session.stdin.close()
    session.wait(30)
    session.stdout.close()
    recovers(service)


def gone(service, server):
    server.sql('ALTER SCHEMA pgboss RENAME TO away')
    fails(service, 'no schema', 'not_found')
    server.sql('ALTER SCHEMA away RENAME TO pgboss')
    recovers(service)


def gigantic(service, server):
    server.sql("INSERT INTO pgboss.job(name,state,data,output) VALUES "
               "('tools','failed',jsonb_build_object('x',repeat('y',60000000))"
               ",jsonb_build_object('message',repeat('z',60000000))),"
               "('tools','failed','{}',jsonb_build_object('message',"
               "E'\\u0001\\u202e\\u0007 token=abcdef0123456789abcdef'))")
    seen('gigantic and binary values', lambda: service.queues()['tools'][
        'depth']['failed'] == 2)
    assert service.source()['status'] == 'ok', service.source()
    assert 'abcdef0123456789' not in service.everything()


def skewed(service, server):
    """Times are those of the server: a clock of hours ago changes nothing. It
    is that of a role's session that stands for it here."""
    server.sql("ALTER ROLE reader SET TimeZone='Pacific/Kiritimati'; ALTER "
               "ROLE reader SET DateStyle='German'; SELECT "
               "pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
               "usename='reader'")
    server.sql("INSERT INTO pgboss.job(name,created_on,start_after) VALUES "
               "('tools','2026-01-02T03:04:05Z','2126-01-02T03:04:05Z'),"
               "('tools','infinity','-infinity')")
    tasks = seen('odd times', lambda: service.queues()['tools']['depth'][
        'delayed'] == 1 and service.queues()['tools']['tasks'])
    assert [t for t in tasks
            if t['submitted_at'] == '2026-01-02T03:04:05Z' and
            t['not_before'] == '2126-01-02T03:04:05Z'], tasks
    server.sql('ALTER ROLE reader RESET ALL')


def full(service, server):
    """No place for one session more, and a server that goes down in order."""
    server.sql('ALTER ROLE reader CONNECTION LIMIT 0; SELECT '
               'pg_terminate_backend(pid) FROM pg_stat_activity WHERE '
               "usename='reader'")
    fails(service, 'too many connections', 'upstream_error')
    server.sql('ALTER ROLE reader CONNECTION LIMIT -1')
    recovers(service)


def follow(binary):
    server = Postgres()
    try:
        fill(server)
        source = {'name': 'queues/boss', 'kind': 'pgboss',
                  'interval_seconds': 0.2, 'deadline_seconds': 4,
                  'max_age_seconds': 600,
                  'options': {'url': server.url, 'username': 'reader',
                              'password_env': 'SST_LIVE_PASSWORD'}}
        with Service(binary, source,
                     env={'SST_LIVE_PASSWORD': SECRET}) as service:
            recovers(service)
            for fault in (end_sessions, kill, password, no_login, no_right,
                          hidden, locked, gone, full, gigantic, skewed):
                fault(service, server)
            assert SECRET not in service.everything()
            server.kill()
    finally:
        server.close()


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(run('faults of PostgreSQL', lambda: follow(sys.argv[1])))
