"""One workload hangs among many: how much longer the restart of another one takes."""
import time

from measure import engine, resources
from measure.rig import CALM_S
from measure.table import Row, median

PORT = 21_900
# Takes connections and says nothing; refuses to end by SIGTERM, so that each stop takes its whole grace.
HANGS = f"trap '' TERM; while :; do nc -l -p {PORT} -s 127.0.0.1 -e sleep 3600; done"
HUNG = f"""
[stop]
grace_s = 5
[health.liveness]
http = "http://127.0.0.1:{PORT}/"
every_s = 1
timeout_s = 2
failures = 1
start_grace_s = 1
"""


def hung(rig, size):
    events = rig.events()
    node = rig.node()
    node.write_policy(host_namespaces=["network"])
    count = resources.SOME
    for number in range(count - 1):
        node.declare(f"w{number}", "exec sleep 3600", resources.SPEC)
    node.start()
    rig.until(lambda: sum(one["state"] == "running" for one in node.status()["workloads"]) == count - 1,
              resources.START_S, "all workloads run")
    victim = node.until_running("w0")["Id"]

    def restarts():
        taken = []
        for _ in range(size.crashes):
            time.sleep(CALM_S)
            killed_ns = engine.kill(rig.docker, victim)
            taken.append(engine.ms(events.wait("start", killed_ns, victim) - killed_ns))
        return taken

    calm = restarts()
    node.declare("hangs", HANGS, resources.SPEC + HUNG)
    node.reload_by_signal()
    rig.until(lambda: any("probe" in str(one.get("data")) for one in node.events("workload_exited", "hangs")),
              resources.START_S, "it hangs and is restarted")
    beside = restarts()
    delay = median(beside) - median(calm)
    yield Row("hung", f"one hung workload among {count}: another's restart takes longer by", max(delay, 0.0), "ms",
              f"medians of {len(calm)}: {median(beside):.0f} beside it, {median(calm):.0f} without it", None, "", 50.0,
              "≤ 50 ms", "the hung one takes connections and never answers, and each of its stops takes the whole grace")
