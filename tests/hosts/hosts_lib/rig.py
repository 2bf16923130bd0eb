"""What a scenario of this suite gets: the process suite's rig with hosts of one Debian release."""
import glob
import os
import secrets
import subprocess

from hosts_lib.host import UNIT, Host
from lib.node import write
from lib.rig import TREE, Rig

RELEASES = ("bookworm", "trixie")
PACKAGES = os.environ.get("AURA_TEST_PACKAGES") or os.path.join(TREE, "build", "packages")
DEB_VARIANT = os.path.join(TREE, "tests", "support", "deb-variant")


def split(name):
    """A scenario's module and the release that it runs on, from its name in the suite."""
    module, _, release = name.rpartition("-")
    return module, release


class HostsRig(Rig):
    def __init__(self, name, directory, log_dir):
        super().__init__(name, directory, log_dir)
        self.release = split(name)[1]
        self.hosts = []

    def host(self, name="host"):
        """One that has booted, with the workloads' image in its Docker; without the package."""
        made = Host(self, name)
        self.hosts.append(made)
        made.boot()
        with open(os.path.join(self.dir, "hosts"), "a", encoding="utf-8") as file:
            file.write(made.machine.container + "\n")
        made.machine.load_image()
        # systemd 252 gives a sandboxed unit a fresh /proc, where the boot id is this machine's own: the same after each boot.
        made.drop_in(UNIT, "boot-id", "[Service]\nBindReadOnlyPaths=/run/host-boot-id:/proc/sys/kernel/random/boot_id\n")
        return made

    def node(self, name="host", **options):
        """A host with the package, its agent ready."""
        host = self.host(name)
        for workload, declared in options.items():
            host.declare(workload, **declared)
        host.install()
        return host.until_ready()

    def enrolled(self, heartbeat_s=1, **options):
        """A running control plane and a host whose agent reports to it."""
        control = self.control(heartbeat_s=heartbeat_s).start()
        host = self.host()
        for workload, declared in options.items():
            host.declare(workload, **declared)
        node_id = f"h-{self.release}-{secrets.token_hex(3)}"
        host.report_to(control, node_id)
        host.install()
        host.until_ready()
        self.until(lambda: control.node(node_id).get("heard") == "ok", 30, "the control plane hears the host",
                   lambda: (control.node(node_id).get("heard"), host.status().get("control")))
        return control, host

    def host_image(self, release):
        return os.environ[image_variable(release)]

    def package(self, name="aura-node"):
        """The newest that was built; one runs on all releases."""
        found = glob.glob(os.path.join(PACKAGES, f"{name}_*_{architecture()}.deb"))
        assert found, f"no package {name} in {PACKAGES}: packaging/build-deb makes it"
        return max(found, key=os.path.getmtime)

    def variant(self, version, **files):
        """The package of aura-node as another version; `files` are paths in it, for deb-variant."""
        made = os.path.join(self.dir, f"aura-node_{version}_{architecture()}.deb")
        more = [word for path, source in files.items() for word in ("--file", f"{path}={source}")]
        done = subprocess.run([DEB_VARIANT, self.package(), made, "--version", version, *more], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120, check=False)
        assert done.returncode == 0, f"no {made}: {done.stdout}{done.stderr}"
        return made

    def program_of(self, package):
        """Its /usr/bin/aura-node, unpacked."""
        folder = os.path.join(self.dir, "unpacked-" + package_version(package))
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True, timeout=60)
        return os.path.join(folder, "usr", "bin", "aura-node")

    def later_version(self, steps=1):
        """The version so many after this one, and the package as it; its program says so too."""
        with open(self.program_of(self.package()), "rb") as file:
            data = file.read()
        version = package_version(self.package())
        later = version[:-1] + str(int(version[-1]) + steps)
        # A string of the program, of the same length; to build a second one takes minutes.
        assert data.count(version.encode() + b"\0") > 0, f"the program does not say {version}"
        changed = os.path.join(self.dir, f"aura-node-{later}")
        with open(changed, "wb") as file:
            file.write(data.replace(version.encode() + b"\0", later.encode() + b"\0"))
        os.chmod(changed, 0o755)
        return later, self.variant(later, **{"/usr/bin/aura-node": changed})

    def script_version(self, version, daemon, package=None, **files):
        """The package as another version whose `aura-node daemon` is this shell script instead; $REAL is the program of
        `package`, by default of this tree's."""
        wrapper = os.path.join(self.dir, f"wrapper-{version}")
        text = f'#!/bin/sh\nREAL=/usr/libexec/aura-node/real\n[ "$1" = daemon ] || exec $REAL "$@"\n{daemon}\n'
        write(wrapper, text, 0o755)
        real = self.program_of(package or self.package())
        return self.variant(version, **{"/usr/bin/aura-node": wrapper, "/usr/libexec/aura-node/real": real, **files})

    def clear(self):
        for host in self.hosts:
            if host.door:
                host.door.close()
            try:
                host.machine.keep_journal()
            except (AssertionError, OSError) as why:
                print(f"the journal of {host.machine.name} could not be kept: {why}")
            host.machine.remove()
        return super().clear()


def package_version(package):
    return os.path.basename(package).split("_")[1]


def architecture():
    return {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]


def image_variable(release):
    return f"AURA_TEST_HOST_IMAGE_{release.upper()}"

