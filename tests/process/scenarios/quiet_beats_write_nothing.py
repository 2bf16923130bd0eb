"""Heartbeats that carry nothing new write nothing to the ledger; the agent has exactly one thread and no child."""
import os

from lib import check, ledger
from lib.scripted_control import ScriptedControl


def run(rig):
    plane = ScriptedControl()
    plane.want("running", 1)
    node = rig.node(control=plane)
    node.declare()
    node.start()
    node.until_running()
    last = node.events()[-1]["seq"]
    rig.until(lambda: plane.events and plane.events[-1]["seq"] >= last, 20, "all is told")
    beats = plane.count()
    rig.until(lambda: plane.count() >= beats + 2, 20, "the confirmation is kept")
    before, beats = ledger.marks(node), plane.count()
    check.is_true(before, "the ledger's files")
    rig.until(lambda: plane.count() >= beats + 4, 30, "four more heartbeats")
    check.equal(ledger.marks(node), before, "size and time of the ledger's files")
    check.equal(len(os.listdir(f"/proc/{node.process.pid}/task")), 1, "threads")
    with open(f"/proc/{node.process.pid}/task/{node.process.pid}/children", encoding="ascii") as file:
        check.equal(file.read().strip(), "", "children")
    idle = [beat for beat in plane.beats[-3:] if beat["report"] is None and not beat["events"]]
    check.equal(len(idle), 3, "beats without a report")
    check.equal([b["seq"] for b in plane.beats], list(range(1, len(plane.beats) + 1)), "the numbers of the beats")
