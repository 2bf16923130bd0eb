"""The agent is killed in the middle of a suspend: after its return there is exactly one outcome and the workload
is stopped."""
from lib import check

ABOUT_S = 12


def run(rig):
    control, node = rig.enrolled()
    node.declare(command="trap 'sleep 3; exit 9' TERM; while :; do sleep 60 & wait $!; done",
                 tables="[stop]\ngrace_s = 60\n")
    node.start()
    node.until_running()
    command = control.send(node.id, "suspend", reason="payment failed")
    rig.until(lambda: node.state() == "stopping", 20, "the stop has begun", node.workload)
    node.kill()
    check.is_true(node.containers()[0]["State"]["Running"], "it was in the middle")
    node.start()
    outcome = control.outcome_of(node.id, command)
    check.equal(outcome["kind"], "succeeded", "suspend")
    check.equal(node.container()["State"]["Running"], False, "running")
    check.equal(node.container()["State"]["ExitCode"], 9, "it ended by itself, within its grace")
    settled = [one for one in node.events("command_settled") if one.get("command_id") == command]
    check.equal(len(settled), 1, "outcomes")
    node.restart()
    rig.stays(lambda: not node.container()["State"]["Running"], 1, "staying stopped")
    stored = [one["event"] for one in control.events(node.id, "node") if one["event"].get("command_id") == command]
    check.equal([one["kind"] for one in stored].count("command_settled"), 1, "outcomes told to the control plane")
