"""The playbook makes nodes of a fresh Debian 12 and a fresh Debian 13: in the tailnet, Docker kept, containers away from tailnet
and metadata, a workload that runs, heard at the control plane; a second run changes nothing, and a reboot neither."""
import json
import socket

from lib import check
from provision_lib import usual
from tailnet_lib import grants

ABOUT_S = 150
DEADLINE_S = 420
METADATA = "169.254.169.254"
SECRETS_ANYWHERE = "grep -rlF -e {key} -e {code} /etc /var/log /root /run /tmp /srv /var/lib/tailscale 2>/dev/null || true"


def run(rig):
    control = rig.start_tailnet(grants.usual(grants.grant(grants.NODE, grants.NODE, None, ["tcp:22"])))
    hosts = [rig.fresh("deb12", "bookworm"), rig.fresh("deb13", "trixie")]
    operator = rig.operator(*hosts)
    usual.in_tailnet(rig, control, operator)
    operator.variables["aura_node_workloads"]["open"] = usual.workload(rig, tailnet=True)
    first = operator.play("site")
    print(f"two hosts at once: {first.seconds:.0f} s")
    for host in hosts:
        is_node(rig, control, host)
        containers_keep_their_place(rig, host)
        secrets_stay(host, operator, first)

    second = operator.play("site")
    print(f"again: {second.seconds:.0f} s")
    usual.nothing_changed(second, *hosts)

    host = hosts[0]
    before = host.container()
    host.machine.run("systemctl", "restart", "docker")
    host.until_ready()
    check.same_run(before, host.container())
    containers_keep_their_place(rig, host)
    host.reboot()
    host.until_ready()
    host.until_running(seconds=60)
    containers_keep_their_place(rig, host)
    ssh_is_closed(rig, operator, host)


def is_node(rig, control, host):
    node = control.node(host.name)
    check.equal(node.get("heard"), "ok", f"{host.name} at the control plane")
    check.equal(json.loads(host.tailscale_state())["BackendState"], "Running", f"tailscaled of {host.name}")
    settings = json.loads(host.machine.read("/etc/docker/daemon.json"))
    check.equal(settings["exec-opts"], ["native.cgroupdriver=systemd"], "what was in daemon.json before")
    check.is_true(settings["live-restore"], "live-restore", settings)
    check.equal(host.machine.run("docker", "info", "--format", "{{.LiveRestoreEnabled}}").stdout.strip(), "true", "live-restore in force")
    host.until_running()


def containers_keep_their_place(rig, host):
    """A container reaches neither the control plane in the tailnet nor the cloud's metadata; the host itself reaches both."""
    machine = host.machine
    machine.shell(f"ip addr show dev lo | grep -q {METADATA} || ip addr add {METADATA}/32 dev lo")
    listener = machine.listen(METADATA, 80)
    try:
        peer = rig.tailnet.members["control"]
        rig.until(lambda: machine.run("curl", "-s", "--interface", "tailscale0", "-o", "/dev/null", "--max-time", "5", f"http://{peer.ip4}:8080/health",
                                      check=False).returncode == 0, 30, f"{host.name} reaches its control plane")
        check.is_true(not host.reaches(peer.ip4, 8080), "a container reaches the tailnet")
        check.is_true(not host.reaches(METADATA, 80), "a container reaches the metadata")
        check.is_true(host.reaches(peer.ip4, 8080, "open"), "a container with tailnet = true does not reach the tailnet")
        check.is_true(not host.reaches(METADATA, 80, "open"), "a container with tailnet = true reaches the metadata")
        own = json.loads(host.tailscale_state())["TailscaleIPs"][0]
        check.is_true(not host.reaches(own, 22), "a container reaches this machine's own tailnet address")
        gateway = next(iter(host.container()["NetworkSettings"]["Networks"].values()))["Gateway"]
        check.is_true(host.reaches(gateway, 22), "a container reaches what nobody forbids")
    finally:
        listener.close()


def ssh_is_closed(rig, operator, host):
    """Not before somebody has reached it over the tailnet."""
    operator.set(firewall_ssh_tailnet_only=True, firewall_metadata_addresses=[METADATA, "169.254.42.42"])
    # This machine is in no tailnet.
    refused = operator.play("site", "--tags", "firewall", "--limit", host.name, check=False)
    check.contains(refused.words, f"SSH of {host.name} was left as it is", "why it is left open")
    check.is_true(is_open(host), "SSH is closed though nobody came over the tailnet")
    check.contains(host.machine.run("nft", "list", "table", "inet", "aura").stdout, "169.254.42.42", "a rule that was changed")
    operator.set(firewall_ssh_proof_from="deb13")
    operator.play("site", "--tags", "firewall", "--limit", f"{host.name},deb13")
    check.is_true(not is_open(host), "SSH is open outside the tailnet")
    host.until_ready()


def is_open(host):
    try:
        socket.create_connection((host.machine.address, 22), timeout=2).close()
        return True
    except OSError:
        return False


def secrets_stay(host, operator, first):
    key, code = operator.variables["tailscale_auth_key"], operator.hosts[host.name]["aura_node_enroll_code"]
    found = host.machine.shell(SECRETS_ANYWHERE.format(key=key, code=code)).stdout.split()
    allowed = ["/etc/aura-node/credentials/enroll-code"]
    found = [one for one in found if not one.startswith("/run/credentials/")]
    check.equal(sorted(set(found)), allowed, "files with a secret")
    check.is_true(key not in first.text and code not in first.text, "Ansible's words hold no secret")
