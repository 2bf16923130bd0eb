#include "agent/config/policy.hpp"

#include "tests/unit/config/scratch.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace aura;
using namespace aura::config;
using namespace aura::config::test;
using Catch::Matchers::ContainsSubstring;

namespace {

reconcile::WorkloadSpec spec_with_mount(const std::string& source) {
  reconcile::WorkloadSpec spec;
  spec.image = "redis";
  spec.mounts = {{source, "/data", false}};
  return spec;
}

const PolicyContext context{{"/srv/node/state", "/opt/docker.sock"}};

}  // namespace

TEST_CASE("without a file the policy has the defaults of the documentation") {
  const Scratch scratch;
  const auto result = load_policy(scratch / "policy.toml");
  REQUIRE(result);
  CHECK(*result.policy == Policy{});
  CHECK(result.policy->mount_roots == std::vector<std::string>{"/srv"});
  CHECK(result.policy->port_addresses == std::vector<std::string>{"127.0.0.1"});
}

TEST_CASE("every key of the policy is read") {
  const auto result = parse_policy(R"(
mount_roots = ["/srv/", "/data"]
registries = ["ghcr.io/openclaw", "localhost:5000"]
refused_verbs = ["power_off", "reboot"]
privileged = true
host_namespaces = ["pid"]
cap_add = ["CAP_NET_ADMIN"]
port_addresses = ["127.0.0.1", "::1"]
)",
                                   "policy.toml");
  INFO(all(result.problems));
  REQUIRE(result);
  CHECK(*result.policy == Policy{{"/srv", "/data"},
                                 {"ghcr.io/openclaw", "localhost:5000"},
                                 {"power_off", "reboot"},
                                 true,
                                 {"pid"},
                                 {"NET_ADMIN"},
                                 {"127.0.0.1", "::1"}});
}

TEST_CASE("everything wrong with a policy is reported with its line") {
  const auto result = parse_policy(R"(mount_roots = ["srv"]
registries = ["https://ghcr.io"]
refused_verbs = ["explode"]
privileged = "no"
host_namespaces = ["net"]
cap_add = ["X"]
port_addresses = ["localhost"]
mount_root = []
)",
                                   "/p/policy.toml");
  CHECK_FALSE(result);
  REQUIRE(result.problems.size() == 8);
  const std::vector<std::string> messages{"\"srv\" is no absolute path", "\"https://ghcr.io\" is no registry",
                                          "\"explode\" is no verb",      "must be true or false",
                                          "\"net\" is no namespace",     "\"X\" is no Linux capability",
                                          "\"localhost\" is no IPv4",    "did you mean \"mount_roots\"?"};
  for (std::size_t i = 0; i < messages.size(); ++i) {
    CHECK(result.problems[i].line == static_cast<int>(i) + 1);
    CHECK(result.problems[i].file == "/p/policy.toml");
    CHECK_THAT(result.problems[i].message, ContainsSubstring(messages[i]));
  }
}

TEST_CASE("a policy that others may write is refused, not replaced by the defaults") {
  const Scratch scratch;
  const auto result = load_policy(scratch.write("policy.toml", "privileged = true", 0666));
  CHECK_FALSE(result);
  REQUIRE(result.problems.size() == 1);
  CHECK_THAT(result.problems[0].message, ContainsSubstring("may be written by group or others: chmod go-w it"));
}

TEST_CASE("mounts are bounded by the roots, compared by path components") {
  Policy policy;
  CHECK(find_violations(policy, spec_with_mount("/srv/a"), context).empty());
  for (const char* outside : {"/srvx", "/home/a", "/opt"}) {
    INFO(outside);
    const auto found = find_violations(policy, spec_with_mount(outside), context);
    REQUIRE(found.size() == 1);
    CHECK(found[0].key == "mounts[0]");
  }
  CHECK(
      violations(policy, spec_with_mount("/srvx"), context) ==
      std::vector<std::string>{"mounts[0]: /srvx is outside the mount roots: choose a folder below one of mount_roots "
                               "of policy.toml, which only root may change"});
}

TEST_CASE("some paths are never mountable, whatever the roots say") {
  Policy policy;
  policy.mount_roots = {"/"};
  for (const char* never :
       {"/", "/etc", "/etc/ssl", "/run", "/run/docker.sock", "/var/run/x", "/proc/1", "/sys", "/var", "/srv/node/state",
        "/srv/node/state/ledger", "/srv/node", "/srv", "/opt/docker.sock", "/opt"}) {
    INFO(never);
    const auto found = find_violations(policy, spec_with_mount(never), context);
    REQUIRE(found.size() == 1);
    CHECK_THAT(found[0].message, ContainsSubstring("can never be mounted"));
  }
  for (const char* fine : {"/etcetera", "/srv/other", "/srv/node/stately", "/runner"}) {
    INFO(fine);
    CHECK(find_violations(policy, spec_with_mount(fine), context).empty());
  }
}

TEST_CASE("the agent's own paths come from its configuration") {
  Config config;
  config.paths.state = "/srv/t/state";
  config.paths.config = "/srv/t/agent.toml";
  config.docker.socket = "/srv/d/docker.sock";
  const PolicyContext own = policy_context(config);
  Policy policy;
  CHECK(find_violations(policy, spec_with_mount("/srv/t/data"), own).empty());
  for (const char* never : {"/srv/t", "/srv/t/state/x", "/srv/t/agent.toml.d", "/srv/d"}) {
    INFO(never);
    CHECK(find_violations(policy, spec_with_mount(never), own).size() == 1);
  }
}

TEST_CASE("images are bounded by registry and path components") {
  Policy policy;
  policy.registries = {"ghcr.io/openclaw", "docker.io/library"};
  reconcile::WorkloadSpec spec;
  for (const char* good : {"ghcr.io/openclaw/app:1", "redis:7", "docker.io/redis"}) {
    INFO(good);
    spec.image = good;
    CHECK(find_violations(policy, spec, context).empty());
  }
  for (const char* bad :
       {"ghcr.io/openclawx/app", "ghcr.io/other/app", "owner/app", "ghcr.io.evil.example/openclaw/app"}) {
    INFO(bad);
    spec.image = bad;
    const auto found = find_violations(policy, spec, context);
    REQUIRE(found.size() == 1);
    CHECK(found[0].key == "image");
    CHECK_THAT(found[0].message, ContainsSubstring("use one of registries of policy.toml"));
  }
}

TEST_CASE("privileges and addresses outside the policy are each named") {
  reconcile::WorkloadSpec spec;
  spec.image = "redis";
  spec.ports = {{"127.0.0.1", 1, 1, "tcp"}, {"0.0.0.0", 2, 2, "tcp"}};
  spec.security.privileged = true;
  spec.security.host_namespaces = {"network"};
  spec.security.cap_add = {"NET_ADMIN", "SYS_ADMIN"};
  Policy policy;
  std::vector<std::string> keys;
  for (const auto& violation : find_violations(policy, spec, context)) keys.push_back(violation.key);
  CHECK(keys == std::vector<std::string>{"ports[1]", "security.privileged", "security.host_namespaces",
                                         "security.cap_add", "security.cap_add"});
  policy.privileged = true;
  policy.host_namespaces = {"network"};
  policy.cap_add = {"ALL"};
  policy.port_addresses = {"127.0.0.1", "0.0.0.0"};
  CHECK(find_violations(policy, spec, context).empty());
}
