"""A server's machine: a container that boots user-data through cloud-init's NoCloud source."""
import base64
import gzip
import io
import json
import os
import shlex
import tarfile
import threading

from hosts_lib.machine import ON_V1, START, V1, remove_groups, remove_scopes
from lib.docker import Docker
from lib import http

SEED = "/var/lib/cloud/seed/nocloud"
TUN = {"PathOnHost": "/dev/net/tun", "PathInContainer": "/dev/net/tun", "CgroupPermissions": "rwm"}
# systemd 252 gives a sandboxed unit a fresh /proc, where the boot id is the same after each boot.
BOOT_ID = "[Service]\nBindReadOnlyPaths=/run/host-boot-id:/proc/sys/kernel/random/boot_id\n"
REBOOTED = 129  # what the init of a container ends with, see reboot(2)
LABEL = "aura.hcloud-sim"


def decoded(user_data):
    """As cloud-init's source of this cloud does: it may be base64, and gzip in that."""
    try:
        data = base64.b64decode(user_data, validate=True)
    except ValueError:
        return user_data.encode()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


class Box:
    def __init__(self, socket, image, name, instance_id, user_data, ssh_keys, overlay, on_end):
        self.docker = Docker(socket, image)
        self.on_end = on_end  # called where it went off by itself
        self.lock = threading.Lock()
        self.wanted_on = False
        body = self.body(image, name, overlay["remove"])
        self.container = self.docker.ok("POST", "/containers/create", body).json["Id"]
        meta = {"instance-id": instance_id, "local-hostname": name, "public-keys": ssh_keys}
        files = {f"{SEED}/meta-data": json.dumps(meta).encode(), f"{SEED}/user-data": decoded(user_data),
                 "/etc/systemd/system/aura-node.service.d/boot-id.conf": BOOT_ID.encode(),
                 **{path: text.encode() for path, text in overlay["files"].items()}}
        self.put(files)

    def body(self, image, name, remove):
        tmpfs, environment, binds = {"/run": "exec", "/run/lock": "", "/tmp": "exec"}, ["container=docker"], []
        if V1:
            tmpfs["/sys/fs/cgroup"] = ""
            environment.append(ON_V1)
            binds = [f"{one.path}:{one.path}:rw" for one in os.scandir("/sys/fs/cgroup") if one.is_dir(follow_symlinks=False)]
        gone = ["/etc/cloud/cloud-init.disabled", *remove]
        devices = [TUN] if os.path.exists("/dev/net/tun") else []
        return {"Image": image, "Hostname": name, "Cmd": ["/bin/sh", "-ec", f"rm -rf {shlex.join(gone)}; {START}"],
                "Env": environment, "Labels": {LABEL: "1"}, "StopSignal": "SIGRTMIN+3",
                "Volumes": {"/var/lib/docker": {}, "/var/log/journal": {}},
                "HostConfig": {"CapAdd": ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "SYS_BOOT"], "Binds": binds, "Tmpfs": tmpfs,
                               "Devices": devices, "SecurityOpt": ["seccomp=unconfined", "apparmor=unconfined"],
                               "CgroupnsMode": "host" if V1 else "private"}}

    def put(self, files):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for path, content in files.items():
                entry = tarfile.TarInfo(path.lstrip("/"))
                entry.size, entry.mode = len(content), 0o600 if path.startswith(SEED) else 0o644
                tar.addfile(entry, io.BytesIO(content))
        connection = http.UnixConnection(self.docker.socket)
        try:
            connection.request("PUT", f"/containers/{self.container}/archive?path=/", packed.getvalue(),
                               {"Host": "docker", "Content-Type": "application/x-tar"})
            reply = connection.getresponse()
            assert reply.status == 200, f"Docker does not take the files: {reply.read()[:300]}"
        finally:
            connection.close()

    # -- power --------------------------------------------------------------------------------------------------------

    def on(self):
        with self.lock:
            self.wanted_on = True
            self.docker.ok("POST", f"/containers/{self.container}/start")
        threading.Thread(target=self.watch, daemon=True).start()

    def off(self):
        """As by the plug."""
        with self.lock:
            self.wanted_on = False
            self.docker.call("POST", f"/containers/{self.container}/kill")

    def signal(self, verb):
        """The power button: systemd is told, and nobody waits for what it does."""
        made = self.docker.ok("POST", f"/containers/{self.container}/exec",
                              {"Cmd": ["systemctl", "--no-block", verb], "AttachStdout": False}).json["Id"]
        self.docker.ok("POST", f"/exec/{made}/start", {"Detach": True})

    def watch(self):
        """Until it goes off; one that reboots is started again."""
        connection = http.UnixConnection(self.docker.socket, None)
        try:
            connection.request("POST", f"/containers/{self.container}/wait", headers={"Host": "docker"})
            reply = json.loads(connection.getresponse().read() or "{}")
        except (OSError, ValueError):
            return
        finally:
            connection.close()
        if reply.get("StatusCode") == REBOOTED and self.wanted_on:
            self.on()
        else:
            self.on_end()

    def state(self):
        found = self.docker.inspect(self.container)
        return found["State"] if found else {"Running": False, "Pid": 0}

    def address(self):
        found = self.docker.inspect(self.container)
        return found["NetworkSettings"]["Networks"]["bridge"]["IPAddress"] if found else ""

    def remove(self):
        self.wanted_on = False
        self.docker.remove(self.container)
        remove_groups(self.container)
        remove_scopes()
