"""What the live tests share: the real service over loopback, polling with a
deadline, free ports, environments made once from pinned packages, and the end
of a test program. Python's standard library only.

A program in a folder below finds it with
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                 '..'))
"""
import fcntl
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             '..', 'support'))

from ports import free_port  # noqa: E402

ROOT = os.path.abspath(os.path.join(
    os.path.dirname(os.path.abspath(__file__)), '..', '..'))
SKIP = 77
INSTALL_SECONDS = 420


class Missing(Exception):
    """What the test needs is not to be had: a reason to skip."""


def wait_until(what, check, seconds=60):
    """Returns the first true result of check(); fails after that time. It is
    polled, because it is another process that acts."""
    end = time.monotonic() + seconds
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError('not within %d s: %s' % (seconds, what))
        time.sleep(0.05)


def program(name):
    """Its path; Missing when it is not installed."""
    path = shutil.which(name, path=os.environ.get('PATH', '') +
                        ':/usr/sbin:/sbin')
    if path is None:
        raise Missing('%s is not installed' % name)
    return path


class Child:
    """A process of the test with a group of its own and its output in a file;
    it can be killed and started anew."""

    def __init__(self, argv, folder, name='out', env=None):
        self.argv, self.folder, self.env = argv, folder, env
        self.path = os.path.join(folder, name)
        self.process = None

    def start(self):
        with open(self.path, 'ab') as out:
            self.process = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=self.env, cwd=self.folder, start_new_session=True)

    def runs(self):
        """Fails when it ended by itself."""
        if self.process.poll() is not None:
            raise AssertionError('%s ended: %s' % (
                self.argv[0], self.output()[-2000:]))
        return True

    def output(self):
        with open(self.path, encoding='utf-8', errors='replace') as f:
            return f.read()

    def kill(self, number=signal.SIGKILL):
        """Signals its group and waits for it."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None


class Service:
    """systated with these sources, each a map as in its YAML file; `top` are
    more members of that file. What is asked of `a source` is asked of the first
    one."""

    def __init__(self, binary, *sources, env=None, log_level='info', **top):
        self.dir = tempfile.TemporaryDirectory(prefix='sst-live-')
        self.name = sources[0]['name']
        config = os.path.join(self.dir.name, 'systate.yaml')
        with open(config, 'w', encoding='utf-8') as f:
            # JSON is YAML, too
            json.dump(dict({'listen': {'port': 0},
                            'mock': {'enabled': False},
                            'sources': list(sources)}, **top), f,
                      ensure_ascii=False, indent=1)
        self.log_path = os.path.join(self.dir.name, 'log')
        with open(self.log_path, 'wb') as log:
            self.process = subprocess.Popen(
                [binary, '--config', config, '--share-dir', ROOT,
                 '--data-dir', os.path.join(self.dir.name, 'data'),
                 '--log-format', 'json', '--log-level', log_level],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(os.environ, **(env or {})))
        self.connection = None
        try:
            self.port = wait_until('the service listens', self.listening)
            wait_until('the first snapshot',
                       lambda: self.ask('/readyz')[0] == 200)
        except BaseException:
            print(self.log()[-4000:])
            self.close()
            raise

    def log(self):
        with open(self.log_path, encoding='utf-8', errors='replace') as f:
            return f.read()

    def listening(self):
        if self.process.poll() is not None:
            raise AssertionError('the service ended: ' + self.log())
        for line in self.log().splitlines():
            if '"API-LISTEN"' in line:
                return int(json.loads(line)['message'].rsplit(':', 1)[1])
        return None

    def ask(self, path):
        """(status, body)"""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                '127.0.0.1', self.port, timeout=60)
        self.connection.request('GET', path)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def get(self, path):
        status, body = self.ask(path)
        if status != 200:
            raise AssertionError('%s: %d %r' % (path, status, body))
        return json.loads(body)

    def state(self):
        return self.get('/system/state')

    def source(self, document=None):
        """Its row in sources[] of the document."""
        return [s for s in (document or self.state())['sources']
                if s['name'] == self.name][0]

    def upstream(self):
        return self.source().get('upstream', {})

    def parts(self):
        """What it reads, by name."""
        return {p['name']: p for p in self.upstream().get('parts', [])}

    def figures(self):
        """Its row of /system/sources."""
        return [s for s in self.get('/system/sources')['sources']
                if s['name'] == self.name][0]

    def attempts(self):
        return self.figures()['attempts']

    def polls(self, count, seconds=120):
        """Waits for so many collections more."""
        goal = self.attempts() + count
        wait_until('%d polls' % count, lambda: self.attempts() >= goal,
                   seconds)

    def rows(self, section, key, document=None):
        """Entities of the source by a member; {} while it is unknown."""
        return {e[key]: e for e in (document or self.state())[section] or []
                if e['source'] == self.name}

    def queues(self, document=None):
        return self.rows('queues', 'name', document)

    def tasks(self, queue, document=None):
        """Tasks of a queue by id; {} when there is no such queue."""
        found = self.queues(document).get(queue)
        return {t['id']: t for t in found['tasks']} if found else {}

    def ok(self, seconds=60):
        """Waits until it is read, and whole."""
        return wait_until('the source is ok: %s' % self.source(),
                          lambda: self.source()['status'] == 'ok', seconds)

    def settle(self, polls=5):
        """What is idle is silent: so many collections without a revision."""
        def quiet():
            revision = self.state()['revision']
            self.polls(polls)
            return self.state()['revision'] == revision
        wait_until('no revision in %d polls' % polls, quiet, 90)

    def everything(self):
        """All that it says, in one text."""
        paths = ('/system/state', '/system/sources', '/metrics',
                 '/system/state/history', '/')
        return '\n'.join(self.ask(p)[1].decode() for p in paths) + self.log()

    def explain(self):
        """For the output of a test that failed."""
        try:
            print(json.dumps(self.state(), indent=1)[:20000])
        except (AssertionError, OSError, http.client.HTTPException) as e:
            print('no state: %s' % e)
        print(self.log()[-6000:])

    def stop(self):
        """SIGTERM must end it with 0."""
        if self.connection is not None:
            self.connection.close()
        self.process.terminate()
        code = self.process.wait(60)
        if code != 0:
            raise AssertionError('exit %d: %s' % (code, self.log()))

    def close(self):
        if self.connection is not None:
            self.connection.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.dir.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        """Ends it; shows what it said when the test failed."""
        try:
            if kind is None:
                self.stop()
            elif self.process.poll() is None:
                self.explain()
        finally:
            self.close()


def _run(argv, **more):
    """Missing, with the reason, when it fails."""
    try:
        subprocess.run(argv, check=True, capture_output=True, text=True,
                       timeout=INSTALL_SECONDS, **more)
    except subprocess.TimeoutExpired:
        raise Missing('%s took over %d s' % (
            os.path.basename(argv[0]), INSTALL_SECONDS)) from None
    except (OSError, subprocess.CalledProcessError) as error:
        lines = (getattr(error, 'stderr', None) or str(error)).splitlines()
        why = [line for line in lines if 'ERR' in line.upper()] or lines
        raise Missing('it cannot be installed: %s' % (
            why[0][:300] if why else 'no reason given')) from None


def _pip(folder, path):
    _run([sys.executable, '-m', 'venv', folder])
    _run([os.path.join(folder, 'bin', 'pip'), 'install', '--no-deps',
          '--only-binary', ':all:', '--require-hashes',
          '--disable-pip-version-check', '--quiet', '-r', path])
    # code that would run with every Python of that environment
    for base, _, names in os.walk(os.path.join(folder, 'lib')):
        for name in names:
            if name.endswith('.pth') and name != 'distutils-precedence.pth':
                raise Missing('%s came with it: not trusted' % name)


def _npm(folder, path):
    os.makedirs(folder)
    for name in ('package.json', 'package-lock.json'):
        shutil.copy(os.path.join(os.path.dirname(path), name), folder)
    _run([program('npm'), 'ci', '--ignore-scripts', '--no-audit',
          '--no-fund'], cwd=folder)


def environment(name, path):
    """The folder with the packages that `path` pins, made when it is missing:
    of a requirements.txt with hashes a virtual environment (bin/python), of a
    package-lock.json one with node_modules."""
    node = path.endswith('.json')
    with open(path, 'rb') as f:
        mark = hashlib.sha256(f.read()).hexdigest()[:12]
    cache = os.environ.get('XDG_CACHE_HOME') or os.path.join(
        os.path.expanduser('~'), '.cache')
    folder = os.path.join(cache, 'systate-tests', '%s-%s' % (name, mark))
    if not node:
        folder += '-py%d.%d' % sys.version_info[:2]
    done = os.path.join(folder, 'complete')
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with open(folder + '.lock', 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(done):
            shutil.rmtree(folder, ignore_errors=True)
            print('  installing %s into %s' % (name, folder), flush=True)
            try:
                (_npm if node else _pip)(folder, path)
            except Missing:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            with open(done, 'w', encoding='utf-8'):
                pass
    return folder


def run(what, test):
    """Runs test(); the exit code of the program: 77 when something is missing,
    with a line that says so. What was started is ended on SIGTERM, too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        test()
    except Missing as why:
        print('SKIP: live %s: %s' % (what, why))
        return SKIP
    print('ok')
    return 0
