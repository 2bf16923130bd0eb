"""What a scenario of this suite gets: the process suite's rig with a tailnet of its own."""
import os

from lib.node import Node
from lib.rig import Rig
from tailnet_lib import grants
from tailnet_lib.control import TailnetControl
from tailnet_lib.tailnet import Tailnet

API_PORT = 9414


class TailnetNode(Node):
    def use_control(self, control):
        self.settings["control"] = {"url": control.url, "auth": "tailnet"}


class TailnetRig(Rig):
    def __init__(self, name, directory, log_dir):
        super().__init__(name, directory, log_dir)
        self.tailnet = Tailnet(os.path.join(directory, "tailnet"), log_dir, os.path.join(directory, "namespaces"))

    def members(self, policy, *names, **kinds):
        """A tailnet with that policy and the usual machines, joined: `vm` is a node of ours, `control` its control plane,
        `other` anybody. The keyword arguments of one say what it is instead."""
        self.tailnet.start(policy)
        usual = {"vm": grants.NODE, "control": grants.CONTROL}
        made = [self.tailnet.machine(name, **kinds.get(name, {"tags": usual.get(name, grants.OTHER)})) for name in names]
        self.tailnet.add(*made)
        return made

    def node_on(self, member, name="node", **options):
        """An agent of ours on a machine of the tailnet, with its API open there; not started yet."""
        node = TailnetNode(self, name, **options)
        node.wrapper = member.prefix
        node.settings["api"] = {"listen": "127.0.0.1" if member.userspace else "tailnet", "port": API_PORT}
        node.settings["tailscale"] = {"socket": member.socket}
        return node

    def control_on(self, member, **options):
        """aura-control on a machine of the tailnet; not started yet."""
        return TailnetControl(self, member, **options)

    def enrolled_on(self, vm, control, **options):
        """A running control plane and a node that holds a code for it, each on its machine; the node not started yet."""
        plane = self.control_on(control, **options).start()
        node = self.node_on(vm)
        node.use_control(plane)
        node.give_code(plane.code_for(node.id))
        return plane, node

    def heard(self, plane, node, seconds=30):
        """Until the control plane hears the node."""
        self.until(lambda: plane.node(node.id).get("heard") == "ok", seconds, "the control plane hears the node",
                   lambda: (plane.node(node.id).get("heard"), node.status()["control"]))

    def open_on(self, node, *addresses):
        """Until the node says that its API is open on these addresses, and on no others."""
        def said():
            return all(f"{one}:{API_PORT}" in words(node) for one in addresses) and \
                words(node).count(f":{API_PORT}") == len(addresses)
        self.until(said, 20, f"the API is open on {addresses}", lambda: words(node))

    def clear(self):
        return super().clear() + self.tailnet.clear()


def words(node):
    """What status says of the node's listener in the tailnet."""
    return node.status()["tailnet_facts"]["listening"]
