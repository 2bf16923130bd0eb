"""After a reboot, and after one that came without warning, what ran runs again in the same containers, what was stopped stays
stopped, and aura-node why names the host."""
from lib import check
from lib.node import ENDS_ON_TERM

ABOUT_S = 30
DEADLINE_S = 240


def run(rig):
    host = rig.node(web={"command": ENDS_ON_TERM}, idle={})
    machine = host.machine
    before = host.until_running()
    check.equal(host.cli("stop", "idle").returncode, 0, "stop")
    boots = [machine.boot_id()]

    def same_again(how):
        boots.append(machine.boot_id())
        check.equal(len(set(boots)), len(boots), f"another boot each time: {boots}")
        after = host.until_ready().until_running()
        check.other_run(before, after)
        check.equal(host.state("idle"), "stopped", f"what was stopped, after {how}")
        return after

    host.reboot()
    again = same_again("a reboot")
    check.contains(host.cli("why", "web").stdout, "the host goes down", "why, after a reboot")
    before = again
    rig.fault("the host is reset", "systemctl reboot --force --force", "what ran runs again, what was stopped stays stopped")
    host.reboot("systemctl", "reboot", "--force", "--force")
    same_again("a reset")
    check.contains(host.cli("why", "web").stdout, "boot of the host", "why, after a reset")
