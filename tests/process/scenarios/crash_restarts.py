"""A workload whose main process is killed runs again at once, and the report and the event say why it ended."""
from lib import check


def run(rig):
    node = rig.node()
    node.declare()
    node.start()
    before = node.until_running()
    rig.docker.kill_main_process(before["Id"])
    event = node.until_event("workload_exited", "web")
    node.until_event("workload_started", "web", count=2)
    after = node.until_running()
    check.other_run(before, after)
    check.equal(event["data"]["cause"], "crashed", "the cause")
    check.equal(event["data"]["exit_code"], "137", "the exit code")
    last = node.workload()["last_exit"]
    check.equal((last["code"], last["signal"], last["oom"]), (137, "SIGKILL", False), "the last exit")
    check.contains(last["why"], "killed by SIGKILL", "why")
    check.equal(node.workload()["restarts"], 1, "restarts")
