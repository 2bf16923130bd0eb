"""A reboot's equivalent for one daemon: from its next start on it reads another boot id."""
import uuid

from lib.node import read, write


def into_another_boot(node):
    """A mount namespace in which the kernel's file shows an id of our own."""
    write(node.path("boot_id"), str(uuid.uuid4()) + "\n")
    script = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"'
    node.wrapper = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, node.path("boot_id")]


def id_of(node):
    return read(node.path("boot_id")).strip()
