"""validate refuses a spec outside the policy, a symlink in a mount source and a file others may write, naming
file, line and key."""
import os

from lib import check
from lib.node import write


def run(rig):
    node = rig.node()
    node.write_settings()
    os.mkdir(node.path("srv", "real"))
    os.symlink("real", node.path("srv", "link"))
    cases = {
        "outside": ('mounts = [{ source = "/home", target = "/data" }]', 2, "mounts"),
        "socket": (f'mounts = [{{ source = "{rig.docker.socket}", target = "/data" }}]', 2, "mounts"),
        "link": (f'mounts = [{{ source = "{node.path("srv", "link")}", target = "/data" }}]', 2, "mounts"),
        "public": ('ports = ["0.0.0.0:80:80"]', 2, "ports"),
        "mighty": ("[security]\nprivileged = true", 3, "security.privileged"),
        "cap": ('[security]\ncap_add = ["SYS_ADMIN"]', 3, "security.cap_add"),
        "hostnet": ('[security]\nhost_namespaces = ["network"]', 3, "security.host_namespaces"),
    }
    for name, (text, _, _) in cases.items():
        write(node.workload_path(name), f'image = "x:1"\n{text}\n')
    node.declare("shared")
    os.chmod(node.workload_path("shared"), 0o664)
    done = node.cli("validate", *node.flags())
    check.equal(done.returncode, 1, "the exit code")
    said = done.stdout + done.stderr
    for name, (_, line, key) in cases.items():
        [about] = [one for one in said.splitlines() if name + ".toml" in one] or [said]
        check.contains(about, f"{node.workload_path(name)}:{line}", f"{name}: file and line")
        check.contains(about, key, f"{name}: the key")
    check.contains(said, node.workload_path("shared"), "the file that others may write")
    for name in cases:
        alone = node.cli("validate", *node.flags(), node.workload_path(name))
        check.equal(alone.returncode, 1, f"{name} alone")
