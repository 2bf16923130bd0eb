"""With a corrupt ledger the marker file is honoured: a suspended node starts nothing, after a new ledger neither."""
import os

from lib import check, ledger
from lib.node import ENDS_ON_TERM


def run(rig):
    control, node = rig.enrolled()
    node.declare(command=ENDS_ON_TERM)
    node.start()
    node.until_running()
    check.equal(control.outcome(node.id, "suspend", reason="payment failed")["kind"], "succeeded", "suspend")
    check.is_true(os.path.exists(node.path("state", "suspended")), "the marker is there")
    node.stop()
    control.stop()
    ledger.spoil(node)
    node.start()
    stays_down(rig, node)
    node.stop()
    ledger.remove(node)
    node.start()
    stays_down(rig, node)


def stays_down(rig, node):
    check.is_true(node.status().get("suspension"), "it says that it is suspended", node.status())
    rig.stays(lambda: not any(one["State"]["Running"] for one in node.containers()), 1.5, "staying stopped")
