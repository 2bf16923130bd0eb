"""The profiles web, crew and openclaw are rolled out with images of the inventory and run; their credentials are encrypted, and a
second run changes nothing."""
from lib import check, profiles
from provision_lib import usual

ABOUT_S = 90
DEADLINE_S = 360
TENANT = "acme"
# A program that answers every probe and ends on SIGTERM, in place of what the real images have.
SERVE = "trap 'exit 0' TERM; mkdir -p /tmp/www; for f in healthz readyz; do echo ok >/tmp/www/$f; done; httpd -p {port} -h /tmp/www; while :; do sleep 60 & wait $!; done"


def serving(image, port):
    return {"image": image, "entrypoint": ["/bin/sh", "-c", SERVE.format(port=port)], "command": []}


def run(rig):
    host = rig.fresh("deb12", tailnet=False)
    operator = rig.operator(host)
    image = rig.docker.image
    digest = host.machine.run("docker", "image", "inspect", "--format", "{{.Id}}", image).stdout.strip()
    crew = {name: serving(image, 8080) for name in profiles.files("crew")}
    names = [one.replace("{tenant}", TENANT) for one in profiles.credentials("crew")]
    usual.alone(rig, operator)
    operator.set(aura_node_workloads={}, aura_node_tenant=TENANT, aura_node_encrypt_credentials=True,
                 aura_node_credentials={name: f"value of {name}" for name in names},
                 aura_node_profiles={"web": {"web": serving(image, 8000)}, "crew": crew},
                 openclaw_enabled=True, openclaw_allow_tag=True, openclaw_image=image, openclaw_gateway_token="t" * 32,
                 openclaw_config={"gateway": {"mode": "local"}},
                 openclaw_changes={k: v for k, v in serving(image, 18789).items() if k != "image"})
    operator.play("site")
    for name in ["web", "openclaw", *profiles.files("crew")]:
        if name != "registry-spare":
            host.until_state("running", name, seconds=90)
    machine = host.machine
    check.equal(machine.run("ls", "/etc/aura-node/credentials").stdout, "", "plain credentials")
    check.equal(machine.run("stat", "-c", "%a %u %g", "/srv/openclaw/config").stdout.strip(), "700 1000 1000", "OpenClaw's folder")
    check.equal(machine.run("stat", "-c", "%a %u %g", "/srv/crew/registry").stdout.strip(), "700 1000 1000", "the registry's folder")
    check.is_true(digest.startswith("sha256:"), "an image has a digest", digest)
    usual.nothing_changed(operator.play("site"), host)
