"""A tailnet that hosts with systemd join by themselves, beside machines that are only network namespaces."""
from lib import netns
from tailnet_lib.tailnet import ADDRESS, NET, Tailnet


class HostTailnet(Tailnet):
    def plug_in(self, machine, address=None):
        """A second network interface `lan0`, a neighbour of the coordination server; once a boot. Returns its address."""
        if address is None:
            self.neighbours += 1
            address = f"{NET}.{self.neighbours + 1}"
        other = "h" + address.rpartition(".")[2]
        netns.ip("-n", self.hub, "link", "del", other, check=False)  # of the boot before
        netns.ip("-n", self.hub, "link", "add", other, "type", "veth", "peer", "name", "lan0", "netns", str(machine.pid))
        netns.ip("-n", self.hub, "link", "set", other, "master", "bridge", "up")
        machine.shell(f"ip addr add {address}/24 dev lan0; ip link set lan0 up")
        return address

    @property
    def address(self):
        return ADDRESS
