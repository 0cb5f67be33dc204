#!/usr/bin/env python3
"""What a user of /system/state sees while Celery's Redis is in trouble: it is
killed and started again, a password is wrong, rights are missing, a key is of
another type, bodies are binary or gigantic. Usage: faults.py SYSTATED"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from service import Service, run, wait_until  # noqa: E402
from world import World  # noqa: E402

PLAN, EMBED = 'agent.plan', 'agent.embed'
RIGHTS = ('on', '>snap-MARK', '%R~*', 'resetchannels', '-@all', '+ping',
          '+select', '+info', '+time', '+scan', '+exists', '+smembers',
          '+llen', '+lindex', '+lrange', '+zcard', '+zrange', '+hget',
          '+getrange', '+multi', '+exec')


def source(world, **options):
    return {'name': 'queues/celery', 'kind': 'celery', 'interval_seconds': 1,
            'deadline_seconds': 5, 'max_age_seconds': 4,
            'down_after_seconds': 8,
            'options': dict({
                'url': world.redis.url(0), 'username': 'snap',
                'password_env': 'SST_CELERY_PASSWORD',
                'discover_every': '1s'}, **options)}


def grant(world, *more):
    world.broker('ACL', 'SETUSER', 'snap', 'reset', *RIGHTS, *more)


def depth(service, queue=PLAN):
    found = service.queues().get(queue)
    return found and found['depth']


def flawed(service, code, words):
    def check():
        error = service.source()['error']
        return error and error['code'] == code and words in error['message']
    wait_until('%s: %s, it is %s' % (code, words, service.source()['error']),
               check)
    print('  %s: %s' % (code, words), flush=True)


def password(binary, world):
    with Service(binary, source(world), env={
            'SST_CELERY_PASSWORD': 'wrong-MARK'}) as service:
        flawed(service, 'unauthorized', '')
        assert service.state()['queues'] in (None, []), service.state()
        assert 'MARK' not in service.everything()


def rights(service, world):
    for right, part, member in (('-llen', 'queues', 'ready'),
                                ('-zrange', 'unacknowledged', 'running')):
        grant(world, right)
        flawed(service, 'forbidden', 'NOPERM')
        wait_until('the part says so', lambda: (
            service.parts()[part]['state'] == 'forbidden'))
        assert depth(service)[member] is None, depth(service)
    grant(world, '-multi')
    service.ok()
    assert depth(service)['total'] == 2, depth(service)
    grant(world)


def keys(service, world):
    world.broker('SET', 'agent.embed', 'text')
    flawed(service, 'wrong_type', 'WRONGTYPE')
    assert depth(service, EMBED)['total'] is None
    assert depth(service)['total'] == 2
    world.broker('DEL', 'agent.embed')
    service.ok()


def bodies(service, world):
    world.broker('LPUSH', 'agent.embed', b'\x80\x02}q\x00\xff\r\n', '{}')
    wait_until('two are left out', lambda: (
        service.figures()['rejected'] == 2 if 'rejected' in service.figures()
        else service.source()['status'] == 'degraded'))
    assert depth(service, EMBED)['total'] == 2
    assert depth(service)['total'] == 2
    gigantic = b'{"body": "' + b'x' * 3000000 + b'"}'
    world.broker('DEL', 'agent.embed')
    world.broker('LPUSH', 'agent.embed', gigantic)
    flawed(service, 'too_large', 'agent.embed')
    assert depth(service, EMBED)['total'] == 1
    assert len(service.tasks(PLAN)) == 2
    world.broker('DEL', 'agent.embed')
    service.ok(90)


def kill(service, world):
    before = service.queues()
    world.redis.kill()
    wait_until('the source is stale', lambda: (
        service.source()['status'] == 'stale'))
    assert service.queues() == before, 'the section changed'
    wait_until('the source is down', lambda: (
        service.source()['status'] == 'down'))
    assert service.source()['error']['code'] == 'unreachable'
    world.redis.start()
    world.broker = world.redis.client(0)
    grant(world)
    service.ok(90)
    wait_until('all is as it was', lambda: sorted(service.tasks(PLAN)) ==
               sorted(t['id'] for t in before[PLAN]['tasks']))
    print('  killed: stale, down, served; back: ok', flush=True)


def follow(binary):
    world = World()
    try:
        grant(world)
        world.send('agents.plan')
        world.send('agents.plan')
        # a queue is bound when something is sent to it
        world.send('agents.plan', queue=EMBED)
        world.broker('DEL', EMBED)
        password(binary, world)
        with Service(binary, source(world),
                     env={'SST_CELERY_PASSWORD': 'snap-MARK'},
                     limits={'max_upstream_body_bytes': 1048576}) as service:
            service.ok()
            wait_until('two wait', lambda: depth(service)['total'] == 2)
            rights(service, world)
            keys(service, world)
            bodies(service, world)
            kill(service, world)
            assert 'MARK' not in service.everything()
    finally:
        world.close()


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(run('Celery', lambda: follow(sys.argv[1])))
