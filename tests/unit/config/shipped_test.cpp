#include "agent/config/config_fields.hpp"
#include "agent/config/policy.hpp"
#include "agent/config/workload_file.hpp"
#include "tests/unit/config/scratch.hpp"

#include <catch2/catch_test_macros.hpp>

#include <regex>
#include <sstream>

using namespace aura::config;
using namespace aura::config::test;

namespace {

std::string shipped(const std::string& path) {
  std::ifstream file(std::string(AURA_SOURCE_DIR) + "/" + path);
  REQUIRE(file);
  return (std::ostringstream() << file.rdbuf()).str();
}

// What a file would be with its commented keys in force.
std::string uncommented(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    const bool key = std::regex_search(line, std::regex("^# [a-z0-9_]+ += ")) && !line.starts_with("# id = ");
    result += (key ? line.substr(2) : line) + "\n";
  }
  return result;
}

Loaded load(const Scratch& scratch, const std::string& name, const std::string& text) {
  ConfigPaths paths;
  paths.config = scratch.write(name, text);
  paths.default_node_id = "node-1";
  const LoadResult result = load_config(paths);
  INFO(all(result.problems));
  REQUIRE(result);
  return *result.loaded;
}

}  // namespace

TEST_CASE("the shipped agent.toml changes nothing, and what it shows as defaults are the defaults") {
  const Scratch scratch;
  const std::string text = shipped("packaging/dist/etc/aura-node/agent.toml");
  const Loaded as_it_is = load(scratch, "agent.toml", text);
  const Loaded shown = load(scratch, "shown.toml", uncommented(text));
  int in_force = 0;
  for (const Field& field : config_fields()) {
    INFO(field.name());
    CHECK(as_it_is.origin.at(field.name()) == "default");
    CHECK(field_toml(field, shown.config) == field_toml(field, as_it_is.config));
    in_force += shown.origin.at(field.name()) == "default" ? 0 : 1;
  }
  CHECK(in_force == static_cast<int>(config_fields().size()) - 2);  // not the id, not the credentials
}

TEST_CASE("the shipped policy.toml changes nothing, and what it shows as defaults are the defaults") {
  const std::string text = shipped("packaging/dist/etc/aura-node/policy.toml");
  CHECK(parse_policy(text, "policy.toml").policy == Policy{});
  const std::string shown = uncommented(text);
  CHECK(shown.find("\nmount_roots = ") != std::string::npos);
  CHECK(shown.find("\nport_addresses = ") != std::string::npos);
  const auto result = parse_policy(shown, "policy.toml");
  INFO(all(result.problems));
  CHECK(result.policy == Policy{});
}

TEST_CASE("the shipped example is a workload that the default policy takes") {
  const std::string text = shipped("packaging/dist/usr/share/aura-node/examples/web.toml");
  const auto parsed = parse_workload(text, "web.toml", "web");
  INFO(all(parsed.problems));
  REQUIRE(parsed.spec);
  CHECK(violations(Policy{}, *parsed.spec, policy_context(Config{})).empty());
  CHECK(parse_workload(uncommented(text), "web.toml", "web").spec);
}

TEST_CASE("every key of the configuration and its default stand in the operator's documentation") {
  const std::string text = shipped("docs/operations.md");
  Config defaults;
  for (const Field& field : config_fields()) {
    INFO(field.name());
    const std::string row = "\n| `" + field.name() + "` | ";
    CHECK(text.find(row) != std::string::npos);
    if (field.name() == "node.id" || field.name() == "paths.socket") continue;  // computed
    CHECK(text.find(row + "`" + field_toml(field, defaults) + "` | ") != std::string::npos);
  }
}
