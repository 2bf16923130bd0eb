#include "agent/config/validate.hpp"

#include "tests/unit/config/scratch.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace aura::config;
using namespace aura::config::test;
using Catch::Matchers::ContainsSubstring;

namespace {

ConfigPaths paths_of(const Scratch& scratch) {
  ConfigPaths paths;
  paths.config = scratch / "agent.toml";
  paths.workloads_dir = scratch / "workloads.d";
  paths.default_node_id = "node-1";
  return paths;
}

}  // namespace

TEST_CASE("a node whose files are all good has no findings") {
  const Scratch scratch;
  scratch.write("agent.toml", "");
  scratch.write("policy.toml", "");
  scratch.write("workloads.d/web.toml", "image = \"nginx\"");
  CHECK(all(validate(paths_of(scratch), {})).empty());
}

TEST_CASE("all errors of all files are reported at once") {
  const Scratch scratch;
  scratch.write("agent.toml", "[api]\nport = -1\n");
  scratch.write("policy.toml", "privileged = 1\n");
  scratch.write("workloads.d/a.toml", "imag = \"x\"\n");
  scratch.write("workloads.d/b.toml", "image = \"x\"\n[stop]\ngrace_s = -1\n");
  const std::string text = all(validate(paths_of(scratch), {}));
  CHECK_THAT(text, ContainsSubstring((scratch / "agent.toml") + ":2: api.port: "));
  CHECK_THAT(text, ContainsSubstring((scratch / "policy.toml") + ":1: privileged: "));
  CHECK_THAT(text, ContainsSubstring((scratch / "workloads.d/a.toml") + ": image: is missing"));
  CHECK_THAT(text, ContainsSubstring((scratch / "workloads.d/a.toml") + ":1: imag: "));
  CHECK_THAT(text, ContainsSubstring((scratch / "workloads.d/b.toml") + ":3: stop.grace_s: "));
}

TEST_CASE("the workloads are judged by the policy beside the configuration, and need no credentials") {
  const Scratch scratch;
  scratch.write("agent.toml", "");
  scratch.write("workloads.d/a.toml", "image = \"x\"\n[secrets.A]\ncredential = \"a\"\non_change = \"restart\"\n");
  CHECK(validate(paths_of(scratch), {}).empty());
  scratch.write("policy.toml", "registries = [\"ghcr.io\"]\n");
  CHECK_THAT(all(validate(paths_of(scratch), {})), ContainsSubstring("a.toml:1: image: comes from docker.io"));
}

TEST_CASE("files that are named are judged alone, each as what it is") {
  const Scratch scratch;
  scratch.write("agent.toml", "");
  scratch.write("workloads.d/broken.toml", "x");
  const auto web = scratch.write("new/web.toml", "image = \"x\"\nports = [\"0.0.0.0:80:80\"]\n");
  const auto agent = scratch.write("new/agent.toml", "[node]\nid = \"!\"\n");
  const auto policy = scratch.write("new/policy.toml", "x = 1\n");
  const std::string text =
      all(validate(paths_of(scratch), {web, agent, policy, scratch / "new/none.toml", scratch / "new/UP.toml"}));
  CHECK_THAT(text, ContainsSubstring(web + ":2: ports[0]: 0.0.0.0 is not allowed"));
  CHECK_THAT(text, ContainsSubstring(agent + ":2: node.id: "));
  CHECK_THAT(text, ContainsSubstring(policy + ":1: x: unknown key"));
  CHECK_THAT(text, ContainsSubstring("none.toml: does not exist"));
  CHECK_THAT(text, ContainsSubstring("UP.toml: is no workload's name"));
  CHECK_THAT(text, !ContainsSubstring("broken.toml"));
  CHECK(validate(paths_of(scratch), {scratch.write("new/ok.toml", "image = \"x\"")}).empty());
}
