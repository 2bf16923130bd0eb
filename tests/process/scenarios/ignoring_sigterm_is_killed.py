"""A workload that ignores its stop signal is killed after its grace, not before, and the outcome shows 137."""
from lib import check
from lib.node import IGNORES_TERM


def run(rig):
    node = rig.node()
    node.declare(command=IGNORES_TERM, tables="[stop]\ngrace_s = 60\n")
    node.start()
    node.until_running()
    outcome = node.outcome("stop", "workload:web", args={"grace_s": 2})
    check.equal(outcome["kind"], "succeeded", "stop")
    [evidence] = outcome["evidence"]
    check.equal((evidence["exit_code"], evidence["signal"]), (137, "SIGKILL"), "the evidence")
    check.is_true(1_900 <= evidence["duration_ms"] < 30_000, "the duration", evidence)
