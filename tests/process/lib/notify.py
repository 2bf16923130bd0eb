"""systemd's end of sd_notify(3), with a watchdog."""
import socket


class Notify:
    def __init__(self, node, watchdog_us=1_000_000):
        path = node.path("notify.sock")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.setblocking(False)
        before = node.environment
        node.environment = lambda: {**before(), "NOTIFY_SOCKET": path, "WATCHDOG_USEC": str(watchdog_us)}

    def fed(self):
        """True if WATCHDOG=1 came since it was last asked."""
        return any(b"WATCHDOG=1" in message for message in self.read())

    def read(self):
        found = []
        try:
            while True:
                found.append(self.socket.recv(4096))
        except BlockingIOError:
            return found
