"""Network namespaces: programs that run in one, and sockets that are made in one."""
import contextlib
import ctypes
import os
import socket
import subprocess
from http.client import HTTPConnection

CLONE_NEWNET = 0x40000000
FOLDER = "/run/netns"  # where iproute2 keeps them; one may also be named by its path, such as /proc/PID/ns/net

libc = ctypes.CDLL(None, use_errno=True)


def ip(*arguments, check=True):
    done = subprocess.run(["ip", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, f"ip {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def prefix(namespace):
    """In front of a command. Not `ip netns exec`, which mounts an empty /sys/fs/cgroup over the machine's."""
    return ["nsenter", f"--net={path_of(namespace)}"]


def path_of(namespace):
    return os.path.join(FOLDER, namespace)


@contextlib.contextmanager
def inside(namespace):
    """A socket made in here belongs to the namespace for good; only this thread goes there, and it comes back."""
    with open("/proc/thread-self/ns/net", "rb") as home, open(path_of(namespace), "rb") as there:
        enter(there)
        try:
            yield
        finally:
            enter(home)


def enter(file):
    if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"setns to {file.name}")


def connect(namespace, address, port, timeout_s):
    with inside(namespace):
        return socket.create_connection((address, port), timeout=timeout_s)


def to(namespace, address, port, timeout_s):
    """For http.call and http.Stream: connections from there."""
    return lambda: Connection(namespace, address, port, timeout_s)


class Connection(HTTPConnection):
    def __init__(self, namespace, address, port, timeout_s):
        super().__init__(address, port, timeout=timeout_s)
        self.namespace = namespace

    def connect(self):
        self.sock = connect(self.namespace, self.host, self.port, self.timeout)


def listen(namespace, address, port):
    with inside(namespace):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return socket.create_server((address, port), family=family)


def names():
    return os.listdir(FOLDER) if os.path.isdir(FOLDER) else []
