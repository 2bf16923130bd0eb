"""A container is made exactly as declared: policy no, limits, user, capabilities, ports, labels, network alias,
log rotation."""
from lib import check
from lib.control import free_port
from lib.docker import network_of


def run(rig):
    node = rig.node()
    port = free_port()
    node.declare("web", ports=[f"127.0.0.1:{port}:80"], env={"A": "1"},
                 mounts=[{"source": node.path("srv"), "target": "/data", "read_only": True}],
                 tables='[resources]\nmemory = "64MiB"\noom_score_adj = 100\n[stop]\nsignal = "SIGINT"\ngrace_s = 17\n'
                        '[security]\nuser = "1000:1000"\nread_only = true\ncap_drop = ["ALL"]\n')
    node.declare("peer", "until ping -c 1 -W 1 web; do sleep 1; done; touch /tmp/seen; exec sleep 3600")
    node.start()
    seen = node.until_running()
    host, config = seen["HostConfig"], seen["Config"]
    check.equal(host["RestartPolicy"]["Name"], "no", "Docker's restart policy")
    check.equal((host["CapDrop"], host["ReadonlyRootfs"], host["Privileged"], host["Init"], host["OomScoreAdj"]),
                (["ALL"], True, False, True, 100), "security")
    check.contains(host["SecurityOpt"], "no-new-privileges:true", "security options")
    check.equal(host["PortBindings"], {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}, "ports")
    check.equal((config["User"], config["StopSignal"], config["StopTimeout"]), ("1000:1000", "SIGINT", 17), "the end")
    check.equal(host["LogConfig"]["Type"], "local", "the log driver")
    check.is_true(int(host["LogConfig"]["Config"]["max-file"]) > 1, "log rotation")
    check.equal((config["Labels"]["aura.node"], config["Labels"]["aura.workload"]), (node.id, "web"), "labels")
    check.is_true(config["Labels"]["aura.spec"].startswith("v1:"), "the spec hash", config["Labels"])
    check.equal(seen["Name"], f"/{network_of(node.id)}-web-1", "the name")
    check.equal([(one["Source"], one["RW"]) for one in seen["Mounts"]], [(node.path("srv"), False)], "mounts")
    node.until_running("peer")
    rig.until(lambda: there(node, "/tmp/seen"), 20, "workloads find each other by name")


def there(node, path):
    peer = node.container("peer")["Id"]
    return node.docker.call("HEAD", f"/containers/{peer}/archive?path={path}").status == 200
