"""As much AMQP 0-9-1 as a test worker needs: consume, acknowledge, publish."""
import socket
import struct


def short_string(text):
    raw = text.encode()
    return struct.pack('B', len(raw)) + raw


def long_string(raw):
    return struct.pack('>I', len(raw)) + raw


class Worker:
    """One connection with one channel; deliveries wait in its socket."""

    def __init__(self, port, vhost='/', user='guest', password='guest'):
        self.socket = socket.create_connection(('127.0.0.1', port), 30)
        self.socket.sendall(b'AMQP\x00\x00\x09\x01')
        self.expect(10, 10)
        plain = ('\0%s\0%s' % (user, password)).encode()
        self.send(0, 10, 11, long_string(b'') + short_string('PLAIN') +
                  long_string(plain) + short_string('en_US'))
        tune = self.expect(10, 30)
        channels, frame, _ = struct.unpack('>HIH', tune[:8])
        self.send(0, 10, 31, struct.pack('>HIH', channels, frame, 0))
        self.send(0, 10, 40, short_string(vhost) + b'\0\0')
        self.expect(10, 41)
        self.send(1, 20, 10, b'\0')
        self.expect(20, 11)

    def send(self, channel, cls, method, arguments):
        body = struct.pack('>HH', cls, method) + arguments
        self.socket.sendall(struct.pack('>BHI', 1, channel, len(body)) +
                            body + b'\xce')

    def read(self, count):
        data = b''
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise AssertionError('the broker closed the connection')
            data += more
        return data

    def frame(self):
        kind, _, length = struct.unpack('>BHI', self.read(7))
        return kind, self.read(length + 1)[:-1]

    def expect(self, cls, method):
        """Arguments of the next method of that kind; skips the others."""
        while True:
            kind, body = self.frame()
            if kind == 1 and struct.unpack('>HH', body[:4]) == (cls, method):
                return body[4:]
            if kind == 1 and struct.unpack('>HH', body[:4]) in (
                    (10, 50), (20, 40)):
                raise AssertionError('closed: %r' % body)

    def consume(self, queue, prefetch):
        self.send(1, 60, 10, struct.pack('>IHB', 0, prefetch, 0))
        self.expect(60, 11)
        self.send(1, 60, 20, b'\0\0' + short_string(queue) +
                  short_string('worker.' + queue) + b'\0' +
                  struct.pack('>I', 0))
        self.expect(60, 21)

    def delivery(self):
        """The tag of the next message."""
        arguments = self.expect(60, 60)
        return struct.unpack_from('>Q', arguments, 1 + arguments[0])[0]

    def acknowledge(self, tag):
        self.send(1, 60, 80, struct.pack('>QB', tag, 0))

    def reject(self, tag, requeue):
        self.send(1, 60, 90, struct.pack('>QB', tag, requeue))

    def declare_exclusive(self):
        """A server-named queue that lives as long as the connection."""
        self.send(1, 50, 10, b'\0\0' + short_string('') + b'\x04' +
                  struct.pack('>I', 0))
        arguments = self.expect(50, 11)
        return arguments[1:1 + arguments[0]].decode()

    def close(self):
        self.socket.close()
