"""Policies of a tailnet, put together from grants."""

NODE, CONTROL, OTHER = "tag:node", "tag:aura-control", "tag:other"
NODE_CAPABILITY = "aura.dev/cap/node"
CONTROL_CAPABILITY = "aura.dev/cap/control"


def policy(*grants):
    return {"tagOwners": {tag: [] for tag in (NODE, CONTROL, OTHER)}, "grants": list(grants)}


def grant(source, target, app=None, ip=("*",)):
    made = {"src": [source], "dst": [target], "ip": list(ip)}
    return {**made, "app": app} if app else made


def verbs(*names):
    """What a grant on a node says: may do these verbs."""
    return {NODE_CAPABILITY: [{"verbs": list(names)}]}


def roles(*names):
    """What a grant on the control plane says: may have these roles."""
    return {CONTROL_CAPABILITY: [{"roles": list(names)}]}


def usual(*more):
    """A control plane that may do everything with its nodes, and nodes that may speak to it."""
    everything = verbs("read", "logs", "start", "stop", "restart", "suspend", "resume")
    return policy(grant(CONTROL, NODE, everything, ["tcp:9414"]), grant(NODE, CONTROL, None, ["tcp:8080"]), *more)
