"""An agent made with a2a-sdk, and a service that asks it. The library comes
from PyPI into an environment of its own, made once for each version."""
import fcntl
import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, '..', '..', '..')
REQUIREMENTS = os.path.join(HERE, 'requirements.txt')


class Missing(Exception):
    """What the agent needs cannot be installed: a reason to skip."""


def wait_until(what, check, seconds=15):
    """Returns the first true result of check; fails after that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = check()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError('not in %d s: %s' % (seconds, what))


def folder_of_environment():
    with open(REQUIREMENTS, 'rb') as f:
        mark = hashlib.sha256(f.read()).hexdigest()[:12]
    cache = os.environ.get('XDG_CACHE_HOME') or os.path.join(
        os.path.expanduser('~'), '.cache')
    return os.path.join(cache, 'systate-tests', 'a2a-%s-py%d.%d' % (
        mark, sys.version_info[0], sys.version_info[1]))


def install(folder):
    shutil.rmtree(folder, ignore_errors=True)
    print('  installing a2a-sdk into %s' % folder, flush=True)
    try:
        subprocess.run([sys.executable, '-m', 'venv', folder], check=True,
                       capture_output=True, text=True, timeout=120)
        subprocess.run([os.path.join(folder, 'bin', 'pip'), 'install',
                        '--no-deps', '--only-binary', ':all:',
                        '--require-hashes', '--disable-pip-version-check',
                        '--quiet', '-r', REQUIREMENTS], check=True,
                       capture_output=True, text=True, timeout=400)
    except (OSError, subprocess.SubprocessError) as e:
        lines = (getattr(e, 'stderr', None) or str(e)).splitlines()
        raise Missing('a2a-sdk cannot be installed: %s' % (
            lines[0][:300] if lines else 'no reason given')) from None


def environment():
    """The Python that has the packages; made when it is missing."""
    folder = folder_of_environment()
    done = os.path.join(folder, 'complete')
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with open(folder + '.lock', 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(done):
            install(folder)
            with open(done, 'w', encoding='utf-8'):
                pass
    return os.path.join(folder, 'bin', 'python')


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Agent:
    """agent.py with the environment's Python; it can be killed and started
    anew in the same place."""

    def __init__(self):
        self.python = environment()
        self.port = free_port()
        self.process = None
        self.url = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.python, os.path.join(HERE, 'agent.py'), str(self.port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise AssertionError('the agent does not start')

    def order(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()
        if self.process.stdout.readline().strip() != 'ok':
            raise AssertionError('the agent: ' + line)

    def kill(self):
        self.process.kill()
        self.close()

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


class Service:
    """systated with one A2A source that asks every second."""

    def __init__(self, binary, url):
        self.dir = tempfile.TemporaryDirectory(prefix='sst-live-')
        config = os.path.join(self.dir.name, 'systate.yaml')
        with open(config, 'w', encoding='utf-8') as f:
            f.write('listen: {port: 0}\n'
                    'mock: {enabled: false}\n'
                    'sources:\n'
                    '  - name: agents/a2a\n'
                    '    kind: a2a\n'
                    '    interval_seconds: 1\n'
                    '    options: {agents: [{url: "%s"}], card_every: 1s}\n'
                    % url)
        self.log_path = os.path.join(self.dir.name, 'log')
        with open(self.log_path, 'wb') as log:
            self.process = subprocess.Popen(
                [binary, '--config', config, '--share-dir', ROOT,
                 '--data-dir', os.path.join(self.dir.name, 'data'),
                 '--log-format', 'json'],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.port = wait_until('the service listens', self.listening)

    def log(self):
        with open(self.log_path, encoding='utf-8') as f:
            return f.read()

    def listening(self):
        if self.process.poll() is not None:
            raise AssertionError('the service ended: ' + self.log())
        for line in self.log().splitlines():
            if '"API-LISTEN"' in line:
                return int(json.loads(line)['message'].rsplit(':', 1)[1])
        return None

    def state(self):
        connection = http.client.HTTPConnection(
            '127.0.0.1', self.port, timeout=20)
        connection.request('GET', '/system/state')
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 200:
            return {'agents': [], 'sources': []}
        return json.loads(body)

    def agent(self, name):
        """The agent of that name, {} when there is none."""
        for agent in self.state()['agents']:
            if agent['name'] == name:
                return agent
        return {}

    def source(self):
        return self.state()['sources'][0]

    def close(self):
        self.process.terminate()
        code = self.process.wait(20)
        self.dir.cleanup()
        if code != 0:
            raise AssertionError('the service ended with %d' % code)
