#!/usr/bin/env python3
"""Many idle watchers from one process: watchers.py PORT COUNT

Opens COUNT streams, says `ready` when each has got its first event, reads
whatever comes until standard input ends, then says how many streams are still
open and how many bytes came."""
import resource
import selectors
import socket
import sys

REQUEST = (b"GET /system/state/watch?sections=litellm HTTP/1.1\r\n"
           b"Host: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")


class Stream:
    def __init__(self, port):
        self.head = b""
        self.started = False
        self.socket = socket.create_connection(("127.0.0.1", port))
        # of ours only: so many readers need little
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.sendall(REQUEST)
        self.socket.setblocking(False)

    def read(self):
        """Bytes that came; 0 at the end."""
        data = self.socket.recv(65536)
        if not self.started:
            self.head += data
            self.started = b"event: state" in self.head
            if self.started:
                self.head = b""
        return len(data)


def main():
    port, count = int(sys.argv[1]), int(sys.argv[2])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    poll = selectors.DefaultSelector()
    poll.register(sys.stdin, selectors.EVENT_READ)
    for _ in range(count):
        stream = Stream(port)
        poll.register(stream.socket, selectors.EVENT_READ, stream)
    waiting, left, total, go_on = count, count, 0, True
    while go_on:
        for key, _ in poll.select():
            stream = key.data
            if stream is None:
                go_on = False
                continue
            begun = stream.started
            came = stream.read()
            total += came
            if came == 0:
                poll.unregister(stream.socket)
                left -= 1
            if stream.started and not begun:
                waiting -= 1
                if waiting == 0:
                    print("ready", flush=True)
    print(f"open {left} bytes {total}", flush=True)


main()
