"""On what it was measured."""
import os
import pathlib
import time


def first(path, key):
    """The value behind `key :` or `key=`; "" where there is none."""
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        for separator in (":", "="):
            name, found, value = line.partition(separator)
            if found and name.strip() == key:
                return value.strip().strip('"')
    return ""


def describe(docker):
    version = docker.ok("GET", "/version").json
    storage = docker.ok("GET", "/info").json["Driver"]
    memory_gib = int(first("/proc/meminfo", "MemTotal").split()[0]) / 2**20
    system = os.uname()
    return {
        "CPU": f"{first('/proc/cpuinfo', 'model name') or system.machine}, {os.cpu_count()} cores",
        "memory": f"{memory_gib:.1f} GiB",
        "system": f"{first('/etc/os-release', 'PRETTY_NAME')}, Linux {system.release} {system.machine}",
        "Docker": f"{version['Version']} (API {version['ApiVersion']}, {storage})",
        "load average": load(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def load():
    return " ".join(f"{value:.1f}" for value in os.getloadavg())
