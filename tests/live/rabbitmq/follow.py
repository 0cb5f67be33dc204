#!/usr/bin/env python3
"""What a user of /system/state sees of a broker: that depth and consumers
follow within one poll, what remains when the broker is killed, and that it
comes back. Usage: follow.py SYSTATED            against a broker of its own
                   follow.py SYSTATED DOUBLE     against recorded answers"""
import sys

sys.dont_write_bytecode = True

from amqp import Worker  # noqa: E402
from broker import Broker, quote, source, wait_until  # noqa: E402
from double import Double  # noqa: E402
from service import Service, run  # noqa: E402

QUEUE = 'agent.flaky'
TIMING = {'interval_seconds': 1, 'deadline_seconds': 6,
          'max_age_seconds': 8, 'down_after_seconds': 16}


class RealWorld:
    """A broker, with the methods of Double."""

    def __init__(self):
        self.broker = Broker()
        self.worker = None
        self.tags = []
        try:
            self.restart()
            self.broker.declare(QUEUE)
            self.broker.publish(QUEUE, 4)
            self.broker.declare('agent/plan \u00e9')
            self.broker.add_user('monitor', 'monitoring', ['/'])
        except BaseException:
            self.broker.close()
            raise
        self.url = self.broker.url

    def publish(self, name, count):
        self.broker.publish(name, count)

    def declare(self, name):
        self.broker.declare(name)

    def delete(self, name):
        self.broker.must('DELETE', '/api/queues/%2F/' + quote(name))

    def consume(self, name, prefetch):
        self.worker = Worker(self.broker.amqp)
        self.worker.consume(name, prefetch)
        self.tags = [self.worker.delivery() for _ in range(prefetch)]

    def acknowledge(self, _, count):
        for _ in range(count):
            self.worker.acknowledge(self.tags.pop(0))

    def leave(self, _):
        self.worker.close()

    def consumers_told(self, name):
        """As the management API has it: new ones are up to 5 s late."""
        return sum(c['queue']['name'] == name
                   for c in self.broker.call('GET', '/api/consumers')[1])

    def kill(self):
        self.broker.kill()

    def restart(self):
        self.broker.start()

    def close(self):
        self.broker.close()


def follows(service, what, check):
    """check(queues) must hold in the answer to the first poll that begins
    from now on: at most one may be under way, so two may end until then."""
    before = service.attempts()
    wait_until(what, lambda: check(service.queues()), 15)
    polls = service.attempts() - before
    print('  %-44s after %d poll(s)' % (what, polls))
    assert polls <= 2, '%s: only after %d polls' % (what, polls)


def depth_is(ready, running, name=QUEUE):
    def check(queues):
        depth = queues[name]['depth']
        return (depth['ready'], depth['running'], depth['total']) == (
            ready, running, ready + running)
    return check


def consumers_are(count):
    return lambda queues: queues[QUEUE]['consumers'] == count


def follow_changes(service, world):
    world.publish(QUEUE, 7)
    follows(service, 'seven more are ready', depth_is(11, 0))
    world.consume(QUEUE, 5)
    follows(service, 'five are running', depth_is(6, 5))
    wait_until('the broker tells of the consumer',
               lambda: world.consumers_told(QUEUE) == 1, 15)
    follows(service, 'one consumer', consumers_are(1))
    world.acknowledge(QUEUE, 2)
    # a real worker is given the next two at once: only the total is known
    follows(service, 'two are done',
            lambda queues: queues[QUEUE]['depth']['total'] == 9)
    world.leave(QUEUE)
    follows(service, 'the rest is ready again', depth_is(9, 0))
    follows(service, 'no consumer', consumers_are(0))
    world.declare('agent.new')
    follows(service, 'a new queue', lambda queues: 'agent.new' in queues)
    world.delete('agent.new')
    follows(service, 'a queue is gone',
            lambda queues: 'agent.new' not in queues)


def watch_kill(service, world):
    before = service.queues()
    world.kill()
    seen = [service.source()['status']]

    def down():
        document = service.state()
        status = service.source(document)['status']
        if status != seen[-1]:
            seen.append(status)
        assert service.queues(document) == before, 'the section changed'
        return status == 'down'
    wait_until('the source is down', down, 60)
    print('  killed: ' + ', '.join(seen) + '; the section is served')
    assert seen == ['ok', 'stale', 'down'], seen
    error = service.source()['error']
    assert error['code'] == 'unreachable', error
    return before


def watch_return(service, world, before):
    world.restart()
    wait_until('the source is ok again',
               lambda: service.source()['status'] == 'ok', 90)
    wait_until('the depth is known again',
               lambda: depth_is(9, 0)(service.queues()), 30)
    queues = service.queues()
    assert sorted(queues) == sorted(before), sorted(queues)
    assert service.source()['error'] is None
    print('  back: ok, all queues as they were')


def follow(service, world):
    service.ok()
    assert depth_is(4, 0)(service.queues()), service.queues()
    assert '%2F/agent/plan \u00e9' in service.queues()
    follow_changes(service, world)
    service.settle()
    print('  no revision in five polls')
    before = watch_kill(service, world)
    watch_return(service, world, before)
    world.kill()


def check(systated, program=None):
    world = Double(program) if program else RealWorld()
    try:
        with Service(systated, source(world.url, TIMING)) as service:
            follow(service, world)
    finally:
        world.close()


if __name__ == '__main__':
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(run('RabbitMQ', lambda: check(*sys.argv[1:])))
