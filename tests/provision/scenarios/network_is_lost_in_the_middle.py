"""A machine that loses its network in the middle of the playbook fails alone, with the reason; the other becomes a node, and so
does the first once it is back and the playbook runs again."""
from lib import check
from provision_lib import usual

ABOUT_S = 90
DEADLINE_S = 360
MARK = "TASK [aura.node.aura_node : Write the settings]"


def run(rig):
    lost, other = rig.fresh("lost", "bookworm", tailnet=False), rig.fresh("other", "trixie", tailnet=False)
    operator = rig.operator(lost, other)
    usual.alone(rig, operator)
    rig.fault("a machine loses its network in the middle of its provisioning", "its network interface is taken away",
              "its play failed as unreachable, the other machine was done; done at the next run")
    run_ = operator.begin("site")
    rig.until(lambda: MARK in run_.text or run_.process.poll() is not None, 150, "the playbook is in the middle", lambda: run_.text[-500:])
    lost.machine.unplug()
    run_.end(check=False)
    check.is_true(run_.code != 0, "the playbook calls it done")
    check.equal(run_.recap("lost")["unreachable"], 1, f"the one without a network: {run_.text[-1500:]}")
    check.equal((run_.recap("other")["failed"], run_.recap("other")["unreachable"]), (0, 0), f"the other: {run_.text[-3000:]}")
    other.until_running()

    lost.machine.plug()
    # Docker gives it another address, maybe; the keys are the same.
    operator.manage(lost)
    again = operator.play("site")
    lost.until_ready()
    lost.until_running()
    usual.nothing_changed(again, other)
