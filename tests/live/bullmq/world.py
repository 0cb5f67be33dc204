"""A Redis of one's own, and BullMQ of npm on it: producers and workers that do
what the test says."""
import importlib.util
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..'))

from service import environment, program  # noqa: E402

# the same server, and the same commands to it, as for Celery
_spec = importlib.util.spec_from_file_location(
    'redis_world', os.path.join(HERE, '..', 'celery', 'world.py'))
_world = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_world)
Redis, RedisError = _world.Redis, _world.RedisError


class Actor:
    """A process with a queue's users in it."""

    def __init__(self, redis, release):
        folder = environment('bullmq', os.path.join(HERE, 'package-lock.json'))
        self.process = subprocess.Popen(
            [program('node'), os.path.join(HERE, 'actor.js'), folder, release,
             str(redis.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError('the actor ended')
        said = json.loads(line)
        if 'error' in said:
            raise AssertionError('the actor: ' + said['error'])
        return said['ok']

    def __call__(self, do, queue=None, **more):
        self.process.stdin.write(
            json.dumps(dict(more, do=do, queue=queue)) + '\n')
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        """kill -9: no worker says good-bye."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def everything(client):
    """All that the server keeps: keys, a digest of each value, its time of
    expiry, and how many writes there were."""
    rows = []
    for key in sorted(client('KEYS', '*')):
        digest = client('DEBUG', 'DIGEST-VALUE', key)[0]
        rows.append((key, digest, client('PEXPIRETIME', key)))
    writes = [line for line in client('INFO', 'persistence').split(b'\r\n')
              if line.startswith(b'rdb_changes_since_last_save')]
    return rows, writes


def source(redis, interval=0.2, **options):
    return {'name': 'queues/bullmq', 'kind': 'bullmq',
            'interval_seconds': interval, 'deadline_seconds': 5,
            'max_age_seconds': 20,
            'options': dict({'url': redis.url(0)}, **options)}
