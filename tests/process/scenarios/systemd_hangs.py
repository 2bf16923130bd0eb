"""A PID 1 that reads nothing any more does not stop the agent: it answers, and what crashes runs again."""
from lib import check
from lib.notify import Notify

WATCHDOG_US = 20_000  # so often that every queue is full within seconds
QUEUE = "/proc/sys/net/unix/max_dgram_qlen"


def run(rig):
    rig.fault("systemd's PID 1 hangs", "a notify socket that nobody reads, until its queue is full",
              "the agent answers, a crashed workload is back")
    node = rig.node()
    notify = Notify(node, WATCHDOG_US)
    node.declare()
    node.start()
    before = node.until_running()
    with open(QUEUE, encoding="ascii") as file:
        queue = int(file.read())
    # Each message takes half the watchdog's time.
    rig.stays(lambda: node.status()["docker_known"], min(30, 2 + queue * WATCHDOG_US / 2 / 1_000_000), "answering")
    rig.docker.kill_main_process(before["Id"])
    node.until_event("workload_started", "web", count=2)
    messages = notify.read()
    check.is_true(len(messages) >= min(queue, 10), "the queue was full", len(messages))
