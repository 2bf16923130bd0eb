// What is asked of the machine itself, and the drain before it.
#include "agent/reconcile/report.hpp"
#include "tests/support/model_world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

namespace {

using namespace aura;
using namespace aura::reconcile;
using namespace aura::testing;
using protocol::OutcomeKind;
using protocol::Verb;
using protocol::WorkloadWord;

struct Host {
  ModelDocker docker;
  ModelAgent agent;
  explicit Host(bool reports = false) : agent(reports) {
    docker.images = {"web:1"};
    WorkloadSpec web = simple_spec();
    web.depends_on["db"] = DependencyNeed::started;
    agent.declare("db", simple_spec());
    agent.declare("web", web);
    agent.settle(docker);
  }
  std::string id(const std::string& name) const { return agent.state.workloads.at(name).containers.back().id; }
  bool runs(const std::string& name) const { return docker.containers.at(id(name)).phase == Phase::running; }
  protocol::Outcome outcome(const std::string& command_id) const {
    const auto* outcome = agent.outcome(command_id);
    REQUIRE(outcome != nullptr);
    return *outcome;
  }
  void obey(const protocol::Command& given, Origin origin = Origin::control) {
    const Acceptance taken = agent.deliver(given, origin);
    REQUIRE(taken.code.empty());
    agent.settle(docker);
  }
  protocol::NodeWord word() {
    return make_report(agent.state, agent.plan, {}, {.docker_known = true, .reconciled = true}, agent.now).state;
  }
};

}  // namespace

TEST_CASE("a reboot stops what runs in order of dependency, and asks the machine once nothing runs") {
  Host host;
  host.agent.deliver(command("c1", Verb::reboot, "node", {}, "new kernel"));
  host.agent.think(host.docker);
  REQUIRE(host.agent.plan.actions.size() == 1);
  CHECK(std::get<action::Stop>(host.agent.plan.actions.front()).workload == "web");
  CHECK(host.word() == protocol::NodeWord::stopping);
  host.agent.settle(host.docker);
  CHECK_FALSE(host.runs("db"));
  REQUIRE(host.agent.asked.size() == 1);
  CHECK(host.agent.asked.front().verb == Verb::reboot);
  CHECK(host.agent.outcome("c1") == nullptr);
  host.agent.settle(host.docker);
  CHECK(host.agent.asked.size() == 1);
}

TEST_CASE("a reboot has succeeded when the host has booted again, and what ran runs again") {
  Host host;
  host.obey(command("c1", Verb::reboot));
  host.agent.reboot(host.docker);
  host.agent.settle(host.docker);
  CHECK(host.outcome("c1").kind == OutcomeKind::succeeded);
  CHECK(host.runs("web"));
  CHECK(host.agent.asked.size() == 1);
  const auto& runs = host.agent.state.workloads.at("web").runs;
  REQUIRE(runs.size() == 2);
  CHECK(runs.front().cause == "shutdown");
  CHECK(runs.front().command_id == "c1");
  CHECK(runs.front().actor == "operator:test");
  CHECK(runs.back().began_why == "after a boot of the host");
}

TEST_CASE("a drain does not count against the restart budget") {
  Host host;
  host.obey(command("c1", Verb::reboot));
  host.agent.reboot(host.docker);
  host.agent.settle(host.docker);
  CHECK(host.agent.state.workloads.at("web").restarts.empty());
}

TEST_CASE("a host that boots again while it is being drained for a reboot is not rebooted once more") {
  Host host;
  host.agent.deliver(command("c1", Verb::reboot));
  host.agent.think(host.docker);
  host.agent.reboot(host.docker);
  host.agent.settle(host.docker);
  CHECK(host.outcome("c1").kind == OutcomeKind::succeeded);
  CHECK(host.agent.asked.empty());
  CHECK(host.runs("web"));
}

TEST_CASE("where the machine refuses a reboot the command fails with its words and the drain is undone") {
  Host host;
  host.agent.refusal = "polkit says no";
  host.obey(command("c1", Verb::reboot));
  CHECK(host.outcome("c1").kind == OutcomeKind::failed);
  CHECK(host.outcome("c1").code == "forbidden");
  CHECK(host.outcome("c1").detail == "polkit says no");
  CHECK(host.runs("db"));
  CHECK(host.runs("web"));
}

TEST_CASE("an agent that dies while it asks asks again in its next life, and the outcome stays one") {
  Host host;
  host.obey(command("c1", Verb::power_off));
  host.agent.die_and_return();
  host.agent.settle(host.docker);
  CHECK(host.agent.asked.size() == 2);
  CHECK_FALSE(host.runs("web"));
  host.agent.reboot(host.docker);
  host.agent.settle(host.docker);
  CHECK(host.outcome("c1").kind == OutcomeKind::succeeded);
  CHECK(host.agent.asked.size() == 2);
}

TEST_CASE("a host whose boot id does not change is asked three times at most, not rebooted for ever") {
  Host host;
  host.obey(command("c1", Verb::reboot));
  for (int life = 0; life < 5; ++life) {
    host.agent.die_and_return();
    host.agent.settle(host.docker);
  }
  CHECK(host.agent.asked.size() == 3);
  CHECK(host.outcome("c1").code == "still_up");
  CHECK(host.runs("web"));
}

TEST_CASE("a host that is still up ten minutes after it said yes fails the reboot and runs its workloads again") {
  Host host;
  host.obey(command("c1", Verb::reboot));
  host.agent.pass_time(9 * 60'000);
  host.agent.settle(host.docker);
  CHECK(host.agent.outcome("c1") == nullptr);
  host.agent.pass_time(61'000);
  host.agent.settle(host.docker);
  CHECK(host.outcome("c1").code == "still_up");
  CHECK(host.runs("web"));
}

TEST_CASE("a Docker that does not answer holds a reboot up for half a minute only") {
  Host host;
  host.docker.reachable = false;
  host.agent.deliver(command("c1", Verb::reboot));
  host.agent.settle(host.docker);
  CHECK(host.agent.asked.empty());
  host.agent.pass_time(30'000);
  host.agent.settle(host.docker);
  CHECK(host.agent.asked.size() == 1);
}

TEST_CASE("a start while the host is being rebooted is done after the boot") {
  Host host;
  host.obey(command("c1", Verb::stop, "workload:web", 1));
  host.agent.deliver(command("c2", Verb::reboot));
  host.obey(command("c3", Verb::start, "workload:web", 2));
  CHECK(host.agent.outcome("c3") == nullptr);
  CHECK_FALSE(host.runs("web"));
  host.agent.reboot(host.docker);
  host.agent.settle(host.docker);
  CHECK(host.outcome("c3").kind == OutcomeKind::succeeded);
  CHECK(host.runs("web"));
}

TEST_CASE(
    "a reboot that is cancelled before the machine was asked lets everything run again; afterwards it is too late") {
  Host host;
  host.agent.deliver(command("c1", Verb::reboot));
  host.agent.think(host.docker);
  protocol::Command end = command("c2", Verb::cancel, "command:c1");
  SECTION("before") {
    host.agent.deliver(end);
    host.agent.settle(host.docker);
    CHECK(host.outcome("c1").kind == OutcomeKind::cancelled);
    CHECK(host.runs("web"));
    CHECK(host.agent.asked.empty());
  }
  SECTION("after") {
    host.agent.settle(host.docker);
    host.agent.deliver(end);
    host.agent.settle(host.docker);
    CHECK(host.outcome("c2").code == "too_late");
    CHECK(host.agent.outcome("c1") == nullptr);
  }
}

TEST_CASE("a reboot that nobody carried out in time never fires later") {
  Host host;
  protocol::Command late = command("c1", Verb::reboot);
  late.expires_in_s = 60;
  late.age_s = 61;
  host.agent.deliver(late);
  host.agent.settle(host.docker);
  CHECK(host.outcome("c1").kind == OutcomeKind::expired);
  CHECK(host.agent.asked.empty());
  CHECK(host.runs("web"));
}

TEST_CASE("stop with then = power_off powers off after the last one has stopped, and stays stopped after the boot") {
  Host host;
  protocol::Command stop = command("c1", Verb::stop, "node", 1);
  stop.args.then = "power_off";
  host.obey(stop);
  REQUIRE(host.agent.asked.size() == 1);
  CHECK(host.agent.asked.front().verb == Verb::power_off);
  CHECK(host.agent.outcome("c1") == nullptr);
  host.agent.reboot(host.docker);
  host.agent.settle(host.docker);
  CHECK(host.outcome("c1").kind == OutcomeKind::succeeded);
  CHECK_FALSE(host.runs("web"));
}

TEST_CASE("a host that goes down drains its workloads, and the next boot runs them again") {
  Host host;
  host.agent.record(record::HostStopping{});
  host.agent.think(host.docker);
  CHECK_FALSE(host.agent.plan.drained);
  host.agent.settle(host.docker);
  CHECK(host.agent.plan.drained);
  CHECK_FALSE(host.runs("web"));
  CHECK(host.agent.asked.empty());
  CHECK(host.agent.state.node.intent == protocol::Intent::running);
  host.agent.reboot(host.docker);
  host.agent.settle(host.docker);
  CHECK(host.runs("web"));
  CHECK(host.agent.state.workloads.at("web").runs.front().cause == "shutdown");
}

TEST_CASE("what is held is not waited for when the host goes down") {
  Host host;
  protocol::Command hold = command("c1", Verb::hold, "workload:web");
  hold.args.for_s = 3600;
  host.obey(hold, Origin::local_root);
  host.agent.record(record::HostStopping{});
  host.agent.settle(host.docker);
  CHECK(host.runs("web"));
  CHECK_FALSE(host.runs("db"));
  CHECK(host.agent.plan.drained);
}

TEST_CASE("an agent that starts again in the same boot is not draining any more") {
  Host host;
  host.agent.record(record::HostStopping{});
  host.agent.settle(host.docker);
  host.agent.die_and_return();
  host.agent.settle(host.docker);
  CHECK(host.runs("web"));
}

TEST_CASE("an upgrade succeeds or fails as its unit says, and an older result is none") {
  Host host;
  host.docker.upgrade = UpgradeResult{.serial = 3, .version = "0.2.0", .installed = true};
  protocol::Command upgrade = command("c1", Verb::upgrade);
  upgrade.args.version = "0.2.0";
  host.obey(upgrade);
  REQUIRE(host.agent.asked.size() == 1);
  CHECK(host.agent.asked.front().version == "0.2.0");
  CHECK(host.runs("web"));
  CHECK(host.agent.outcome("c1") == nullptr);
  SECTION("proven, by the next life of the agent") {
    host.agent.die_and_return();
    host.docker.upgrade->serial = 4;
    host.agent.settle(host.docker);
    CHECK(host.outcome("c1").kind == OutcomeKind::succeeded);
  }
  SECTION("rolled back") {
    host.docker.upgrade = UpgradeResult{.serial = 4, .version = "0.2.0", .code = "rolled_back", .detail = "it crashed"};
    host.agent.settle(host.docker);
    CHECK(host.outcome("c1").kind == OutcomeKind::failed);
    CHECK(host.outcome("c1").code == "rolled_back");
    CHECK(host.outcome("c1").detail == "it crashed");
  }
  SECTION("of another version") {
    host.docker.upgrade = UpgradeResult{.serial = 4, .version = "0.3.0", .installed = true};
    host.agent.settle(host.docker);
    CHECK(host.agent.outcome("c1") == nullptr);
  }
  SECTION("nothing is heard of it") {
    host.agent.pass_time(31 * 60'000);
    host.agent.settle(host.docker);
    CHECK(host.outcome("c1").code == "timed_out");
  }
  CHECK(host.docker.starts.at(host.id("web")) == 1);
}

TEST_CASE("one upgrade at a time; a second one may come again") {
  Host host;
  protocol::Command upgrade = command("c1", Verb::upgrade);
  upgrade.args.version = "0.2.0";
  host.obey(upgrade);
  upgrade.id = "c2";
  CHECK(host.agent.deliver(upgrade).code == "busy");
}

TEST_CASE(
    "a decommissioned node stops all, leaves once the control plane has confirmed that, and starts nothing again") {
  Host host(true);
  host.agent.record(record::FreshWaitOver{});
  host.obey(command("c1", Verb::decommission, "node", {}, "customer left"));
  CHECK(host.outcome("c1").kind == OutcomeKind::succeeded);
  CHECK_FALSE(host.runs("web"));
  CHECK(host.agent.asked.empty());
  host.agent.record(record::Confirmed{host.agent.state.last_event_seq, {"c1"}});
  host.agent.settle(host.docker);
  REQUIRE(host.agent.asked.size() == 1);
  CHECK(host.agent.asked.front().verb == Verb::decommission);
  host.agent.reboot(host.docker);
  host.agent.settle(host.docker);
  CHECK_FALSE(host.runs("web"));
  CHECK(host.word() == protocol::NodeWord::decommissioned);
  CHECK(host.agent.deliver(command("c2", Verb::start, "node", 5)).code == "decommissioned");
  CHECK(host.agent.asked.size() == 2);  // leaving was not seen done: it is asked for again
}

TEST_CASE("a node that cannot leave says so once and asks again every minute") {
  Host host;
  host.agent.refusal = "there is no such unit";
  host.obey(command("c1", Verb::decommission), Origin::local_root);
  CHECK(host.outcome("c1").kind == OutcomeKind::succeeded);
  CHECK(host.agent.asked.size() == 1);
  host.agent.pass_time(60'000);
  host.agent.settle(host.docker);
  CHECK(host.agent.asked.size() == 2);
  CHECK(host.agent.events("cannot_leave") == 1);
}

TEST_CASE("decommissioning on the node itself is root's, and doing it again changes nothing") {
  Host host;
  CHECK(host.agent.deliver(command("c1", Verb::decommission), Origin::local_admin).code == "root_only");
  host.obey(command("c2", Verb::decommission, "node", {}, "first"), Origin::local_root);
  host.obey(command("c3", Verb::decommission, "node", {}, "second"), Origin::local_root);
  CHECK(host.outcome("c3").kind == OutcomeKind::succeeded);
  CHECK(host.agent.state.node.decommission->reason == "first");
}

TEST_CASE("a decommission that is cancelled before all has stopped is forgotten, and the node does not leave") {
  Host host;
  REQUIRE(host.agent.deliver(command("c1", Verb::decommission), Origin::local_root).kind == Acceptance::Kind::accepted);
  REQUIRE(host.agent.deliver(command("c2", Verb::cancel, "command:c1"), Origin::local_root).kind ==
          Acceptance::Kind::accepted);
  host.agent.settle(host.docker);
  CHECK(host.outcome("c1").kind == OutcomeKind::cancelled);
  CHECK_FALSE(host.agent.state.node.decommission);
  CHECK(host.agent.asked.empty());
  CHECK(host.runs("web"));
}
