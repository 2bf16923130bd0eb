#include "agent/config/workload_file.hpp"

#include "tests/unit/config/scratch.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace aura::config;
using namespace aura::config::test;
using Catch::Matchers::ContainsSubstring;

namespace {

struct Bad {
  std::string text;  // after the line `image = "a"`, which is line 1
  int line;
  std::string key;
  std::string message;  // part of it
};

void check(const Bad& bad) {
  INFO(bad.text);
  const auto parsed = parse_workload("image = \"a\"\n" + bad.text, "/w/web.toml", "web");
  INFO(all(parsed.problems));
  CHECK_FALSE(parsed.spec);
  REQUIRE(parsed.problems.size() == 1);
  const Problem& problem = parsed.problems.front();
  CHECK(problem.file == "/w/web.toml");
  CHECK(problem.line == bad.line);
  CHECK(problem.key == bad.key);
  CHECK_THAT(problem.message, ContainsSubstring(bad.message));
}

}  // namespace

TEST_CASE("a bad value at the top of a file is named with file, line, key and remedy") {
  const std::vector<Bad> table{
      {"comand = [\"x\"]", 2, "comand", "unknown key; did you mean \"command\"?"},
      {"volumes = []", 2, "volumes", "unknown key: remove it"},
      {"\n\ncommand = \"run\"", 4, "command", "must be a list, not text"},
      {"command = []", 2, "command", "must begin with a program"},
      {"command = [\"a\",\n 1]", 3, "command", "must be a list of text, but holds a whole number"},
      {"env = { A = 1 }", 2, "env.A", "must be text, not a whole number: put it in quotes"},
      {"env = { A = true }", 2, "env.A", "put it in quotes"},
      {"env = [\"A=1\"]", 2, "env", "must be a table, not a list"},
      {"[env]\n\"A B\" = \"1\"", 3, "env.A B", "is no name of an environment variable"},
      {"env = { \"A=\" = \"1\" }", 2, "env.A=", "is no name of an environment variable"},
      {"env = { A = \"x\\u0000y\" }", 2, "env.A", "NUL"},
      {"registry_auth = 1979-05-27", 2, "registry_auth", "must be text, not a date or time"},
      {"on_dependency_restart = \"maybe\"", 2, "on_dependency_restart",
       "must be \"none\" or \"restart\", not \"maybe\""},
      {"tailnet = \"yes\"", 2, "tailnet", "must be true or false, not text"},
      {"memory = \"2GiB\"", 2, "memory", "must be a table, not text"},
      {"depends_on = { web = \"started\" }", 2, "depends_on.web", "this workload itself"},
      {"depends_on = { db = \"running\" }", 2, "depends_on.db", "must be \"started\", \"healthy\" or \"completed\""},
      {"depends_on = { DB = \"started\" }", 2, "depends_on.DB", "is no name of a workload"},
  };
  for (const Bad& bad : table) check(bad);
}

TEST_CASE("a bad secret is named with file, line, key and remedy") {
  const std::vector<Bad> table{
      {"secrets = { A = \"../x\" }", 2, "secrets.A", "no name of a systemd credential"},
      {"secrets = { A = 1 }", 2, "secrets.A", "must be the name of a systemd credential or a table"},
      {"[secrets.A]\non_change = \"restart\"", 2, "secrets.A.credential", "is missing"},
      {"[secrets.A]\ncredential = \"a\"\non_change = \"reload\"", 4, "secrets.A.on_change",
       "must be \"none\" or \"restart\""},
      {"[secrets.A]\ncredential = \"a\"\nonchange = \"none\"", 4, "secrets.A.onchange", "did you mean \"on_change\"?"},
      {"secret_files = { \"a/b\" = \"x\" }", 2, "secret_files.a/b", "is no file name"},
      {"env = { A = \"1\" }\nsecrets = { A = \"x\" }", 3, "secrets.A", "stands in env too"},
  };
  for (const Bad& bad : table) check(bad);
}

TEST_CASE("a bad mount is named with file, line, key and remedy") {
  const std::vector<Bad> table{
      {"mounts = [ \"/a:/b\" ]", 2, "mounts[0]", "must be a table with source and target, not text"},
      {"mounts = [ { source = \"/srv/a\" } ]", 2, "mounts[0].target", "is missing"},
      {"mounts = [ { source = \"srv\", target = \"/a\" } ]", 2, "mounts[0].source", "must be an absolute path"},
      {"mounts = [ { source = \"/srv/../etc\", target = \"/a\" } ]", 2, "mounts[0].source", "without \".\" and \"..\""},
      {"mounts = [ { source = \"/srv\", target = \"/\" } ]", 2, "mounts[0].target", "container's root"},
      {"mounts = [ { source = \"/srv\", target = \"/a\", readonly = true } ]", 2, "mounts[0].readonly",
       "\"read_only\"?"},
      {"mounts = [ { source = \"/srv\", target = \"/a\" },\n { source = \"/srv/b\", target = \"/a/\" } ]", 3,
       "mounts[1].target", "/a is the target of another mount"},
      {"secret_files = { t = \"t\" }\nmounts = [ { source = \"/srv\", target = \"/run\" } ]", 3, "mounts[0].target",
       "would hide /run/secrets"},
  };
  for (const Bad& bad : table) check(bad);
}

TEST_CASE("a bad port is named with file, line, key and remedy") {
  const std::vector<Bad> table{
      {"ports = [ \"80\" ]", 2, "ports[0]", "\"80\": write [ADDRESS:]HOST_PORT:CONTAINER_PORT[/tcp|udp]"},
      {"ports = [ 80 ]", 2, "ports", "must be a list of text"},
      {"ports = [ \"8000-8010:8000-8010\" ]", 2, "ports[0]", "ranges of ports are not taken"},
      {"ports = [ \"0:80\" ]", 2, "ports[0]", "ports are from 1 to 65535"},
      {"ports = [ \"80:65536\" ]", 2, "ports[0]", "ports are from 1 to 65535"},
      {"ports = [ \"80:80/sctp\" ]", 2, "ports[0]", "the protocol must be tcp or udp"},
      {"ports = [ \"localhost:80:80\" ]", 2, "ports[0]", "IPv4 literal"},
      {"ports = [ \"::1:80:80\" ]", 2, "ports[0]", "IPv6 literal in [ ]"},
      {"ports = [ \":80:80\" ]", 2, "ports[0]", "IPv4 literal"},
      {"ports = [ \"80:80\",\n \"127.0.0.1:80:81\" ]", 3, "ports[1]", "published twice"},
  };
  for (const Bad& bad : table) check(bad);
}

TEST_CASE("a bad value in a table is named with file, line, key and remedy") {
  const std::vector<Bad> table{
      {"[resources]\nmemory = \"2 GB\"", 3, "resources.memory", "\"2 GB\" is no size"},
      {"[resources]\nmemory = 1024", 3, "resources.memory", "must be 0 (no limit) or from 6291456"},
      {"[resources]\nmemory = -1", 3, "resources.memory", "must be 0 (no limit)"},
      {"[resources]\ncpus = nan", 3, "resources.cpus", "must be from 0 to 4096"},
      {"[resources]\ncpus = 0.001", 3, "resources.cpus", "at least 0.01"},
      {"[resources]\ncpus = \"2\"", 3, "resources.cpus", "must be a number, not text"},
      {"[resources]\npids = 99999999", 3, "resources.pids", "must be from 0 to 4194304"},
      {"[resources]\noom_score_adj = -1001", 3, "resources.oom_score_adj", "must be from -1000 to 1000"},
      {"[resources]\ncpu = 2", 3, "resources.cpu", "did you mean \"cpus\"?"},
      {"[security]\nuser = \"a b\"", 3, "security.user", "write USER or USER:GROUP"},
      {"[security]\nuser = 1000", 3, "security.user", "put it in quotes"},
      {"[security]\ncap_add = [\"SUPER\"]", 3, "security.cap_add", "\"SUPER\" is no Linux capability"},
      {"[security]\nhost_namespaces = [\"net\"]", 3, "security.host_namespaces",
       "must be \"network\", \"pid\" or \"ipc\""},
      {"[stop]\nsignal = \"SIGBYE\"", 3, "stop.signal", "\"SIGBYE\" is no signal"},
      {"[stop]\nsignal = 15", 3, "stop.signal", "must be text"},
      {"[stop]\ngrace_s = -1", 3, "stop.grace_s", "must be from 0 to 86400 seconds, not -1"},
      {"[stop]\ngrace_s = \"soon\"", 3, "stop.grace_s", "\"soon\" is no duration"},
      {"[stop]\ngrace_s = 1.5", 3, "stop.grace_s", "must be whole seconds"},
      {"[stop]\ngrace = 1", 3, "stop.grace", "did you mean \"grace_s\"?"},
      {"[restart]\npolicy = \"unless-stopped\"", 3, "restart.policy",
       "must be \"always\", \"on_failure\" or \"never\""},
      {"[restart]\nbackoff_max_s = 0", 3, "restart.backoff_max_s", "must be from 1"},
      {"[restart]\nbackoff_max_s = 1\nbackoff_first_ms = 2000", 4, "restart.backoff_first_ms",
       "longer than backoff_max_s"},
      {"[restart]\nnever_on_exit = [256]", 3, "restart.never_on_exit", "exit codes from 0 to 255"},
      {"[restart]\nnever_on_exit = 78", 3, "restart.never_on_exit", "must be a list"},
      {"[restart.give_up]\nrestarts = 0", 3, "restart.give_up.restarts", "must be from 1 to 1000"},
      {"[restart.give_up]\nwithin = 5", 3, "restart.give_up.within", "did you mean \"within_s\"?"},
  };
  for (const Bad& bad : table) check(bad);
}

TEST_CASE("text that is no TOML is named with its line") {
  const auto parsed = parse_workload("image = \"a\"\n[stop\n", "/w/web.toml", "web");
  REQUIRE(parsed.problems.size() == 1);
  CHECK(parsed.problems[0].line == 2);
  CHECK_THAT(parsed.problems[0].message, ContainsSubstring("is not valid TOML"));
  CHECK(parse_workload("a = 1\na = 2\n", "f", "web").problems.at(0).line == 2);
  CHECK_FALSE(parse_workload(std::string(5000, '['), "f", "web").spec);
  CHECK_FALSE(parse_workload("image = \"\xff\xfe\"", "f", "web").spec);
}

TEST_CASE("an image is needed and must be a reference") {
  CHECK(to_string(parse_workload("", "/w/web.toml", "web").problems.at(0)) ==
        "/w/web.toml: image: is missing: name the image to run");
  CHECK(to_string(parse_workload("image = \"Bad Image\"", "/w/web.toml", "web").problems.at(0)) ==
        "/w/web.toml:1: image: \"Bad Image\" is no image reference: write [REGISTRY/]NAME[:TAG][@sha256:DIGEST]");
}

TEST_CASE("everything wrong with a file is reported at once, in the order of its lines") {
  const auto parsed =
      parse_workload("imag = \"a\"\nports = [\"x\"]\n[stop]\ngrace_s = true\n[restart]\npolicy = 1\n", "f", "web");
  std::vector<std::pair<int, std::string>> found;
  for (const Problem& problem : parsed.problems) found.emplace_back(problem.line, problem.key);
  CHECK(found == std::vector<std::pair<int, std::string>>{
                     {0, "image"}, {1, "imag"}, {2, "ports[0]"}, {4, "stop.grace_s"}, {6, "restart.policy"}});
}

TEST_CASE("a long or unprintable value is cut and escaped in the message") {
  const auto parsed = parse_workload("image = \"" + std::string(300, 'X') + "\"", "f", "web");
  CHECK(parsed.problems.at(0).message.size() < 200);
  const auto control = parse_workload("image = \"a\\u001b[31m\"", "f", "web");
  CHECK_THAT(control.problems.at(0).message, ContainsSubstring("\\x1b"));
}
