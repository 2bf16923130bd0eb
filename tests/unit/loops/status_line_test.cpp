#include "agent/loops/status_line.hpp"

#include "tests/unit/loops/node.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::testing;
using loops::status_line;
using protocol::NodeWord;
using protocol::WorkloadWord;

namespace {

protocol::WorkloadReport workload(std::string name, WorkloadWord state = WorkloadWord::running) {
  protocol::WorkloadReport one;
  one.name = std::move(name);
  one.state = state;
  return one;
}

protocol::Report report_of(std::vector<protocol::WorkloadReport> workloads) {
  protocol::Report report;
  report.state = NodeWord::running;
  report.docker_known = true;
  report.docker = "ok 27.3.1 (API 1.47)";
  report.control = "none configured";
  report.workloads = std::move(workloads);
  return report;
}

}  // namespace

TEST_CASE("while all is well the status line counts the workloads") {
  CHECK(status_line(report_of({workload("a"), workload("b"), workload("c")})) == "All 3 workloads run.");
  CHECK(status_line(report_of({workload("web")})) == "1 workload runs.");
  CHECK(status_line(report_of({})) == "No workload is declared.");
}

TEST_CASE("what is meant to rest does not count") {
  auto stopped = workload("batch", WorkloadWord::stopped);
  stopped.intent = protocol::Intent::stopped;
  CHECK(status_line(report_of({workload("web"), stopped, workload("spare", WorkloadWord::stopped)})) ==
        "1 workload runs.");
  CHECK(status_line(report_of({stopped})) == "No workload is meant to run now.");
}

TEST_CASE("a workload that does not run is named with its reason, without a number that counts down") {
  auto web = workload("web", WorkloadWord::crash_loop);
  web.reason = "it is tried again in 40 s";
  web.retry_in_s = 40;
  web.last_exit.emplace().meaning = "ended by itself with exit code 1";
  auto report = report_of({web, workload("api")});
  report.state = NodeWord::degraded;
  report.reasons = {"web is crash_loop: it is tried again in 40 s"};
  const std::string line = status_line(report);
  CHECK(line == "1 of 2 workloads run; web does not: crash loop (ended by itself with exit code 1).");
  report.workloads[0].retry_in_s = 39;
  report.reasons = {"web is crash_loop: it is tried again in 39 s"};
  CHECK(status_line(report) == line);
}

TEST_CASE("many that do not run are counted, not listed") {
  std::vector<protocol::WorkloadReport> all;
  for (const char* name : {"a", "b", "c", "d", "e"}) all.push_back(workload(name, WorkloadWord::backoff));
  auto report = report_of(all);
  report.state = NodeWord::degraded;
  CHECK(status_line(report) ==
        "0 of 5 workloads run; a does not: it is tried again soon; b does not: it is tried again soon; "
        "c does not: it is tried again soon; and 2 more.");
}

TEST_CASE("a suspension, a Docker that is away and a fence come before the workloads") {
  auto report = report_of({workload("web", WorkloadWord::stopped)});
  report.state = NodeWord::suspended;
  report.reasons = {"Suspended by billing: payment failed"};
  CHECK(status_line(report) == "Suspended by billing: payment failed");
  report.state = NodeWord::degraded;
  report.docker_known = false;
  report.docker = "unknown: connection refused";
  report.reasons = {"Docker: unknown: connection refused"};
  CHECK(status_line(report) == "Docker does not answer: connection refused.");
}

TEST_CASE("what else is wrong with the node follows the count") {
  auto report = report_of({workload("web")});
  report.state = NodeWord::degraded;
  report.reasons = {"a.toml:3: image is missing"};
  CHECK(status_line(report) == "1 workload runs. a.toml:3: image is missing");
}

TEST_CASE("that the control plane does not answer is said, when it was heard is not") {
  auto report = report_of({workload("web")});
  report.control = "ok, heard 12 s ago";
  report.control_heard = true;
  CHECK(status_line(report) == "1 workload runs.");
  report.control = "away for 3 min: refused";
  report.control_heard = false;
  CHECK(status_line(report) == "1 workload runs. The control plane does not answer.");
  report.control = "pending: an operator must let this node in";
  CHECK(status_line(report) == "1 workload runs. The control plane has not let this node in yet.");
  report.control = "not heard yet";
  CHECK(status_line(report) == "1 workload runs.");
}

TEST_CASE("text from outside cannot begin another notification, and is cut") {
  auto report = report_of({});
  report.state = NodeWord::suspended;
  report.reasons = {"Suspended by x: a\nWATCHDOG=trigger" + std::string(1000, 'y')};
  const std::string line = status_line(report);
  CHECK(line.find('\n') == line.npos);
  CHECK(line.size() <= 400);
}

TEST_CASE("systemd is told when the sentence changes, and only then") {
  Folder folder;
  boost::asio::io_context io;
  FakeContainerEngine engine;
  FakeClock clock{io};
  FakeControlPlane control{io.get_executor()};
  Node node{folder, io, clock, engine, true};
  loops::Broadcast changes;
  protocol::Report report = report_of({workload("web")});
  boost::asio::co_spawn(io, loops::tell_status(node.parts, changes, [&] { return report; }), boost::asio::detached);
  clock.advance(10);
  CHECK(node.host.notifications == std::vector<std::string>{"STATUS=1 workload runs."});
  for (int i = 0; i < 5; ++i) {
    changes.notify();
    clock.advance(2'000);
  }
  CHECK(node.host.notifications.size() == 1);
  report.workloads.push_back(workload("api"));
  changes.notify();
  clock.advance(2'000);
  REQUIRE(node.host.notifications.size() == 2);
  CHECK(node.host.notifications.back() == "STATUS=All 2 workloads run.");
}
