"""Wrong values in an inventory are refused with a sentence that says what is wrong, before anything is changed."""
import json

from lib import check
from provision_lib import usual

ABOUT_S = 90
DEADLINE_S = 300
DIGEST = "@sha256:" + "0" * 64

# By the roles' tags: what is wrong, and the words that say so.
WRONG = {
    "docker": [
        ({"docker_log_driver": "syslog"}, "value of docker_log_driver must be one of: local, json-file"),
        ({"docker_log_options": "10m"}, "docker_log_options"),
    ],
    "tailscale": [
        ({"tailscale_hostname": "Not_A_Name"}, "a device's name is 1 to 63"),
        ({"tailscale_tags": ["node"]}, 'a tag begins with "tag:"'),
        ({"tailscale_auth_key": "tskey-client-kx-y"}, "whose devices are ephemeral"),
        ({"tailscale_join_tries": "many"}, "tailscale_join_tries"),
    ],
    "firewall": [
        ({"firewall_ssh_port": "ssh"}, "firewall_ssh_port"),
        ({"firewall_metadata_addresses": {"a": 1}}, "firewall_metadata_addresses"),
    ],
    "aura_node": [
        ({"aura_node_control_url": "control:8080"}, "write http:// or https://"),
        ({"aura_node_control_auth": "password"}, "must be one of: tailnet, token"),
        ({"aura_node_id": "Node_1"}, "a node's name is 1 to 63 of a-z"),
        ({"aura_node_workloads": {"Web": {}}}, "a workload's name is 1 to 41"),
        ({"aura_node_workloads": {"web": 7}}, "neither a dictionary of the keys"),
        ({"aura_node_profiles": {"shop": {}}}, "there are copilot, crew, openclaw and web"),
        ({"aura_node_package": "/a.deb", "aura_node_version": "1"}, "give the file or the version"),
        ({"aura_node_credentials": {"../x": "y"}}, "a credential's name"),
    ],
    "openclaw": [
        ({"openclaw_enabled": True, "openclaw_gateway_token": "t" * 32}, "missing required arguments: openclaw_image"),
        ({"openclaw_enabled": True, "openclaw_gateway_token": "t" * 32, "openclaw_image": "a/b:latest"}, "name the image with its digest"),
        ({"openclaw_enabled": True, "openclaw_image": "a/b" + DIGEST, "openclaw_gateway_token": "short"}, "less than 16 characters"),
    ],
    "copilot": [
        ({"copilot_enabled": True, "copilot_api_key": "k", "copilot_minimum_ram_mb": 99999999}, "of memory, the model needs 99999999"),
        ({"copilot_enabled": True, "copilot_api_key": "k", "copilot_minimum_ram_mb": 1, "copilot_model_sha256": "abc"}, "64 of 0-9 and a-f"),
    ],
}


def run(rig):
    host = rig.fresh("deb12", tailnet=False)
    operator = rig.operator(host)
    usual.alone(rig, operator)
    before = state_of(host)
    # Each wrong value has a host of its own in the inventory, all of them this one machine, and all are asked at once.
    real = operator.hosts.pop(host.name)
    for role, table in WRONG.items():
        operator.hosts = {f"{role.replace('_', '-')}-{n}": {**real, "tailscale_enabled": True, **values} for n, (values, _) in enumerate(table)}
        play = operator.play("site", "--check", "--tags", role, check=False)
        check.is_true(play.code != 0, f"wrong values of {role} were taken", play.words[-1500:])
        for n, (values, words) in enumerate(table):
            name = f"{role.replace('_', '-')}-{n}"
            check.equal(play.recap(name).get("failed"), 1, f"{json.dumps(values)}: {play.text[-3000:]}")
            said = [line for line in play.words.split("fatal: [") if line.startswith(name)]
            check.is_true(any(words in one for one in said), f"{values} is refused with {words!r}", said)
    check.equal(state_of(host), before, "the machine afterwards")


def state_of(host):
    """Files and packages that a play could have changed."""
    return host.machine.shell("find /etc /srv /usr/local /usr/bin /var/lib/dpkg/status -newer /run/host-boot-id -type f "
                              "! -path '/etc/ssh/*' ! -name '*.db' -printf '%p %T@\\n' | sort").stdout
