"""A VM that its user-data alone makes a node: what an operator renders, what the VM fetches, and what is seen of it."""
import functools
import hashlib
import http.server
import json
import os
import secrets
import subprocess
import threading
import time

from hosts_lib.door import Door
from lib.node import workload_file, write
from provision_lib.machine import FreshHost
from tailnet_lib.control import PORT

SIGNER = "tests@example.com"


class Shop:
    """Where VMs fetch packages: an HTTP server on Docker's bridge with a signed apt source of tailscale and our package."""

    def __init__(self, rig):
        self.rig = rig
        self.dir = os.path.join(rig.dir, "shop")
        os.makedirs(self.dir)
        self.package = rig.package()
        tailscale = rig.tailscale_package()
        for one in (self.package, tailscale):
            os.link(one, os.path.join(self.dir, os.path.basename(one))) if same_disk(one, self.dir) else copy(one, self.dir)
        self.sign(tailscale)
        config = rig.docker.ok("GET", "/networks/bridge").json["IPAM"]["Config"][0]
        handler = functools.partial(Quiet, directory=self.dir)
        self.server = http.server.ThreadingHTTPServer((config["Gateway"], 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://{config['Gateway']}:{self.server.server_address[1]}"

    def sign(self, package):
        """A flat repository as apt wants it: Packages, and a clear-signed InRelease."""
        with open(package, "rb") as file:
            content = file.read()
        fields = subprocess.run(["dpkg-deb", "-f", package], capture_output=True, text=True, check=True, timeout=30).stdout.strip()
        index = (f"{fields}\nFilename: ./{os.path.basename(package)}\nSize: {len(content)}\n"
                 f"SHA256: {hashlib.sha256(content).hexdigest()}\n").encode()
        write(os.path.join(self.dir, "Packages"), index.decode())
        release = (f"Origin: tests\nSuite: tests\nDate: {time.strftime('%a, %d %b %Y %H:%M:%S UTC', time.gmtime())}\n"
                   f"SHA256:\n {hashlib.sha256(index).hexdigest()} {len(index)} Packages\n")
        home = os.path.join(self.rig.dir, "gnupg")
        os.makedirs(home, mode=0o700)
        self.gpg(home, "--passphrase", "", "--quick-gen-key", SIGNER, "rsa2048", "sign", "never")
        write(os.path.join(self.dir, "InRelease"), self.gpg(home, "--clearsign", stdin=release))
        self.key = os.path.join(self.rig.dir, "shop.asc")
        write(self.key, self.gpg(home, "--armor", "--export", SIGNER))
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False, timeout=20, stdin=subprocess.DEVNULL)

    @staticmethod
    def gpg(home, *arguments, stdin=""):
        done = subprocess.run(["gpg", "--homedir", home, "--batch", "--pinentry-mode", "loopback", *arguments], input=stdin,
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"gpg {arguments}: {done.stderr}"
        return done.stdout

    def sha256(self):
        with open(self.package, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def same_disk(one, other):
    return os.stat(one).st_dev == os.stat(other).st_dev


def copy(source, folder):
    subprocess.run(["cp", source, folder], check=True, timeout=60)


def stage_of(record):
    """As the control plane or the agent tells it."""
    return record["event"]["text"].lower().removeprefix("provisioning stage ").removesuffix(".")


class Order:
    """A tailnet with aura-control, a cloud, a shop, and one VM that is ordered with rendered user-data."""

    def __init__(self, rig, release="bookworm"):
        self.rig = rig
        self.release = release
        self.control = rig.start_tailnet()
        self.cloud = rig.cloud()
        self.shop = rig.shop()
        self.node_id = f"vm-{secrets.token_hex(3)}"
        self.key = self.code = self.number = self.host = None

    def auth_key(self):
        """One-off, tagged, and soon over."""
        return self.rig.tailnet.admin("preauthkeys", "create", "-e", "10m", "--tags", "tag:node")["key"]

    def render(self, key=None, *more):
        """The user-data, by the command that an operator uses."""
        self.key = key or self.auth_key()
        self.code = self.control.code_for(self.node_id)
        folder = os.path.join(self.rig.dir, "order")
        os.makedirs(folder, exist_ok=True)
        for name, text in (("code", self.code), ("key", self.key)):
            write(os.path.join(folder, name), text + "\n", 0o600)
        write(os.path.join(folder, "web.toml"), workload_file(self.rig.docker.image))
        made = os.path.join(folder, "user-data.yaml")
        command = [self.rig.binary("aura-control"), "render-user-data", "--node-id", self.node_id, "--control-url", self.control.url,
                   "--report-url", f"http://127.0.0.1:{PORT}", "--enrol-code-file", f"{folder}/code", "--auth-key-file", f"{folder}/key",
                   "--login-server", self.rig.tailnet.login_server, "--package-url",
                   f"{self.shop.url}/{os.path.basename(self.shop.package)}", "--package-sha256", self.shop.sha256(),
                   "--tailscale-apt-uri", self.shop.url, "--tailscale-apt-suite", "./",
                   "--tailscale-apt-key-file", self.shop.key, "--workload", f"{folder}/web.toml", "--deadline-s", "120",
                   "--output", made, *more]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, f"render-user-data: {done.stderr}"
        assert os.stat(made).st_mode & 0o777 == 0o600, "the user-data is not its owner's alone"
        with open(made, encoding="utf-8") as file:
            return file.read()

    def buy(self, user_data):
        """Creates the server; from then on nothing is done in it but what a network does."""
        self.cloud.order("overlay", remove=["/etc/apt/sources.list", "/etc/apt/sources.list.d"])
        system = {"bookworm": "debian-12", "trixie": "debian-13"}[self.release]
        made = self.cloud.create(self.node_id, system, user_data=user_data, labels={"node": self.node_id})
        self.number = made["server"]["id"]
        self.host = FreshHost(self.rig, self.node_id, self.release, self.rig.tailnet)
        self.host.machine = self.rig.machine_of(self.cloud, self.number, self.release)
        self.host.door = Door(self.host.machine, PORT, lambda: self.control.member.connect("127.0.0.1", PORT))
        self.rig.doors.append(self.host.door)
        self.connect()
        return self.host

    def connect(self):
        """The networks of the VM, at each boot."""
        self.host.door.open()
        self.host.lan_address = self.rig.tailnet.plug_in(self.host.machine, self.host.lan_address)

    def booted_again(self, before):
        """After a reboot, when it has another main process."""
        def other():
            pid = self.cloud.inside(self.number).get("pid")
            return pid if pid and pid != before else None
        self.host.machine.pid = self.rig.until(other, 60, "the server has rebooted")
        self.connect()

    def cloud_init(self, seconds=240):
        """Its last word: (exit status, what it says)."""
        machine = self.host.machine

        def ended():
            done = machine.run("cloud-init", "status", "--long", check=False, seconds=30)
            return done if not any(word in done.stdout for word in ("status: running", "status: not run")) else None
        done = self.rig.until(ended, seconds, "cloud-init has ended", lambda: self.output()[-1500:])
        return done.returncode, done.stdout

    def output(self):
        path = "/var/log/cloud-init-output.log"
        return self.host.machine.read(path) if self.host.machine.exists(path) else ""

    def stages(self):
        """What the control plane's events say of stages, oldest first: "networking", "failed: …"."""
        return [stage_of(one) for one in self.control.events(self.node_id) if one["event"]["kind"] == "stage"]

    def left_secrets(self, *values):
        """The files of the VM that hold one of these; systemd keeps what it handed to a unit until that starts anew."""
        found = []
        for value in values:
            done = self.host.machine.run("grep", "-rlaF", value, "/var/lib", "/run", "/var/log", "/etc", "--exclude-dir=docker",
                                         "--exclude-dir=credentials",
                                         check=False)
            found += done.stdout.split()
        return found


class Watch:
    """`aura-control events -f`, with the time at which each line came."""

    def __init__(self, order):
        control = order.control
        token = os.path.join(control.dir, "operator-token")
        self.lines = []
        self.process = subprocess.Popen(
            [*control.member.prefix, order.rig.binary("aura-control"), "events", "-f", "--json", "--url", f"http://127.0.0.1:{PORT}",
             "--token-file", token, "--node", order.node_id], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append((time.time(), json.loads(line)))

    def stages(self):
        """[(time, stage)]"""
        return [(at, stage_of(one)) for at, one in list(self.lines) if one["event"]["kind"] == "stage"]

    def close(self):
        self.process.terminate()
        self.process.wait(20)
