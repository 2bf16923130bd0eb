"""aura-node doctor --bundle gathers what support needs, with and without a running agent, and none of the node's secrets:
neither from credentials, node key and environment, nor from what a workload printed, in whatever way it is written."""
import base64
import json
import os
import tarfile

from lib import check

SECRETS = {"env": "planted-0d3b6c5f9a71-env", "file": "planted-77aa20c4e1b9-file", "login": "planted-5e91b0cc2d-login",
           "literal": "planted-e0f4417ab3-literal", "old": "planted-91cd5502fe-old"}

# Both go into the log tail: as they are, and written in another way.
COMMAND = """echo "token $TOKEN and key $(cat /run/secrets/key)"; printf 'ann:%s' "$TOKEN" | base64
[ -e /data/once ] && exec sleep 3600
touch /data/once
exit 6"""


def run(rig):
    control, node = rig.enrolled()
    code = open(node.path("credentials", "enroll-code"), encoding="utf-8").read().strip()
    for name in ("env", "file", "old"):
        node.write_credential(name, SECRETS[name])
    node.write_credential("ghcr", json.dumps({"username": "robot", "password": SECRETS["login"]}))
    node.declare(command=COMMAND, mounts=[{"source": node.path("srv"), "target": "/data"}],
                 env={"DB_PASSWORD": SECRETS["literal"], "MODE": "fast"}, secrets={"TOKEN": "env", "OLD": "old"},
                 secret_files={"key": "file"})
    node.start()
    node.until_event("log_tail", "web")
    node.until_running()
    rig.until(lambda: control.node(node.id).get("report"), 20, "a report has arrived")
    # Its container keeps the value that it was made with.
    node.write_credential("old", "another-value-by-now")
    key = open(node.path("state", "node-key"), encoding="utf-8").read().strip()
    planted = {**SECRETS, "node key": key, "enrolment code": code}

    bundle = node.path("bundle.tar.gz")
    made = node.cli("doctor", "--bundle", bundle, "--socket", node.socket, *node.flags(), timeout_s=120)
    check.equal(made.returncode, 0, f"the bundle is made: {made.stderr}")
    check.contains(made.stdout, bundle, "where it is")
    check.contains(made.stdout, "journal", "what is in it")
    check.contains(made.stderr, "packing", "progress")
    check.equal(oct(os.stat(bundle).st_mode & 0o777), oct(0o600), "its mode")
    parts = contents(bundle)
    for part in ("README", "doctor.json", "status.json", "events.json", "why/web.json", "config", "journal", "units", "host",
                 "tailnet", "versions", "docker-info.json"):
        check.is_true(parts.get(part), f"{part} is in it", sorted(parts))
    check.equal(json.loads(parts["status.json"])["node_id"], node.id, "whose it is")
    check.contains(parts["events.json"], "token ***", "the tail of the log, without the secret")
    container = parts["containers/" + node.container()["Name"].lstrip("/") + ".json"]
    check.contains(container, "DB_PASSWORD=", "the names of the environment")
    check.is_true("fast" not in container, "no value of the environment", container)
    none_in(parts, planted)

    again = node.cli("doctor", "--bundle", bundle, "--socket", node.socket, *node.flags(), timeout_s=120)
    check.equal(again.returncode, 1, "a file that is there is not overwritten")
    check.contains(again.stderr, "is there already", "why")
    check.equal(contents(bundle), parts, "it is as it was")

    node.stop()
    without = node.path("without.tar.gz")
    made = node.cli("doctor", "--bundle", without, "--socket", node.socket, *node.flags(), timeout_s=120)
    check.equal(made.returncode, 0, f"it is made without an agent: {made.stderr}")
    parts = contents(without)
    check.contains(parts["README"], "The agent did not answer", "what it says of that")
    check.is_true("host" in parts and "config" in parts, "what needs no agent is there", sorted(parts))
    none_in(parts, planted)

    os.chmod(node.dir, 0o755)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    refused = node.cli("doctor", "--bundle", "/tmp/aura-bundle-of-nobody", prefix=nobody)
    check.equal(refused.returncode, 1, "who cannot read the secrets makes no bundle")
    check.is_true(not os.path.exists("/tmp/aura-bundle-of-nobody"), "nothing is left behind")


def contents(bundle):
    """Path below the one folder in it -> text."""
    with tarfile.open(bundle) as archive:
        return {one.name.split("/", 1)[1]: archive.extractfile(one).read().decode("utf-8", "replace")
                for one in archive if one.isfile()}


def none_in(parts, planted):
    for name, secret in planted.items():
        # What of the base64 text is the secret's alone, whatever stands before it.
        forms = [secret] + [base64.b64encode(b"x" * before + secret.encode()).decode()[4:-4] for before in range(3)]
        for part, text in parts.items():
            for form in forms:
                check.is_true(form not in text, f"{part} holds the {name} secret", form)
