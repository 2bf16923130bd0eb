"""A power-off drains the workloads within their grace, the last report reaches the control plane, the agent ends, and only
then Docker and tailscaled stop."""
from hosts_lib.host import UNIT
from hosts_lib.story import Story, in_order
from lib import check

ABOUT_S = 30
DEADLINE_S = 240
HANDLER_S = 5
ENDS_IN_ITS_TIME = f"trap 'sleep {HANDLER_S}; exit 7' TERM; while :; do sleep 60 & wait $!; done"
# Only its order of stopping matters: a unit of that name which has nothing to do.
TAILSCALED = "[Service]\nExecStart=/usr/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"


def run(rig):
    control, host = rig.enrolled(web={"command": ENDS_IN_ITS_TIME, "tables": "[stop]\ngrace_s = 20\n"})
    machine = host.machine
    machine.write("/etc/systemd/system/tailscaled.service", TAILSCALED)
    machine.run("systemctl", "enable", "--now", "tailscaled.service")
    before = host.until_running()
    node_id = host.id
    rig.fault("the host is powered off", "systemctl poweroff with a workload that needs 5 s of its 20 s grace",
              "it ended by itself; its end was at the control plane before the agent, Docker and tailscaled stopped")
    machine.power_off()

    # While it is off: what it had said.
    view = control.node(node_id)
    web = [one for one in view["report"]["workloads"] if one["name"] == "web"][0]
    check.is_true(web["state"] != "running", "the last report says that web does not run", web)
    events = [one["event"] for one in control.events(node_id, "node")]
    check.contains([one["kind"] for one in events], "host_stopping", "the events at the control plane")
    ended = [one for one in events if one["kind"] == "workload_exited"][-1]
    check.equal(ended["data"]["exit_code"], "7", f"its handler ran to its end: {ended}")

    host.boot()
    after = host.until_ready().until_running()
    check.other_run(before, after)
    story = Story(machine.journal("-b", "-1"))
    drain, end = story.said("The host is going down"), story.unit_stopped(UNIT)
    in_order(("the drain", drain), ("the end of the agent", end), ("the end of Docker", story.unit_stopped("docker.service")))
    in_order(("the end of the agent", end), ("the end of tailscaled", story.unit_stopped("tailscaled.service")))
    check.is_true(HANDLER_S <= end - drain < 20, f"the drain took {end - drain:.1f} s")
    why = host.cli("why", "web").stdout
    check.contains(why, "the host goes down", "aura-node why")
