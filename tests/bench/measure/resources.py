"""What the agent costs the VM: memory with few and many workloads, CPU while nothing happens."""
import os
import pathlib
import time

from measure import engine
from measure.rig import CRASHING
from measure.table import Row

FEW, SOME, MANY = 1, 50, 100
# In the host's network: a test daemon's address pool has no room for so many, and the agent's cost is the same.
SPEC = '\n[security]\nhost_namespaces = ["network"]\n' + CRASHING
START_S = 300     # for all of them to run
REST_S = 10       # after work, before a figure is taken


def rollup(pid):
    """KiB by name, of the whole process (proc(5), smaps_rollup)."""
    os.sync()   # pages of a file that was just linked count as dirty until they are written
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    return {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}


def cpu_s(pid):
    """Seconds of CPU, user and kernel (proc(5)): schedstat counts ns, stat ticks."""
    tasks = [path / "schedstat" for path in pathlib.Path(f"/proc/{pid}/task").iterdir()]
    if all(path.exists() for path in tasks):
        return sum(int(path.read_text(encoding="ascii").split()[0]) for path in tasks) / 1e9
    fields = stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def stat(pid):
    """Fields of /proc/PID/stat from the third on: the second may hold spaces."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()


def children_ever(pid):
    """Changes with every child that was waited for or still runs: their page faults and times, and who they are."""
    fields = stat(pid)
    alive = [path.read_text(encoding="ascii") for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children")]
    return fields[8], fields[10], fields[13], fields[14], alive


def grow(rig, node, count):
    """That many workloads, all running."""
    for number in range(count):
        if not os.path.exists(node.workload_path(f"w{number}")):
            node.declare(f"w{number}", tables=SPEC)
    node.process.send_signal(1)   # SIGHUP

    def all_run():
        seen = [one for one in node.status()["workloads"] if one["state"] == "running"]
        return len(seen) == count

    rig.until(all_run, START_S, f"{count} workloads run")


def work(rig, node, seconds):
    """What a node lives through: commands, crashes, questions."""
    deadline, turn = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        workloads = node.status()["workloads"]
        one = workloads[turn % len(workloads)]
        target = f"workload:{one['name']}"
        if turn % 3 == 0:
            node.outcome("restart", target)
        elif turn % 3 == 1:
            node.outcome("stop", target)
            node.outcome("start", target)
        elif one.get("container_id") and one["state"] == "running":
            engine.kill(rig.docker, one["container_id"])
        node.api("GET", "/v1/events")
        node.api("GET", "/metrics")
        turn += 1
        time.sleep(1.0)
    rig.until(lambda: all(one["state"] == "running" for one in node.status()["workloads"]), START_S,
              "all workloads run again")
    time.sleep(REST_S)
    return turn


def fleet(rig, size, wanted):
    """One node that grows; `wanted`: which of memory and cpu to measure."""
    control = rig.control()
    node = rig.node(control=control)
    node.write_policy(host_namespaces=["network"])
    node.declare("w0", tables=SPEC)
    node.start()
    node.until_running("w0")
    pid = node.process.pid
    if "memory" in wanted:
        work(rig, node, size.work_s)
        few = rollup(pid)
        yield from memory_of_few(few, size)
    if "cpu" in wanted:
        grow(rig, node, SOME)
        time.sleep(size.settle_s)
        yield idle(node, size)
    if "memory" in wanted:
        grow(rig, node, MANY)
        work(rig, node, size.work_many_s)
        yield memory_of_many(few, rollup(pid))


def memory_of_few(few, size):
    after = f"after {size.work_s} s of work"
    clean = f"private clean {few['Private_Clean']:,} KiB"
    yield Row("memory", f"agent memory, {FEW} workload: private dirty", few["Private_Dirty"], "KiB", after, None, "", 3 * 1024,
              "≤ 3,072 KiB, aim 2,253", clean)
    yield Row("memory", f"agent memory, {FEW} workload: PSS", few["Pss"], "KiB", after, None, "", 14 * 1024, "≤ 14,336 KiB")


def memory_of_many(few, many):
    each = (many["Private_Dirty"] - few["Private_Dirty"]) / (MANY - FEW)
    note = (f"with {MANY}: private dirty {many['Private_Dirty']:,} KiB, PSS {many['Pss']:,} KiB, "
            f"private clean {many['Private_Clean']:,} KiB")
    return Row("memory", "agent memory per further workload: private dirty", each, "KiB", f"{FEW} → {MANY} workloads", None, "",
               12, "≤ 12 KiB", note)


def idle(node, size):
    pid = node.process.pid
    children, before, began = children_ever(pid), cpu_s(pid), time.monotonic()
    time.sleep(size.idle_s)
    used_s, elapsed_s = cpu_s(pid) - before, time.monotonic() - began
    spawned = children_ever(pid) != children
    return Row("cpu", f"agent CPU, {SOME} idle workloads, 60 s heartbeats", 100 * used_s / elapsed_s, "% of a core",
               f"{1000 * used_s:.1f} ms in {elapsed_s:.0f} s", None, "", 0.05, "≤ 0.05 % of a core, no process spawned",
               "processes were spawned" if spawned else "no process was spawned")
