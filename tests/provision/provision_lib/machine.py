"""A machine as a cloud hands it over: SSH with a key, a network, /dev/net/tun; nothing of ours."""
from hosts_lib.host import Host
from hosts_lib.machine import Machine

TUN = {"PathOnHost": "/dev/net/tun", "PathInContainer": "/dev/net/tun", "CgroupPermissions": "rwm"}


class FreshMachine(Machine):
    def create_body(self):
        body = super().create_body()
        body["HostConfig"]["Devices"] = [TUN]
        return body

    @property
    def network(self):
        """Its network namespace, as this machine sees it while it is on."""
        return f"/proc/{self.pid}/ns/net"

    @property
    def address(self):
        """On Docker's bridge, by which Ansible comes."""
        return self.outer.inspect(self.container)["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]

    def unplug(self):
        """The network that Ansible comes by; addresses and routes are kept for plug()."""
        self.outer.ok("POST", "/networks/bridge/disconnect", {"Container": self.container, "Force": True})

    def plug(self):
        self.outer.ok("POST", "/networks/bridge/connect", {"Container": self.container})


class FreshHost(Host):
    """`release` is bookworm or trixie. Where `tailnet` is one, it reaches the tailnet's coordination server."""

    def __init__(self, rig, name, release, tailnet=None):
        super().__init__(rig, name)
        self.machine = FreshMachine(rig, release, name)
        self.tailnet = tailnet
        self.lan_address = None

    @property
    def name(self):
        return self.machine.name

    def boot(self):
        super().boot()
        if self.tailnet:
            self.lan_address = self.tailnet.plug_in(self.machine, self.lan_address)
        return self

    def reboot(self, *command):
        super().reboot(*command)
        if self.tailnet:
            self.tailnet.plug_in(self.machine, self.lan_address)
            # It met a machine without that network, which no real one is, and would wait long before it tries again.
            self.machine.run("systemctl", "try-restart", "tailscaled", check=False)
        return self

    def accept_ssh(self, public_key):
        """As cloud-init does: keys of its own, and root's authorized key. Returns the line for known_hosts."""
        machine = self.machine
        machine.shell("ssh-keygen -q -A; install -d -m 0700 /root/.ssh")
        machine.write("/root/.ssh/authorized_keys", public_key, 0o600)
        machine.run("systemctl", "restart", "ssh")
        words = machine.read("/etc/ssh/ssh_host_ed25519_key.pub").split()
        return f"{machine.address} {words[0]} {words[1]}\n"

    # -- what its programs say ----------------------------------------------------------------------------------------

    def tailscale_state(self):
        return self.machine.run("tailscale", "status", "--json", "--peers=false", check=False).stdout

    def in_container(self, namespace, *command, workload="web"):
        """Runs a program of the host, or with "mount" one of the container, in that namespace of the workload's newest
        container."""
        pid = str(self.containers(workload)[0]["State"]["Pid"])
        root = ["--root"] if namespace == "mount" else []
        return self.machine.run("nsenter", "--target", pid, f"--{namespace}", *root, *command, check=False, seconds=20)

    def reaches(self, address, port, workload="web"):
        """Whether its container gets a TCP connection there."""
        script = f"exec 3<>/dev/tcp/{address}/{port}"
        return self.in_container("net", "timeout", "3", "bash", "-c", script, workload=workload).returncode == 0
