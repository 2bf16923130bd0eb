"""The simulated cloud does what the real one documents: a server boots its user-data, names are unique, requests are limited, an
action may be slow or fail, a shutdown is only sent, and a deleted server leaves nothing."""
import time

from lib import check

ABOUT_S = 30
DEADLINE_S = 240
USER_DATA = "#cloud-config\nwrite_files:\n  - {path: /root/booted, content: here}\nruncmd:\n  - [cp, /root/booted, /root/ran]\n"


def run(rig):
    cloud = rig.cloud()
    made = cloud.create("vm-1", user_data=USER_DATA, labels={"app": "aura"})
    number = made["server"]["id"]
    check.equal((made["server"]["status"], made["action"]["command"]), ("initializing", "create_server"), "what create answers")
    check.equal(cloud.ended(made["action"])["status"], "success", "the creation")
    check.equal(cloud.ended(made["next_actions"][0])["status"], "success", "the start")
    machine = rig.machine_of(cloud, number)
    rig.until(lambda: machine.exists("/root/ran"), 60, "cloud-init ran the user-data",
              lambda: machine.run("cloud-init", "status", "--long", check=False).stdout)
    refuses(rig, cloud)
    acts(rig, cloud, number, machine)

    check.equal(cloud.ended(cloud.ok("DELETE", f"/v1/servers/{number}")["action"])["status"], "success", "the deletion")
    check.equal(cloud.call("GET", f"/v1/servers/{number}").code, "not_found", "a deleted server")
    check.equal(cloud.rig.docker.list("aura.hcloud-sim=1"), [], "its containers")


def refuses(rig, cloud):
    again = cloud.call("POST", "/v1/servers", {"name": "vm-1", "server_type": "cx22", "image": "debian-12"})
    check.equal((again.status, again.code), (409, "uniqueness_error"), "a second server of that name")
    large = cloud.call("POST", "/v1/servers", {"name": "vm-2", "server_type": "cx22", "image": "debian-12", "user_data": "x" * 32_769})
    check.equal((large.status, large.code), (422, "invalid_input"), "user-data above 32 KiB")
    check.equal(cloud.call("GET", "/v1/servers", token="wrong").status, 401, "a wrong token")
    check.equal(cloud.call("GET", "/v1/actions").code, "invalid_input", "all actions, without their ids")
    check.equal(len(cloud.ok("GET", "/v1/servers?label_selector=app%3Daura")["servers"]), 1, "servers by label")
    check.equal(cloud.ok("GET", "/v1/servers?label_selector=app!%3Daura")["servers"], [], "servers without it")
    check.equal(len(cloud.ok("GET", "/v1/servers?name=vm-1")["servers"]), 1, "servers by name")

    cloud.order("faults", method="POST", path="/v1/servers", code="resource_limit_exceeded")
    full = cloud.call("POST", "/v1/servers", {"name": "vm-3", "server_type": "cx22", "image": "debian-12"})
    check.equal((full.status, full.code), (403, "resource_limit_exceeded"), "a limit that a test ordered")
    cloud.order("rate_limit", remaining=0)
    limited = cloud.call("GET", "/v1/servers")
    check.equal((limited.status, limited.code), (429, "rate_limit_exceeded"), "the request after the last one")
    check.equal((limited.headers["ratelimit-limit"], limited.headers["ratelimit-remaining"]), ("3600", "0"), "the headers")
    rig.until(lambda: cloud.call("GET", "/v1/servers").status == 200, 5, "one request a second comes back")
    cloud.order("rate_limit", remaining=3600)

    volumes = [cloud.ok("POST", "/v1/volumes", {"name": f"data-{n}", "size": 10, "location": "fsn1"})["volume"] for n in range(3)]
    page = cloud.ok("GET", "/v1/volumes?page=2&per_page=2")
    check.equal((len(page["volumes"]), page["meta"]["pagination"]["next_page"], page["meta"]["pagination"]["total_entries"]),
                (1, None, 3), "the second page")
    server = cloud.ok("GET", "/v1/servers?name=vm-1")["servers"][0]["id"]
    cloud.ended(cloud.ok("POST", f"/v1/volumes/{volumes[0]['id']}/actions/attach", {"server": server})["action"])
    check.equal(cloud.server(server)["volumes"], [volumes[0]["id"]], "its volumes")
    check.equal(cloud.call("DELETE", f"/v1/volumes/{volumes[0]['id']}").code, "conflict", "to delete an attached volume")


def acts(rig, cloud, number, machine):
    cloud.order("shutdown", lost=1)
    check.equal(cloud.ended(cloud.act(number, "shutdown"))["status"], "success", "a signal that is lost")
    rig.stays(lambda: cloud.server(number)["status"] == "running", 2, "the server, which did not hear it")
    began_s = time.monotonic()
    cloud.order("actions", command="shutdown_server", seconds=2)
    slow = cloud.act(number, "shutdown")
    check.equal(cloud.call("POST", f"/v1/servers/{number}/actions/reboot", {}).code, "locked", "another action meanwhile")
    check.equal(cloud.ended(slow)["status"], "success", "a signal that is sent")
    check.is_true(time.monotonic() - began_s >= 2, "the slow action took its time")
    rig.until(lambda: cloud.server(number)["status"] == "off", 60, "the server goes off by itself")
    cloud.order("actions", command="start_server", code="server_error")
    check.equal(cloud.ended(cloud.act(number, "poweron"))["error"]["code"], "server_error", "an action that fails")
    check.equal(cloud.ended(cloud.act(number, "poweron"))["status"], "success", "the next one")
    machine.pid = rig.until(lambda: cloud.inside(number).get("pid"), 10, "it is on")
    check.equal(machine.read("/root/booted"), "here", "its disk")
