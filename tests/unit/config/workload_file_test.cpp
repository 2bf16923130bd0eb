#include "agent/config/workload_file.hpp"

#include "tests/unit/config/scratch.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::config;
using namespace aura::config::test;

namespace {

reconcile::WorkloadSpec good(std::string_view text) {
  const ParsedWorkload parsed = parse_workload(text, "web.toml", "web");
  INFO(all(parsed.problems));
  REQUIRE(parsed.spec);
  return *parsed.spec;
}

}  // namespace

TEST_CASE("a file with an image alone is a whole workload with the defaults of the schema") {
  reconcile::WorkloadSpec expected;
  expected.image = "nginx:1";
  CHECK(good("image = \"nginx:1\"") == expected);
}

TEST_CASE("every key that this version acts on is read") {
  const auto spec = good(R"(
image   = "ghcr.io/openclaw/openclaw:1"
entrypoint = ["tini", "--"]
command = ["node", "dist/index.js", ""]
env     = { A = "1", "dotted.name" = "line\nline" }
secrets = { TOKEN = "gateway-token", KEY = { credential = "key", on_change = "restart" } }
secret_files = { token = { credential = "gateway-token" } }
mounts  = [
  { source = "/srv/openclaw/", target = "/home/node", read_only = true },
  { source = "/srv/b", target = "/b" },
]
ports   = [ "127.0.0.1:18789:18790", "8080:80/udp", "[::1]:1:2" ]
tailnet = false
depends_on = { db = "started" }
on_dependency_restart = "none"
[resources]
memory = "2GiB"
cpus = 2
pids = 512
oom_score_adj = -500
[security]
user = "1000:1000"
read_only = true
cap_drop = ["all"]
cap_add = ["CAP_NET_RAW", "NET_RAW"]
no_new_privileges = false
init = false
privileged = true
host_namespaces = ["pid"]
[stop]
signal = "int"
grace_s = "5m"
[restart]
policy = "on_failure"
backoff_first_ms = 5
backoff_max_s = 60
reset_after_s = "10m"
never_on_exit = [78, 0, 78]
give_up = { restarts = 3, within_s = 30 }
)");
  using namespace reconcile;
  CHECK(spec.entrypoint == std::vector<std::string>{"tini", "--"});
  CHECK(spec.command == std::vector<std::string>{"node", "dist/index.js", ""});
  CHECK(spec.env == std::map<std::string, std::string>{{"A", "1"}, {"dotted.name", "line\nline"}});
  CHECK(spec.secrets.at("TOKEN") == SecretRef{"gateway-token", OnChange::none});
  CHECK(spec.secrets.at("KEY") == SecretRef{"key", OnChange::restart});
  CHECK(spec.secret_files.at("token") == SecretRef{"gateway-token", OnChange::none});
  CHECK(spec.mounts == std::vector<Mount>{{"/srv/openclaw", "/home/node", true}, {"/srv/b", "/b", false}});
  CHECK(spec.ports ==
        std::vector<Port>{{"127.0.0.1", 18789, 18790, "tcp"}, {"127.0.0.1", 8080, 80, "udp"}, {"::1", 1, 2, "tcp"}});
  CHECK(spec.depends_on == std::map<std::string, DependencyNeed>{{"db", DependencyNeed::started}});
  CHECK(spec.resources == Resources{2LL << 30, 2.0, 512, -500});
  CHECK(spec.security == Security{"1000:1000", true, {"ALL"}, {"NET_RAW"}, false, false, true, {"pid"}});
  CHECK(spec.stop == Stop{"SIGINT", 300, std::nullopt});
  CHECK(spec.restart == Restart{RestartPolicy::on_failure, 5, 60, 600, {78, 0}, 3, 30});
}

TEST_CASE("tables of the long form are read like inline ones") {
  const auto spec =
      good("image = \"a\"\n[[mounts]]\nsource = \"/srv/a\"\ntarget = \"/a\"\n[secrets.X]\ncredential = \"x\"\n");
  CHECK(spec.mounts.size() == 1);
  CHECK(spec.secrets.at("X").credential == "x");
}

TEST_CASE("probes are read, and one that does not say how long a start may take follows those that do") {
  using namespace reconcile;
  const auto spec = good(R"(image = "a"
depends_on = { db = "healthy", migrate = "completed" }
on_dependency_restart = "restart"
[health.startup]
tcp = "127.0.0.1:80"
start_grace_s = "2m"
[health.liveness]
http = "http://127.0.0.1:18789/healthz"
every_s = 20
timeout_s = 3
failures = 5
[health.readiness]
exec = ["test", "-e", "/ready"]
start_grace_s = 7
)");
  Probe liveness{.http = "http://127.0.0.1:18789/healthz"};
  liveness.every_s = 20, liveness.timeout_s = 3, liveness.failures = 5, liveness.start_grace_s = 120;
  CHECK(spec.liveness == liveness);
  CHECK(spec.startup->start_grace_s == 120);
  CHECK(spec.readiness->start_grace_s == 7);
  CHECK(spec.readiness->exec == std::vector<std::string>{"test", "-e", "/ready"});
  CHECK(spec.depends_on.at("db") == DependencyNeed::healthy);
  CHECK(spec.depends_on.at("migrate") == DependencyNeed::completed);
  CHECK(spec.on_dependency_restart == OnDependencyRestart::restart);
  CHECK(good("image = \"a\"\n[health.liveness]\ndocker = true\n").liveness->start_grace_s == 300);
}

TEST_CASE("the name of a workload is the name of its file") {
  CHECK(workload_name_of("/etc/aura-node/workloads.d/web-1.toml") == "web-1");
  for (const char* bad : {"web", "Web.toml", "node.toml", ".toml", "1web.toml", "web_1.toml", "web.toml.bak", ""}) {
    INFO(bad);
    CHECK_FALSE(workload_name_of(bad));
  }
}

TEST_CASE("the lines of keys and of items of lists are kept for later checks") {
  const auto parsed =
      parse_workload("image = \"a\"\nports = [\n  \"1:1\",\n  \"2:2\",\n]\n[stop]\ngrace_s = 1\n", "f", "web");
  CHECK(parsed.lines.at("image") == 1);
  CHECK(parsed.lines.at("ports[1]") == 4);
  CHECK(parsed.lines.at("stop.grace_s") == 7);
}
