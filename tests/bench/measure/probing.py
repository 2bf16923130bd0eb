"""What probes cost: CPU of the agent while many workloads are asked by http, each answering over a connection of its own."""
import time

from measure import resources
from measure.table import Row

FIRST_PORT = 21_000   # on loopback: a test daemon's address pool has no room for so many networks
EVERY_S = 15


def spec_of(port):
    return (f'{resources.SPEC}\n[health.liveness]\nhttp = "http://127.0.0.1:{port}/ok"\nevery_s = {EVERY_S}\n'
            "start_grace_s = 300\n")


def probes(rig, size):
    node = rig.node(control=rig.control())
    node.write_policy(host_namespaces=["network"])
    count = resources.SOME
    for number in range(count):
        port = FIRST_PORT + number
        node.declare(f"w{number}", f"mkdir -p /tmp/w && echo ok > /tmp/w/ok && exec httpd -f -p 127.0.0.1:{port} -h /tmp/w",
                     spec_of(port))
    node.start()

    def all_healthy():
        return sum(one.get("health") == "healthy" for one in node.status()["workloads"]) == count

    rig.until(all_healthy, resources.START_S, f"{count} workloads are healthy")
    time.sleep(size.settle_s)
    pid = node.process.pid
    children, before, began = resources.children_ever(pid), resources.cpu_s(pid), time.monotonic()
    time.sleep(size.idle_s)
    used_s, elapsed_s = resources.cpu_s(pid) - before, time.monotonic() - began
    spawned = resources.children_ever(pid) != children
    asked = count * elapsed_s / EVERY_S
    yield Row("probes", f"agent CPU, {count} idle workloads, http probes every {EVERY_S} s", 100 * used_s / elapsed_s,
              "% of a core", f"{1000 * used_s:.1f} ms in {elapsed_s:.0f} s", None, "", 0.5,
              "≤ 0.5 % of a core, no process spawned",
              f"{1000 * used_s / asked:.2f} ms a probe; " + ("processes were spawned" if spawned else "no process was spawned"))
