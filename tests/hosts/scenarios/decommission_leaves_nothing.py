"""A decommissioned node stops what runs, tells the control plane, then leaves the tailnet, forgets its secrets and its state
and is disabled; containers and their data stay."""
from hosts_lib.host import ETC, STATE, UNIT
from lib import check
from lib.node import ENDS_ON_TERM

ABOUT_S = 25
DEADLINE_S = 200
CALLS = "/var/log/tailscale-calls"


def run(rig):
    control, host = rig.enrolled(web={"command": ENDS_ON_TERM})
    machine = host.machine
    # In place of the real one, whose tailnet nobody has here.
    machine.write("/usr/local/bin/tailscale", f'#!/bin/sh\necho "$@" >>{CALLS}\n', 0o755)
    before, node_id = host.until_running(), host.id
    command = control.send(node_id, "decommission", reason="customer left")
    outcome = control.outcome_of(node_id, command, seconds=60)
    check.equal(outcome["kind"], "succeeded", f"the outcome: {outcome}")
    rig.until(lambda: machine.active(UNIT) == "inactive", 60, "the agent is gone", lambda: host.log()[-8:])
    rig.until(lambda: machine.active("aura-node-leave.service") == "inactive", 60, "leaving is done",
              lambda: machine.messages("-u", "aura-node-leave.service"))

    check.equal(machine.unit("aura-node-leave.service", "Result")["Result"], "success", "leaving")
    check.equal(machine.unit(UNIT, "UnitFileState")["UnitFileState"], "disabled", "the agent's unit")
    check.equal(machine.read(CALLS).split(), ["logout"], "what tailscale was asked for")
    check.equal(machine.run("find", STATE, "-mindepth", "1").stdout, "", "its state")
    check.is_true(not machine.exists(f"{ETC}/credentials/enroll-code"), "its credentials are gone")
    events = [one["event"] for one in control.events(node_id, "node")]
    check.contains([one["kind"] for one in events], "workload_exited", "the end of the workload at the control plane")
    left = machine.docker.inspect(before["Id"])
    check.is_true(left is not None and not left["State"]["Running"], "its container is kept, stopped")
    machine.reboot()
    check.equal(machine.active(UNIT), "inactive", "the agent after a boot")
    check.equal(machine.docker.inspect(before["Id"])["State"]["Running"], False, "its container after a boot")
