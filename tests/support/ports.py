"""Ports for servers of the tests, which may be stopped and started again on the
same port. Python's standard library only.

A program in a folder of tests/ finds it with
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                 '..', 'support'))
"""
import random
import socket

# Below those that Linux gives to outgoing connections: while a server is down,
# or not up yet, nobody's connection may get its port.
FIRST, LAST = 11000, 32000

_next = random.SystemRandom().randint(FIRST, LAST)


def free_port():
    """A port of 127.0.0.1 that is free now; never the same one twice."""
    global _next
    for _ in range(LAST - FIRST):
        port, _next = _next, _next + 1 if _next < LAST else FIRST
        with socket.socket() as s:
            try:
                s.bind(('127.0.0.1', port))
                return port
            except OSError:
                pass
    raise OSError('no port is free')
