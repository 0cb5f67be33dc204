"""A RabbitMQ of one's own: Debian's rabbitmq-server on loopback, with ports,
data, cookie and name server of its own, so that it neither meets nor disturbs
another broker of the machine. Python's standard library only."""
import base64
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             '..'))

from service import Missing, free_port, wait_until  # noqa: E402

SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server'
CONFIG = '''
listeners.tcp.1 = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {http}
log.console = false
log.file.level = warning
vm_memory_high_watermark.absolute = 200MB
disk_free_limit.absolute = 50MB
'''


# A second node finds the first one, and the other way round.
CLUSTER = '''cluster_formation.peer_discovery_backend = classic_config
cluster_formation.classic_config.nodes.1 = {0}
cluster_formation.classic_config.nodes.2 = {1}
'''
COOKIE = 'SYSTATETESTCOOKIE'


class Broker:
    def __init__(self):
        if not os.access(SERVER, os.X_OK):
            raise Missing('rabbitmq-server is not installed')
        self.epmd_path = shutil.which('epmd')
        if self.epmd_path is None:
            raise Missing('epmd is not installed')
        self.dir = tempfile.mkdtemp(prefix='sst-rabbitmq-')
        self.amqp, self.http, dist, epmd = (free_port() for _ in range(4))
        self.url = 'http://127.0.0.1:%d' % self.http
        self.node = 'sst%d@localhost' % self.amqp
        self.process = self.epmd = None
        self._write('rabbitmq.conf',
                    CONFIG.format(amqp=self.amqp, http=self.http))
        self._write('plugins', '[rabbitmq_management].\n')
        self._write('env.conf', '')
        self.env = {
            'PATH': os.environ['PATH'],
            'HOME': self.dir,
            'LANG': 'C.UTF-8',
            'ERL_EPMD_PORT': str(epmd),
            'ERL_EPMD_ADDRESS': '127.0.0.1',
            'RABBITMQ_NODENAME': self.node,
            'RABBITMQ_DIST_PORT': str(dist),
            'RABBITMQ_MNESIA_BASE': self.dir + '/data',
            'RABBITMQ_LOG_BASE': self.dir + '/log',
            'RABBITMQ_CONFIG_FILE': self.dir + '/rabbitmq.conf',
            'RABBITMQ_CONF_ENV_FILE': self.dir + '/env.conf',
            'RABBITMQ_ENABLED_PLUGINS_FILE': self.dir + '/plugins',
            'RABBITMQ_PID_FILE': self.dir + '/pid',
            'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS':
                '-kernel inet_dist_use_interface {127,0,0,1} +S 1:1',
        }

    def _write(self, name, text):
        with open(os.path.join(self.dir, name), 'w', encoding='utf-8') as f:
            f.write(text)

    def join(self, first):
        """Before either was started: one cluster of two nodes, with the name
        server of the first."""
        self.env['ERL_EPMD_PORT'] = first.env['ERL_EPMD_PORT']
        self.epmd_path = None
        for broker in (self, first):
            with open(broker.dir + '/rabbitmq.conf', 'a',
                      encoding='utf-8') as f:
                f.write(CLUSTER.format(first.node, self.node))
            broker._write('.erlang.cookie', COOKIE)
            os.chmod(broker.dir + '/.erlang.cookie', 0o400)

    def start(self):
        quiet = {'stdin': subprocess.DEVNULL, 'env': self.env,
                 'start_new_session': True}
        with open(self.dir + '/out', 'ab') as out:
            if self.epmd is None and self.epmd_path is not None:
                self.epmd = subprocess.Popen(
                    [self.epmd_path, '-port', self.env['ERL_EPMD_PORT'],
                     '-address', '127.0.0.1'],
                    stdout=out, stderr=out, **quiet)
            self.process = subprocess.Popen(
                [SERVER], stdout=out, stderr=out, **quiet)
        wait_until('the broker answers', self.answers, 90)

    def answers(self):
        if self.process.poll() is not None:
            with open(self.dir + '/out', encoding='utf-8',
                      errors='replace') as f:
                raise AssertionError('the broker ended: ' + f.read()[-2000:])
        try:
            return self.call('GET', '/api/overview')[0] == 200
        except OSError:
            return False

    def kill(self):
        """kill -9 of the group this object started."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None

    def close(self):
        self.kill()
        if self.epmd is not None:
            self.epmd.kill()
            self.epmd.wait()
            self.epmd = None
        shutil.rmtree(self.dir, ignore_errors=True)

    def call(self, method, path, body=None, user='guest', password='guest'):
        """(status, parsed body or None) of a management API request."""
        status, raw = self.raw(method, path, body, user, password)
        return status, json.loads(raw) if raw else None

    def raw(self, method, path, body=None, user='guest', password='guest'):
        connection = http.client.HTTPConnection(
            '127.0.0.1', self.http, timeout=30)
        token = base64.b64encode(('%s:%s' % (user, password)).encode())
        try:
            connection.request(
                method, path,
                None if body is None else json.dumps(body),
                {'Authorization': 'Basic ' + token.decode(),
                 'Content-Type': 'application/json'})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def must(self, method, path, body=None):
        status, answer = self.call(method, path, body)
        if status >= 300:
            raise AssertionError('%s %s: %d %s' % (method, path, status,
                                                  answer))
        return answer

    def add_user(self, name, tags, vhosts):
        self.must('PUT', '/api/users/' + name,
                  {'password': name, 'tags': tags})
        for vhost in vhosts:
            self.must('PUT', '/api/permissions/%s/%s' % (quote(vhost), name),
                      {'configure': '^$', 'write': '^$', 'read': '^$'})

    def declare(self, name, vhost='/', node=None, **arguments):
        how = {'durable': True, 'auto_delete': False,
               'arguments': {k.replace('_', '-'): v
                             for k, v in arguments.items()}}
        if node is not None:
            how['node'] = node
        self.must('PUT', '/api/queues/%s/%s' % (quote(vhost), quote(name)),
                  how)

    def publish(self, name, count=1, vhost='/', **properties):
        for number in range(count):
            self.must('POST', '/api/exchanges/%s/amq.default/publish'
                      % quote(vhost),
                      {'properties': dict(properties, delivery_mode=2),
                       'routing_key': name, 'payload': 'task %d' % number,
                       'payload_encoding': 'string'})


def quote(text):
    return urllib.parse.quote(text, safe='')


def source(url, timing, user='monitor', **options):
    """A source in the configuration of the service."""
    return dict({'name': 'queues/rabbitmq', 'kind': 'rabbitmq',
                 'options': dict({'url': url, 'username': user,
                                  'password': user}, **options)}, **timing)
