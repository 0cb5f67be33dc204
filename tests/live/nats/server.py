"""Servers of the test: Debian's nats-server on loopback, with ports and data of
its own, alone or as a cluster. Python's standard library only."""
import json
import os
import signal
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from client import API, Client  # noqa: E402
from service import Child, free_port, program, wait_until  # noqa: E402
import http.client  # noqa: E402


class Server:
    def __init__(self, config='', name='n1', jetstream=True):
        self.folder = tempfile.TemporaryDirectory(prefix='sst-nats-')
        self.name, self.port, self.monitor = name, free_port(), free_port()
        self.url = 'nats://127.0.0.1:%d' % self.port
        self.monitoring = 'http://127.0.0.1:%d' % self.monitor
        path = os.path.join(self.folder.name, 'server.conf')
        with open(path, 'w', encoding='utf-8') as f:
            f.write('listen: "127.0.0.1:%d"\nhttp: "127.0.0.1:%d"\n'
                    'server_name: %s\n' % (self.port, self.monitor, name))
            if jetstream:
                f.write('jetstream { store_dir: "%s/js" }\n' %
                        self.folder.name)
            f.write(config)
        self.child = Child([program('nats-server'), '-c', path],
                           self.folder.name)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def get(self, path):
        """(status, body) of the monitoring endpoint; None: nobody there."""
        try:
            link = http.client.HTTPConnection('127.0.0.1', self.monitor,
                                              timeout=30)
            link.request('GET', path)
            answer = link.getresponse()
            return answer.status, answer.read()
        except OSError:
            return None

    def healthy(self):
        self.child.runs()
        answer = self.get('/healthz')
        return answer is not None and answer[0] == 200

    def start(self):
        self.child.start()

    def wait(self):
        wait_until('nats-server is healthy', self.healthy, 60)

    def run(self):
        self.start()
        self.wait()
        return self

    def kill(self, number=signal.SIGKILL):
        self.child.kill(number)

    def close(self):
        self.child.kill()
        self.folder.cleanup()


def cluster(count, config=''):
    """Servers that know each other; not started."""
    routes = [free_port() for _ in range(count)]
    every = ', '.join('"nats-route://127.0.0.1:%d"' % p for p in routes)
    return [Server('cluster { name: C, listen: "127.0.0.1:%d", '
                   'routes: [%s] }\nserver_tags: ["n%d"]\n%s' % (
                       port, every, i + 1, config),
                   name='n%d' % (i + 1))
            for i, port in enumerate(routes)]


def everything(port, **login):
    """All that the server says of its streams and consumers."""
    client = Client(port, **login)
    said = [client.api('STREAM.LIST')]
    for stream in said[0]['streams']:
        name = stream['config']['name']
        said.append(client.api('STREAM.INFO.' + name,
                               deleted_details=True, subjects_filter='>'))
        said.append(client.api('CONSUMER.LIST.' + name))
    client.close()
    return json.dumps(said, sort_keys=True)


__all__ = ['API', 'Client', 'Server', 'cluster', 'everything']
