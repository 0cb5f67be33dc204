"""As much of the NATS protocol as producers and workers of a test need: publish,
request, pull, acknowledge. Python's standard library only."""
import json
import socket

API = '$JS.API.'


class Denied(Exception):
    """What the server answers with -ERR."""


class Message:
    def __init__(self, subject, reply, headers, data):
        self.subject, self.reply = subject, reply
        self.headers, self.data = headers, data

    def status(self):
        """'404' of NATS/1.0 404 No Messages; '' of a message."""
        return self.headers[0].partition(' ')[2][:3] if self.headers else ''

    def sequence(self):
        """In the stream, from $JS.ACK.S.C.TRIES.SEQUENCE.DELIVERY..."""
        return int(self.reply.split('.')[5])


class Client:
    def __init__(self, port, **login):
        self.socket = socket.create_connection(('127.0.0.1', port), 30)
        self.file = self.socket.makefile('rb')
        self.file.readline()
        options = dict({'verbose': False, 'headers': True,
                        'no_responders': True}, **login)
        self.inbox, self.next = '_INBOX.live', 0
        self.waiting = []
        self.send(b'CONNECT %s\r\nSUB %s.* 1\r\nPING\r\n' % (
            json.dumps(options).encode(), self.inbox.encode()))
        while self.line() != b'PONG':
            pass

    def send(self, raw):
        self.socket.sendall(raw)

    def line(self):
        """The next one that is no PING; messages are put aside."""
        while True:
            line = self.file.readline()
            if not line:
                raise ConnectionError('the server closed the connection')
            words = line.split()
            if words[0] == b'PING':
                self.send(b'PONG\r\n')
            elif words[0] in (b'MSG', b'HMSG'):
                self.waiting.append(self.message(words))
                return words[0]
            elif words[0] == b'-ERR':
                raise Denied(line.decode().strip())
            elif words[0] not in (b'INFO', b'+OK'):
                return words[0]

    def message(self, words):
        total = int(words[-1])
        body = self.file.read(total + 2)[:-2]
        head = int(words[-2]) if words[0] == b'HMSG' else 0
        sizes = 2 if words[0] == b'HMSG' else 1
        reply = words[3].decode() if len(words) - sizes > 3 else ''
        headers = body[:head].decode(errors='replace').split('\r\n')
        return Message(words[1].decode(), reply,
                       [h for h in headers if h], body[head:])

    def receive(self):
        while not self.waiting:
            self.line()
        return self.waiting.pop(0)

    def publish(self, subject, body=b'', headers=None, reply=''):
        """Without waiting for the stream."""
        body = body if isinstance(body, bytes) else body.encode()
        if not headers:
            self.send(b'PUB %s %s %d\r\n%s\r\n' % (
                subject.encode(), reply.encode(), len(body), body))
            return
        head = b'NATS/1.0\r\n' + b''.join(
            b'%s: %s\r\n' % (k.encode(), v if isinstance(v, bytes)
                             else v.encode())
            for k, v in headers.items()) + b'\r\n'
        self.send(b'HPUB %s %s %d %d\r\n%s%s\r\n' % (
            subject.encode(), reply.encode(), len(head),
            len(head) + len(body), head, body))

    def ask(self, subject, body=b'', headers=None):
        """The answer to a request."""
        self.next += 1
        to = '%s.%d' % (self.inbox, self.next)
        self.publish(subject, body, headers, to)
        while True:
            message = self.receive()
            if message.subject == to:
                return message

    def api(self, what, **body):
        """A request to JetStream that must be granted."""
        answer = self.ask(API + what, json.dumps(body) if body else b'')
        tree = json.loads(answer.data) if answer.data else {}
        if answer.status() or 'error' in tree:
            raise AssertionError('%s: %s %s' % (what, answer.headers, tree))
        return tree

    def submit(self, subject, body=b'{}', **headers):
        """Into a stream; its sequence."""
        answer = self.ask(subject, body,
                          {k.replace('_', '-'): v
                           for k, v in headers.items()})
        return json.loads(answer.data)['seq']

    def stream(self, name, subjects, **config):
        self.api('STREAM.CREATE.' + name,
                 **dict({'name': name, 'subjects': subjects,
                         'storage': 'file', 'retention': 'workqueue'},
                        **config))

    def consumer(self, stream, name, **config):
        self.api('CONSUMER.DURABLE.CREATE.%s.%s' % (stream, name),
                 stream_name=stream,
                 config=dict({'durable_name': name, 'ack_policy': 'explicit',
                              'ack_wait': 600 * 10 ** 9}, **config))

    def pull(self, stream, consumer, count, seconds=25):
        """So many messages, to be acknowledged; fewer when there are none in
        that time."""
        self.next += 1
        to = '%s.%d' % (self.inbox, self.next)
        self.publish('%sCONSUMER.MSG.NEXT.%s.%s' % (API, stream, consumer),
                     json.dumps({'batch': count,
                                 'expires': seconds * 10 ** 9}),
                     reply=to)
        got = []
        while len(got) < count:
            message = self.receive()
            if message.status():
                break
            if message.reply.startswith('$JS.ACK.'):
                got.append(message)
        return got

    def answer(self, message, word='+ACK'):
        """Waits until the server has it."""
        self.ask(message.reply, word)

    def close(self):
        self.file.close()
        self.socket.close()
