"""A proxy before the management API that writes down what is asked of it, so
that a test can say: nothing else was ever sent."""
import re
import socket
import threading

# What the source asks, and nothing else: GET, and no path that takes a message.
ALLOWED = tuple(re.compile(pattern) for pattern in (
    r'/api/queues\?page=\d+&page_size=\d+&'
    r'disable_stats=true(&enable_queue_totals=true)?',
    r'/api/queues\?page=\d+&page_size=\d+&columns=[a-z_.,]+'
    r'(&use_regex=true&name=%5E\([A-Za-z0-9._~%-]+\)%24)?',
    r'/api/queues/[A-Za-z0-9._~%-]+'
    r'\?page=1&page_size=1&disable_stats=true&columns=name',
    r'/api/consumers\?columns=queue.name,queue.vhost',
    r'/api/overview\?disable_stats=true',
    r'/api/nodes\?columns=[a-z_,]+',
    r'/api/whoami',
    r'/api/vhosts\?columns=name',
    r'/api/policies\?columns=vhost,name,definition',
    r'/api/exchanges/[A-Za-z0-9._~%-]+/[A-Za-z0-9._~%-]+'
    r'\?columns=type&disable_stats=true',
    r'/api/exchanges/[A-Za-z0-9._~%-]+/[A-Za-z0-9._~%-]+/bindings/source'
    r'\?columns=destination,destination_type,routing_key',
))


def pump(source, target, kept):
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            if kept is not None:
                kept.append(data)
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Recorder:
    def __init__(self, port):
        self.port = port
        self.kept = []  # a list of pieces per connection
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.url = 'http://127.0.0.1:%d' % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            server = socket.create_connection(('127.0.0.1', self.port), 30)
            server.settimeout(None)
            kept = []
            self.kept.append(kept)
            for argv in ((client, server, kept), (server, client, None)):
                threading.Thread(target=pump, args=argv, daemon=True).start()

    def requests(self):
        """Every line of every request so far but its headers."""
        lines = []
        for kept in self.kept:
            for block in b''.join(kept).decode('latin-1').split('\r\n\r\n'):
                if block:
                    lines.append(block.split('\r\n')[0])
        return lines

    def check(self):
        """How many there were; fails on one that may not be."""
        lines = self.requests()
        for line in lines:
            method, path, version = line.split(' ')
            assert (method, version) == ('GET', 'HTTP/1.1'), line
            assert any(p.fullmatch(path) for p in ALLOWED), line
        return len(lines)

    def close(self):
        self.listener.close()
