"""The way from a host to the control plane of a scenario: a port on the host's loopback that leads to one of this machine.

So aura-control outlives the host that it watches, and what a host said last can be read while it is off."""
import socket
import threading

PIECE = 65536


class Door:
    def __init__(self, machine, port, connect=None):
        """`connect` makes the connections to the control plane, where it is not on this machine's own loopback."""
        self.machine = machine
        self.port = port
        self.connect = connect or (lambda: socket.create_connection(("127.0.0.1", port), timeout=20))
        self.listener = None
        self.streams = set()
        self.lock = threading.Lock()

    def open(self):
        """For this boot of the machine."""
        self.close()
        self.listener = self.machine.listen("127.0.0.1", self.port)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()
        return self

    def close(self):
        """Also what goes through it: as if the control plane were away."""
        listener, self.listener = self.listener, None
        if listener:
            shut(listener)
            listener.close()
        with self.lock:
            streams, self.streams = self.streams, set()
        for one in streams:
            shut(one)

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                control = self.connect()
            except OSError:
                client.close()
                continue
            control.settimeout(None)
            with self.lock:
                self.streams |= {client, control}
            for source, sink in ((client, control), (control, client)):
                threading.Thread(target=self.move, args=(source, sink), daemon=True).start()

    def move(self, source, sink):
        try:
            while data := source.recv(PIECE):
                sink.sendall(data)
        except OSError:
            pass
        shut(source)
        shut(sink)
        with self.lock:
            self.streams -= {source, sink}


def shut(one):
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
