"""A stop lets the workload end by itself within its grace; the outcome has the exit code and how long it took."""
from lib import check


def run(rig):
    node = rig.node()
    node.declare(command="trap 'sleep 1; exit 7' TERM; while :; do sleep 60 & wait $!; done",
                 tables="[stop]\ngrace_s = 30\n")
    node.start()
    node.until_running()
    outcome = node.outcome("stop", "workload:web", reason="test")
    check.equal(outcome["kind"], "succeeded", "stop")
    check.equal(outcome["actor"], "local:root", "the actor")
    [evidence] = outcome["evidence"]
    check.equal((evidence["workload"], evidence["state"], evidence["exit_code"]), ("web", "stopped", 7), "the evidence")
    check.is_true(900 <= evidence["duration_ms"] < 25_000, "the duration", evidence)
    check.equal(node.container()["State"]["ExitCode"], 7, "Docker's exit code")
    last = node.workload()["last_exit"]
    check.contains(last["why"], outcome["command_id"], "why names the command")
    check.contains(last["why"], "local:root", "why names who")
    check.equal(node.outcome("start", "workload:web")["kind"], "succeeded", "start")
    check.equal(node.until_running()["State"]["Running"], True, "running again")
