"""kill -9 again and again while the state changes, and look at what is left.

Used by test_kill.py with a few rounds and by tests/bench/run with many."""
import http.client
import os
import random
import signal
import time

# What is older than this when the process is killed must survive.
ACKNOWLEDGED = 1.0


class Result:
    def __init__(self):
        self.rounds = 0
        self.revisions = 0   # checked after a kill
        self.lost = []
        self.corrupt = []
        self.young_lost = 0  # younger than ACKNOWLEDGED: no promise
        self.epochs = set()
        self.start_ms = []   # to the first valid answer, after each kill


class Victim:
    """One life of the process; start(data_dir) gives .process, .port."""

    def __init__(self, start, data_dir, patience=30):
        begin = time.monotonic()
        self.service = start(data_dir)
        self.connection = http.client.HTTPConnection(
            '127.0.0.1', self.service.port, timeout=patience)
        while self.ask('/readyz')[0] != 200:
            if time.monotonic() > begin + patience:
                raise AssertionError('not ready within %d s' % patience)
        self.ask('/system/state')
        self.start_ms = (time.monotonic() - begin) * 1000
        self.seen = {}  # revision -> (etag, when first seen)

    def ask(self, path):
        self.connection.request('GET', path)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status, answer.headers

    def look(self):
        _, headers = self.ask('/system/state')
        self.epoch = headers['Systate-Epoch']
        self.seen.setdefault(int(headers['Systate-Revision']),
                             (headers['ETag'], time.monotonic()))

    def kill(self):
        os.kill(self.service.process.pid, signal.SIGKILL)
        self.service.process.wait()
        self.killed = time.monotonic()
        self.connection.close()


def check(victim, before, result):
    """Whether what the last life published is still there, as it was."""
    for revision, (etag, when) in before.seen.items():
        old = before.killed - when > ACKNOWLEDGED
        status, headers = victim.ask(
            '/system/state?at=%s:%d' % (before.epoch, revision))
        result.revisions += old
        if status == 200 and headers['ETag'] == etag:
            continue
        if status in (404, 410):
            if old:
                result.lost.append((before.epoch, revision, status))
            else:
                result.young_lost += 1
        else:
            result.corrupt.append((before.epoch, revision, status))


def kill_rounds(start, data_dir, rounds, seed=1):
    result, before = Result(), None
    chance = random.Random(seed)
    for _ in range(rounds + 1):
        victim = Victim(start, data_dir)
        try:
            victim.look()
            if before is not None:
                result.rounds += 1
                result.start_ms.append(victim.start_ms)
                check(victim, before, result)
            result.epochs.add(victim.epoch)
            end = time.monotonic() + chance.uniform(1.05, 1.6)
            while time.monotonic() < end:
                victim.look()
        finally:
            victim.kill()
        before = victim
    return result
