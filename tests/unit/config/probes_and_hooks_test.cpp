#include "agent/config/workload_file.hpp"
#include "tests/unit/config/scratch.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura::config;
using namespace aura::config::test;

TEST_CASE("each wrong value of probes, hooks, policies and names is told in words") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"[health.liveness]\nevery_s = 1", "must have exactly one of http, tcp, exec and docker"},
      {"[health.liveness]\ndocker = true\ntcp = \"127.0.0.1:1\"", "must have exactly one of"},
      {"[health.liveness]\nhttp = \"http://example.com/\"", "must be a literal loopback address"},
      {"[health.liveness]\nhttp = \"https://127.0.0.1/\"", "is no http:// address"},
      {"[health.liveness]\ntcp = \"localhost:80\"", "must be a literal loopback address with a port"},
      {"[health.liveness]\ndocker = false", "must be true"},
      {"[health.liveness]\ndocker = true\nfailures = 0", "must be from 1 to 1000"},
      {"[health.lively]\ndocker = true", "unknown key"},
      {"[stop.hook]\ntimeout_s = 1", "must have exactly one of http_post and exec"},
      {"[stop.hook]\nhttp_post = \"http://10.0.0.1/\"", "must be a literal loopback address"},
      {"[stop.hook]\nexec = [\"save\"]\nbearer = \"token\"", "bearer and body belong to http_post"},
      {"[stop.hook]\nhttp_post = \"http://127.0.0.1/\"\nbearer = \"../x\"", "must be the name of a systemd credential"},
      {"[disconnect]\naction = \"explode\"", "must be \"keep\", \"stop\" or \"freeze\""},
      {"[memory]\nwarn_percent = 95", "must be below restart_percent"},
      {"[memory]\nwarn_percent = 50", "is measured against resources.memory: set that, too"},
      {"backup = \"web\"", "must be another workload"},
      {"registry_auth = \"a/b\"", "must be the name of a systemd credential"},
  };
  for (const auto& [text, message] : table) {
    INFO(text);
    const std::string found = all(parse_workload("image = \"a\"\n" + text, "web.toml", "web").problems);
    INFO(found);
    CHECK(found.find(message) != std::string::npos);
  }
}
