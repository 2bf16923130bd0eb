"""The units are to systemd's liking and shut in; the agent's user may have the host rebooted and the agent's own units
started, and nothing else; aura-control waits until somebody starts it."""
import re

from hosts_lib.host import UNIT
from lib import check

ABOUT_S = 15
WORST = 1.5
AGENT = "aura-node"
UNITS = [UNIT, "aura-node-leave.service", "aura-node-upgrade@1.0.service", "aura-node-upgrade-resume.service"]


def run(rig):
    host = rig.node(web={})
    machine = host.machine
    host.until_running()
    host.install(rig.package("aura-control"))
    for unit in UNITS + ["aura-control.service"]:
        # Whether there are man pages is for man to say, which is not here.
        done = machine.run("systemd-analyze", "verify", "--man=no", unit, check=False)
        check.equal((done.returncode, done.stdout + done.stderr), (0, ""), f"systemd-analyze verify {unit}")
    for unit in (UNIT, "aura-control.service"):
        said = machine.run("systemd-analyze", "security", "--no-pager", unit).stdout
        found = re.search(r"exposure level for .*: ([0-9.]+) ", said)
        check.is_true(found and float(found.group(1)) <= WORST, f"{unit} is shut in", said[-400:])

    may = [("start", "aura-node-leave.service"), ("start", "aura-node-upgrade@1.0.service")]
    must_not = [("stop", UNIT), ("restart", "docker.service"), ("start", "docker.service"), ("start", "aura-node-leavex.service"),
                ("stop", "aura-node-upgrade@1.0.service")]
    # What they would do is another scenario's; here they are only asked for.
    for _, unit in may:
        host.drop_in(unit.replace("@1.0", "@"), "nothing", "[Service]\nExecStart=\nExecStart=/bin/true\n")
    for verb, unit in may:
        done = machine.run("systemctl", "--no-ask-password", verb, unit, user=AGENT, check=False)
        check.equal(done.returncode, 0, f"{AGENT} may {verb} {unit}: {done.stderr}")
    for verb, unit in must_not:
        done = machine.run("systemctl", "--no-ask-password", verb, unit, user=AGENT, check=False)
        check.is_true(done.returncode != 0, f"{AGENT} must not {verb} {unit}", done.stderr)
    for verb in ("Reboot", "PowerOff"):
        for user, answer in ((AGENT, '"yes"'), ("nobody", '"challenge"')):
            said = machine.run("busctl", "call", "org.freedesktop.login1", "/org/freedesktop/login1",
                               "org.freedesktop.login1.Manager", f"Can{verb}", user=user).stdout
            check.contains(said, answer, f"Can{verb}, asked by {user}")

    control = machine.unit("aura-control.service", "ActiveState", "UnitFileState")
    check.equal((control["ActiveState"], control["UnitFileState"]), ("inactive", "disabled"), "aura-control after installation")
    machine.run("systemctl", "start", "aura-control")
    rig.until(lambda: machine.run("aura-control", "nodes", check=False).returncode == 0, 20, "aura-control answers root",
              lambda: machine.messages("-u", "aura-control.service")[-5:])
    check.equal(machine.run("stat", "--format=%U %a", "/var/lib/aura-control").stdout.split(), ["aura-control", "700"],
                "owner and mode of its state")
