"""A workload with [disconnect] is stopped when the control plane has been silent for after_s, counted on across the
agent's death; one that keeps runs on; what was stopped runs again when the control plane is back."""
import time

from lib import check

DEADLINE_S = 150
ABOUT_S = 60
AFTER_S = 20


def run(rig):
    control, node = rig.enrolled()
    node.declare("web", tables=f'[disconnect]\nafter_s = {AFTER_S}\naction = "stop"\n')
    node.declare("stays", tables=f'[disconnect]\nafter_s = {AFTER_S}\naction = "keep"\n')
    node.start()
    node.until_running("web")
    kept = node.until_running("stays")
    rig.until(lambda: "ok" in node.status()["control"], 20, "the node is heard", node.status)
    began = time.monotonic()
    control.stop()
    rig.until(lambda: node.events("control_silent") or time.monotonic() - began > AFTER_S / 2, AFTER_S, "half the time")
    node.kill()
    node.start()
    node.until_state("running", "web", seconds=5)
    resting = node.until_state("stopped", "web", seconds=2 * AFTER_S)
    silent_s = time.monotonic() - began
    # The agent died before it had noted the silence, or after: either way it counts no shorter than it was.
    check.is_true(silent_s >= AFTER_S - 1, "not before its time", silent_s)
    check.contains(resting["reason"], "The control plane has not answered for", "the reason")
    node.until_event("control_silent")
    told = node.api("GET", "/v1/workloads/web/why").json["runs"][0]
    check.equal(told["cause"], "disconnected", "the cause")
    node.kill()
    node.start()
    rig.stays(lambda: node.state("web") in ("stopped", None, "unknown"), 3, "it stays stopped with another life of the agent",
              node.workload)
    check.same_run(kept, node.until_running("stays"))
    control.start()
    node.until_running("web", seconds=60)
    node.until_event("control_heard")
    check.contains(node.api("GET", "/v1/workloads/web/why").json["runs"][0]["began_why"], "control plane was back",
                   "why it began")
