"""Variables that most scenarios give, and what they look at afterwards."""
from lib import check

# Something to keep.
WEB = {"entrypoint": ["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 60 & wait $!; done"]}


def workload(rig, **keys):
    return {"image": rig.docker.image, **WEB, **keys}


def in_tailnet(rig, control, operator):
    """Variables of the group for nodes of this tailnet."""
    operator.set(tailscale_apt_uri="", tailscale_auth_key=rig.tailnet.key(["tag:node"]), tailscale_accept_dns=False,
                 tailscale_login_server=rig.tailnet.login_server, aura_node_control_url=control.url,
                 aura_node_workloads={"web": workload(rig)})
    for host in operator.hosts:
        operator.hosts[host]["aura_node_enroll_code"] = control.code_for(host)


def alone(rig, operator, **workloads):
    """Variables of the group for nodes without tailnet and control plane."""
    operator.set(tailscale_enabled=False, aura_node_report_stages=False, aura_node_workloads=workloads or {"web": workload(rig)})


def nothing_changed(run, *hosts):
    for host in hosts:
        check.equal(run.changed(host.name), 0, f"changes of a second run on {host.name}: {run.changes()}")
