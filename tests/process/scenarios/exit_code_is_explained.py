"""A crash's event tells the exit code and, in a second event, the last lines that the container wrote."""
from lib import check


def run(rig):
    node = rig.node()
    node.declare(command="echo going down; [ -e /data/stay ] && exec sleep 3600; touch /data/stay; exit 3",
                 mounts=[{"source": node.path("srv"), "target": "/data"}])
    node.start()
    exited = node.until_event("workload_exited", "web")
    check.equal(exited["data"]["exit_code"], "3", "the exit code")
    check.contains(exited["text"], "exit code 3", "the text")
    tail = node.until_event("log_tail", "web")
    check.contains("\n".join(tail["log_tail"]), "going down", "the tail")
    node.until_running()
    check.equal(node.workload()["last_exit"]["code"], 3, "the last exit")
