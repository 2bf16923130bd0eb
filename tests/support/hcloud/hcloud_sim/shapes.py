"""The API's objects, shaped by its public OpenAPI document, with the fields that its callers read."""
import datetime
import re

from hcloud_sim.problem import Problem

LOCATIONS = {"fsn1": (1, "DE", "Falkenstein"), "nbg1": (2, "DE", "Nuremberg"), "hel1": (3, "FI", "Helsinki")}
MAX_PER_PAGE = 50
USUAL_PER_PAGE = 25


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def location(name):
    number, country, city = LOCATIONS.get(name, (0, "DE", name))
    return {"id": number, "name": name, "description": f"{city} (simulated)", "country": country, "city": city,
            "network_zone": "eu-central", "latitude": 0.0, "longitude": 0.0}


def server(record, volumes):
    box = record["box"]
    address = box.address() if box else ""
    ipv4 = {"id": record["id"] + 1, "ip": address, "blocked": False, "dns_ptr": ""} if address else None
    return {"id": record["id"], "name": record["name"], "status": record["status"], "created": record["created"],
            "labels": record["labels"], "public_net": {"ipv4": ipv4, "ipv6": None, "floating_ips": [], "firewalls": []},
            "private_net": [], "server_type": {"id": 1, "name": record["type"], "description": record["type"], "architecture": "x86"},
            "location": location(record["location"]), "image": {"id": 1, "type": "system", "status": "available", "name": record["system"],
                                                                "os_flavor": "debian", "os_version": record["system"].rpartition("-")[2]},
            "volumes": [one["id"] for one in volumes.values() if one["server"] == record["id"]], "iso": None, "rescue_enabled": False,
            "locked": False, "backup_window": None, "outgoing_traffic": 0, "ingoing_traffic": 0, "included_traffic": 0,
            "protection": {"delete": False, "rebuild": False}, "primary_disk_size": 20, "placement_group": None, "load_balancers": []}


def volume(record):
    return {"id": record["id"], "name": record["name"], "size": record["size"], "created": record["created"], "server": record["server"],
            "labels": record["labels"], "location": location(record["location"]), "status": "available", "format": None,
            "protection": {"delete": False}, "linux_device": f"/dev/disk/by-id/scsi-0HC_Volume_{record['id']}"}


def ssh_key(record):
    return {**record, "fingerprint": ""}


# -- lists ------------------------------------------------------------------------------------------------------------

REQUIREMENT = re.compile(r"\s*(?:(?P<not>!)?(?P<key>[\w./-]+)\s*(?:(?P<op>==|=|!=)\s*(?P<value>[\w.-]*)|"
                         r"(?P<word>in|notin)\s*\((?P<values>[^)]*)\))?)\s*(?:,|$)")


def selects(selector, labels):
    """Whether a label selector holds: `a=b`, `a!=b`, `a`, `!a`, `a in (b,c)`, `a notin (b,c)`, joined by commas."""
    at = 0
    while at < len(selector):
        one = REQUIREMENT.match(selector, at)
        if one is None:
            raise Problem("invalid_input", "invalid label_selector")
        at = one.end()
        has, value = one["key"] in labels, labels.get(one["key"])
        if one["op"]:
            good = (has and value == one["value"]) == (one["op"] != "!=")
        elif one["word"]:
            good = (has and value in [word.strip() for word in one["values"].split(",")]) == (one["word"] == "in")
        else:
            good = has != bool(one["not"])
        if not good:
            return False
    return True


def page_of(kind, found, query):
    """A page of a list, with what it says of the others."""
    try:
        page, per_page = int(query.get("page", ["1"])[0]), int(query.get("per_page", [str(USUAL_PER_PAGE)])[0])
    except ValueError:
        raise Problem("invalid_input", "page and per_page are numbers") from None
    if page < 1 or not 1 <= per_page <= MAX_PER_PAGE:
        raise Problem("invalid_input", "page is at least 1, per_page 1 to 50")
    last = max(1, -(-len(found) // per_page))
    return {kind: found[(page - 1) * per_page:page * per_page],
            "meta": {"pagination": {"page": page, "per_page": per_page, "previous_page": page - 1 if page > 1 else None,
                                    "next_page": page + 1 if page < last else None, "last_page": last, "total_entries": len(found)}}}
