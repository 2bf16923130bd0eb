"""An agent that stood still takes nothing for a workload's failure: it says so, looks anew, finds what died meanwhile,
and carries a command that was under way to its one outcome."""
import os
import signal

from lib import check
from lib.node import IGNORES_TERM
from lib.notify import Notify
from lib.scripted_control import ScriptedControl

DEADLINE_S = 120
ABOUT_S = 40
STILL_S = 27  # a stall this long always overlaps the agent's own timer by more than the 5 s that it tells of


def run(rig):
    fault = rig.fault("the agent stands still (as on a hung disk)",
                      f"SIGSTOP of the real agent for {STILL_S} s, a stop under way, a crash meanwhile")
    plane = ScriptedControl()
    plane.want("running", 1)
    node = rig.node(control=plane)
    node.declare("web")
    node.declare("dies")
    node.declare("slow", command=IGNORES_TERM)
    notify = Notify(node)
    node.start()
    web, dies = node.until_running("web"), node.until_running("dies")
    node.until_running("slow")
    rig.until(notify.fed, 20, "the watchdog is fed")
    check.is_true(watches_wall_clock(node), "the kernel is to tell it of a wall clock that is set")
    reply = node.command("stop", "workload:slow", wait_s=0, id="c-slow", args={"grace_s": 2})
    check.equal(reply.status, 202, "the stop is under way")
    node.process.send_signal(signal.SIGSTOP)
    try:
        rig.docker.kill_main_process(dies["Id"])
        rig.stays(lambda: node.container("web")["State"]["Running"], STILL_S, "the workload")
        notify.fed()
        check.is_true(not notify.fed(), "nobody feeds the watchdog meanwhile")
    finally:
        node.process.send_signal(signal.SIGCONT)
    told = node.until_event("agent_stalled")
    rig.until(notify.fed, 20, "the watchdog is fed again")
    node.until_event("workload_started", "dies", count=2)
    check.other_run(dies, node.until_running("dies"))
    check.equal(node.events("workload_exited", "dies")[0]["data"]["cause"], "crashed", "what its end is told as")
    check.same_run(web, node.until_running("web"))
    check.equal(node.events("workload_exited", "web"), [], "ends told of the one that ran on")
    rig.until(lambda: node.api("GET", "/v1/commands/c-slow").json.get("outcome"), 40, "the stop has its outcome")
    check.equal(node.api("GET", "/v1/commands/c-slow").json["outcome"]["kind"], "succeeded", "the outcome")
    rig.until(lambda: plane.outcome("c-slow"), 20, "the control plane hears of it")
    check.equal(node.status()["state"], "running", "the node's state")
    fault.observed = (f"told as {int(told['data']['for_ms']) // 1000} s or more; no container bounced, the crash found, "
                      "one outcome")


def watches_wall_clock(node):
    """A timerfd on CLOCK_REALTIME, absolute and cancelled by a set (proc(5), timerfd_create(2)); setting the clock itself
    would be felt by the whole machine."""
    folder = f"/proc/{node.process.pid}/fdinfo"
    infos = []
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="ascii") as file:
            infos.append(file.read())
    return any("clockid: 0" in info and "settime flags: 03" in info for info in infos)
