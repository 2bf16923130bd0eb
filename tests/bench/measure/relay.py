"""A Unix socket in front of Docker's that notes when each request of the agent arrives."""
import os
import socket
import threading
import time

PIECE = 65536
WAIT_S = 60


class Relay:
    """Bytes go through unchanged; costs the agent some 0.1 ms a call. Ends with its listening socket."""

    def __init__(self, path, target):
        self.path = path
        self.target = target
        self.seen = []   # (ns, request line)
        self.news = threading.Condition()
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listening.bind(path)
        self.listening.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listening.accept()
            except OSError:
                return   # closed
            far = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                far.connect(self.target)
            except OSError:
                near.close()
                continue
            threading.Thread(target=self.pump, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(far, near, False), daemon=True).start()

    def pump(self, source, sink, requests):
        try:
            while piece := source.recv(PIECE):
                if requests and piece.startswith(b"POST "):
                    self.note(piece)
                sink.sendall(piece)
        except OSError:
            pass   # one side is gone, so is the other
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def note(self, piece):
        arrived_ns = time.time_ns()
        line = piece.partition(b"\r\n")[0].decode("latin-1")
        with self.news:
            self.seen.append((arrived_ns, line))
            self.news.notify_all()

    def wait(self, part, after_ns):
        """When the first request after `after_ns` with `part` in its first line arrived, in ns."""
        def find():
            return next((arrived for arrived, line in self.seen if arrived > after_ns and part in line), None)

        with self.news:
            if not self.news.wait_for(find, WAIT_S):
                raise RuntimeError(f"the agent did not send {part} within {WAIT_S} s")
            return find()

    def close(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        os.unlink(self.path)
