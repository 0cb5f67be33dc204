"""What the tests of the command line client share.

The environment names the programs: SST_SYSTATE, SST_SYSTATED, SST_UPSTREAM;
SST_SOURCE_DIR. Builds upon tests/api/harness.py."""
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'api'))

import harness  # noqa: E402

SYSTATE = os.environ.get('SST_SYSTATE')
UPSTREAM = os.environ.get('SST_UPSTREAM')
SOURCE = harness.SOURCE
PATIENCE = harness.PATIENCE
GOLDEN = os.path.join(SOURCE, 'tests', 'golden')
until, skip = harness.until, harness.skip
SAME, DIFFERS, USAGE, UNKNOWN, UNREACHABLE = range(5)


def environment(**more):
    env = {k: v for k, v in os.environ.items()
           if k not in ('SYSTATE_URL', 'SYSTATE_TOKEN_FILE', 'NO_COLOR',
                        'COLUMNS', 'http_proxy', 'ALL_PROXY')}
    env.update({k: v for k, v in more.items() if v is not None})
    return env


class Done:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def text(self):
        return self.out.decode('utf-8')

    def json(self):
        return json.loads(self.out)

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


def systate(*args, stdin=b'', cwd=None, url=None, **env):
    """Runs the program to its end."""
    done = subprocess.run(
        [SYSTATE, *map(str, args)], input=stdin, capture_output=True, cwd=cwd,
        timeout=PATIENCE, env=environment(SYSTATE_URL=url, **env))
    return Done(done.returncode, done.stdout, done.stderr.decode('utf-8'))


def start(*args, url=None, **more):
    """Starts the program, with pipes."""
    return subprocess.Popen(
        [SYSTATE, *map(str, args)], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment(SYSTATE_URL=url), **more)


def compact(value):
    return json.dumps(value, separators=(',', ':'),
                      ensure_ascii=False).encode('utf-8')


class Case(unittest.TestCase):
    """With a folder of its own, which is where the program runs."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, value):
        with open(self.path(name), 'wb') as f:
            f.write(value if isinstance(value, bytes) else compact(value))
        return self.path(name)

    def run_ok(self, *args, status=SAME, **more):
        done = systate(*args, cwd=self.folder.name, **more)
        self.assertEqual(done.status, status, (args, done.err, done.out[:400]))
        if status in (SAME, DIFFERS):
            self.assertEqual(done.err, '')
        return done

    def fails(self, *args, status=USAGE, says='', **more):
        """One line on standard error, nothing on standard output."""
        done = systate(*args, cwd=self.folder.name, **more)
        self.assertEqual(done.status, status, (args, done.err, done.out[:400]))
        self.assertTrue(done.err.startswith('systate'), done.err)
        self.assertEqual(done.err.count('\n'), 1, done.err)
        self.assertTrue(done.err.endswith('\n'), done.err)
        self.assertIn(says, done.err)
        self.assertEqual(done.out, b'')
        for c in done.err[:-1]:
            self.assertFalse(ord(c) < 32 or ord(c) == 127, done.err)
        return done


def golden(name):
    with open(os.path.join(GOLDEN, name), encoding='utf-8') as f:
        return json.load(f)


def pair():
    """Two documents: a status, a count, a task that moved, a model gone."""
    one, two = golden('demo.full.json'), golden('demo.full.json')
    two['revision'] = 2
    two['captured_at'] = '2026-01-01T00:15:00.000Z'
    agent, queue = two['agents'][0], two['queues'][0]
    agent['status'] = 'busy'
    task = queue['tasks'].pop(0)
    queue['depth'].update(ready=1, total=1)
    queue['tasks_total'] = 1
    queue['updated_at'] = '2026-01-01T00:15:00Z'
    agent['activity']['active_task_ids'].append(
        {'id': task['id'], 'started_on': '2026-01-01T00:10:00Z',
         'status': 'running'})
    del two['litellm'][-1]
    return one, two


class Double:
    """A server that answers each connection with the next script: a list of
    bytes to send, None to hold until release(). Then it closes. Heads of
    requests are kept. `last` is repeated when the scripts are used up."""

    def __init__(self, *scripts, last=None):
        self.scripts, self.last = list(scripts), last
        self.requests, self.held = [], threading.Event()
        self.lock = threading.Lock()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.url = 'http://127.0.0.1:%d' % self.listener.getsockname()[1]
        self.threads = []
        self.acceptor = threading.Thread(target=self._accept, daemon=True)
        self.acceptor.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(
                target=self._serve, args=(connection,), daemon=True)
            thread.start()

    def _serve(self, connection):
        with connection:
            head = b''
            while b'\r\n\r\n' not in head:
                block = connection.recv(65536)
                if not block:
                    return
                head += block
            with self.lock:
                self.requests.append(head.decode('latin-1'))
                script = self.scripts.pop(0) if self.scripts else self.last
            try:
                for piece in script or []:
                    if piece is None:
                        self.held.wait(PATIENCE)
                    else:
                        connection.sendall(piece)
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(PATIENCE)
                while connection.recv(65536):
                    pass
            except OSError:
                pass

    def release(self):
        self.held.set()

    def close(self):
        self.release()
        self.listener.close()


def answer(body, status='200 OK', kind='application/json', headers=()):
    if not isinstance(body, bytes):
        body = compact(body)
    head = ['HTTP/1.1 ' + status, 'Content-Type: ' + kind,
            'Content-Length: %d' % len(body), 'Connection: close', *headers]
    return ['\r\n'.join(head + ['', '']).encode('latin-1') + body]


def problem(status, title, detail, **more):
    body = {'type': '/problems/x', 'title': title, 'status': status,
            'detail': detail}
    body.update(more)
    return answer(body, '%d X' % status, 'application/problem+json')


def stream(*pieces):
    """The head of a stream of events, and what comes in it."""
    head = ('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n'
            'Connection: close\r\n\r\n')
    return [head.encode()] + list(pieces)


def event(name, data, ident=None):
    text = 'event: %s\n' % name
    if ident is not None:
        text += 'id: %s\n' % ident
    return (text + 'data: %s\n\n' % json.dumps(data)).encode()


def main():
    if SYSTATE is None or not os.path.exists(SYSTATE):
        print('SKIP: SST_SYSTATE does not name the built client')
        sys.exit(0)
    harness.main()
