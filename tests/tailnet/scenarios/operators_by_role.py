"""An operator needs no token over the tailnet: the roles of the grants say what may be done, a viewer looks, an operator also
sends commands, an admin also re-enrols; without a grant nothing, and a role that is withdrawn is gone at once."""
from lib import check
from tailnet_lib.control import PORT
from tailnet_lib.grants import CONTROL, grant, roles, usual


def run(rig):
    def granted(*names):
        return usual(grant("alice@", CONTROL, roles(*names) if names else None, [f"tcp:{PORT}"]))

    vm, control, laptop = rig.members(granted(), "vm", "control", "laptop", laptop={"user": "alice"})
    plane, node = rig.enrolled_on(vm, control)
    node.declare()
    node.start()
    node.until_running()
    rig.heard(plane, node)
    command = {"verb": "restart", "target": "workload:web", "args": {"grace_s": 0}}
    deeds = {"look": ("GET", "/v1/nodes", None),
             "command": ("POST", f"/v1/nodes/{node.id}/commands", command),
             "code": ("POST", "/v1/enroll-codes", {"node_id": "another"}),
             "reenroll": ("POST", "/v1/nodes/another/reenroll", {})}

    def allowed():
        """Which deeds are not refused for want of a right."""
        answers = {name: plane.asked_from(laptop, *deed) for name, deed in deeds.items()}
        for name, answer in answers.items():
            check.is_true(answer.status != 403 or answer.code in ("role_missing", "no_role"), f"{name}: {answer}")
        return {name for name, answer in answers.items() if answer.status not in (401, 403)}

    def may(*names, after):
        rig.until(lambda: allowed() == set(names), 15, f"{after} may {names}", allowed)

    may(after="no role")
    check.equal(plane.asked_from(laptop, "GET", "/health").status, 200, "health, without a role")
    for role, may_do in (("viewer", ["look"]), ("operator", ["look", "command", "code"]),
                         ("admin", ["look", "command", "code", "reenroll"])):
        rig.tailnet.policy(granted(role))
        may(*may_do, after=role)
    rig.tailnet.policy(granted("viewer", "king", "operator"))
    may("look", "command", "code", after="viewer and operator")
    check.contains([one["actor"] for one in node.events("command_accepted")], "operator:alice", "who ordered it")

    listed = laptop.run(rig.binary("aura-control"), "nodes", "--url", f"http://{control.ip4}:{PORT}", "--json")
    check.contains(listed.stdout, node.id, f"the command line without a token: {listed.stderr}")
    rig.tailnet.policy(granted())
    may(after="a withdrawn role")
    check.equal(plane.asked_from(vm, "GET", "/v1/nodes").status, 403, "a node, which is no operator")
    check.equal(plane.asked_from(vm, "POST", f"/v1/nodes/{node.id}/commands", command).status, 403, "its command")
