#!/usr/bin/env python3
"""What a user of /system/state sees of queues in PostgreSQL: jobs are
submitted, put in order, delayed, run, fail, are tried again, wait for others and
are done, and the document follows. Usage: follow.py SYSTATED
pgboss10|pgboss12|graphile|procrastinate"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from service import Service, run, wait_until  # noqa: E402
from world import Postgres, everything, node, python  # noqa: E402

TOOLS, DEAD = 'agent-tools', 'agent/dead'


def seen(what, check):
    value = wait_until(what, check, 60)
    print('  ' + what, flush=True)
    return value


def depth(service, queue, **want):
    shown = service.queues().get(queue, {}).get('depth', {})
    return all(shown.get(k) == v for k, v in want.items())


def task(service, queue, task_id, status):
    """The task when it stands so."""
    found = service.tasks(queue).get(str(task_id))
    return found if found and found['status'] == status else None


def source(server, kind, **options):
    return {'name': 'queues/' + kind, 'kind': kind, 'interval_seconds': 0.2,
            'max_age_seconds': 30,
            'options': dict({'url': server.url, 'username': 'postgres'},
                            **options)}


def reader(server, grants):
    """A role that may read what it needs and no more."""
    server.sql("CREATE ROLE reader LOGIN PASSWORD 'reader'; " + grants)
    return {'username': 'reader', 'password': 'reader'}


def follow_boss(service, actor):
    actor('queue', name=DEAD)
    actor('queue', name=TOOLS, options={
        'deadLetter': DEAD, 'retryLimit': 1, 'retryDelay': 3600})
    seen('two empty queues', lambda: depth(service, TOOLS, total=0) and
         depth(service, DEAD, total=0))
    assert service.queues()[TOOLS]['dead_letter_queue'] == DEAD
    first = actor('send', name=TOOLS, data={'q': 'MARK-data'})
    high = actor('send', name=TOOLS, options={'priority': 7})
    later = actor('send', name=TOOLS, options={'startAfter': 3600})
    shown = seen('three are submitted', lambda: depth(
        service, TOOLS, ready=2, delayed=1, total=3) and service.tasks(TOOLS))
    assert shown[high]['priority']['position'] == 0, shown
    assert shown[first]['priority']['position'] == 1, shown
    assert shown[high]['priority']['level'] == 'high'
    assert shown[later]['status'] == 'scheduled' and shown[later]['not_before']
    assert actor('fetch', name=TOOLS) == [high]
    shown = seen('one runs', lambda: task(service, TOOLS, high, 'running'))
    assert shown['attempts'] == 1 and shown['max_attempts'] == 2, shown
    actor('fail', name=TOOLS, id=high, why='no luck\nMARK-second')
    shown = seen('it is to be tried again',
                 lambda: task(service, TOOLS, high, 'retrying'))
    assert shown['error'] == 'no luck' and shown['attempts'] == 1, shown
    assert shown['not_before'] is not None
    assert actor('fetch', name=TOOLS) == [first]
    actor('complete', name=TOOLS, id=first)
    seen('one is done', lambda: first not in service.tasks(TOOLS) and
         depth(service, TOOLS, ready=0, running=0, delayed=2, total=2))
    return high, later


def exhaust(service, server, actor, task_id):
    """The last attempt of a task fails."""
    server.sql("UPDATE pgboss.job SET start_after=now() WHERE id='%s'"
               % task_id)
    seen('it is due', lambda: depth(service, TOOLS, ready=1))
    assert actor('fetch', name=TOOLS) == [task_id]
    actor('fail', name=TOOLS, id=task_id, why='still no luck')
    shown = seen('it has failed', lambda: task(
        service, TOOLS, task_id, 'failed'))
    assert shown['attempts'] == 2 and shown['error'] == 'still no luck', shown
    seen('its letter is dead', lambda: depth(service, DEAD, dead=1, ready=0))


def follow_flow(service, actor):
    actor('queue', name='agent-flow', options={'retryLimit': 0})
    ids = actor('flow', jobs=[
        {'ref': 'a', 'name': 'agent-flow', 'options': {'retryLimit': 0}},
        {'ref': 'b', 'name': 'agent-flow', 'options': {'retryLimit': 0}},
        {'ref': 'end', 'name': 'agent-flow', 'dependsOn': ['a', 'b']}])
    shown = seen('one waits for two', lambda: task(
        service, 'agent-flow', ids['end'], 'blocked'))
    assert sorted(b['id'] for b in shown['blocked_by']) == sorted(
        [ids['a'], ids['b']]), shown
    one, = actor('fetch', name='agent-flow')
    actor('complete', name='agent-flow', id=one)
    other = ids['b'] if one == ids['a'] else ids['a']
    seen('one of them is done', lambda: [
        b['id'] for b in service.tasks('agent-flow')[ids['end']].get(
            'blocked_by', [])] == [other])
    assert actor('fetch', name='agent-flow') == [other]
    seen('the other one runs', lambda: [
        b['status'] for b in service.tasks('agent-flow')[ids['end']].get(
            'blocked_by', [])] == ['running'])
    actor('fail', name='agent-flow', id=other, why='never')
    seen('what waits for a failure waits for ever', lambda: service.tasks(
        'agent-flow')[ids['end']].get('deadlocked') is True)


def boss(binary, server, release):
    actor = node('boss.js', server, release)
    try:
        login = reader(server, 'GRANT USAGE ON SCHEMA pgboss TO reader; GRANT '
                       'SELECT ON ALL TABLES IN SCHEMA pgboss TO reader')
        with Service(binary, source(server, 'pgboss', **login)) as service:
            service.ok()
            high, _ = follow_boss(service, actor)
            exhaust(service, server, actor, high)
            if release == '12':
                follow_flow(service, actor)
            assert all(not q.startswith('__') for q in service.queues())
            actor.process.kill()
            unmoved(service, server)
    finally:
        actor.close()


def follow_graphile(service, server, actor):
    first = actor('add', task='search', payload={'q': 'MARK-data'})
    high = actor('add', task='search', options={
        'priority': -5, 'maxAttempts': 2})
    later = actor('add', task='search', options={'in': 3600000})
    shown = seen('three are submitted', lambda: depth(
        service, 'search', ready=2, delayed=1, total=3) and
        service.tasks('search'))
    assert shown[high]['priority']['position'] == 0, shown
    assert shown[high]['priority']['level'] == 'high', shown
    assert shown[first]['priority']['position'] == 1, shown
    assert shown[later]['status'] == 'scheduled'
    line = [actor('add', task='plan', options={'queueName': 'serial'})
            for _ in range(3)]
    seen('a serial queue', lambda: depth(service, 'serial', ready=3))
    actor('work', tasks=['search', 'plan'], concurrency=2)
    shown = seen('two run', lambda: task(service, 'search', high, 'running'))
    assert shown['assigned_to'] and shown['attempts'] == 1, shown
    wait_until('they run', lambda: high in actor('running'))
    actor('fail', id=high, why='no luck\nMARK-second')
    shown = seen('one is to be tried again',
                 lambda: task(service, 'search', high, 'retrying'))
    assert shown['error'] == 'no luck' and shown['max_attempts'] == 2, shown
    wait_until('the other runs', lambda: first in actor('running'))
    actor('done', id=first)
    seen('one is done', lambda: first not in service.tasks('search'))
    seen('the serial queue is busy', lambda: depth(
        service, 'serial', running=1, blocked=2, ready=0))
    shown = service.tasks('serial')
    held = [i for i in line if shown[i]['status'] == 'running']
    assert [b['id'] for i in line if i not in held
            for b in shown[i]['blocked_by']] == held * 2, shown
    server.sql("UPDATE graphile_worker._private_jobs SET run_at=now() "
               "WHERE id=" + high)
    wait_until('it runs again', lambda: high in actor('running'))
    actor('fail', id=high, why='still no luck')
    seen('it is dead', lambda: task(service, 'search', high, 'dead'))
    for _ in range(len(line)):
        now, = wait_until('the next of the line runs', lambda: [
            i for i in actor('running') if i in line])
        actor('done', id=now)
    seen('the line is done', lambda: 'serial' not in service.queues())


def graphile(binary, server):
    actor = node('graphile.js', server)
    try:
        login = reader(
            server, 'GRANT USAGE ON SCHEMA graphile_worker TO reader; GRANT '
            'SELECT ON graphile_worker.jobs,graphile_worker.migrations '
            'TO reader')
        with Service(binary, source(server, 'graphile', **login)) as service:
            service.ok()
            follow_graphile(service, server, actor)
            # with workers that look for work nothing would stay as it is
            actor.process.kill()
            unmoved(service, server)
    finally:
        actor.close()


def stands(server, job):
    return server.sql('SELECT status FROM procrastinate_jobs WHERE id=%d'
                      % job).strip()


def follow_procrastinate(service, server, actor):
    first = actor('add', payload={'q': 'MARK-data'}, options={'lock': 'one'})
    second = actor('add', options={'lock': 'one'})
    high = actor('add', options={'priority': 5})
    later = actor('add', options={'schedule_in': {'hours': 1}})
    shown = seen('four are submitted', lambda: depth(
        service, 'agents', ready=2, blocked=1, delayed=1, total=4) and
        service.tasks('agents'))
    assert shown[str(high)]['priority']['position'] == 0, shown
    assert shown[str(second)]['blocked_by'][0]['id'] == str(first), shown
    assert shown[str(later)]['status'] == 'scheduled', shown
    assert shown[str(first)]['submitted_at'] is not None, shown
    actor('work')
    shown = seen('two run', lambda: depth(service, 'agents', running=2) and
                 service.tasks('agents'))
    assert shown[str(second)]['status'] == 'blocked', shown
    assert shown[str(second)]['blocked_by'][0]['status'] == 'running', shown
    assert shown[str(high)]['assigned_to'] and shown[str(high)]['started_at']
    assert not shown[str(high)].get('orphaned'), shown
    wait_until('both run', lambda: len(actor('running')) == 2)
    actor('fail', id=high, why='no luck')
    shown = seen('one is to be tried again',
                 lambda: task(service, 'agents', high, 'retrying'))
    assert shown['attempts'] == 1, shown
    actor('done', id=first)
    seen('the next one of the lock runs', lambda: task(
        service, 'agents', second, 'running'))
    wait_until('it runs', lambda: second in actor('running'))
    actor('done', id=second)
    seen('both are done', lambda: depth(
        service, 'agents', running=0, blocked=0, delayed=2, total=2))
    for _ in range(3):
        # by the database: systate may have looked before it ran
        if stands(server, high) == 'failed':
            break
        server.sql('UPDATE procrastinate_jobs SET scheduled_at=now() WHERE '
                   'id=%d' % high)
        wait_until('it runs again', lambda: high in actor('running'))
        actor('fail', id=high, why='still no luck')
        wait_until('it has failed again',
                   lambda: stands(server, high) != 'doing')
    seen('it has failed', lambda: task(service, 'agents', high, 'failed'))


def procrastinate(binary, server):
    actor = python('procrastinate_actor.py', server)
    try:
        login = reader(server, 'GRANT SELECT ON procrastinate_jobs,'
                       'procrastinate_events,procrastinate_workers TO reader')
        with Service(binary,
                     source(server, 'procrastinate', **login)) as service:
            service.ok()
            follow_procrastinate(service, server, actor)
            actor.process.kill()
            unmoved(service, server)
    finally:
        actor.close()


def unmoved(service, server):
    """Polls leave no trace, and nothing private was ever shown."""
    wait_until('its users are gone', lambda: server.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type="
        "'client backend' AND application_name NOT IN ('systate','psql')")
        == '0')
    service.ok()
    # backends count with a delay
    before = wait_until('the counters stand still', lambda: (
        lambda told: service.polls(5) or
        (told == everything(server) and told))(everything(server)))
    service.polls(50)
    after = everything(server)
    assert before == after, (before, after)
    said = service.everything()
    for secret in ('MARK-data', 'MARK-second', "'reader'", '"reader"'):
        assert secret not in said, secret
    print('  50 polls left no trace', flush=True)


SYSTEMS = {
    'pgboss10': lambda binary, server: boss(binary, server, '10'),
    'pgboss12': lambda binary, server: boss(binary, server, '12'),
    'graphile': graphile,
    'procrastinate': procrastinate,
}


def main(binary, system):
    server = Postgres()
    try:
        SYSTEMS[system](binary, server)
    finally:
        server.close()


if __name__ == '__main__':
    if len(sys.argv) != 3 or sys.argv[2] not in SYSTEMS:
        sys.exit(__doc__)
    sys.exit(run(sys.argv[2], lambda: main(*sys.argv[1:])))
