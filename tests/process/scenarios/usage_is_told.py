"""What each workload uses stands in status, /metrics and `aura-node top`, as Docker counts it; figures are no news."""
import json
import re

from lib import check
from lib.scripted_control import ScriptedControl

MIB = 1024 * 1024
EATEN = 20 * MIB
LIMIT = 64 * MIB
EATS = f"head -c {EATEN} /dev/zero > /dev/shm/eaten; while :; do :; done"


def run(rig):
    plane = ScriptedControl()
    plane.want("running", 1)
    node = rig.node(control=plane)
    node.declare("busy", command=EATS, tables='[resources]\nmemory = "64MiB"\n')
    node.declare("calm")
    node.start()
    node.until_running("busy")
    node.until_running("calm")
    rig.until(lambda: usage(node, "busy")["memory_bytes"] >= EATEN, 30, "the memory is eaten",
              lambda: usage(node, "busy"))
    as_docker_counts(rig, node)
    in_metrics(node)
    in_top(node)
    quiet(rig, node, plane)
    node.outcome("stop", "workload:busy", args={"grace_s": 0})
    check.is_true("usage" not in node.workload("busy"), "a stopped one has no figures", node.workload("busy"))


def usage(node, name):
    return node.workload(name)["usage"]


def as_docker_counts(rig, node):
    seen = usage(node, "busy")
    container_id = node.workload("busy")["container_id"]
    docker = rig.docker.ok("GET", f"/containers/{container_id}/stats?stream=false&one-shot=true").json
    memory = docker["memory_stats"]
    inactive = memory["stats"].get("total_inactive_file", memory["stats"].get("inactive_file", 0))
    near(seen["memory_bytes"], memory["usage"] - inactive, 2 * MIB, "memory")
    check.equal(seen["memory_limit_bytes"], LIMIT, "its limit")
    cpu_us = docker["cpu_stats"]["cpu_usage"]["total_usage"] // 1000
    check.is_true(0 < seen["cpu_us"] <= cpu_us, "CPU time, looked at before Docker did", (seen, cpu_us))
    check.is_true(seen["pids"] >= 1, "processes", seen)
    networks = docker.get("networks", {}).values()
    near(seen["network_receive_bytes"], sum(one["rx_bytes"] for one in networks), 64 * 1024, "received")
    near(seen["network_transmit_bytes"], sum(one["tx_bytes"] for one in networks), 64 * 1024, "sent")
    later = usage(node, "busy")
    check.is_true(later["cpu_us"] >= seen["cpu_us"], "CPU time grows", (seen, later))
    check.is_true("memory_limit_bytes" not in usage(node, "calm"), "no limit, none told", usage(node, "calm"))


def near(seen, expected, tolerance, what):
    check.is_true(abs(seen - expected) <= tolerance, f"{what}: Docker says {expected}", seen)


def in_metrics(node):
    text = node.api("GET", "/metrics").text
    check.is_true(figure(text, "aura_workload_memory_working_set_bytes", "busy") >= EATEN, "memory in /metrics", text)
    check.equal(figure(text, "aura_workload_memory_limit_bytes", "busy"), LIMIT, "the limit in /metrics")
    busy, calm = (figure(text, "aura_workload_cpu_seconds_total", name) for name in ("busy", "calm"))
    check.is_true(busy > calm > 0, "CPU in /metrics", (busy, calm))
    for name in ("network_receive", "network_transmit", "block_read", "block_write"):
        check.is_true(figure(text, f"aura_workload_{name}_bytes_total", "calm") >= 0, name)


def figure(text, metric, workload):
    found = re.search(rf'^{metric}{{[^}}]*workload="{workload}"[^}}]*}} (\S+)$', text, re.MULTILINE)
    assert found, f"{metric} of {workload} is not in {text}"
    return float(found.group(1))


def in_top(node):
    shown = node.cli("top", "--once", "--json", "--every", "2s")
    check.equal(shown.returncode, 0, f"top --once --json: {shown.stderr}")
    told = json.loads(shown.stdout)
    check.equal(told["node_id"], node.id, "the node")
    check.equal([one["name"] for one in told["workloads"]], ["busy", "calm"], "the busiest first")
    busy, calm = told["workloads"]
    check.is_true(5 < busy["cpu_percent"] <= 110, "one process is busy on one CPU", busy)
    check.is_true(0 <= calm["cpu_percent"] < 5, "one that sleeps", calm)
    check.is_true(25 < busy["memory_percent"] < 50, "20 MiB and a bit of 64 MiB", busy)
    check.equal((calm["memory_limit_bytes"], calm["memory_percent"]), (None, None), "without a limit")
    piped = node.cli("top", "calm", "--every", "1")
    check.equal(piped.returncode, 0, f"top into a pipe: {piped.stderr}")
    lines = piped.stdout.splitlines()
    check.equal(len(lines), 2, f"one table into a pipe: {piped.stdout!r}")
    check.is_true(lines[0].startswith("NAME") and lines[1].startswith("calm  running"), "the table", lines)
    check.equal(node.cli("top", "nobody", "--once").returncode, 1, "an unknown workload")


def quiet(rig, node, plane):
    """The first reports carried figures; that these move is no reason for another."""
    check.is_true(any("usage" in workload for beat in plane.beats if beat["report"]
                      for workload in beat["report"]["workloads"]), "figures in a report")
    beats = plane.count()
    rig.until(lambda: plane.count() >= beats + 4, 30, "four more heartbeats")
    told = [beat["report"] for beat in plane.beats[beats + 1:]]
    check.equal([one for one in told if one], [], "reports meanwhile")
