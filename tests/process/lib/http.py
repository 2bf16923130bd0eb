"""HTTP/1.1 over a Unix socket or loopback TCP, and streams that tell when something happened."""
import http.client
import json
import select
import socket
import time

CALL_S = 70  # the longest answer that a scenario waits for


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout_s=CALL_S):
        super().__init__("localhost", timeout=timeout_s)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def tcp(port):
    return http.client.HTTPConnection("127.0.0.1", port, timeout=CALL_S)


class Reply:
    """Status, headers (lower case) and text of one answer; `json` where it is JSON."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.text = body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def code(self):
        """The stable code of an error answer."""
        return self.json.get("error", {}).get("code", "")

    def __repr__(self):
        return f"{self.status} {self.text[:600]}"


def call(connect, method, path, body=None, headers=None):
    """One request on a connection of its own. A dict or list is sent as JSON, bytes as they are."""
    sent = dict(headers or {})
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        sent.setdefault("Content-Type", "application/json")
    connection = connect()
    try:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        data = answer.read()
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, data)
    finally:
        connection.close()


class Stream:
    """An answer that does not end; what came stands in `lines`. Never blocks once it is open."""

    def __init__(self, connect, path, host="localhost"):
        connection = connect()
        connection.connect()
        self.socket = connection.sock
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        self.lines = []
        self.open = True
        self._raw = b""
        self._text = b""
        self._left = 0  # of the chunk being read
        head = self._read_head()
        self.status = int(head.split(b" ", 2)[1])
        self.chunked = b"transfer-encoding: chunked" in head.lower()
        self.socket.setblocking(False)

    def _read_head(self):
        while b"\r\n\r\n" not in self._raw:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError("the stream ended before its headers")
            self._raw += piece
        head, self._raw = self._raw.split(b"\r\n\r\n", 1)
        return head

    def fileno(self):
        return self.socket.fileno()

    def drain(self):
        """Takes what has come; true if there was anything new, the end included."""
        came = bool(self._raw)
        while self.open:
            try:
                piece = self.socket.recv(65536)
            except BlockingIOError:
                break
            except OSError:
                piece = b""
            came = True
            self.open = bool(piece)
            self._raw += piece
        self._decode()
        return came

    def _decode(self):
        """RFC 9112, 7.1: takes the chunks apart; the last one ends the stream."""
        while self.chunked and self._raw:
            if self._left == 0:
                if b"\r\n" not in self._raw:
                    break
                size, self._raw = self._raw.split(b"\r\n", 1)
                self._left = int(size.split(b";")[0], 16) + 2
                if self._left == 2:
                    self.open = False
                    self._raw = b""
                    break
            piece, self._raw = self._raw[: self._left], self._raw[self._left :]
            self._left -= len(piece)
            # The two bytes after the data are the chunk's line end.
            data = piece[: max(0, len(piece) + self._left - 2)] if self._left < 2 else piece
            self._text += data
        if not self.chunked:
            self._text, self._raw = self._text + self._raw, b""
        *whole, self._text = self._text.split(b"\n")
        self.lines += [line.decode("utf-8", "replace").rstrip("\r") for line in whole]

    def close(self):
        self.open = False
        self.socket.close()


def wait_for_any(streams, timeout_s):
    """Until one of the streams has something, at most so long; ended ones are passed over."""
    there = [stream for stream in streams if stream.open]
    if there:
        select.select(there, [], [], timeout_s)
        for stream in there:
            stream.drain()
    else:
        time.sleep(timeout_s)
