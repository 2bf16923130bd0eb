"""Who may include whom (docs/architecture.md), as data: every rule has the reason that is printed where it is broken.

A file obeys every rule whose `where` matches its path. The project folders it may include are those that `may` matches,
besides its own; the outside headers it must not include are those that `never` matches.
"""
import dataclasses
import pathlib
import re
import tempfile


@dataclasses.dataclass(frozen=True)
class Rule:
    name: str
    where: str      # a path this rule is about, regular expression from the start of the path
    reason: str
    example: tuple  # (path, include) that breaks this rule and, of the file's includes, only because of it
    may: str = ""   # project paths it may include, regular expression; empty: this rule says nothing about them
    never: str = "" # paths and headers it must not include, regular expression; empty: nothing


COMMON = r"common/[a-z_]+\.hpp"
VALUES = COMMON + r"|common/protocol/"
ADAPTERS = ("docker", "probes", "controlplane", "tailscale", "systemd", "host")
ASIO = r"boost/(asio|beast)"
JSON = r"boost/json"
HEAVY = r"boost/beast|boost/json(?!/fwd\.hpp)|curl/|sqlite3\.h|toml\+\+|CLI/|soci/|libpq|openssl/|systemd/"

RULES = [
    Rule("common is the floor", r"common/[a-z_]+\.(hpp|cpp)$", may=COMMON, never=f"{ASIO}|{JSON}|curl/|sqlite3",
         reason="everything stands on common/*.hpp, so it stands on no project folder and on no heavy library",
         example=("common/ids.hpp", "common/protocol/command.hpp")),
    Rule("common/async carries coroutines only", r"common/async/", may=COMMON + r"|common/async/",
         never=f"boost/beast|{JSON}|curl/|sqlite3",
         reason="the way to start coroutines knows Asio and the floor, nothing that is sent with them",
         example=("common/async/spawn.cpp", "common/http/message.hpp")),
    Rule("the protocol has no transport", r"common/protocol/", may=COMMON, never=f"{ASIO}|curl/|sqlite3",
         reason="a contract says what is sent, not how; Asio, Beast and curl belong to common/http",
         example=("common/protocol/codec.cpp", "boost/asio/awaitable.hpp")),
    Rule("http moves bytes", r"common/http/", may=COMMON + r"|common/async/", never=f"{JSON}|sqlite3",
         reason="the HTTP client and server move bytes and must not know what they mean (no protocol, no JSON)",
         example=("common/http/client.cpp", "common/protocol/codec.hpp")),
    Rule("the tailnet stands on http", r"common/tailnet/", may=COMMON + r"|common/(async|http)/", never="curl/|sqlite3",
         reason="what tailscaled says is the same for the agent and for aura-control; it knows neither, nor the protocol",
         example=("common/tailnet/watch.cpp", "common/protocol/codec.hpp")),
    Rule("reconcile is pure", r"agent/reconcile/", may=VALUES,
         never=f"{ASIO}|{JSON}|curl/|sqlite3|fstream|filesystem|iostream|cstdio|chrono|ctime|thread|mutex|random$|unistd|fcntl|sys/|systemd/"
               r"|common/(files|log)\.hpp|common/protocol/(codec|json)",
         reason="it must run in a plain test: values in, values out, without Asio, JSON, files, clocks or logging",
         example=("agent/reconcile/reconcile.cpp", "common/files.hpp")),
    Rule("ports are in our own verbs", r"agent/ports/", may=VALUES + r"|agent/reconcile/",
         never=f"boost/beast|{JSON}|curl/|sqlite3",
         reason="tests implement the ports, so they ask for nothing but values and awaitable",
         example=("agent/ports/container_engine.hpp", "common/http/client.hpp")),
    Rule("the ledger knows nobody", r"agent/store/", may=VALUES + r"|agent/reconcile/", never=f"{ASIO}|curl/",
         reason="the store keeps records and replays them; ports and loops are above it",
         example=("agent/store/ledger.cpp", "agent/ports/clock.hpp")),
    Rule("config reads files", r"agent/config/", may=VALUES + r"|agent/reconcile/|agent/store/[a-z_]+\.hpp",
         never=f"{ASIO}|curl/|sqlite3",
         reason="configuration becomes values of reconcile; it asks no port and starts no loop",
         example=("agent/config/document.cpp", "agent/loops/act.hpp")),
    *[Rule(f"the {name} adapter stands alone", rf"agent/{name}/",
           may=VALUES + r"|common/(async|http|tailnet)/|agent/ports/|agent/reconcile/", never="sqlite3",
           reason="an adapter knows its port and the values in it; not the other adapters, the store, the loops or the "
                  "configuration, so that each can be replaced alone",
           example=(f"agent/{name}/adapter.cpp", "agent/store/ledger.hpp")) for name in ADAPTERS],
    Rule("loops run on fakes", r"agent/loops/", may=VALUES + r"|common/async/|agent/(ports|reconcile|store)/",
         never=f"boost/beast|{JSON}|curl/|sqlite3",
         reason="the loops see ports only; whoever names an adapter here can no longer be run against a fake",
         example=("agent/loops/act.cpp", "agent/docker/engine.hpp")),
    Rule("the node's API knows no adapter", r"agent/api/",
         may=VALUES + r"|common/(async|http|tailnet)/|agent/(reconcile|store|ports)/", never="curl/|sqlite3",
         reason="routes answer from the ledger and the ports; adapters are named in agent/run.* alone",
         example=("agent/api/routes.cpp", "agent/docker/engine.hpp")),
    Rule("the command line knows no adapter", r"agent/cli/",
         may=VALUES + r"|common/(async|http|tailnet)/|agent/(reconcile|store|ports|config)/", never="curl/|sqlite3",
         reason="subcommands talk to the daemon over its socket; adapters are named in agent/run.* alone",
         example=("agent/cli/status.cpp", "agent/systemd/service_manager.hpp")),
    Rule("control shares only the contract", r"control/", may=VALUES + r"|common/(async|http|tailnet)/|control/",
         reason="the control plane and the agent are two programs that share common/ and nothing else",
         example=("control/main.cpp", "agent/reconcile/state.hpp")),
    Rule("no test code in the product", r"(common|agent|control)/", never=r"tests/|catch2/|rapidcheck",
         reason="what is shipped must build without the tests",
         example=("agent/main.cpp", "tests/support/fake_clock.hpp")),
    Rule("heavy headers stay out of headers", r"(common|agent|control)/(?!.*(json|codec)[a-z_]*\.hpp$).*\.hpp$", never=HEAVY,
         reason="Beast, curl, SQLite and their like cost seconds in every file that sees them: include them in a .cpp "
                "(headers of codecs, named *json* or *codec*, may see JSON)",
         example=("agent/docker/engine.hpp", "curl/curl.h")),
    Rule("codec headers see JSON only", r"(common|agent|control)/.*(json|codec)[a-z_]*\.hpp$",
         never=r"boost/beast|curl/|sqlite3\.h|toml\+\+|CLI/|soci/",
         reason="of the heavy libraries a codec's header may see JSON and no other",
         example=("agent/store/codec.hpp", "sqlite3.h")),
]
# Compiles the parts of Boost that are not header-only by nature, for everybody.
EXEMPT = {"common/boost.cpp"}
# CLI11 costs 18 s in every file that includes it.
ONCE = [(r"CLI/", "agent"), (r"CLI/", "control")]

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def includes(text):
    """Yields (line number, path, is it a project header)."""
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) or match.group(2), match.group(1) is not None


def is_allowed(rule, path, target, is_project):
    if rule.never and re.match(rule.never, target):
        return False
    if not rule.may or not is_project:
        return True
    parts = path.split("/")
    if len(parts) == 2:   # common/x.cpp: its folder holds other parts below it
        own = pathlib.PurePosixPath(target).parent.as_posix() == parts[0]
    else:
        own = target.startswith(f"{parts[0]}/{parts[1]}/")
    return own or bool(re.match(f"(?:{rule.may})", target))


def violations(root):
    """Every broken rule below `root`, one sentence each."""
    found, holders = [], {}
    for folder in ("common", "agent", "control"):
        for file in sorted(pathlib.Path(root, folder).rglob("*.?pp")):
            path = file.relative_to(root).as_posix()
            if path in EXEMPT:
                continue
            rules = [rule for rule in RULES if re.match(rule.where, path)]
            for number, target, is_project in includes(file.read_text(encoding="utf-8")):
                for rule in rules:
                    if not is_allowed(rule, path, target, is_project):
                        found.append(f"{path}:{number}: must not include {target}: {rule.reason} [{rule.name}]")
                for pattern, program in ONCE:
                    if path.startswith(program + "/") and re.match(pattern, target):
                        holders.setdefault((pattern, program), []).append(f"{path}:{number}")
    for (pattern, program), places in holders.items():
        if len(set(place.split(":")[0] for place in places)) > 1:
            found.append(f"{places[1]}: a second file of {program}/ with {pattern}: it costs 18 s in each, so one file reads the command line "
                         f"into a struct of ours (the first: {places[0]})")
    return found


def write(root, path, *targets):
    file = pathlib.Path(root, path)
    file.parent.mkdir(parents=True, exist_ok=True)
    project = ("common/", "agent/", "control/", "tests/")
    file.write_text("".join(f'#include "{t}"\n' if t.startswith(project) else f"#include <{t}>\n" for t in targets), encoding="utf-8")


def self_test():
    """What is wrong with the rules themselves: each must catch its own example, and a tree as designed must pass."""
    wrong = []
    for rule in RULES:
        with tempfile.TemporaryDirectory() as root:
            write(root, rule.example[0], rule.example[1])
            if not any(f"[{rule.name}]" in line for line in violations(root)):
                wrong.append(f"the rule '{rule.name}' lets {rule.example[0]} include {rule.example[1]}")
    with tempfile.TemporaryDirectory() as root:
        write(root, "agent/cli/first.cpp", "CLI/CLI.hpp")
        write(root, "agent/cli/second.cpp", "CLI/CLI.hpp")
        if len(violations(root)) != 1:
            wrong.append("a second file with CLI11 is not noticed")
    with tempfile.TemporaryDirectory() as root:
        write(root, "common/error.hpp", "boost/system/result.hpp", "string")
        write(root, "common/protocol/codec.cpp", "common/protocol/codec.hpp", "common/error.hpp", "boost/json.hpp")
        write(root, "common/http/server.cpp", "common/http/server.hpp", "common/async/spawn.hpp", "boost/beast/http/parser.hpp")
        write(root, "agent/reconcile/reconcile.cpp", "agent/reconcile/plan.hpp", "common/protocol/command.hpp", "map")
        write(root, "agent/docker/engine.cpp", "agent/ports/container_engine.hpp", "common/http/client.hpp", "boost/json.hpp")
        write(root, "agent/loops/act.cpp", "agent/ports/clock.hpp", "agent/store/ledger.hpp", "boost/asio/post.hpp")
        write(root, "agent/run.cpp", "agent/docker/engine.hpp", "agent/loops/act.hpp", "agent/store/ledger.hpp")
        write(root, "control/api/views.cpp", "control/store/store.hpp", "common/protocol/codec.hpp", "boost/json.hpp")
        wrong += [f"a tree as designed is refused: {line}" for line in violations(root)]
    return wrong
