"""What stands between a service and the API server: it can be cut, and be
closed for a while, without anybody else noticing."""
import os
import selectors
import socket
import sys
import threading

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             '..', '..', 'support'))

from ports import free_port  # noqa: E402


class Relay:
    def __init__(self, port):
        self.target = port
        self.lock = threading.Lock()
        self.pairs = set()
        self.listener = None
        self.port = free_port()
        self.url = 'https://127.0.0.1:%d' % self.port
        self.accepted = 0
        self.open()

    def open(self):
        """Lets connections through."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(('127.0.0.1', self.port))
        listener.listen(64)
        self.listener = listener
        threading.Thread(target=self._accept, args=(listener,),
                         daemon=True).start()

    def cut(self):
        """Resets every connection there is."""
        with self.lock:
            pairs, self.pairs = self.pairs, set()
        for pair in pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        """Refuses connections from now on, and cuts those there are."""
        if self.listener is not None:
            # wakes accept(), which close() would not
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        self.cut()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(('127.0.0.1', self.target), 5)
            except OSError:
                near.close()
                continue
            with self.lock:
                self.accepted += 1
                self.pairs.add((near, far))
            threading.Thread(target=self._carry, args=((near, far),),
                             daemon=True).start()

    def _carry(self, pair):
        near, far = pair
        with selectors.DefaultSelector() as ready:
            ready.register(near, selectors.EVENT_READ, far)
            ready.register(far, selectors.EVENT_READ, near)
            try:
                while True:
                    for key, _ in ready.select():
                        data = key.fileobj.recv(65536)
                        if not data:
                            return
                        key.data.settimeout(30)
                        key.data.sendall(data)
            except OSError:
                return
            finally:
                with self.lock:
                    self.pairs.discard(pair)
                near.close()
                far.close()
