"""A Debian with systemd as PID 1 and Docker inside, as a container that boots, reboots and is powered off like a VM."""
import contextlib
import glob
import json
import os
import shlex
import shutil
import subprocess

from lib import netns
from lib.docker import Docker
from lib.node import write
from lib.rig import DOCKER_TOOL

BOOT_S = 40
OFF_S = 90
COMMAND_S = 60
JOURNAL = "/var/log/journal"
V1 = os.path.isdir("/sys/fs/cgroup/memory")
# systemd 257 asks to be forced onto v1.
ON_V1 = "SYSTEMD_PROC_CMDLINE=systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"
# On v1 systemd mounts every controller that the kernel has and nobody uses, which makes a hierarchy of it for the whole machine;
# it outlives the host, and the Docker of other tests then cannot tell what a container uses. So it sees those in use only.
START = ("awk 'NR == 1 || $2 != 0' /proc/cgroups >/run/cgroups; mount --bind /run/cgroups /proc/cgroups; exec /host-init"
         if V1 else "exec /host-init")
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Machine:
    """Made and booted by boot(). What it keeps over boots: its files, the inner Docker's data and the journal."""

    def __init__(self, rig, release, name="host"):
        self.rig = rig
        self.release = release
        self.name = name
        self.outer = rig.docker
        self.container = None
        self.pid = None

    # -- power --------------------------------------------------------------------------------------------------------

    def boot(self):
        """Switches it on, the first time and after every power-off or reboot; until systemd calls it running."""
        if self.container is None:
            self.container = self.outer.ok("POST", "/containers/create", self.create_body()).json["Id"]
        self.outer.ok("POST", f"/containers/{self.container}/start")
        self.pid = self.outer.pid(self.container)
        self.rig.until(self.is_up, BOOT_S, f"{self.name} is up", lambda: self.run("systemctl", "--failed").stdout)
        return self

    def is_up(self):
        self.still_on()
        return self.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip() in ("running", "degraded")

    def still_on(self):
        state = self.outer.inspect(self.container)["State"]
        assert state["Running"], f"{self.name} went off by itself with {state['ExitCode']}"

    def until_off(self, seconds=OFF_S):
        """Returns "off" or "reboot", as the machine asked for."""
        def ended():
            state = self.outer.inspect(self.container)["State"]
            return None if state["Running"] else state
        # The kernel ends the init of a container with SIGINT for power-off and SIGHUP for reboot (reboot(2)).
        code = self.rig.until(ended, seconds, f"{self.name} is off")["ExitCode"]
        assert code in (129, 130), f"{self.name} went off with {code}"
        self.pid = None
        return "reboot" if code == 129 else "off"

    def reboot(self, *command):
        """By that command, else as an administrator does; until it is up again."""
        self.run(*(command or ("systemctl", "reboot")), check=False)
        assert self.until_off() == "reboot"
        return self.boot()

    def power_off(self, *command):
        self.run(*(command or ("systemctl", "poweroff")), check=False)
        assert self.until_off() == "off"

    def create_body(self):
        binds, tmpfs, environment = [], {"/run": "exec", "/run/lock": "", "/tmp": "exec"}, ["container=docker"]
        if V1:
            # Each controller by itself: with all of /sys/fs/cgroup bound, systemd remounts the machine's read-only.
            tmpfs["/sys/fs/cgroup"] = ""
            environment.append(ON_V1)
            folders = sorted(os.scandir("/sys/fs/cgroup"), key=lambda one: one.name)
            binds = [f"{one.path}:{one.path}:rw" for one in folders if one.is_dir(follow_symlinks=False)]
        return {"Image": self.rig.host_image(self.release), "Hostname": self.name, "Cmd": ["/bin/sh", "-ec", START], "Env": environment,
                "Labels": {"aura.test": self.rig.name}, "StopSignal": "SIGRTMIN+3",
                "Volumes": {"/var/lib/docker": {}, JOURNAL: {}},
                "HostConfig": {"CapAdd": ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "SYS_BOOT"], "Binds": binds, "Tmpfs": tmpfs,
                               "SecurityOpt": ["seccomp=unconfined", "apparmor=unconfined"],
                               "CgroupnsMode": "host" if V1 else "private"}}

    # -- commands and files -------------------------------------------------------------------------------------------

    def inside(self, *command, seconds=COMMAND_S, user=None):
        """The command line that runs a command in it, as root or `user`."""
        into = ["nsenter", "--target", str(self.pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--root"]
        who = ["runuser", "-u", user, "--"] if user else []
        clean = ["env", "-i", "--chdir=/", PATH, "LC_ALL=C.UTF-8", "HOME=/root", "timeout", str(seconds)]
        return [*into, *clean, *who, *command]

    def run(self, *command, check=True, seconds=COMMAND_S, user=None, stdin=""):
        """Runs a command in it; a CompletedProcess with text."""
        done = subprocess.run(self.inside(*command, seconds=seconds, user=user), input=stdin, capture_output=True, text=True,
                              timeout=seconds + 20, check=False)
        assert done.returncode == 0 or not check, \
            f"{shlex.join(command)} ended with {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
        return done

    @contextlib.contextmanager
    def meanwhile(self, *command):
        """Runs a command in it while the block does something else; it is killed at the end of the block."""
        running = subprocess.Popen(self.inside(*command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            running.kill()
            running.wait(COMMAND_S)

    def shell(self, script, **options):
        return self.run("sh", "-ec", script, **options)

    def path(self, path):
        """Of a file inside, as this machine sees it while the host is on."""
        return f"/proc/{self.pid}/root{path}"

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        write(self.path(path), text, mode)

    def read(self, path):
        with open(self.path(path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def exists(self, path):
        return os.path.lexists(self.path(path))

    def put(self, source, path, mode=0o755):
        with open(source, "rb") as file:
            data = file.read()
        with open(self.path(path), "wb") as file:
            file.write(data)
        os.chmod(self.path(path), mode)

    # -- what runs in it ----------------------------------------------------------------------------------------------

    @property
    def docker(self):
        """The Docker inside. To ask it wakes it, where its socket is activated."""
        return Docker(self.path("/run/docker.sock"), self.outer.image)

    def load_image(self):
        done = subprocess.run([DOCKER_TOOL, "image", self.docker.socket, self.docker.image], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=COMMAND_S, check=False)
        assert done.returncode == 0, f"the image could not be loaded: {done.stderr}"

    def unit(self, unit, *properties):
        """Properties of a unit by their names."""
        told = self.run("systemctl", "show", unit, *[f"--property={one}" for one in properties]).stdout
        return dict(line.split("=", 1) for line in told.splitlines() if "=" in line)

    def active(self, unit):
        return self.unit(unit, "ActiveState")["ActiveState"]

    def journal(self, *arguments):
        """Entries of the journal, oldest first; `arguments` are journalctl's, such as -b -1 or -u aura-node."""
        told = self.run("journalctl", "--no-pager", "-o", "json", "--all", *arguments).stdout
        return [json.loads(line) for line in told.splitlines()]

    def messages(self, *arguments):
        return [str(entry.get("MESSAGE", "")) for entry in self.journal(*arguments)]

    def boot_id(self):
        return self.read("/proc/sys/kernel/random/boot_id").strip()

    def listen(self, address, port):
        """A socket on an address of the host, held by this process; it is gone with the boot."""
        return netns.listen(f"/proc/{self.pid}/ns/net", address, port)

    # -- the end ------------------------------------------------------------------------------------------------------

    def keep_journal(self):
        """For whoever reads the logs of the suite: all boots, one text; also of a host that is off."""
        if self.container is None or not shutil.which("journalctl"):
            return
        mounts = {one["Destination"]: one["Source"] for one in self.outer.inspect(self.container)["Mounts"]}
        done = subprocess.run(["journalctl", "--no-pager", "-o", "short-iso-precise", "--directory", mounts[JOURNAL]],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=COMMAND_S, check=False)
        write(os.path.join(self.rig.log_dir, f"{self.name}.journal"), done.stdout + done.stderr)

    def remove(self):
        if self.container is None:
            return
        self.outer.remove(self.container)
        remove_groups(self.container)
        self.container = None


def remove_scopes():
    """What the Docker of a host left of its containers, beside the host's own directories; a machine that runs systemd itself
    is left alone, and what is in use cannot be removed."""
    if os.path.isdir("/run/systemd/system"):
        return
    for folder in glob.glob("/sys/fs/cgroup/*/system.slice/docker-*.scope") + glob.glob("/sys/fs/cgroup/*/system.slice"):
        try:
            os.rmdir(folder)
        except OSError:
            pass


def remove_groups(container):
    """The cgroup directories that a host leaves behind when it is killed; they are empty then."""
    for folder, names, _ in os.walk("/sys/fs/cgroup"):
        if os.path.basename(folder) != container:
            # Ours stand at most one level below Docker's own.
            if folder.count("/") > 6:
                names.clear()
            continue
        for inner, _, _ in os.walk(folder, topdown=False):
            try:
                os.rmdir(inner)
            except OSError:
                pass
        names.clear()
