// The specs of an apply: JSON that says what a workload file says.
#include "agent/config/applied.hpp"
#include "agent/config/json_document.hpp"
#include "agent/config/workload_file.hpp"
#include "agent/store/spec_codec.hpp"
#include "tests/unit/config/scratch.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::config;
using namespace aura::config::test;

namespace {

AppliedResult read(const std::map<std::string, std::string>& specs,
                   const std::map<std::string, reconcile::WorkloadSpec>& others = {}) {
  return read_applied(specs, others, Policy{}, PolicyContext{}, {});
}

}  // namespace

TEST_CASE("a workload file sent as JSON means what it means as a file") {
  const std::string toml = R"(image = "web:1"
command = ["run", "--all"]
env = { A = "1 \"2\"", B = "x" }
ports = ["127.0.0.1:80:8080"]
secret_files = { token = { credential = "t", on_change = "restart" } }
[resources]
memory = "64MiB"
cpus = 1.5
[stop]
grace_s = "1m"
[health.liveness]
http = "http://127.0.0.1:80/"
)";
  const auto file = parse_workload(toml, "web.toml", "web");
  INFO(all(file.problems));
  REQUIRE(file.spec);
  const auto sent = read({{"web", to_json(parse_document(toml, "web.toml"))}});
  INFO(all(sent.problems));
  CHECK(sent.problems.empty());
  REQUIRE(sent.declarations.contains("web"));
  CHECK(sent.declarations.at("web").spec == *file.spec);
  CHECK(sent.declarations.at("web").source == reconcile::Source::applied);
  CHECK(sent.declarations.at("web").spec_hash.starts_with("v1:"));
}

TEST_CASE("what is wrong with a spec is said with its workload and key, all of it at once") {
  const auto bad = read({{"web", R"({"image":"WEB!","prots":[]})"},
                         {"db", R"({"image":"db:1","mounts":[{"source":"/etc","target":"/x"}]})"},
                         {"none", R"([1])"},
                         {"null", R"({"image":null})"}});
  const std::string found = all(bad.problems);
  INFO(found);
  CHECK(found.find("web: image") != std::string::npos);
  CHECK(found.find("unknown key") != std::string::npos);
  CHECK(found.find("db: mounts[0]") != std::string::npos);
  CHECK(found.find("none: is no JSON object") != std::string::npos);
  CHECK(found.find("null: image") != std::string::npos);
}

TEST_CASE("a set is checked together with what files declare") {
  reconcile::WorkloadSpec db;
  db.image = "db:1";
  db.ports = {{"127.0.0.1", 5432, 5432, "tcp"}};
  const std::string web = R"({"image":"web:1","depends_on":{"db":"started"},"ports":["127.0.0.1:80:80"]})";
  CHECK(read({{"web", web}}, {{"db", db}}).problems.empty());
  CHECK(all(read({{"web", web}}).problems).find("no workload db is declared") != std::string::npos);
  const std::string clash = R"({"image":"web:1","ports":["127.0.0.1:5432:80"]})";
  CHECK(all(read({{"web", clash}}, {{"db", db}}).problems).find("5432") != std::string::npos);
}

TEST_CASE("differences are told field by field, values of env never") {
  reconcile::WorkloadSpec before, after;
  before.image = "web:1";
  before.env["A"] = "first";
  after = before;
  CHECK(store::spec_changes("web", &before, &after).empty());
  after.image = "web:2";
  after.env["A"] = "second";
  after.resources.memory_bytes = 1024;
  const auto changes = store::spec_changes("web", &before, &after);
  REQUIRE(changes.size() == 3);
  CHECK(changes[0] == protocol::Change{"web", "env.A", "***", "***"});
  CHECK(changes[1] == protocol::Change{"web", "image", R"("web:1")", R"("web:2")"});
  CHECK(changes[2] == protocol::Change{"web", "resources.memory_bytes", "", "1024"});
  CHECK(store::spec_changes("web", nullptr, &after) ==
        std::vector<protocol::Change>{{"web", "", "absent", "declared"}});
}
