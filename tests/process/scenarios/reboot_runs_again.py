"""After a reboot what was running runs again at once, in the same container, without waiting for the control plane."""
from lib import boot, check


def run(rig):
    control, node = rig.enrolled()
    node.declare()
    node.start()
    before = node.until_running()
    control.stop()
    node.kill()
    rig.docker.kill_main_process(before["Id"])
    boot.into_another_boot(node)
    node.start()
    after = node.until_running()
    check.other_run(before, after)
    exited = node.events("workload_exited", "web")[-1]
    check.equal(exited["data"]["cause"], "host_reboot", "the cause")
