"""RQ at work: a Redis of its own, a producer, workers on order. With Debian's
python3-rq, or with the pinned one of PyPI."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'celery'))

from service import Child, Missing, environment  # noqa: E402
from world import Redis  # noqa: E402


def debian_python():
    """Debian's packages are for its own."""
    for python in ('/usr/bin/python3', sys.executable):
        try:
            if subprocess.run([python, '-c', 'import rq, redis'],
                              capture_output=True).returncode == 0:
                return python
        except OSError:
            pass
    raise Missing('python3-rq is not installed')


def pypi_python():
    return os.path.join(
        environment('rq', os.path.join(HERE, 'requirements.txt')),
        'bin', 'python')


class Office:
    def __init__(self, python):
        self.python = python
        self.redis = Redis()
        self.dir = tempfile.mkdtemp(prefix='sst-rq-')
        self.env = {
            'PATH': os.environ['PATH'], 'HOME': self.dir, 'LANG': 'C.UTF-8',
            'PYTHONDONTWRITEBYTECODE': '1', 'PYTHONPATH': HERE}
        self.workers, self.producer, self.pipes = {}, None, []
        try:
            self.broker = self.redis.client()
            self.produce()
        except BaseException:
            self.close()
            raise

    def run(self, *arguments):
        return [self.python, os.path.join(HERE, 'actor.py'), arguments[0],
                self.redis.url(0), *arguments[1:]]

    def produce(self):
        self.producer = subprocess.Popen(
            self.run('produce'), env=self.env, cwd=self.dir, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.producer.stdout.readline() != 'ready\n':
            raise AssertionError('the producer does not start')

    def submit(self, queue, function, *args, **more):
        """The id of the job."""
        order = dict(more, queue=queue, function=function, args=args)
        self.producer.stdin.write(json.dumps(order) + '\n')
        self.producer.stdin.flush()
        made = self.producer.stdout.readline().strip()
        if not made:
            raise AssertionError('the producer ended')
        return made

    def pipe(self, name):
        path = os.path.join(self.dir, name)
        os.mkfifo(path)
        self.pipes.append(path)
        return path

    @staticmethod
    def release(path):
        """Lets the job go that waits there."""
        with open(path, 'w', encoding='utf-8') as gate:
            gate.write('go')

    def work(self, name, *queues):
        self.workers[name] = Child(
            self.run('work', name, *queues), self.dir, name, self.env)
        self.workers[name].start()

    def kill(self, name):
        self.workers.pop(name).kill()

    def changes(self):
        """Rises with every command that writes."""
        for line in self.broker('INFO', 'persistence').decode().splitlines():
            if line.startswith('rdb_changes_since_last_save:'):
                return int(line.split(':')[1])
        raise AssertionError('the server does not count what is written')

    def close(self):
        for worker in self.workers.values():
            worker.kill()
        # the process of a job is in a group of its own and outlives that of
        # its worker, until it is let go
        for path in self.pipes:
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
            except OSError:
                pass
        if self.producer is not None:
            self.producer.kill()
            self.producer.wait()
            self.producer.stdin.close()
            self.producer.stdout.close()
        self.redis.close()
        shutil.rmtree(self.dir, ignore_errors=True)
