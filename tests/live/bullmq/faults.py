#!/usr/bin/env python3
"""Each way in which a Redis with BullMQ can fail has its own word in sources[],
costs what it must and no more, and is over when it is over. Usage: faults.py
SYSTATED"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from service import Service, run, wait_until  # noqa: E402
from world import Actor, Redis, source  # noqa: E402

PLAN, TOOLS = 'agent-plan', 'agent-tools'
RIGHTS = ('resetchannels -@all +ping +select +info +scan +type +exists +llen '
          '+lrange +zcard +zrange +zcount +zrangebyscore +zscore +hmget '
          '+sscan +xrevrange +multi +exec +client|list +client|setname').split()
PASSWORD, WRONG = 'pass-5f0c9a71', 'wrong-77a1'
MEGABYTES = 100


def seen(what, check):
    value = wait_until(what, check, 60)
    print('  ' + what, flush=True)
    return value


def error_of(service):
    return (service.source()['error'] or {}).get('code')


def whole(service):
    return (service.source()['status'] == 'ok' and
            service.source()['error'] is None)


def shown(service):
    """All queues, as they were when all was well."""
    return {name: (queue['depth'], queue['tasks'])
            for name, queue in service.queues().items()}


def allow(client, *more):
    client('ACL', 'SETUSER', 'snap', 'reset', 'on', '>' + PASSWORD,
           '~bull:*', *RIGHTS, *more)


def check_killed(service, redis, good):
    redis.kill()
    seen('killed: it cannot be reached', lambda: (
        error_of(service) == 'unreachable'))
    assert shown(service) == good
    redis.start()
    allow(redis.client())
    seen('started again', lambda: whole(service) and shown(service) == good)


def check_password(service, redis, good):
    client = redis.client()
    client('ACL', 'SETUSER', 'snap', 'resetpass', '>' + WRONG)
    client('CLIENT', 'KILL', 'USER', 'snap')
    seen('a wrong password', lambda: error_of(service) == 'unauthorized')
    assert shown(service) == good
    assert PASSWORD not in service.everything()
    client('ACL', 'SETUSER', 'snap', 'resetpass', '>' + PASSWORD)
    seen('the right one', lambda: whole(service) and shown(service) == good)
    client.close()


def check_rights(service, redis, good):
    client = redis.client()
    for right, part in (('zcard', 'queues'), ('hmget', 'tasks'),
                        ('sscan', 'flows'), ('client', 'workers')):
        allow(client, '-' + right)
        wait_until('%s is refused' % right, lambda: (
            service.parts()[part]['state'] == 'forbidden'), 120)
        assert service.source()['status'] == 'degraded', service.source()
        assert 'NOPERM' in service.parts()[part]['reason'], service.parts()
        assert sorted(service.queues()) == [PLAN, TOOLS]
        assert service.queues()[TOOLS]['depth']['ready'] == (
            None if right == 'zcard' else good[TOOLS][0]['ready'])
        allow(client)
        # what was refused is asked for again within a minute
        wait_until('%s is allowed' % right, lambda: (
            whole(service) and shown(service) == good), 120)
        print('  no right to %s' % right, flush=True)
    client.close()


def check_types(service, redis, good):
    client = redis.client()
    client('RENAME', 'bull:%s:wait' % TOOLS, 'kept')
    client('SET', 'bull:%s:wait' % TOOLS, 'text')
    seen('a key of the wrong type', lambda: (
        error_of(service) == 'wrong_type' and
        service.queues()[TOOLS]['depth']['ready'] is None))
    assert service.queues()[TOOLS]['tasks_total'] is None
    assert service.queues()[PLAN]['depth'] == good[PLAN][0]
    client('RENAME', 'kept', 'bull:%s:wait' % TOOLS)
    seen('of the right one', lambda: whole(service) and shown(service) == good)
    client.close()


def check_bodies(service, redis, good):
    client = redis.client()
    key = 'bull:%s:1' % TOOLS
    client('EVAL', "redis.call('hset', KEYS[1], 'data', "
           "string.rep('x', tonumber(ARGV[1])))", 1, key, MEGABYTES << 20)
    service.polls(5)
    assert whole(service) and shown(service) == good
    print('  %d MB of data are never read' % MEGABYTES, flush=True)
    client('EVAL', "redis.call('hset', KEYS[1], 'failedReason', "
           "string.rep('x', tonumber(ARGV[1]))); redis.call('xadd', KEYS[2], "
           "'*', 'event', 'waiting')", 2, key, 'bull:%s:events' % TOOLS,
           MEGABYTES << 20)
    seen('%d MB of an error cost its job its texts' % MEGABYTES, lambda: (
        'over the bound' in (service.source()['error'] or {}).get(
            'message', '') and 'type' not in service.tasks(TOOLS)['1']))
    assert service.tasks(TOOLS)['2'] == [
        t for t in good[TOOLS][1] if t['id'] == '2'][0]
    client('HDEL', key, 'failedReason', 'data')
    # what was too large is asked for again when the service starts
    client('LPUSH', 'bull:%s:wait' % TOOLS, b'\xff\x00\n', b'f\xc3\xbcr')
    for task in (b'\xff\x00\n', b'f\xc3\xbcr'):
        client('HSET', b'bull:%s:%s' % (TOOLS.encode(), task), 'name', b'\xfe')
    seen('bytes that are no text cost their own job', lambda: (
        service.tasks(TOOLS).get('f\u00fcr', {}).get('type') == '\ufffd' and
        service.queues()[TOOLS]['tasks_omitted'] == 1))
    client.close()


def faults(binary):
    redis = Redis()
    actor = None
    try:
        actor = Actor(redis, 'bullmq6')
        for queue in (PLAN, TOOLS):
            actor('make', queue)
        actor('bulk', TOOLS, count=3, name='batch')
        actor('flow', tree={
            'name': 'report', 'queueName': PLAN, 'opts': {'jobId': 'r'},
            'children': [{'name': 'search', 'queueName': TOOLS,
                          'opts': {'jobId': 'c', 'priority': 3}}]})
        actor.close()
        actor = None
        allow(redis.client())
        with Service(binary, source(
                redis, username='snap', password_env='SST_LIVE_PASSWORD'),
                env={'SST_LIVE_PASSWORD': PASSWORD}) as service:
            wait_until('all is read', lambda: whole(service) and len(
                service.tasks(TOOLS)) == 4 and service.tasks(PLAN))
            good = shown(service)
            for check in (check_killed, check_password, check_rights,
                          check_types, check_bodies):
                check(service, redis, good)
    finally:
        if actor is not None:
            actor.close()
        redis.close()


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(run('BullMQ', lambda: faults(sys.argv[1])))
