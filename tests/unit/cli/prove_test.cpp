#include "agent/cli/prove_view.hpp"

#include <catch2/catch_test_macros.hpp>

namespace {

using namespace aura;
using namespace aura::cli;
using Kind = Comparison::Kind;
using protocol::NodeWord;
using protocol::Report;
using protocol::WorkloadWord;

Report report_of(const std::string& version) {
  Report report;
  report.agent_version = version;
  report.ledger_id = "ledger-1";
  report.boot_id = "boot-1";
  report.state = NodeWord::running;
  report.docker_known = true;
  report.control_heard = true;
  protocol::WorkloadReport web;
  web.name = "web";
  web.state = WorkloadWord::running;
  web.container_id = "c1";
  web.started_at = "2026-01-01T00:00:00Z";
  report.workloads.push_back(web);
  return report;
}

struct Upgrade {
  Report before = report_of("0.1.0"), now = report_of("0.2.0");
  bool by_itself = false;
  Comparison judge(bool heartbeat = true) const {
    return compare(before, now, "0.2.0", heartbeat, [this](const std::string&) { return by_itself; });
  }
};

}  // namespace

TEST_CASE("a version that runs the same containers and is heard as before has proven itself") {
  CHECK(Upgrade().judge().kind == Kind::proven);
}

TEST_CASE("what may still come is waited for") {
  Upgrade upgrade;
  SECTION("the old version answers") { upgrade.now.agent_version = "0.1.0"; }
  SECTION("it has not looked at Docker") { upgrade.now.state = NodeWord::booting; }
  SECTION("Docker is away") { upgrade.now.docker_known = false; }
  SECTION("no heartbeat was answered yet") { upgrade.now.control_heard = false; }
  SECTION("a workload is not seen running yet") { upgrade.now.workloads[0].state = WorkloadWord::unknown; }
  CHECK(upgrade.judge().kind == Kind::not_yet);
  CHECK_FALSE(upgrade.judge().why.empty());
}

TEST_CASE("after another boot a workload that is on its way is enough") {
  Upgrade upgrade;
  upgrade.now.boot_id = "boot-2";
  upgrade.now.workloads[0].started_at = "2026-01-02T00:00:00Z";
  upgrade.now.workloads[0].state = WorkloadWord::starting;
  CHECK(upgrade.judge().kind == Kind::proven);
}

TEST_CASE("a heartbeat is asked for only where there was one before") {
  Upgrade upgrade;
  upgrade.now.control_heard = false;
  CHECK(upgrade.judge(false).kind == Kind::proven);
  upgrade.before.control_heard = false;
  CHECK(upgrade.judge().kind == Kind::proven);
}

TEST_CASE("a version that does not carry on what ran has failed, at once") {
  Upgrade upgrade;
  SECTION("another container") { upgrade.now.workloads[0].container_id = "c2"; }
  SECTION("started anew") { upgrade.now.workloads[0].started_at = "2026-01-01T00:05:00Z"; }
  SECTION("it does not know the workload") { upgrade.now.workloads.clear(); }
  SECTION("another ledger") { upgrade.now.ledger_id = "ledger-2"; }
  CHECK(upgrade.judge().kind == Kind::no);
}

TEST_CASE("a workload that crashed by itself meanwhile is not held against the version, another container is") {
  Upgrade upgrade;
  upgrade.by_itself = true;
  upgrade.now.workloads[0].started_at = "2026-01-01T00:05:00Z";
  CHECK(upgrade.judge().kind == Kind::proven);
  upgrade.now.workloads[0].container_id = "c2";
  CHECK(upgrade.judge().kind == Kind::no);
}

TEST_CASE("over a boot of the host the containers count, not their starts") {
  Upgrade upgrade;
  upgrade.now.boot_id = "boot-2";
  upgrade.now.workloads[0].started_at = "2026-01-01T00:05:00Z";
  CHECK(upgrade.judge().kind == Kind::proven);
}

TEST_CASE("what did not run before need not run now") {
  Upgrade upgrade;
  upgrade.before.workloads[0].state = WorkloadWord::crash_loop;
  upgrade.now.workloads[0].started_at.clear();
  CHECK(upgrade.judge().kind == Kind::proven);
}

TEST_CASE("an end that a version of the agent could have caused is none of the workload's own") {
  CHECK(is_by_itself("crashed"));
  CHECK(is_by_itself("human"));
  CHECK_FALSE(is_by_itself("replaced"));
  CHECK_FALSE(is_by_itself("probe"));
  CHECK_FALSE(is_by_itself(""));
}
