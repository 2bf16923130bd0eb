"""A Unix socket before Docker's own, on which a scenario decides what comes through."""
import os
import socket
import threading

PIECE = 65536


class DockerProxy:
    """Passes everything on, but for what `hold`, `refuse` and `cut_streams` say.

    hold(text): requests whose first line has `text` get no answer, as from an engine that hangs on one container.
    refuse(text): they get a 500. Both hold until let_go(). A kept connection is judged at each of its requests.
    """

    def __init__(self, path, target):
        self.path = path
        self.target = target
        self.held = []
        self.refused = []
        self.seen = []
        self.lock = threading.Lock()
        self.streams = set()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def hold(self, text):
        self.held.append(text)

    def refuse(self, text):
        self.refused.append(text)

    def let_go(self):
        self.held, self.refused = [], []

    def cut_streams(self):
        """Ends every connection that carries the stream of events; returns how many."""
        with self.lock:
            cut, self.streams = self.streams, set()
        for one in cut:
            one.shutdown(socket.SHUT_RDWR)
        return len(cut)

    def count(self, text):
        return sum(text in line for line in list(self.seen))

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        engine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            engine.connect(self.target)
        except OSError:
            client.close()
            return
        threading.Thread(target=self.pass_back, args=(engine, client), daemon=True).start()
        try:
            while True:
                data = client.recv(PIECE)
                if not data or not self.pass_request(data, client, engine):
                    break
        except OSError:
            pass
        close(engine)

    # The agent's client sends the head of a request in one piece, and the next only after the answer.
    def pass_request(self, data, client, engine):
        line = data.split(b"\r\n", 1)[0].decode("latin-1") if b" HTTP/1.1" in data[:4096] else ""
        if line:
            self.seen.append(line)
        if line and any(text in line for text in self.held):
            client.recv(1)  # until the agent gives up
            return False
        if line and any(text in line for text in self.refused):
            body = b'{"message":"driver failed: input/output error"}'
            client.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n"
                           b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
            return False
        if "/events?" in line and "until=" not in line:
            with self.lock:
                self.streams.add(client)
        engine.sendall(data)
        return True

    def pass_back(self, engine, client):
        try:
            while True:
                data = engine.recv(PIECE)
                if not data:
                    break
                client.sendall(data)
        except OSError:
            pass
        with self.lock:
            self.streams.discard(client)
        close(client)

    def close(self):
        self.listener.close()
        os.remove(self.path)


def close(one):
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    one.close()
