"""The shipped profiles on a node of a scenario: their very files, laid down as their README says, with folders and ports
of the node's own and the stand-in as the image."""
from http.client import HTTPConnection
import os
import re
import socket
import subprocess

from lib import http
from lib.node import read, write

TREE = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
SHIPPED = os.path.join(TREE, "packaging", "dist", "usr", "share", "aura-node", "profiles")
IMAGE = "aura-test-standin:1"
CALL_S = 10


def names():
    return sorted(os.listdir(SHIPPED))


def files(name):
    """The workloads of a profile."""
    return sorted(one[:-5] for one in os.listdir(os.path.join(SHIPPED, name)) if one.endswith(".toml"))


def credentials(name):
    """The names of all credentials that a profile asks for, as they stand in its files."""
    texts = [read(os.path.join(SHIPPED, name, one + ".toml")) for one in files(name)]
    lines = [line for text in texts for line in text.splitlines() if re.match("secret(s|_files) ", line)]
    plain = [found for line in lines for found in re.findall(r'= "([^"]+)"', line)]
    return sorted({one for one in plain if one not in ("none", "restart")})


def here(node, text):
    """The paths of the text as they are for this node."""
    paths = {"/etc/aura-node/workloads.d": node.path("workloads"), "/usr/share/aura-node/profiles": SHIPPED, "/srv": node.path("srv")}
    for shipped, own in paths.items():
        text = re.sub(rf'(?<=[\s"=]){shipped}(?=[/"\s])', own, text)
    return text


def lay_down(node, name):
    """Does what README.md says first, and puts the node's own paths into the files."""
    manual = read(os.path.join(SHIPPED, name, "README.md"))
    script = re.search(r"## Lay it down\n+```sh\n(.*?)```", manual, re.DOTALL).group(1)
    done = subprocess.run(["sh", "-eu", "-c", here(node, script)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, f"the README of {name}: {done.stderr}"
    for one in files(name):
        edit(node, one, lambda text: here(node, text))


def edit(node, workload, change):
    write(node.workload_path(workload), change(read(node.workload_path(workload))))


def replace(node, workload, changes):
    """Durations and the like; each must be there."""
    def change(text):
        for old, new in changes.items():
            assert old in text, f"{workload} has no {old!r}"
            text = text.replace(old, new)
        return text
    edit(node, workload, change)


def stand_in(node, workload, **behaviour):
    """The stand-in in place of the image, a free port in place of each published one, and what it is to do."""
    settings = "".join(f'STANDIN_{key.upper()} = "{value}"\n' for key, value in behaviour.items())

    def change(text):
        text = re.sub(r'^image( *)= "[^"]*"', rf'image\1= "{IMAGE}"', text, flags=re.MULTILINE)
        for port in set(re.findall(r'"127\.0\.0\.1:(\d+):\d+"', text)):
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{free_port()}")
        inline = re.search(r"^env *= \{ (.*) \}\n", text, re.MULTILINE)
        if inline:
            settings_there = "\n".join(re.findall(r'\w+ = "[^"]*"', inline.group(1))) + "\n"
            return text.replace(inline.group(0), "") + f"\n[env]\n{settings_there}{settings}"
        if "\n[env]\n" in text:
            return text.replace("\n[env]\n", f"\n[env]\n{settings}")
        return text + f"\n[env]\n{settings}"
    edit(node, workload, change)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def connection(node, workload, port=8080):
    """To the container itself."""
    [network] = node.container(workload)["NetworkSettings"]["Networks"].values()
    return HTTPConnection(network["IPAddress"], port, timeout=CALL_S)


def ask(node, workload, path, port=8080, method="GET"):
    return http.call(lambda: connection(node, workload, port), method, path)


def behave(node, workload, port=8080, **settings):
    for key, value in settings.items():
        http.call(lambda: connection(node, workload, port), "POST", f"/behave?{key}={value}")


def stream(node, workload, port=8080):
    return http.Stream(lambda: connection(node, workload, port), "/stream")
