"""However its ledger is damaged, a node keeps what it ran running in the same container, and a suspended one starts
nothing."""
import os
import random
import shutil

from lib import check, ledger
from lib.node import ENDS_ON_TERM

DEADLINE_S = 240
ABOUT_S = 60
SEED = 20
FLIPS = 64


def truncate(node, share):
    for path in ledger.there(node):
        os.truncate(path, int(os.path.getsize(path) * share))


def flip(node, seed):
    chance = random.Random(seed)
    for path in ledger.there(node):
        size = os.path.getsize(path)
        with open(path, "r+b") as file:
            for _ in range(FLIPS if size else 0):
                at = chance.randrange(size)
                file.seek(at)
                byte = file.read(1)[0]
                file.seek(at)
                file.write(bytes([byte ^ (1 << chance.randrange(8))]))


def only_log_gone(node):
    for path in ledger.there(node):
        if path.endswith("-wal"):
            os.remove(path)


DAMAGES = {
    "deleted": (ledger.remove, "both files removed"),
    "its log deleted": (only_log_gone, "the write-ahead log removed"),
    "emptied": (lambda node: truncate(node, 0), "both files truncated to nothing"),
    "cut in half": (lambda node: truncate(node, 0.5), "both files truncated to half"),
    "overwritten": (ledger.spoil, "every byte of both files overwritten"),
    **{f"bit-flipped, {n}": (lambda node, n=n: flip(node, SEED + n), f"{FLIPS} random bits of each file flipped")
       for n in range(1, 4)},
}


def run(rig):
    node = rig.node()
    node.declare(command=ENDS_ON_TERM)
    node.start()
    before = node.until_running()
    node.stop()
    shutil.copytree(node.path("state"), node.path("sound"))
    for name, (damage, how) in DAMAGES.items():
        rig.fault(f"the ledger is {name.split(',')[0]}", how, "the workload goes on in the same container")
        damage(node)
        node.start()
        check.same_run(before, node.until_running())
        node.stop()
        put_back(node)

    control, other = rig.enrolled(name="suspended")
    other.declare(command=ENDS_ON_TERM)
    other.start()
    other.until_running()
    check.equal(control.outcome(other.id, "suspend", reason="payment failed")["kind"], "succeeded", "suspend")
    other.stop()
    control.stop()
    shutil.copytree(other.path("state"), other.path("sound"))
    for name, (damage, how) in DAMAGES.items():
        rig.fault(f"the ledger of a suspended node is {name.split(',')[0]}", how, "it stays suspended, nothing is started")
        damage(other)
        other.start()
        check.is_true(other.status().get("suspension"), f"{name}: it says that it is suspended", other.status())
        rig.stays(lambda: not any(one["State"]["Running"] for one in other.containers()), 0.5, f"{name}: staying down")
        other.stop()
        put_back(other)


def put_back(node):
    shutil.rmtree(node.path("state"))
    shutil.copytree(node.path("sound"), node.path("state"))
