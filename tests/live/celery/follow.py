#!/usr/bin/env python3
"""What a user of /system/state sees of Celery: tasks are submitted, put in
order, delayed, run, fail, are tried again, wait for others and are done, and
the document follows. Usage: follow.py SYSTATED"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from service import Service, run, wait_until  # noqa: E402
from world import World  # noqa: E402

PLAN, EMBED = 'agent.plan', 'agent.embed'


def source(world, **options):
    return {'name': 'queues/celery', 'kind': 'celery', 'interval_seconds': 1,
            'deadline_seconds': 5, 'max_age_seconds': 20,
            'options': dict({
                'url': world.redis.url(0), 'discover_every': '1s',
                'results': {'url': world.redis.url(1)}}, **options)}


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


def follow_waiting(service, world):
    first = [world.send('agents.plan', str(n)) for n in range(3)]
    seen('three are submitted', lambda: depth(service, PLAN, ready=3, total=3,
                                              running=0))
    queue, tasks = service.queues()[PLAN], service.tasks(PLAN)
    assert queue['tasks_detail'] == 'full' and queue['tasks_omitted'] == 0
    assert 'priorities' not in queue and queue['consumers'] is None
    for place, task_id in enumerate(first):
        shown = tasks[task_id]
        assert shown['priority'] == {
            'level': 'normal', 'raw': 0, 'scheme': 'lower first, 0 is unset',
            'position': place}, shown
        assert shown['status'] == 'queued' and shown['submitted_at'] is None
        assert shown['type'] == 'agents.plan' and shown['attempts'] == 0
    late = world.send('agents.plan', priority=9)
    high = world.send('agents.plan', priority=4)
    tasks = seen('two have a priority', lambda: (
        late in service.tasks(PLAN) and high in service.tasks(PLAN) and
        service.tasks(PLAN)))
    assert tasks[late]['priority']['level'] == 'low', tasks[late]
    assert tasks[late]['priority']['position'] == 4, tasks[late]
    assert tasks[high]['priority']['level'] == 'high', tasks[high]
    assert tasks[high]['priority']['raw'] == 3, tasks[high]
    assert tasks[first[0]]['priority']['level'] == 'critical'
    assert [(p['raw'], p['level'], p['ready'])
            for p in service.queues()[PLAN]['priorities']] == [
        ('0', 'critical', 3), ('3', 'high', 1), ('6', 'normal', 0),
        ('9', 'low', 1)], service.queues()[PLAN]
    return first + [late, high]


def follow_time(service, world):
    eta = world.send('agents.plan', countdown=3000)
    shown = seen('one is scheduled, nobody has it',
                 lambda: task(service, PLAN, eta, 'scheduled'))
    assert shown['not_before'] and shown['attempts'] == 0, shown
    world.broker('DEL', 'agent.plan', b'agent.plan\x06\x163',
                 b'agent.plan\x06\x169')
    seen('the queue is empty', lambda: depth(service, PLAN, ready=0, total=0))
    assert service.queues()[PLAN]['tasks'] == []


def follow_run(service, world):
    gate = world.pipe('gate')
    running = world.send('agents.plan', gate)
    waiting = world.send('agents.plan')
    eta = world.send('agents.plan', countdown=3000)
    world.work('one', PLAN, EMBED)
    shown = seen('one is running',
                 lambda: task(service, PLAN, running, 'running'))
    assert shown['assigned_to'] == 'one@live', shown
    assert shown['started_at'] and shown['attempts'] == 1, shown
    assert 'orphaned' not in shown, shown
    seen('one is scheduled at a worker', lambda: depth(
        service, PLAN, delayed=1) and task(service, PLAN, eta, 'scheduled'))
    seen('one is behind it', lambda: (
        task(service, PLAN, waiting, 'reserved') or
        task(service, PLAN, waiting, 'queued')))
    world.release(gate)
    seen('both are done', lambda: list(service.tasks(PLAN)) == [eta] and
         depth(service, PLAN, ready=0, running=0, delayed=1, total=1))


def follow_failure(service, world):
    gate = world.pipe('fails')
    failing = world.send('agents.fail', gate, 'MARK-argument', queue=EMBED)
    seen('one that will fail is running',
         lambda: task(service, EMBED, failing, 'running'))
    world.release(gate)
    seen('it has failed: the queue has it no more',
         lambda: depth(service, EMBED, total=0))
    flaky = world.send('agents.flaky', 3000, queue=EMBED)
    shown = seen('one is to be tried again', lambda: (
        task(service, EMBED, flaky, 'retrying')))
    shown = seen('with what went wrong', lambda: (
        task(service, EMBED, flaky, 'retrying') or {}).get('error') and
        service.tasks(EMBED)[flaky])
    assert shown['error'] == 'OSError: model is overloaded', shown
    assert shown['attempts'] == 1 and shown['not_before'], shown


def follow_chain(service, world):
    gate = world.pipe('chain')
    ids = world.order(how='chain', parts=[
        {'task': 'agents.plan', 'args': [gate], 'options': {'queue': PLAN}},
        {'task': 'agents.plan', 'options': {'queue': EMBED}},
        {'task': 'agents.plan', 'options': {'queue': PLAN}}])
    seen('the first of a chain is running',
         lambda: task(service, PLAN, ids[0], 'running'))
    second = seen('the second waits for it', lambda: (
        task(service, EMBED, ids[1], 'blocked')))
    assert second['virtual'] is True and second['type'] == 'agents.plan'
    wait_until('the state of the first', lambda: (
        service.tasks(EMBED)[ids[1]]['blocked_by'] ==
        [{'id': ids[0], 'queue': PLAN, 'status': 'running'}]))
    third = task(service, PLAN, ids[2], 'blocked')
    assert third['blocked_by'] == [
        {'id': ids[1], 'queue': EMBED, 'status': 'blocked'}], third
    # what is not there yet is not counted
    assert depth(service, EMBED, total=1), service.queues()[EMBED]
    world.release(gate)
    seen('the chain is done', lambda: not (
        set(ids) & (set(service.tasks(PLAN)) | set(service.tasks(EMBED)))))


def follow_chord(service, world):
    gates = [world.pipe('chord%d' % n) for n in range(2)]
    ids = world.order(how='chord', parts=[
        {'task': 'agents.plan', 'args': [g], 'options': {'queue': PLAN}}
        for g in gates] + [
        {'task': 'agents.plan', 'options': {'queue': EMBED}}])
    end = seen('the end of a chord waits for two', lambda: len(
        (task(service, EMBED, ids[2], 'blocked') or {}).get(
            'blocked_by', [])) == 2 and service.tasks(EMBED)[ids[2]])
    assert sorted(b['id'] for b in end['blocked_by']) == sorted(ids[:2]), end
    world.release(gates[0])
    seen('one of them is done', lambda: [b['id'] for b in (
        task(service, EMBED, ids[2], 'blocked') or {}).get(
            'blocked_by', [])] == [ids[1]])
    world.release(gates[1])
    seen('the chord is done', lambda: not (
        set(ids) & (set(service.tasks(PLAN)) | set(service.tasks(EMBED)))))


def check_secrets(service):
    text = service.everything()
    assert 'MARK' not in text, 'an argument or more than a line of an error'
    print('  no argument anywhere')


def follow(binary):
    world = World()
    try:
        with Service(binary, source(world)) as service:
            service.ok()
            follow_waiting(service, world)
            follow_time(service, world)
            follow_run(service, world)
            follow_failure(service, world)
            follow_chain(service, world)
            follow_chord(service, world)
            check_secrets(service)
            service.settle()
            print('  idle: no revision')
            assert service.source()['status'] == 'ok', service.source()
    finally:
        world.close()


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(run('Celery', lambda: follow(sys.argv[1])))
