"""Reboot and power-off by command go through logind, drain what runs and have succeeded once another boot is there; a user
without privileges is refused both."""
from lib import check
from lib.node import ENDS_ON_TERM

ABOUT_S = 30
DEADLINE_S = 240
REFUSED = 3


def run(rig):
    control, host = rig.enrolled(web={"command": ENDS_ON_TERM})
    machine = host.machine
    before, node_id, boot = host.until_running(), host.id, machine.boot_id()
    machine.run("useradd", "stranger")
    for verb in ("reboot", "power-off"):
        done = host.cli(verb, "--reason", "mischief", user="stranger")
        check.equal(done.returncode, REFUSED, f"a stranger's {verb}: {done.stdout}{done.stderr}")
    done = machine.run("runuser", "-u", "stranger", "--", "systemctl", "reboot", check=False)
    check.is_true(done.returncode != 0, "logind refuses a stranger", done.stderr)
    check.same_run(before, host.container())

    command = control.send(node_id, "reboot", reason="new kernel", expires_in_s=300)
    check.equal(machine.until_off(), "reboot", "what the host did")
    host.boot()
    outcome = control.outcome_of(node_id, command, seconds=60)
    check.equal(outcome["kind"], "succeeded", f"the command's outcome: {outcome}")
    check.is_true(machine.boot_id() != boot, "another boot")
    after = host.until_ready().until_running()
    check.other_run(before, after)
    why = host.cli("why", "web").stdout
    check.contains(why, "the host goes down", "why")
    check.contains(why, "new kernel", "why names the command's reason")

    # A stop that powers off: what was stopped stays stopped after the next boot.
    command = control.send(node_id, "stop", reason="unpaid", args={"then": "power_off"})
    check.equal(machine.until_off(), "off", "what the host did")
    host.boot()
    host.until_ready()
    outcome = control.outcome_of(node_id, command, seconds=60)
    check.equal(outcome["kind"], "succeeded", f"the outcome of stop and power-off: {outcome}")
    host.until_state("stopped")
