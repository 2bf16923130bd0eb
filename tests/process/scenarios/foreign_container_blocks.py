"""A foreign container with the workload's name, or writing to its mount, blocks the start as a conflict and stays
untouched."""
import os

from lib import check


def run(rig):
    node = rig.node()
    name = "web-" + node.id[-6:]
    os.mkdir(node.path("srv", "data"))
    named = rig.foreign_container(name)
    writer = rig.foreign_container(name + "-writer", mounts=[node.path("srv", "data")])
    node.declare(name)
    node.declare("store", mounts=[{"source": node.path("srv", "data"), "target": "/data"}])
    node.declare("free")
    node.start()
    before = [rig.docker.inspect(one) for one in (named, writer)]
    check.contains(node.until_state("conflict", name)["reason"], name, "the reason names it")
    check.contains(node.until_state("conflict", "store")["reason"], name + "-writer", "the reason names it")
    node.until_running("free")
    check.equal(node.containers("store"), [], "containers of the blocked one")
    check.equal(node.cli("status").returncode, 1, "status")
    check.equal(node.outcome("stop", "workload:store")["kind"], "succeeded", "stop of the blocked one")
    check.equal(node.outcome("start", "workload:store")["code"], "conflict", "start of the blocked one")
    for seen in before:
        check.same_run(seen, rig.docker.inspect(seen["Id"]))
    rig.docker.remove(named)
    rig.docker.remove(writer)
    node.until_running(name)
    node.until_running("store")
