"""docker kill, want of memory of the workload and of a child of it, a failing probe, an operator's stop, docker stop and a
crash while the agent was away each get their own words from aura-node why, which outlive the agent."""
from lib import check

DEADLINE_S = 150
ABOUT_S = 45
# Ends as the file /data/next says; a container's own processes share its memory limit. One that wants too much is alone
# with it: another that is at work when the kernel kills could make it kill twice.
SCRIPT = """
trap 'exit 5' TERM
echo serving
while :; do
  next=$(cat /data/next 2>/dev/null) && rm -f /data/next
  case "$next" in
    child) tail -c 200m /dev/zero > /dev/null; echo the child is gone; sleep 1; exit 3 ;;
    memory) exec tail -c 200m /dev/zero ;;
    hang) rm -f /tmp/well ;;
  esac
  sleep 0.2
done
"""
TABLES = """
[resources]
memory = "32MiB"
[stop]
grace_s = 3
[restart]
backoff_max_s = 1
give_up = { restarts = 100, within_s = 600 }
[health.liveness]
exec = ["test", "-e", "/tmp/well"]
every_s = 1
timeout_s = 5
failures = 2
start_grace_s = 30
"""


def run(rig):
    node = rig.node()
    node.declare(command="touch /tmp/well\n" + SCRIPT, tables=TABLES,
                 mounts=[{"source": node.path("srv"), "target": "/data"}])
    node.start()
    node.until_running()
    seen = {}

    def ended(name, number):
        """What why says of the last end, once there are so many."""
        def told():
            runs = [one for one in why(node) if one.get("ended")]
            return runs[0] if len(runs) >= number else None
        seen[name] = rig.until(told, 40, f"an end by {name}", lambda: why(node))
        return seen[name]

    def text(name, *parts):
        for part in parts:
            check.contains(seen[name]["ended_why"], part, f"why after {name}")

    rig.docker.ok("POST", f"/containers/{node.until_running()['Id']}/kill")
    ended("docker kill", 1)
    text("docker kill", "killed by SIGKILL (exit code 137)", "SIGKILL through Docker (docker kill)")

    rig.docker.stop(node.until_running()["Id"], 5)
    ended("docker stop", 2)
    text("docker stop", "exit code 5", "(docker stop)")

    node.until_running()
    order(node, "child")
    ended("child", 3)
    text("child", "ended by itself with exit code 3", "the kernel killed one of its processes for want of memory")
    check.equal((seen["child"]["oom"], seen["child"]["child_oom"]), (False, True), "the facts of a child's OOM")
    rig.until(lambda: "the child is gone" in why(node, 3)[-1].get("log_tail", []), 20, "its last lines", lambda: why(node, 3))

    node.until_running()
    order(node, "memory")
    ended("memory", 4)
    text("memory", "killed by the kernel for want of memory (exit code 137)")
    check.equal((seen["memory"]["oom"], seen["memory"]["child_oom"]), (True, False), "the facts of its own OOM")

    node.until_running()
    order(node, "hang")
    ended("probe", 5)
    text("probe", "a probe failed", "the liveness probe exec test failed 2 times")
    check.equal(seen["probe"]["cause"], "probe", "the cause")

    node.until_running()
    stopped = node.outcome("stop", "workload:web", reason="invoice unpaid", id="stop-1")
    check.equal(stopped["kind"], "succeeded", "stop")
    ended("stop", 6)
    text("stop", "by local:root", "command stop-1: invoice unpaid")
    check.equal(node.outcome("start", "workload:web", reason="paid", id="start-1")["kind"], "succeeded", "start")
    check.contains(why(node)[0]["began_why"], "start by local:root, command start-1: paid", "why it began")

    before = node.until_running()
    node.stop()
    rig.docker.kill_main_process(before["Id"])
    # Docker 26 still lists a container as running for a moment after inspect has said that it ended.
    rig.until(lambda: [one["State"] for one in rig.docker.of_node(node.id)] == ["exited"], 20, "it ended")
    node.start()
    ended("away", 7)
    text("away", "while the agent was away")

    sentences = [one["ended_why"] for one in seen.values()]
    check.equal(len(set(sentences)), 7, "different words")
    node.until_running()
    printed = node.cli("why", "web")
    check.equal(printed.returncode, 0, "why")
    for one in ("docker stop", "docker kill", "invoice unpaid", "the child is gone", "runs since then"):
        check.contains(printed.stdout, one, "aura-node why")
    check.equal(node.cli("why", "nobody").returncode, 1, "why of nobody")


def why(node, last=None):
    runs = node.api("GET", "/v1/workloads/web/why").json["runs"]
    return runs if last is None else [one for one in runs if one.get("exit_code") == last]


def order(node, what):
    with open(node.path("srv", "next"), "w", encoding="utf-8") as file:
        file.write(what)
