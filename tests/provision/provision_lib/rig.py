"""What a scenario of this suite gets: fresh machines of both releases, an operator with Ansible, a tailnet."""
import os

from hosts_lib.rig import RELEASES, HostsRig
from provision_lib.ansible import Controller
from provision_lib.cloud import Cloud
from provision_lib.first_boot import Shop, Watch
from provision_lib.machine import FreshHost, FreshMachine
from provision_lib.repository import offer, tailscale_package
from provision_lib.tailnet import HostTailnet
from tailnet_lib import grants
from tailnet_lib.control import TailnetControl

NODE_TAG = "tag:node"


class ProvisionRig(HostsRig):
    def __init__(self, name, directory, log_dir):
        super().__init__(name, directory, log_dir)
        self.tailnet = None
        self.tailscale_deb = None
        self.clouds, self.cloud_machines, self.shops, self.doors, self.followers = [], [], [], [], []

    def fresh(self, name, release="bookworm", tailnet=True):
        """A machine that has booted, with our packages to be found by its apt. `tailnet`: it reaches the scenario's, if
        there is one."""
        made = FreshHost(self, name, release, self.tailnet if tailnet else None)
        self.hosts.append(made)
        made.boot()
        with open(os.path.join(self.dir, "hosts"), "a", encoding="utf-8") as file:
            file.write(made.machine.container + "\n")
        made.machine.load_image()
        made.drop_in("aura-node.service", "boot-id", "[Service]\nBindReadOnlyPaths=/run/host-boot-id:/proc/sys/kernel/random/boot_id\n")
        packages = [self.package()]
        if made.tailnet:
            packages.append(self.tailscale_package())
        offer(made.machine, *packages)
        return made

    def operator(self, *hosts, **options):
        """With these hosts in the inventory."""
        made = Controller(self, **options)
        for host in hosts:
            made.manage(host)
        return made

    def start_tailnet(self, policy=None):
        """With aura-control on a machine of it, called `control`; returns that."""
        self.tailnet = HostTailnet(os.path.join(self.dir, "tailnet"), self.log_dir, os.path.join(self.dir, "namespaces"))
        self.tailnet.start(policy or grants.usual())
        member = self.tailnet.add_node("control", tags=grants.CONTROL)
        return TailnetControl(self, member).start()

    def tailscale_package(self):
        if self.tailscale_deb is None:
            self.tailscale_deb = tailscale_package(self.tailnet.programs, self.dir)
        return self.tailscale_deb

    # -- cloud-init ---------------------------------------------------------------------------------------------------

    def cloud(self):
        """A simulated cloud, whose servers are such machines."""
        made = Cloud(self, {release: self.host_image(release) for release in RELEASES})
        self.clouds.append(made)
        return made

    def shop(self):
        self.shops.append(Shop(self))
        return self.shops[-1]

    def watch(self, order):
        """The events of an order's node, as they come."""
        self.followers.append(Watch(order))
        return self.followers[-1]

    def machine_of(self, cloud, number, release="bookworm"):
        """The machine of a server of the cloud, once it is there. It belongs to the cloud."""
        seen = self.until(lambda: cloud.inside(number) if cloud.inside(number).get("pid") else None, 60, "the server is on")
        machine = FreshMachine(self, release, seen["name"])
        machine.container, machine.pid = seen["container"], seen["pid"]
        with open(os.path.join(self.dir, "hosts"), "a", encoding="utf-8") as file:
            file.write(machine.container + "\n")
        self.cloud_machines.append(machine)
        return machine

    def clear(self):
        for machine in self.cloud_machines:
            try:
                machine.keep_journal()
            except (AssertionError, OSError, TypeError) as why:
                print(f"the journal of {machine.name} could not be kept: {why}")
        for one in [*self.followers, *self.doors, *self.clouds, *self.shops]:
            one.close()
        return super().clear() + (self.tailnet.clear() if self.tailnet else [])
