"""Beside what the role of openclaw.installer leaves on a machine (daemon.json, docker.list, rules in DOCKER-USER, a user in the group
docker) the playbook makes a node, keeps all of it, and changes nothing the second time."""
import json

from lib import check
from provision_lib import usual

ABOUT_S = 60
DEADLINE_S = 300
# As that role's template has them, but for the address pool, which is the test network's.
DAEMON = {"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}, "live-restore": True, "userland-proxy": False,
          "ip6tables": False, "default-address-pools": [{"base": "172.17.0.0/12", "size": 24}]}
SOURCE = "deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.gpg] file:/srv/packages ./\n"
RULES = """\
iptables -N DOCKER-USER 2>/dev/null || true
iptables -F DOCKER-USER
iptables -A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -A DOCKER-USER -i lo -j ACCEPT
iptables -A DOCKER-USER -i eth0 -j DROP
useradd --system --create-home --shell /bin/bash openclaw
usermod -aG docker openclaw
"""
SEEN = "iptables -S DOCKER-USER; id -nG openclaw; cat /etc/apt/sources.list.d/docker.list"


def run(rig):
    host = rig.fresh("deb12", tailnet=False)
    machine = host.machine
    # What the simulated machine itself needs stays.
    there = json.loads(machine.read("/etc/docker/daemon.json"))
    machine.write("/etc/docker/daemon.json", json.dumps({**there, **DAEMON}))
    machine.run("systemctl", "restart", "docker")
    machine.shell("mkdir -p /etc/apt/keyrings; : >/etc/apt/keyrings/docker.gpg; mkdir -p /root/aside; cp /etc/apt/sources.list.d/* /root/aside/")
    machine.write("/etc/apt/sources.list.d/docker.list", SOURCE.replace("signed-by=/etc/apt/keyrings/docker.gpg", "trusted=yes"))
    machine.run("rm", "/etc/apt/sources.list.d/aura.sources")
    machine.shell(RULES)
    before = machine.shell(SEEN).stdout

    operator = rig.operator(host)
    usual.alone(rig, operator)
    operator.play("site")
    host.until_running()
    after = json.loads(machine.read("/etc/docker/daemon.json"))
    check.equal(after, {**there, **DAEMON}, "daemon.json")
    check.equal(machine.shell(SEEN).stdout, before, "what that role left")
    check.contains(machine.run("nft", "list", "table", "inet", "aura").stdout, "169.254.169.254", "our own table")
    usual.nothing_changed(operator.play("site"), host)
