"""What no file of the tree may be or say."""
import os
import re
import subprocess
import urllib.parse

import sources

MAX_LINES = 400
# Pages that are one long list by nature; program text needs an entry in long_files.
PROSE = re.compile(r"(\.md|/LICENSE|\.json|\.ya?ml|\.lock|\.sum|\.css|\.svg)$|^LICENSE$")

# Written so that this file does not contain what it looks for.
FORBIDDEN = [
    (re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X:|HA" r"CK:)"), "promises work that is not done: do it, or open an issue"),
]


def mirror_hosts():
    """Hosts that this machine's apt fetches from: names of them have no place in the tree."""
    sites = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE)"], capture_output=True, text=True).stdout
    hosts = {urllib.parse.urlsplit(site).hostname for site in sites.split()}
    return [re.compile(rf"\b{re.escape(host)}\b") for host in sorted(hosts - {None, "localhost"})]


def forbidden_words():
    found = []
    rules = FORBIDDEN + [(host, "names a package mirror: packages come from the one the machine is set up with")
                         for host in mirror_hosts()]
    for path in sources.files():
        for number, line in enumerate(sources.text(path).splitlines(), 1):
            found += [f"{path}:{number}: {reason}: {line.strip()[:100]}" for pattern, reason in rules if pattern.search(line)]
    return found


def long_files():
    """Files over MAX_LINES need a reason that a reader would accept, in long_files: one line "path: reason" each."""
    allowed, found = {}, []
    for number, line in enumerate(sources.text("tests/lint/long_files").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            path, _, reason = line.partition(": ")
            allowed[path] = reason
            if not reason.strip():
                found.append(f"tests/lint/long_files:{number}: {path} has no reason")
    lines = {path: sources.text(path).count("\n") for path in sources.files() if not PROSE.search(path)}
    for path, count in lines.items():
        if count > MAX_LINES and path not in allowed:
            found.append(f"{path}: {count} lines: split it by idea, or give the reason in tests/lint/long_files (at most {MAX_LINES} without)")
    found += [f"tests/lint/long_files: {path} needs no entry (any more)" for path in allowed if lines.get(path, 0) <= MAX_LINES]
    return found


def run_bits():
    found = []
    for path in sources.files():
        has_shebang = sources.text(path).startswith("#!")
        is_executable = os.access(sources.ROOT / path, os.X_OK)
        if has_shebang and not is_executable:
            found.append(f"{path}: starts with #! but cannot be run: chmod +x")
        if is_executable and not has_shebang:
            found.append(f"{path}: can be run but does not start with #!: chmod -x")
    return found


def header_guards():
    return [f"{path}: a header without #pragma once" for path in sources.cpp() if path.endswith(".hpp") and "#pragma once" not in sources.text(path)]


# `tailnet/NAME`, `process/NAME`: scenarios; `unit/PATH.cpp`: a file of unit tests.
NAMED_TEST = re.compile(r"`(?:(tailnet|process)/([a-z0-9_]+)|unit/([a-z0-9_/]+\.cpp))`")


def named_tests():
    """Tests that docs/security.md points at and that are not there."""
    page = sources.ROOT / "docs/security.md"
    found = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        for suite, scenario, unit in NAMED_TEST.findall(line):
            path = f"tests/{suite}/scenarios/{scenario}.py" if suite else f"tests/unit/{unit}"
            if not (sources.ROOT / path).exists():
                found.append(f"docs/security.md:{number}: {path} is not there")
    return found
