#include "agent/config/config.hpp"

#include "tests/unit/config/scratch.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cstdlib>

using namespace aura::config;
using namespace aura::config::test;
using Catch::Matchers::ContainsSubstring;

namespace {

ConfigPaths paths_of(const std::string& file) {
  ConfigPaths paths;
  paths.config = file;
  paths.default_node_id = "node-000000000001";
  return paths;
}

Loaded load(const ConfigPaths& paths) {
  LoadResult result = load_config(paths);
  INFO(all(result.problems));
  REQUIRE(result);
  return *result.loaded;
}

}  // namespace

TEST_CASE("an empty file is a valid configuration with the documented defaults") {
  const Scratch scratch;
  const Loaded loaded = load(paths_of(scratch.write("agent.toml", "")));
  const Config& config = loaded.config;
  CHECK(config.node.id == "node-000000000001");
  CHECK(config.node.tenant.empty());
  CHECK(config.control.url.empty());
  CHECK(config.control.auth == "tailnet");
  CHECK(config.control.expect_tags == std::vector<std::string>{"tag:aura-control"});
  CHECK(config.control.heartbeat_s == 60);
  CHECK(config.api.listen == "tailnet");
  CHECK(config.api.port == 9414);
  CHECK(config.api.capability == "aura.dev/cap/node");
  CHECK(config.docker.socket == "/run/docker.sock");
  CHECK(config.limits.open_commands == 64);
  CHECK(config.limits.destructive_per_minute == 10);
  CHECK(config.paths.state == "/var/lib/aura-node");
  CHECK(config.paths.workloads == "/etc/aura-node/workloads.d");
  CHECK(config.paths.socket == "/run/aura-node/agent.sock");
  CHECK(config.paths.policy == scratch / "policy.toml");
  for (const auto& [key, origin] : loaded.origin) {
    INFO(key);
    CHECK(origin == "default");
  }
}

TEST_CASE("fragments override the main file in name order, key by key, and each value has its origin") {
  const Scratch scratch;
  const auto file =
      scratch.write("agent.toml", "[control]\nurl = \"http://a\"\nheartbeat_s = 5\n[node]\ntenant = \"t\"\n");
  scratch.write("agent.toml.d/20-b.toml", "[control]\nurl = \"http://c/\"\n");
  scratch.write("agent.toml.d/10-a.toml", "[control]\nurl = \"http://b\"\nheartbeat_s = \"2m\"\n");
  scratch.write("agent.toml.d/30-c.toml.off", "garbage");
  const Loaded loaded = load(paths_of(file));
  CHECK(loaded.config.control.url == "http://c");
  CHECK(loaded.config.control.heartbeat_s == 120);
  CHECK(loaded.config.node.tenant == "t");
  CHECK(loaded.origin.at("control.url") == file + ".d/20-b.toml:2");
  CHECK(loaded.origin.at("control.heartbeat_s") == file + ".d/10-a.toml:3");
  CHECK(loaded.origin.at("node.tenant") == file + ":5");
  CHECK(loaded.origin.at("control.auth") == "default");
}

TEST_CASE("a list in a fragment replaces the list, it does not add to it") {
  const Scratch scratch;
  const auto file = scratch.write("agent.toml", "[api]\nallow_tags = [\"tag:a\"]\n");
  scratch.write("agent.toml.d/1.toml", "[api]\nallow_tags = [\"tag:b\"]\n[control]\nexpect_tags = []\n");
  const Loaded loaded = load(paths_of(file));
  CHECK(loaded.config.api.allow_tags == std::vector<std::string>{"tag:b"});
  CHECK(loaded.config.control.expect_tags.empty());
}

TEST_CASE("a flag wins over a file, a file over systemd's environment, that over the default") {
  const Scratch scratch;
  ConfigPaths paths = paths_of(scratch.write("agent.toml", "[paths]\nstate = \"/file/state\"\n"));
  paths.state_directory = "/env/state";
  paths.runtime_directory = "/env/run";
  paths.credentials_directory = "/env/creds";
  Loaded loaded = load(paths);
  CHECK(loaded.config.paths.state == "/file/state");
  CHECK(loaded.config.paths.runtime == "/env/run");
  CHECK(loaded.config.paths.socket == "/env/run/agent.sock");
  CHECK(loaded.config.paths.credentials == "/env/creds");
  CHECK(loaded.origin.at("paths.runtime") == "environment");
  CHECK(loaded.origin.at("paths.socket") == "environment");
  paths.state_dir = "/flag/state";
  paths.runtime_dir = "/flag/run";
  paths.workloads_dir = "/flag/w";
  paths.credentials_dir = "/flag/c";
  loaded = load(paths);
  CHECK(loaded.config.paths.state == "/flag/state");
  CHECK(loaded.config.paths.socket == "/flag/run/agent.sock");
  CHECK(loaded.config.paths.workloads == "/flag/w");
  CHECK(loaded.config.paths.credentials == "/flag/c");
  CHECK(loaded.origin.at("paths.state") == "flag");
}

TEST_CASE("the socket follows the runtime folder unless a file places it") {
  const Scratch scratch;
  CHECK(load(paths_of(scratch.write("a.toml", "[paths]\nruntime = \"/r\"\n"))).config.paths.socket == "/r/agent.sock");
  CHECK(load(paths_of(scratch.write("b.toml", "[paths]\nruntime = \"/r\"\nsocket = \"/s\"\n"))).config.paths.socket ==
        "/s");
}

TEST_CASE("systemd's folders are read from the environment, the first of several") {
  ::setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b", 1);
  ::unsetenv("RUNTIME_DIRECTORY");
  ::setenv("CREDENTIALS_DIRECTORY", "", 1);
  ConfigPaths paths;
  read_environment(paths);
  ::unsetenv("STATE_DIRECTORY");
  ::unsetenv("CREDENTIALS_DIRECTORY");
  CHECK(paths.state_directory == "/var/lib/a");
  CHECK_FALSE(paths.runtime_directory);
  CHECK_FALSE(paths.credentials_directory);
}

TEST_CASE("the derived node id is stable and does not show the machine id") {
  const auto id = machine_node_id();
  CHECK(id == machine_node_id());
  if (!id) return;  // a container may have no machine id
  CHECK(id->size() == 17);
  CHECK(id->starts_with("node-"));
  std::ifstream file("/etc/machine-id");
  std::string machine;
  file >> machine;
  CHECK(machine.find(id->substr(5)) == std::string::npos);
}

TEST_CASE("the effective configuration is printed as TOML that loads again, with origins") {
  const Scratch scratch;
  const Loaded loaded = load(
      paths_of(scratch.write("agent.toml", "[node]\ntenant = \"t1\"\n[api]\nallow_tags = [\"tag:a\", \"tag:b\"]\n")));
  const std::string text = render_config(loaded);
  CHECK_THAT(text, ContainsSubstring("[node]\n"));
  CHECK_THAT(text, ContainsSubstring("# " + (scratch / "agent.toml") + ":2\n"));
  CHECK_THAT(text, ContainsSubstring("allow_tags = [\"tag:a\", \"tag:b\"]"));
  CHECK_THAT(text, ContainsSubstring("# default\n"));
  const Loaded again = load(paths_of(scratch.write("again.toml", text)));
  CHECK(again.config.node.tenant == "t1");
  CHECK(again.config.api.allow_tags == loaded.config.api.allow_tags);
  CHECK(again.config.paths.state == loaded.config.paths.state);
}

TEST_CASE("the effective configuration is printed as JSON, key by key") {
  const Scratch scratch;
  const std::string json = render_config_json(load(paths_of(scratch.write("agent.toml", "[api]\nport = 0\n"))));
  CHECK_THAT(json, ContainsSubstring("\"api.port\":{\"value\":0,\"origin\":\"" + (scratch / "agent.toml") + ":2\"}"));
  CHECK_THAT(json,
             ContainsSubstring("\"control.expect_tags\":{\"value\":[\"tag:aura-control\"],\"origin\":\"default\"}"));
}
