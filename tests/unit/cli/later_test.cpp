#include "agent/cli/doctor_later.hpp"

#include "tests/support/result_text.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

namespace aura::cli {
namespace {

constexpr std::uint64_t us_per_s = 1'000'000;

DockerFacts docker_with(ContainerFacts one) {
  DockerFacts docker;
  docker.engine = {true, "local", "/var/lib/docker"};
  docker.containers.push_back(std::move(one));
  return docker;
}

bool mentions(const Finding& finding, const std::string& what) {
  return (finding.text + finding.fix).find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("Docker's answers tell live-restore, log driver, restart policy and whose container it is") {
  const auto engine =
      decode_engine_info(R"({"LiveRestoreEnabled":true,"LoggingDriver":"json-file","DockerRootDir":"/d"})");
  REQUIRE(engine);
  CHECK(engine->live_restore);
  CHECK(engine->logging_driver == "json-file");
  CHECK(engine->root_dir == "/d");
  CHECK_FALSE(decode_engine_info("[]"));
  CHECK_FALSE(decode_engine_info("<html>"));
  const auto container = decode_container(
      R"({"Name":"/web-1","Config":{"Env":["TOKEN=planted-value","EMPTY="],"Labels":{"aura.workload":"web","mine":"note"}},
          "HostConfig":{"RestartPolicy":{"Name":"always"},"LogConfig":{"Type":"json-file","Config":{}}}})");
  REQUIRE(container);
  CHECK(container->name == "web-1");
  CHECK(container->workload == "web");
  CHECK(container->restart_policy == "always");
  CHECK_FALSE(container->log_bounded);
  CHECK(container->env.at("TOKEN") == "planted-value");
}

TEST_CASE("what is shown of a container has no value of its environment and no foreign label's") {
  const auto container = decode_container(
      R"({"Config":{"Env":["TOKEN=planted-value"],"Labels":{"aura.workload":"web","note":"planted-label"}}})");
  REQUIRE(container);
  CHECK(container->shown.find("TOKEN=") != std::string::npos);
  CHECK(container->shown.find("planted") == std::string::npos);
  CHECK(container->shown.find("\"web\"") != std::string::npos);
}

TEST_CASE("an answer of Docker without the parts that are looked for is no failure") {
  const auto container = decode_container("{}");
  REQUIRE(container);
  CHECK(container->log_bounded);
  const auto ids = decode_ids(R"([{"Id":"a"},{},3])");
  REQUIRE(ids);
  CHECK(*ids == std::vector<std::string>{"a"});
  CHECK_FALSE(decode_ids("{}"));
}

TEST_CASE("daemon.json bounds logs by another driver or by max-size") {
  CHECK_FALSE(bounds_logs("{}"));
  CHECK_FALSE(bounds_logs(R"({"log-driver":"json-file"})"));
  CHECK(bounds_logs(R"({"log-opts":{"max-size":"10m"}})"));
  CHECK(bounds_logs(R"({"log-driver":"local"})"));
  CHECK_FALSE(bounds_logs("no JSON"));
}

TEST_CASE("live-restore that is off is a warning with the line that turns it on") {
  CHECK(judge_live_restore({true, "", ""}).level == Level::ok);
  const Finding off = judge_live_restore({false, "", ""});
  CHECK(off.level == Level::warning);
  CHECK(mentions(off, "\"live-restore\": true"));
}

TEST_CASE("a log without bound is a warning, a container's before the daemon's") {
  const DockerFacts bounded = docker_with({.name = "web-1", .log_bounded = true});
  CHECK(judge_log_drivers(bounded, true).level == Level::ok);
  CHECK(judge_log_drivers(bounded, false).level == Level::warning);
  const Finding endless = judge_log_drivers(docker_with({.name = "web-1", .log_bounded = false}), false);
  CHECK(endless.level == Level::warning);
  CHECK(mentions(endless, "web-1"));
}

TEST_CASE("a restart policy of Docker's own on one of our containers is bad") {
  CHECK(judge_restart_policies({{.name = "a", .restart_policy = "no"}, {.name = "b"}}).level == Level::ok);
  const Finding left = judge_restart_policies(
      {{.name = "a", .restart_policy = "no"}, {.name = "web-1", .restart_policy = "unless-stopped"}});
  CHECK(left.level == Level::bad);
  CHECK(left.fix == "docker update --restart=no web-1");
}

TEST_CASE("a clock that nothing keeps right, or that is off, is a warning; one that is not known is not guessed") {
  CHECK(judge_clock(true, 200).level == Level::ok);
  CHECK(judge_clock(false, {}).level == Level::warning);
  CHECK(judge_clock(true, 60'000).level == Level::warning);
  CHECK(mentions(judge_clock(true, -60'000), "60 s behind"));
  const Finding unknown = judge_clock({}, {});
  CHECK(unknown.level == Level::ok);
  CHECK(mentions(unknown, "Not checked"));
}

TEST_CASE("the unit's times are held against what the agent and its workloads need") {
  const UnitTimes shipped{90 * us_per_s, 30 * us_per_s, 1800 * us_per_s};
  const auto well = judge_unit(shipped, {"web", 600});
  REQUIRE(well.size() == 1);
  CHECK(well[0].level == Level::ok);
  UnitTimes without = shipped;
  without.watchdog_us = 0;
  CHECK(judge_unit(without, {})[0].subject == "watchdog");
  UnitTimes hasty = shipped;
  hasty.stop_us = 5 * us_per_s;
  CHECK(mentions(judge_unit(hasty, {})[0], "TimeoutStopSec is 5 s"));
  const auto forced = judge_unit(shipped, {"crew", 3600});
  REQUIRE(forced.size() == 1);
  CHECK(forced[0].level == Level::warning);
  CHECK(mentions(forced[0], "crew may take 3600 s"));
  CHECK(judge_unit({0, 1, {}}, {"crew", 3600})[0].level == Level::ok);
}

TEST_CASE("only a rule that drops or refuses the metadata address closes it") {
  CHECK(judge_metadata("-N DOCKER-USER\n-A DOCKER-USER -d 169.254.169.254/32 -j DROP\n").level == Level::ok);
  CHECK(judge_metadata("-A DOCKER-USER -d 169.254.0.0/16 -j REJECT\n").level == Level::ok);
  CHECK(judge_metadata("-A DOCKER-USER -d 169.254.169.254/32 -j ACCEPT\n").level == Level::warning);
  CHECK(judge_metadata("-A FORWARD -j DROP\n").level == Level::warning);
  CHECK(judge_metadata("").level == Level::warning);
}

TEST_CASE("busctl's values are read line by line") {
  CHECK(property_values("t 90000000\nb true\ns \"loaded\"\n") ==
        std::vector<std::string>{"90000000", "true", "loaded"});
  CHECK(property_values("").empty());
}

}  // namespace aura::cli
