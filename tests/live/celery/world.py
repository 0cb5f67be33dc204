"""A Redis of one's own and an application with Celery on it: Debian's
redis-server and python3-celery, on loopback."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile

from service import Child, Missing, free_port, program, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
SEP = b'\x06\x16'


class RedisError(Exception):
    """The server said no."""


class Client:
    """Commands to a Redis, one at a time."""

    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port), 60)
        self.file = self.socket.makefile('rb')

    def close(self):
        self.file.close()
        self.socket.close()

    def __call__(self, *parts):
        raw = [p if isinstance(p, bytes) else str(p).encode() for p in parts]
        self.socket.sendall(b'*%d\r\n' % len(raw) + b''.join(
            b'$%d\r\n%s\r\n' % (len(p), p) for p in raw))
        return self.reply()

    def reply(self):
        line = self.file.readline()[:-2]
        kind, rest = line[:1], line[1:]
        if kind == b'-':
            raise RedisError(rest.decode())
        if kind == b':':
            return int(rest)
        if kind == b'$':
            return None if rest == b'-1' else self.file.read(
                int(rest) + 2)[:-2]
        if kind == b'*':
            return None if rest == b'-1' else [
                self.reply() for _ in range(int(rest))]
        return rest


class Redis:
    """redis-server in a folder of its own, keeping what it has over a kill."""

    def __init__(self, *options):
        self.dir = tempfile.mkdtemp(prefix='sst-redis-')
        self.port = free_port()
        self.child = Child(
            [program('redis-server'), '--port', str(self.port), '--bind',
             '127.0.0.1', '--dir', self.dir, '--save', '', '--appendonly',
             'yes', '--appendfsync', 'always', '--daemonize', 'no',
             *options], self.dir)
        self.start()

    def start(self):
        self.child.start()
        wait_until('Redis answers', self.answers)

    def answers(self):
        self.child.runs()
        try:
            client = Client(self.port)
        except OSError:
            return False
        try:
            return client('PING') == b'PONG'
        except RedisError:
            return False
        finally:
            client.close()

    def client(self, database=0):
        client = Client(self.port)
        client('SELECT', database)
        return client

    def url(self, database):
        return 'redis://127.0.0.1:%d/%d' % (self.port, database)

    def kill(self):
        self.child.kill()

    def close(self):
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


def python_with_celery():
    """An interpreter that has it: Debian's packages are for its own."""
    for python in (sys.executable, '/usr/bin/python3'):
        try:
            if subprocess.run([python, '-c', 'import celery, redis'],
                              capture_output=True).returncode == 0:
                return python
        except OSError:
            pass
    raise Missing('python3-celery and python3-redis are not installed')


class World:
    """The application: one producer, workers on order."""

    def __init__(self, *options, late=True):
        self.python = python_with_celery()
        self.redis = Redis(*options)
        self.dir = tempfile.mkdtemp(prefix='sst-celery-')
        self.env = {
            'PATH': os.environ['PATH'], 'HOME': self.dir, 'LANG': 'C.UTF-8',
            'PYTHONDONTWRITEBYTECODE': '1', 'PYTHONPATH': HERE,
            'SST_CELERY_DIR': self.dir, 'SST_CELERY_LATE': '01'[late],
            'SST_CELERY_BROKER': self.redis.url(0),
            'SST_CELERY_BACKEND': self.redis.url(1)}
        self.workers = []
        self.producer = None
        try:
            self.broker = self.redis.client(0)
            self.produce()
        except BaseException:
            self.close()
            raise

    def produce(self):
        self.producer = subprocess.Popen(
            [self.python, os.path.join(HERE, 'app.py')], env=self.env,
            cwd=self.dir, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)
        if self.producer.stdout.readline() != 'ready\n':
            raise AssertionError('the producer does not start')

    def order(self, **order):
        self.producer.stdin.write(json.dumps(order) + '\n')
        self.producer.stdin.flush()
        line = self.producer.stdout.readline()
        if not line:
            raise AssertionError('the producer ended')
        return json.loads(line)

    def send(self, task, *args, **options):
        """Its id."""
        return self.order(task=task, args=args, options=options)[0]

    def pipe(self, name):
        os.mkfifo(os.path.join(self.dir, name))
        return name

    def release(self, name):
        """Lets a task go that reads this pipe."""
        with open(os.path.join(self.dir, name), 'w', encoding='utf-8'):
            pass

    def work(self, name, *queues):
        """Starts a worker for these queues."""
        child = Child(
            [self.python, '-m', 'celery', '-A', 'app', 'worker', '-c', '1',
             '-n', name + '@live', '-Q', ','.join(queues), '--without-gossip',
             '--without-mingle', '-l', 'warning'], self.dir, name, self.env)
        child.start()
        self.workers.append(child)
        return child

    def close(self):
        for child in self.workers:
            child.kill()
        if self.producer is not None:
            self.producer.stdin.close()
            self.producer.kill()
            self.producer.wait()
            self.producer.stdout.close()
        self.redis.close()
        shutil.rmtree(self.dir, ignore_errors=True)
