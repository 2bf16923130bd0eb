#include "agent/config/config.hpp"

#include "tests/unit/config/scratch.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace aura::config;
using namespace aura::config::test;
using Catch::Matchers::ContainsSubstring;

namespace {

ConfigPaths paths_of(const std::string& file) {
  ConfigPaths paths;
  paths.config = file;
  paths.default_node_id = "node-1";
  return paths;
}

struct Bad {
  std::string text;
  int line;
  std::string key;
  std::string message;  // part of it
};

void check(const Bad& bad) {
  INFO(bad.text);
  const Scratch scratch;
  const auto file = scratch.write("agent.toml", bad.text);
  const LoadResult result = load_config(paths_of(file));
  INFO(all(result.problems));
  CHECK_FALSE(result);
  REQUIRE(result.problems.size() == 1);
  CHECK(result.problems[0].file == file);
  CHECK(result.problems[0].line == bad.line);
  CHECK(result.problems[0].key == bad.key);
  CHECK_THAT(result.problems[0].message, ContainsSubstring(bad.message));
}

}  // namespace

TEST_CASE("a bad value of the configuration is named with file, line, key and remedy") {
  const std::vector<Bad> table{
      {"[node\n", 1, "", "is not valid TOML"},
      {"[nodes]\n", 1, "nodes", "did you mean \"node\"?"},
      {"node = 1\n", 1, "node", "must be a table, not a whole number"},
      {"[node]\nname = \"x\"\n", 2, "node.name", "unknown key"},
      {"[node]\nid = \"Bad Id\"\n", 2, "node.id", "\"Bad Id\" is no node id"},
      {"[node]\nid = 7\n", 2, "node.id", "put it in quotes"},
      {"[node]\ntenant = \"a/b\"\n", 2, "node.tenant", "must be 1 to 63 of letters"},
      {"[control]\nurl = \"ftp://a\"\n", 2, "control.url", "is no address of a control plane"},
      {"[control]\nurl = \"http://user:pw@a\"\n", 2, "control.url", "is no address of a control plane"},
      {"[control]\nurl = \"http://a/?x=1\"\n", 2, "control.url", "at most a port and a path"},
      {"[control]\nauth = \"password\"\n", 2, "control.auth", "must be \"tailnet\" or \"token\", not \"password\""},
      {"[control]\nauth = \"token\"\nurl = \"http://10.0.0.1:8080\"\n", 3, "control.url", "must begin with https://"},
      {"[control]\nauth = \"token\"\nurl = \"http://localhost:8080\"\n", 3, "control.url", "literal loopback address"},
      {"[control]\nexpect_tags = [\"aura\"]\n", 2, "control.expect_tags", "\"aura\" is no tag"},
      {"[control]\nexpect_tags = \"tag:a\"\n", 2, "control.expect_tags", "must be a list, not text"},
      {"[control]\nheartbeat_s = 0\n", 2, "control.heartbeat_s", "must be from 1 to 86400 seconds, not 0"},
      {"[control]\nheartbeat_s = 86401\n", 2, "control.heartbeat_s", "must be from 1 to 86400 seconds"},
      {"[control]\nheartbeat_s = \"1y\"\n", 2, "control.heartbeat_s", "is no duration"},
      {"[control]\nheartbeat = 60\n", 2, "control.heartbeat", "did you mean \"heartbeat_s\"?"},
      {"[api]\nlisten = \"0.0.0.0\"\n", 2, "api.listen", "never opened to a public network"},
      {"[api]\nlisten = \"localhost\"\n", 2, "api.listen", "literal loopback address"},
      {"[api]\nlisten = \"192.168.1.4\"\n", 2, "api.listen", "literal loopback address"},
      {"[api]\nport = 65536\n", 2, "api.port", "must be from 0 to 65535, not 65536"},
      {"[api]\nport = \"9414\"\n", 2, "api.port", "must be a whole number, not text"},
      {"[api]\ncapability = \"a b\"\n", 2, "api.capability", "aura.dev/cap/node"},
      {"[docker]\nsocket = \"docker.sock\"\n", 2, "docker.socket", "must be an absolute path"},
      {"[tailscale]\nsocks5 = \"proxy:1055\"\n", 2, "tailscale.socks5",
       "must be a literal loopback address with a port"},
      {"[tailscale]\nsocks5 = \"10.0.0.5:1055\"\n", 2, "tailscale.socks5", "must be a literal loopback address"},
      {"[limits]\nopen_commands = 0\n", 2, "limits.open_commands", "must be from 1 to 10000"},
      {"[paths]\nstate = \"/a/../b\"\n", 2, "paths.state", "must be an absolute path"},
      {"[paths]\nsocket = \"/" + std::string(120, 'a') + "\"\n", 2, "paths.socket", "is 121 characters long"},
  };
  for (const Bad& bad : table) check(bad);
}

TEST_CASE("token authentication is taken over https and over loopback") {
  const Scratch scratch;
  for (const char* url : {"https://control.example", "http://127.0.0.1:8080", "http://[::1]:8080"}) {
    INFO(url);
    const auto file = scratch.write("agent.toml", "[control]\nauth = \"token\"\nurl = \"" + std::string(url) + "\"\n");
    CHECK(load_config(paths_of(file)));
  }
}

TEST_CASE("listening on loopback or not at all is taken") {
  const Scratch scratch;
  for (const char* listen : {"none", "tailnet", "127.0.0.1", "::1"}) {
    INFO(listen);
    CHECK(load_config(paths_of(scratch.write("agent.toml", "[api]\nlisten = \"" + std::string(listen) + "\"\n"))));
  }
}

TEST_CASE("everything wrong with the configuration is reported at once, across its files") {
  const Scratch scratch;
  const auto file = scratch.write("agent.toml", "[api]\nport = -1\nlistn = \"none\"\n");
  scratch.write("agent.toml.d/1.toml", "[control]\nheartbeat_s = \"x\"\n");
  scratch.write("agent.toml.d/2.toml", "oops");
  const auto result = load_config(paths_of(file));
  REQUIRE(result.problems.size() == 4);
  CHECK(result.problems[0].line == 2);
  CHECK(result.problems[1].line == 3);
  CHECK(result.problems[2].file == file + ".d/1.toml");
  CHECK(result.problems[3].file == file + ".d/2.toml");
}

TEST_CASE("a value at fault in several ways is reported with all that do not fit") {
  const Scratch scratch;
  const auto file = scratch.write("agent.toml", "[node]\nid = \"X\"\n[api]\nlisten = \"0.0.0.0\"\nport = 70000\n");
  CHECK(load_config(paths_of(file)).problems.size() == 3);
}

TEST_CASE("a machine without a machine id needs a node id") {
  const Scratch scratch;
  ConfigPaths paths = paths_of(scratch.write("agent.toml", ""));
  paths.default_node_id = "";
  const auto result = load_config(paths);
  REQUIRE(result.problems.size() == 1);
  CHECK_THAT(to_string(result.problems[0]), ContainsSubstring("node.id: this machine has no machine id"));
}

TEST_CASE("a main file that a flag names must be there, and no file may be writable by others") {
  const Scratch scratch;
  CHECK(all(load_config(paths_of(scratch / "none.toml")).problems) ==
        (scratch / "none.toml") + ": does not exist: create it\n");
  CHECK_THAT(all(load_config(paths_of(scratch.write("agent.toml", "", 0662))).problems),
             ContainsSubstring("agent.toml: is refused: the file may be written by group or others"));
  const auto file = scratch.write("good.toml", "");
  scratch.write("good.toml.d/1.toml", "", 0664);
  CHECK_THAT(all(load_config(paths_of(file)).problems), ContainsSubstring("good.toml.d/1.toml: is refused"));
  ::chmod((scratch / "good.toml.d").c_str(), 0777);
  CHECK_THAT(all(load_config(paths_of(file)).problems), ContainsSubstring("good.toml.d: is refused: the folder"));
}
