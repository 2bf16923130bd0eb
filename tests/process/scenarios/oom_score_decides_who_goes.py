"""When memory is short for several workloads together, the kernel takes the one whose oom_score_adj is highest, though it
uses least; why says that it fell to want of memory, and the others run on. By a real shortage: the memory of a Docker of
the scenario's own is bounded."""
import os

from lib import check

DEADLINE_S = 120
ABOUT_S = 25
MIB = 1 << 20
SHARED_MIB = 200
# Holds so much memory in one process, whose end ends the workload with its exit code.
HOLDS = """
mkfifo /tmp/held
sleep 3600 < /tmp/held &
wait_for() {{ while [ ! -e "$1" ]; do sleep 0.1; done; }}
{when}
head -c {bytes} /dev/zero | tail -c {bytes} > /tmp/held
exit $?
"""


def run(rig):
    docker = rig.own_docker()
    node = rig.node(docker=docker)
    keep = {"mounts": [{"source": node.path("srv"), "target": "/data", "read_only": True}]}
    holds(node, "model", 90, "[resources]\noom_score_adj = 0\n", **keep)
    holds(node, "helper", 40, "[resources]\noom_score_adj = 500\n[restart]\npolicy = \"never\"\n", **keep)
    # Reads what it is to hold only when it is told to: the shortage comes when all are there.
    holds(node, "late", 90, "[resources]\noom_score_adj = 0\n", when="wait_for /data/go", **keep)
    node.start()
    runs = {name: node.until_running(name) for name in ("model", "helper", "late")}
    for name, adjusted in (("model", 0), ("helper", 500)):
        with open(f"/proc/{runs[name]['State']['Pid']}/oom_score_adj", encoding="ascii") as file:
            check.equal(int(file.read()), adjusted, f"oom_score_adj of {name}")
    rig.until(lambda: used_mib(runs["model"]) > 85 and used_mib(runs["helper"]) > 35, 20, "both hold their memory",
              lambda: {name: used_mib(one) for name, one in runs.items()})
    bound(runs["model"], SHARED_MIB * MIB)
    open(os.path.join(node.path("srv"), "go"), "w", encoding="ascii").close()
    node.until_state("failed", "helper", seconds=40)
    why = node.api("GET", "/v1/workloads/helper/why").json["runs"][0]
    check.equal((why["exit_code"], why.get("oom")), (137, True), "the end of helper")
    check.contains(why["ended_why"], "want of memory", "why it ended")
    rig.until(lambda: used_mib(runs["late"]) > 85, 20, "the late one has its memory", lambda: used_mib(runs["late"]))
    for name in ("model", "late"):
        check.same_run(runs[name], node.until_running(name))


def holds(node, name, mib, tables, when="", **keys):
    node.declare(name, command=HOLDS.format(bytes=mib * MIB, when=when), tables=tables, **keys)


def memory_cgroup(container):
    """The folder of its memory cgroup, whichever version the kernel has."""
    with open(f"/proc/{container['State']['Pid']}/cgroup", encoding="ascii") as file:
        lines = [line.rstrip("\n").split(":", 2) for line in file]
    for _, controllers, path in lines:
        if "memory" in controllers.split(","):
            return "/sys/fs/cgroup/memory" + path
    return "/sys/fs/cgroup" + next(path for number, _, path in lines if number == "0")


def used_mib(container):
    for name in ("memory.usage_in_bytes", "memory.current"):
        path = os.path.join(memory_cgroup(container), name)
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                return int(file.read()) // MIB
    return 0


def bound(container, size):
    """So much memory for all containers of that Docker together."""
    parent = os.path.dirname(memory_cgroup(container))
    name = "memory.limit_in_bytes" if os.path.exists(os.path.join(parent, "memory.limit_in_bytes")) else "memory.max"
    with open(os.path.join(parent, name), "w", encoding="ascii") as file:
        file.write(str(size))
