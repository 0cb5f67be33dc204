#!/usr/bin/env python3
"""What a user of /system/state sees of RQ: jobs are submitted, delayed, run,
fail, are tried again, wait for others and are done, and the document follows.
Usage: follow.py SYSTATED debian|pypi"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from service import Service, run, wait_until  # noqa: E402
from office import Office, debian_python, pypi_python  # noqa: E402

HIGH, PLAN = 'high', 'agent.plan'


def source(office, **options):
    return {'name': 'queues/rq', 'kind': 'rq', 'interval_seconds': 1,
            'deadline_seconds': 5, 'max_age_seconds': 20,
            'options': dict({'url': office.redis.url(0)}, **options)}


def seen(what, check):
    value = wait_until(what, check, 60)
    print('  ' + what, flush=True)
    return value


def depth(service, queue, **want):
    shown = service.queues().get(queue, {}).get('depth', {})
    return all(shown.get(k) == v for k, v in want.items())


def task(service, queue, task_id, status):
    """The task when it stands so."""
    found = service.tasks(queue).get(task_id)
    return found if found and found['status'] == status else None


def follow_waiting(service, office):
    """Nobody works: a, b, c wait, d later, e for a and b, f for e."""
    gate = office.pipe('a')
    office.submit(PLAN, 'wait', gate, 'MARK-argument', id='a')
    office.submit(PLAN, 'quick', id='b')
    office.submit(PLAN, 'quick', id='c')
    seen('three are submitted', lambda: depth(
        service, PLAN, ready=3, running=0, delayed=0, blocked=0, failed=0,
        total=3))
    queue = service.queues()[PLAN]
    assert queue['tasks_detail'] == 'full' and queue['tasks_omitted'] == 0
    assert queue['consumers'] == 0 and queue['oldest_submitted_at'], queue
    for place, name in enumerate('abc'):
        shown = service.tasks(PLAN)[name]
        assert shown['status'] == 'queued' and shown['submitted_at'], shown
        assert shown['priority'] == {'level': 'normal', 'raw': None,
                                     'position': place}, shown
    assert service.tasks(PLAN)['a']['type'] == 'errands.wait'
    office.submit(PLAN, 'quick', id='d', delay=3000)
    late = seen('one is delayed', lambda: task(service, PLAN, 'd', 'scheduled'))
    assert late['not_before'] > late['submitted_at'], late
    office.submit(HIGH, 'quick', id='e', after=['a', 'b'])
    office.submit(PLAN, 'quick', id='f', after=['e'])
    blocked = seen('one waits for two', lambda: task(
        service, HIGH, 'e', 'blocked'))
    assert blocked['blocked_by'] == [
        {'id': 'a', 'queue': PLAN, 'status': 'queued'},
        {'id': 'b', 'queue': PLAN, 'status': 'queued'}], blocked
    blocked = seen('and one for it', lambda: task(
        service, PLAN, 'f', 'blocked'))
    assert blocked['blocked_by'] == [
        {'id': 'e', 'queue': HIGH, 'status': 'blocked'}], blocked
    assert depth(service, PLAN, ready=3, delayed=1, blocked=1, total=5)
    return gate


def follow_run(service, office, gate):
    office.work('one', HIGH, PLAN)
    shown = seen('one is running', lambda: task(service, PLAN, 'a', 'running'))
    assert shown['assigned_to'] == 'one' and shown['started_at'], shown
    assert 'orphaned' not in shown, shown
    seen('the worker is seen', lambda: (
        service.queues()[PLAN]['consumers'] == 1 and
        service.queues()[HIGH]['consumers'] == 1))
    assert service.tasks(PLAN)['a']['priority']['level'] == 'low'
    assert service.tasks(HIGH)['e']['priority']['level'] == 'high'
    seen('its dependent knows', lambda: {
        'id': 'a', 'queue': PLAN, 'status': 'running'} in
        service.tasks(HIGH)['e']['blocked_by'])
    office.release(gate)
    seen('all are done but for the one that is delayed', lambda: (
        list(service.tasks(PLAN)) == ['d'] and depth(service, HIGH, total=0)
        and depth(service, PLAN, ready=0, running=0, blocked=0, total=1)))


def follow_failure(service, office):
    gate = office.pipe('g')
    office.submit(PLAN, 'fail', gate, 'MARK-argument', id='g')
    office.submit(HIGH, 'quick', id='h', after=['g'])
    seen('one that will fail is running', lambda: task(
        service, PLAN, 'g', 'running'))
    shown = seen('one waits for it', lambda: task(service, HIGH, 'h', 'blocked'))
    assert 'deadlocked' not in shown, shown
    office.release(gate)
    shown = seen('it has failed', lambda: task(service, PLAN, 'g', 'dead'))
    assert shown['error'] == 'RuntimeError: tool failed', shown
    assert depth(service, PLAN, failed=1), service.queues()[PLAN]
    shown = seen('what waits for it never can run', lambda: (
        task(service, HIGH, 'h', 'blocked') or {}).get('deadlocked') and
        service.tasks(HIGH)['h'])
    assert shown['blocked_by'] == [
        {'id': 'g', 'queue': PLAN, 'status': 'dead'}], shown


def follow_retry(service, office):
    office.submit(PLAN, 'flaky', id='i', retry={'max': 2, 'interval': 3000})
    shown = seen('one is to be tried again', lambda: task(
        service, PLAN, 'i', 'retrying'))
    assert shown['not_before'], shown
    # RQ 1 does not count them
    assert shown.get('attempts') in (None, 1), shown


def follow_orphan(service, office):
    gate = office.pipe('j')
    office.submit(PLAN, 'wait', gate, id='j')
    seen('one is running', lambda: task(service, PLAN, 'j', 'running'))
    office.kill('one')
    # what its expiry does, later
    office.broker('DEL', 'rq:worker:one')
    shown = seen('its worker is gone', lambda: (
        service.tasks(PLAN)['j'].get('orphaned') and service.tasks(PLAN)['j']))
    assert shown['status'] == 'running', shown
    seen('nobody works', lambda: service.queues()[PLAN]['consumers'] == 0)


def follow_window(service, office):
    for n in range(30):
        office.submit('many', 'quick', id='many-%02d' % n)
    seen('thirty are submitted', lambda: depth(
        service, 'many', ready=30, total=30))
    queue = service.queues()['many']
    assert queue['tasks_detail'] == 'window', queue
    assert queue['tasks_omitted'] == 10 and len(queue['tasks']) == 20, queue
    assert {'many-00', 'many-19'} < set(service.tasks('many'))


def check_quiet(service, office):
    service.settle()
    before = office.changes()
    service.polls(10)
    assert office.changes() == before, 'a read has written'
    text = service.everything()
    assert 'MARK' not in text, 'an argument of a job is shown'
    print('  idle: no revision, nothing written, no argument anywhere')


def follow(binary, which):
    office = Office({'debian': debian_python, 'pypi': pypi_python}[which]())
    try:
        with Service(binary, source(
                office, max_tasks_per_queue=20)) as service:
            service.ok()
            gate = follow_waiting(service, office)
            follow_run(service, office, gate)
            follow_failure(service, office)
            follow_retry(service, office)
            follow_orphan(service, office)
            follow_window(service, office)
            check_quiet(service, office)
            assert service.source()['status'] == 'ok', service.source()
            assert service.upstream()['version'].startswith('redis ')
    finally:
        office.close()


if __name__ == '__main__':
    if len(sys.argv) != 3 or sys.argv[2] not in ('debian', 'pypi'):
        sys.exit(__doc__)
    sys.exit(run('RQ (%s)' % sys.argv[2], lambda: follow(*sys.argv[1:])))
