#include "agent/cli/progress.hpp"
#include "agent/cli/status_view.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdio>
#include <string>

namespace aura::cli {
namespace {

using protocol::NodeWord;
using protocol::Target;
using protocol::WorkloadWord;

constexpr WallMs noon = 1'795'262'400'000;  // 2026-11-21T12:00:00Z

protocol::Report sample() {
  protocol::Report report;
  report.node_id = "node-1";
  report.tenant = "acme";
  report.agent_version = "0.1.0";
  report.epoch = 3;
  report.state = NodeWord::running;
  report.docker = "ok 27.3.1 (API 1.47)";
  report.docker_known = true;
  report.control = "none configured";
  report.tailnet = "listener closed";
  protocol::WorkloadReport web;
  web.name = "web";
  web.state = WorkloadWord::running;
  web.restarts = 2;
  web.started_at = "2026-11-21T11:59:17.123456789Z";
  report.workloads.push_back(web);
  return report;
}

// Not a terminal: text without colour.
std::string text_of(const protocol::Report& report) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  const Terminal plain(file);
  std::string text = status_text(report, noon, plain);
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("status gives the verdict first, then its reasons") {
  protocol::Report report = sample();
  report.state = NodeWord::degraded;
  report.reasons = {"Docker: gone", "web is failed: no image"};
  CHECK(text_of(report).starts_with(
      "degraded  node-1  tenant acme\n  Docker: gone\n  web is failed: no image\n\nIntent"));
}

TEST_CASE("the table says how long a workload has been up, and since when one is down and why") {
  protocol::Report report = sample();
  CHECK(text_of(report).find("web   running  2         42 s\n") != std::string::npos);
  report.workloads[0].state = WorkloadWord::stopped;
  report.workloads[0].last_exit =
      protocol::LastExit{.code = 143, .why = "web ended with 143; by alice.", .at = noon - 5 * 60'000};
  CHECK(text_of(report).find("web   stopped  2         5 min  web ended with 143; by alice.\n") != std::string::npos);
}

TEST_CASE("status says what a tag stands for, and shows pulls that no workload waits for") {
  protocol::Report report = sample();
  report.workloads[0].image = "nginx:1.27";
  report.workloads[0].image_digest = "sha256:abc";
  report.pulls = {{.image = "big:1", .bytes = 1 << 20}};
  const std::string text = text_of(report);
  CHECK(text.find("Image          web: nginx:1.27 is sha256:abc\n") != std::string::npos);
  CHECK(text.find("Pull           big:1: 1.0 MiB\n") != std::string::npos);
}

TEST_CASE("of a workload that cannot be seen no age is told and Docker's trouble is not repeated") {
  protocol::Report report = sample();
  report.docker_known = false;
  report.docker = "unknown: connection refused";
  report.workloads[0].state = WorkloadWord::unknown;
  report.workloads[0].reason = report.docker;
  report.workloads[0].last_exit = protocol::LastExit{.code = 1, .at = noon - 60'000};
  const std::string text = text_of(report);
  CHECK(text.find("web   unknown  2         -      Docker cannot be asked.\n") != std::string::npos);
  CHECK(text.find("connection refused") == text.rfind("connection refused"));
}

TEST_CASE("what a node says cannot steer the terminal") {
  protocol::Report report = sample();
  report.reasons = {"\x1b]0;owned\x07"};
  report.workloads[0].reason = "\x1b[2J";
  CHECK(text_of(report).find('\x1b') == std::string::npos);
}

TEST_CASE("status ends with 0 only where the node is as somebody intended") {
  protocol::Report report = sample();
  for (const NodeWord word : {NodeWord::running, NodeWord::stopped, NodeWord::suspended, NodeWord::frozen,
                              NodeWord::held, NodeWord::locked}) {
    report.state = word;
    CHECK(exit_code_of(report) == 0);
  }
  for (const NodeWord word : {NodeWord::cloned, NodeWord::fenced, NodeWord::decommissioned, NodeWord::degraded,
                              NodeWord::stopping, NodeWord::provisioning, NodeWord::booting}) {
    report.state = word;
    CHECK(exit_code_of(report) == 1);
  }
  report.state = NodeWord::running;
  report.docker_known = false;
  CHECK(exit_code_of(report) == 1);
}

TEST_CASE("suspension, hold, lock and open commands are shown") {
  protocol::Report report = sample();
  report.suspension = protocol::SuspensionInfo{"stop", "payment failed", "dashboard:bob", noon - 3'600'000};
  report.held_for_s = 120;
  report.locked = true;
  report.commands.push_back({.id = "01ABC",
                             .verb = protocol::Verb::stop,
                             .target = {Target::Kind::workload, "web"},
                             .actor = "local:root",
                             .accepted_at = noon - 4'000,
                             .waiting_for = "the world to show it"});
  const std::string text = text_of(report);
  CHECK(text.find("suspended (stop) for 60 min by dashboard:bob: payment failed, held for another 2 min, locked") !=
        std::string::npos);
  CHECK(text.find("01ABC    stop  workload:web  4 s  local:root  the world to show it") != std::string::npos);
}

TEST_CASE("progress tells each change of a targeted workload once") {
  protocol::Report report = sample();
  protocol::WorkloadReport other = report.workloads[0];
  other.name = "db";
  report.workloads.push_back(other);
  Progress progress(Target{Target::Kind::workload, "web"});
  CHECK(progress.changes(report) == std::vector<std::string>{"web: running"});
  CHECK(progress.changes(report).empty());
  report.workloads[0].state = WorkloadWord::stopping;
  report.workloads[0].reason = "grace ends in 9 s";
  report.workloads[1].state = WorkloadWord::failed;
  CHECK(progress.changes(report) == std::vector<std::string>{"web: running -> stopping (grace ends in 9 s)"});
  CHECK(progress.summary(report) == "web stopping");
  CHECK(Progress(Target{}).summary(report) == "web stopping, db failed");
}

}  // namespace aura::cli
