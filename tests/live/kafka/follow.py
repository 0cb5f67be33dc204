#!/usr/bin/env python3
"""What a user of /system/state sees of a real Kafka broker: messages are
produced, read and committed, consumers come and die, retention deletes, topics
go, and the document follows. Usage: follow.py SYSTATED ACTOR"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from broker import Broker  # noqa: E402
from service import Service, run, wait_until  # noqa: E402

TASKS, DEAD, RETRY = 'agent.tasks', 'agent.tasks.dlq', 'agent.tasks.retry'
QUEUE = TASKS + '@planner'


def source(broker, every=1, **options):
    return {'name': 'queues/kafka', 'kind': 'kafka',
            'interval_seconds': every, 'deadline_seconds': 5,
            'max_age_seconds': 20,
            'options': dict({'brokers': [broker.address()]}, **options)}


def seen(what, check):
    value = wait_until(what, check, 60)
    print('  ' + what, flush=True)
    return value


def queue(service, name, **want):
    """The queue when its members are so; of depth as depth_ready."""
    shown = service.queues().get(name)
    if shown is None:
        return None
    flat = dict(shown, **{'depth_' + k: v for k, v in shown['depth'].items()})
    return shown if all(flat.get(k) == v for k, v in want.items()) else None


def follow_reading(service, broker):
    broker.act('create', TASKS, 2)
    broker.produce(TASKS, 0, 10)
    broker.produce(TASKS, 1, 5)
    assert seen('a topic that nobody reads has no queue',
                lambda: service.source()['status'] == 'ok')
    assert service.queues() == {}, service.queues()
    member = broker.consume('planner', TASKS, 4)
    shown = seen('a group has read four of fifteen', lambda: queue(
        service, QUEUE, depth_ready=None, tasks_total=None))
    assert shown['tasks_omitted'] is None and shown['tasks'] == [], shown
    # only one of the two partitions has a commit: how far the group is in the
    # other one nobody knows
    assert shown['tasks_detail'] == 'counts_only', shown
    member.stdin.close()
    member.wait()
    broker.act('commit', 'planner', TASKS, 0, 4)
    broker.act('commit', 'planner', TASKS, 1, 0)
    shown = seen('it has committed to both: eleven are left', lambda: queue(
        service, QUEUE, depth_ready=11, tasks_total=11, consumers=0,
        state='Empty'))
    assert shown['depth']['running'] is None, shown
    assert shown['oldest_submitted_at'], shown
    assert shown['type'] == 'topic' and shown['tasks_omitted'] == 11, shown
    broker.produce(TASKS, 1, 2)
    seen('two more come', lambda: queue(service, QUEUE, depth_ready=13))
    member = broker.consume('planner', TASKS, 3)
    seen('a member reads three and commits', lambda: queue(
        service, QUEUE, depth_ready=10, consumers=1, state='Stable'))
    member.kill()
    seen('it is killed, and missed after its session', lambda: queue(
        service, QUEUE, depth_ready=10, consumers=0, state='Empty'))


def follow_letters(service, broker):
    broker.act('create', DEAD, 1)
    broker.produce(DEAD, 0, 3)
    shown = seen('three are given up', lambda: queue(
        service, DEAD, depth_dead=3, depth_ready=0, tasks_total=3,
        type='dead letter topic'))
    assert shown['oldest_submitted_at'] and shown['consumers'] is None, shown
    seen('where they go', lambda: queue(
        service, QUEUE, dead_letter_queue=DEAD))
    broker.act('create', RETRY, 1)
    broker.produce(RETRY, 0, 2)
    broker.act('commit', 'planner', RETRY, 0, 1)
    seen('one is tried again', lambda: queue(
        service, RETRY + '@planner', depth_ready=1, type='retry topic'))


def follow_loss(service, broker):
    """Retention deletes what the group has not read."""
    broker.act('create', 'agent.lost', 1)
    broker.produce('agent.lost', 0, 20)
    broker.act('commit', 'planner', 'agent.lost', 0, 5)
    seen('fifteen wait', lambda: queue(
        service, 'agent.lost@planner', depth_ready=15))
    broker.act('purge', 'agent.lost', 0, 12)
    seen('seven are deleted unread', lambda: queue(
        service, 'agent.lost@planner', depth_ready=8, tasks_total=8))
    part = service.parts()['agent.lost@planner']
    assert part['state'] == 'failing' and part['reason'].startswith('7 '), part
    assert service.upstream()['status'] == 'degraded'
    # it is no failure of the source
    assert service.source()['status'] == 'ok', service.source()
    broker.act('commit', 'planner', 'agent.lost', 0, 20)
    seen('the group goes on behind them', lambda: queue(
        service, 'agent.lost@planner', depth_ready=0) and
        'agent.lost@planner' not in service.parts())
    broker.act('commit', 'planner', 'agent.lost', 0, 30)
    service.polls(2)
    assert queue(service, 'agent.lost@planner', depth_ready=0), 'below 0'


def follow_ends(service, broker):
    broker.act('delete', 'agent.lost')
    seen('a topic is deleted', lambda:
         'agent.lost@planner' not in service.queues())
    before = service.queues()[QUEUE]
    broker.kill()
    seen('the broker is killed', lambda: service.source()['error'])
    error = service.source()['error']
    assert error['code'] == 'unreachable', error
    assert broker.address() in error['message'], error
    # as it was, with the mark
    assert service.queues()[QUEUE] == before
    broker.start()
    service.ok(90)
    seen('it is back, and the rest as it was', lambda: queue(
        service, QUEUE, depth_ready=10, consumers=0))


def follow_transactions(service, broker):
    """The end of a transaction takes an offset and is no message."""
    broker.act('create', 'agent.exact', 1)
    broker.produce('agent.exact', 0, 3, ACTOR_TRANSACTION='t')
    broker.act('commit', 'planner', 'agent.exact', 0, 1)
    shown = seen('messages of a transaction', lambda: queue(
        service, 'agent.exact@planner'))
    assert shown['depth']['ready'] == 3, shown  # as offsets tell
    broker.act('commit', 'planner', 'agent.exact', 0, 3)
    seen('its end is not one', lambda: queue(
        service, 'agent.exact@planner', depth_ready=0))


def follow_tasks(broker, binary):
    """Rows, of another service that asks for them."""
    headers = ('prio=urgent', 'task-id=t-1', 'kind=plan',
               'depends-on=["t-8", 9]')
    broker.act('create', 'agent.rows', 1)
    broker.produce('agent.rows', 0, 1, 50, *headers)
    broker.produce('agent.rows', 0, 4, 50, 'prio=3')
    broker.act('commit', 'planner', 'agent.rows', 0, 0)
    options = {'max_tasks_per_queue': 3, 'include': ['agent.rows@*'],
               'id_header': 'task-id', 'priority_header': 'prio',
               'priority_levels': ['urgent=critical', '3=low'],
               'type_header': 'kind', 'blocked_by_header': 'depends-on'}
    with Service(binary, source(broker, **options)) as service:
        shown = seen('three of five tasks are listed', lambda: queue(
            service, 'agent.rows@planner', tasks_total=5, tasks_omitted=2,
            tasks_detail='window'))
        assert list(service.queues()) == ['agent.rows@planner']
        first, second, third = shown['tasks']
        assert first['id'] == 't-1' and first['type'] == 'plan', first
        assert first['priority']['level'] == 'critical', first
        assert first['priority']['raw'] == 'urgent', first
        assert first['submitted_at'] and first['status'] == 'queued', first
        assert [b['id'] for b in first['blocked_by']] == ['9', 't-8'], first
        assert second['id'] == 'agent.rows/0/1', second
        assert second['priority'] == {'level': 'low', 'raw': 3, 'scheme':
                                      'header, by configuration',
                                      'position': 1}, second
        assert third['id'] == 'agent.rows/0/2', third
        broker.act('commit', 'planner', 'agent.rows', 0, 1)
        shown = seen('the window moves on', lambda: queue(
            service, 'agent.rows@planner', tasks_total=4, tasks_omitted=1))
        assert [t['id'] for t in shown['tasks']] == [
            'agent.rows/0/%d' % n for n in (1, 2, 3)], shown['tasks']
        broker.act('commit', 'planner', 'agent.rows', 0, 0)
        shown = seen('the group is set back', lambda: queue(
            service, 'agent.rows@planner', tasks_total=5))
        assert shown['tasks'][0]['id'] == 't-1', shown['tasks']
        assert 'xxxxx' not in service.everything(), 'bodies are not shown'


def follow_giant(broker, binary):
    """A message over the bound on answers costs its own age only."""
    broker.act('create', 'agent.giant', 1, 'max.message.bytes=20000000')
    broker.produce('agent.giant', 0, 1, 8000000)
    broker.act('commit', 'planner', 'agent.giant', 0, 0)
    limits = {'max_upstream_body_bytes': 4000000}
    with Service(binary, source(broker), limits=limits) as service:
        shown = seen('a message of 8 MB where 4 are allowed', lambda: queue(
            service, 'agent.giant@planner', depth_ready=1))
        assert 'oldest_submitted_at' not in shown or \
            shown['oldest_submitted_at'] is None, shown
        seen('that is said', lambda:
             service.parts()['records']['state'] == 'failing')
        seen('others are read', lambda: queue(
            service, QUEUE, depth_ready=10) and
            queue(service, QUEUE)['oldest_submitted_at'])
    broker.act('delete', 'agent.giant')


def attempts(service):
    """Polls of all sources."""
    return sum(s['attempts'] for s in
               service.get('/system/sources')['sources'])


def follow_silence(broker, binary):
    """A thousand polls, of four sources, change nothing, and tell nothing
    new."""
    member = broker.consume('idle', TASKS, 1)
    before = broker.state()
    sources = [dict(source(broker, every=0.05, max_tasks_per_queue=5,
                           topics=['agent.*'], system='kafka-%d' % n),
                    name='queues/kafka-%d' % n) for n in range(4)]
    with Service(binary, *sources) as service:
        seen('all is there', lambda: queue(service, QUEUE, depth_ready=10))
        service.ok()
        service.settle()
        revision = service.state()['revision']
        goal = attempts(service) + 1000
        wait_until('a thousand polls', lambda: attempts(service) >= goal, 200)
        assert service.state()['revision'] == revision, 'it is not silent'
    assert broker.state() == before, (before, broker.state())
    member.stdin.close()
    print('  a thousand polls leave no trace', flush=True)


def test():
    binary, actor = sys.argv[1], sys.argv[2]
    broker = Broker(actor)
    try:
        with Service(binary, source(broker)) as service:
            follow_reading(service, broker)
            follow_letters(service, broker)
            follow_loss(service, broker)
            follow_transactions(service, broker)
            follow_ends(service, broker)
        follow_tasks(broker, binary)
        follow_giant(broker, binary)
        follow_silence(broker, binary)
    finally:
        broker.close()


if __name__ == '__main__':
    sys.exit(run('kafka', test))
