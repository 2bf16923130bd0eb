"""A peer whose key has expired is refused, though the tailnet still says what it is granted; when the node's own key
expires, status says so with the remedy, and its API is closed until it has logged in again."""
from lib import check
from tailnet_lib.grants import CONTROL, NODE, grant, policy, verbs
from tailnet_lib.rig import API_PORT, words


def run(rig):
    rules = policy(grant("*", NODE, verbs("read")))
    vm, laptop = rig.members(rules, "vm", "laptop", laptop={"user": "alice"}, vm={"user": "machines"})
    rules["grants"] = [grant("alice@", "machines@", verbs("read"))]
    rig.tailnet.policy(rules)
