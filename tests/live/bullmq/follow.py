#!/usr/bin/env python3
"""What a user of /system/state sees of BullMQ: jobs are submitted, put in
order, delayed, run, fail, are tried again, wait for children and are done, and
the document follows. Usage: follow.py SYSTATED bullmq5|bullmq6"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from service import Service, run, wait_until  # noqa: E402
from world import Actor, Redis, everything, source  # noqa: E402

PLAN, TOOLS = 'agent-plan', 'agent-tools'
SCHEME = 'lower first, 0 is unset and before all'
FAR = 3600 * 1000


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


def follow_order(service, actor):
    first = [actor('add', TOOLS, name='search', data={'q': 'MARK-data'},
                   opts={'attempts': 2, 'backoff': {
                       'type': 'fixed', 'delay': FAR}}) for _ in range(2)]
    seen('two are submitted', lambda: depth(
        service, TOOLS, ready=2, running=0, total=2))
    queue, tasks = service.queues()[TOOLS], service.tasks(TOOLS)
    assert queue['tasks_detail'] == 'full' and queue['tasks_omitted'] == 0
    assert queue['consumers'] == 0 and queue['state'] == 'running', queue
    assert 'priorities' not in queue
    for place, task_id in enumerate(first):
        shown = tasks[task_id]
        assert shown['priority'] == {'level': 'normal', 'raw': 0,
                                     'scheme': SCHEME, 'position': place}
        assert shown['type'] == 'search' and shown['status'] == 'queued'
        assert shown['attempts'] == 0 and shown['max_attempts'] == 2, shown
        assert shown['submitted_at'] is not None
    assert queue['oldest_submitted_at'] == tasks[first[0]]['submitted_at']
    low = actor('add', TOOLS, name='embed', opts={'priority': 30})
    high = actor('add', TOOLS, name='embed', opts={'priority': 1})
    tasks = seen('two have a priority', lambda: (
        {low, high} <= set(service.tasks(TOOLS)) and service.tasks(TOOLS)))
    assert [(tasks[i]['priority']['level'], tasks[i]['priority']['raw'],
             tasks[i]['priority']['position'])
            for i in (first[0], first[1], high, low)] == [
                ('high', 0, 0), ('high', 0, 1), ('critical', 1, 2),
                ('low', 30, 3)], tasks
    assert service.queues()[TOOLS]['priorities'] == [
        {'raw': '0', 'level': 'high', 'ready': 2},
        {'raw': '1', 'level': 'critical', 'ready': 1},
        {'raw': '30', 'level': 'low', 'ready': 1}]
    for task_id in (low, high):
        actor('remove', TOOLS, id=task_id)
    later = actor('add', TOOLS, name='later', opts={'delay': FAR})
    shown = seen('one is delayed', lambda: task(
        service, TOOLS, later, 'scheduled'))
    assert shown['not_before'] > shown['submitted_at'], shown
    assert depth(service, TOOLS, ready=2, delayed=1, total=3)
    actor('promote', TOOLS, id=later)
    seen('its time has come', lambda: task(service, TOOLS, later, 'queued'))
    actor('remove', TOOLS, id=later)
    return first


def follow_run(service, actor, first):
    actor('work', TOOLS, worker='tool-worker-1')
    shown = seen('the first one runs', lambda: task(
        service, TOOLS, first[0], 'running'))
    assert shown['assigned_to'] == 'tool-worker-1', shown
    assert shown['attempts'] == 1 and shown['started_at'], shown
    assert 'orphaned' not in shown, shown
    seen('there is a worker', lambda: (
        service.queues()[TOOLS]['consumers'] == 1))
    actor('end', TOOLS, id=first[0],
          error='429 from model\nMARK-second-line')
    shown = seen('it failed and is tried again', lambda: task(
        service, TOOLS, first[0], 'retrying'))
    assert shown['error'] == '429 from model', shown
    assert shown['attempts'] == 1 and shown['not_before'], shown
    actor('promote', TOOLS, id=first[0])
    seen('the second one runs', lambda: task(
        service, TOOLS, first[1], 'running'))
    actor('end', TOOLS, id=first[1], error='no use', final=True)
    shown = seen('it failed for good', lambda: task(
        service, TOOLS, first[1], 'failed'))
    assert shown['error'] == 'no use' and shown['attempts'] == 1, shown
    shown = seen('the first one runs again', lambda: task(
        service, TOOLS, first[0], 'running'))
    assert shown['attempts'] == 2, shown
    actor('end', TOOLS, id=first[0], error='429 again')
    seen('no attempt is left', lambda: task(
        service, TOOLS, first[0], 'dead'))
    assert depth(service, TOOLS, failed=2, total=2), service.queues()[TOOLS]
    for task_id in first:
        actor('retry', TOOLS, id=task_id)
        seen('%s is given another go' % task_id, lambda: task(
            service, TOOLS, task_id, 'running'))
        actor('end', TOOLS, id=task_id)
        seen('%s is done' % task_id, lambda: (
            task_id not in service.tasks(TOOLS)))
    assert depth(service, TOOLS, total=0)


def follow_flow(service, actor):
    """Children of which one fails and is not told to be let go."""
    actor('flow', tree={
        'name': 'report', 'queueName': PLAN, 'opts': {'jobId': 'report-1'},
        'children': [
            {'name': 'search', 'queueName': TOOLS,
             'opts': {'jobId': 'child-a'}},
            {'name': 'draft', 'queueName': PLAN, 'opts': {'jobId': 'draft-1'},
             'children': [{'name': 'search', 'queueName': TOOLS,
                           'opts': {'jobId': 'child-b'}}]}]})

    def blockers(task_id):
        found = task(service, PLAN, task_id, 'blocked') or {}
        return {b['id']: (b['queue'], b['status'])
                for b in found.get('blocked_by', [])}
    seen('parents wait for their children', lambda: (
        blockers('report-1') == {'child-a': (TOOLS, 'running'),
                                 'draft-1': (PLAN, 'blocked')} and
        blockers('draft-1') == {'child-b': (TOOLS, 'queued')}) or (
        blockers('report-1') == {'child-a': (TOOLS, 'queued'),
                                 'draft-1': (PLAN, 'blocked')} and
        blockers('draft-1') == {'child-b': (TOOLS, 'running')}))
    assert depth(service, PLAN, blocked=2, ready=0, total=2)
    for _ in range(2):
        runs = wait_until('a child runs', lambda: [
            i for i, t in service.tasks(TOOLS).items()
            if t['status'] == 'running'])[0]
        if runs == 'child-a':
            actor('end', TOOLS, id=runs)
            seen('one child is done', lambda: (
                list(blockers('report-1')) == ['draft-1']))
        else:
            actor('end', TOOLS, id=runs, error='tool crashed')
            wait_until('the other one failed', lambda: task(
                service, TOOLS, 'child-b', 'dead'))
    seen('who waits for a failed child waits for ever', lambda: (
        blockers('draft-1') == {'child-b': (TOOLS, 'dead')} and
        task(service, PLAN, 'draft-1', 'blocked').get('deadlocked') and
        task(service, PLAN, 'report-1', 'blocked').get('deadlocked')))
    actor('retry', TOOLS, id='child-b')
    wait_until('it runs', lambda: task(service, TOOLS, 'child-b', 'running'))
    seen('unless it is tried again', lambda: all(
        'deadlocked' not in task(service, PLAN, i, 'blocked')
        for i in ('draft-1', 'report-1')))
    actor('end', TOOLS, id='child-b')
    seen('then its parent is next', lambda: task(
        service, PLAN, 'draft-1', 'queued'))
    actor('work', PLAN, worker='planner')
    for name in ('draft-1', 'report-1'):
        seen('%s runs' % name, lambda: task(
            service, PLAN, name, 'running'))
        actor('end', PLAN, id=name)
    seen('the flow is done', lambda: depth(service, PLAN, total=0))
    actor('stop', PLAN)
    actor('stop', TOOLS)
    seen('the workers left', lambda: all(
        service.queues()[q]['consumers'] == 0 for q in (PLAN, TOOLS)))


def follow_pause(service, actor):
    actor('pause', TOOLS)
    actor('bulk', TOOLS, count=3, name='batch')
    queue = seen('a queue is paused', lambda: (
        depth(service, TOOLS, ready=3) and
        service.queues()[TOOLS]['state'] == 'paused' and
        service.queues()[TOOLS]))
    assert [t['status'] for t in queue['tasks']] == ['queued'] * 3
    actor('resume', TOOLS)
    seen('and goes on', lambda: (
        service.queues()[TOOLS]['state'] == 'running' and
        depth(service, TOOLS, ready=3)))


def follow_crash(service, redis, release):
    """A worker is killed: its lock ends, its job stays."""
    other = Actor(redis, release)
    try:
        other('work', TOOLS, worker='doomed', lock=2000)
        runs = wait_until('a job runs', lambda: [
            i for i, t in service.tasks(TOOLS).items()
            if t['status'] == 'running'])[0]
    finally:
        other.close()
    shown = seen('a job lost its worker', lambda: (
        task(service, TOOLS, runs, 'running') or {}).get('orphaned') and
        service.tasks(TOOLS)[runs])
    assert shown['assigned_to'] == 'doomed', shown


def check_reads(binary, redis):
    """A thousand polls change nothing."""
    client = redis.client(0)
    before = everything(client)
    with Service(binary, source(redis, interval=0.05)) as service:
        service.ok()
        service.polls(1000, 300)
        assert everything(client) == before, 'something changed'
        assert service.source()['status'] == 'ok', service.source()
    client.close()
    print('  1,000 polls changed nothing')


def check_secrets(service):
    assert 'MARK' not in service.everything(), \
        'data, a result or more than a line of an error'
    print('  no data anywhere')


def follow(binary, release):
    redis = Redis('--enable-debug-command', 'yes')
    actor = None
    try:
        actor = Actor(redis, release)
        for queue in (PLAN, TOOLS):
            actor('make', queue)
        with Service(binary, source(redis)) as service:
            wait_until('both queues', lambda: sorted(service.queues()) == [
                PLAN, TOOLS])
            first = follow_order(service, actor)
            follow_run(service, actor, first)
            follow_flow(service, actor)
            follow_pause(service, actor)
            follow_crash(service, redis, release)
            check_secrets(service)
            service.settle()
            print('  idle: no revision')
            assert service.source()['status'] == 'ok', service.source()
        actor.close()
        check_reads(binary, redis)
    finally:
        if actor is not None:
            actor.close()
        redis.close()


if __name__ == '__main__':
    if len(sys.argv) != 3 or sys.argv[2] not in ('bullmq5', 'bullmq6'):
        sys.exit(__doc__)
    sys.exit(run('BullMQ', lambda: follow(*sys.argv[1:])))
