"""An unprivileged user of the machine may read but not command; a member of group aura-node, by a supplementary
one too, may."""
from lib import check, people


def run(rig):
    node = rig.node()
    node.declare()
    people.with_operators_group(node)
    node.start()
    before = node.until_running()
    stranger = people.Caller(node, "--reuid", "65534", "--regid", "65534", "--clear-groups")
    check.equal(stranger.get("/v1/status")[0], 200, "a stranger reads the status")
    check.equal(stranger.get("/v1/events")[0], 200, "a stranger reads events")
    check.equal(stranger.get("/v1/workloads/web/logs")[0], 403, "a stranger reads logs")
    for verb, target in (("stop", "workload:web"), ("hold", "node"), ("lock", "node"), ("reload", "node")):
        status, body = stranger.send(verb, target)
        check.equal((status, body["error"]["code"]), (403, "forbidden"), f"a stranger's {verb}")
    check.same_run(before, node.container())
    member = people.Caller(node, "--reuid", "65534", "--regid", "65534", "--groups", str(people.OPERATORS_GID))
    status, body = member.send("restart", "workload:web")
    check.equal((status, body["outcome"]["kind"]), (200, "succeeded"), "a member's restart")
    check.contains(body["outcome"]["actor"], "local:", "the actor")
    check.equal(member.get("/v1/workloads/web/logs")[0], 200, "a member reads logs")
    status, body = member.send("lock", "node")
    check.is_true(status in (403, 409) and body["error"]["code"] == "root_only", "lock needs root", body)
    check.is_true(not node.status()["locked"], "it is not locked")
