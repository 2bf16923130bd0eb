"""Each kind of probe passes and fails on real Docker: http through a published port, tcp, exec, and the image's own
HEALTHCHECK."""
import os
import socket
import urllib.parse

from lib import check
from lib.node import write

SHORT = "every_s = 1\ntimeout_s = 2\nfailures = 1\nstart_grace_s = 2\n"
SERVES = "[ -e /data/bad ] || httpd -p 8080 -h /data; exec sleep 3600"


def run(rig):
    node = rig.node()
    image = f"aura-test-checked:{node.id}"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    write(node.path("srv", "ok"), "ok")
    mounts = [{"source": node.path("srv"), "target": "/data", "read_only": True}]
    stop = "[stop]\ngrace_s = 1\n[restart]\nbackoff_max_s = 1\n"
    made = make_checked(rig, image)
    try:
        node.declare("http", SERVES, f'{stop}[health.liveness]\nhttp = "http://127.0.0.1:{port}/ok"\n{SHORT}',
                     mounts=mounts, ports=[f"127.0.0.1:{port}:8080"])
        node.declare("tcp", SERVES, f'{stop}[health.liveness]\ntcp = "127.0.0.1:8080"\n{SHORT}', mounts=mounts)
        node.declare("exec", SERVES, f'{stop}[health.liveness]\nexec = ["test", "!", "-e", "/data/bad"]\n{SHORT}', mounts=mounts)
        node.declare("docker", SERVES, f"{stop}[health.liveness]\ndocker = true\n{SHORT}", mounts=mounts, image=image)
        node.start()
        kinds = ("http", "tcp", "exec", "docker")
        for name in kinds:
            node.until_running(name)
            check.equal(node.workload(name)["restarts"], 0, f"restarts of {name}")
        write(node.path("srv", "bad"), "")
        for name in ("exec", "docker"):
            event = node.until_event("workload_exited", name)
            check.equal(event["data"]["cause"], "probe", f"the cause for {name}")
        check.contains(node.events("workload_exited", "docker")[-1]["text"], "Docker's HEALTHCHECK says unhealthy", "docker")
        for name in ("http", "tcp"):
            node.docker.kill_main_process(node.container(name)["Id"])
            rig.until(lambda one=name: any(event["data"]["cause"] == "probe" for event in node.events("workload_exited", one)),
                      30, f"{name} is restarted by its probe", lambda: node.events("workload_exited"))
        os.unlink(node.path("srv", "bad"))
        for name in kinds:
            node.until_running(name)
    finally:
        node.docker.remove(made)
        if node.process:
            node.kill()
        node.docker.clean(node.id)
        node.docker.call("DELETE", f"/images/{image}?force=1")


def make_checked(rig, image):
    made = rig.foreign_container(image.replace(":", "-"))
    name, tag = image.split(":")
    changes = urllib.parse.quote("HEALTHCHECK --interval=1s --retries=1 CMD test ! -e /data/bad")
    rig.docker.ok("POST", f"/commit?container={made}&repo={name}&tag={tag}&changes={changes}")
    return made
