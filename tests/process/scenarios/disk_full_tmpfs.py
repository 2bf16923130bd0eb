"""On a full tmpfs the reserve keeps commands going, then they get no_space while supervision and heartbeats go on; with
space again all is well by itself."""
from lib import full_disk
from lib.disk import Tmpfs

DEADLINE_S = 180
ABOUT_S = 45


def run(rig):
    full_disk.go(rig, Tmpfs)
