"""A secret that has another value when the agent is restarted: workloads whose reference says on_change = "restart" get it
in a new container, each once; the others are not touched. The form as a file never stands in docker inspect."""
import json

from lib import check

ASKING = ("env-asks", "file-asks")
QUIET = ("env-quiet", "file-quiet", "bystander")


def run(rig):
    node = rig.node()
    node.write_credential("token", "planted-first-value")
    for how in ("asks", "quiet"):
        secret = {"credential": "token", "on_change": "restart" if how == "asks" else "none"}
        node.declare("env-" + how, secrets={"TOKEN": secret})
        node.declare("file-" + how, secret_files={"token": secret})
    node.declare("bystander")
    node.start()
    before = {name: node.until_running(name) for name in (*ASKING, *QUIET)}

    node.write_credential("token", "planted-second-value")
    rig.stays(lambda: all(running(node, name, before[name]) for name in before), 2,
              "a credential that changes touches nothing by itself")
    node.restart()
    for name in ASKING:
        rig.until(lambda one=name: node.state(one) == "running" and not running(node, one, before[one]), 30,
                  f"{name} has another container", lambda one=name: node.workload(one))
        rig.until(lambda one=name: len(node.containers(one)) == 1, 30, f"the old container of {name} is gone")
    after = {name: node.until_running(name) for name in before}
    check.contains(after["env-asks"]["Config"]["Env"], "TOKEN=planted-second-value", "the new value")
    check.contains(after["env-quiet"]["Config"]["Env"], "TOKEN=planted-first-value", "the old value")
    check.equal(file_in(node, after["file-asks"]), "planted-second-value", "the new file")
    check.equal(file_in(node, after["file-quiet"]), "planted-first-value", "the old file")
    for name in QUIET:
        check.same_run(before[name], after[name])
    for name in ("file-asks", "file-quiet"):
        for seen in (before[name], after[name]):
            check.is_true("planted" not in json.dumps(seen), f"docker inspect of {name} holds a secret")

    node.restart()
    rig.stays(lambda: all(running(node, name, after[name]) for name in after), 3, "each was restarted once")
    for name in ASKING:
        check.equal(len(node.events("workload_started", name)), 2, f"how often {name} was started")


def running(node, name, seen):
    now = node.docker.inspect(seen["Id"])
    return bool(now) and now["State"]["StartedAt"] == seen["State"]["StartedAt"] and now["State"]["Running"]


def file_in(node, seen):
    with open(f"/proc/{node.docker.pid(seen['Id'])}/root/run/secrets/token", encoding="utf-8") as file:
        return file.read()
