// Which pulls are wanted.
#include "tests/support/model_world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace aura;
using namespace aura::reconcile;
using namespace aura::testing;
using protocol::Verb;

namespace {

bool ends(const Plan& plan, const std::string& image) {
  return std::count(plan.actions.begin(), plan.actions.end(), Action(action::EndPull{image})) == 1;
}

}  // namespace

TEST_CASE("a pull goes on while a command or a workload wants it, and is ended when nobody does") {
  ModelDocker docker;
  ModelAgent agent;
  agent.declare("web", simple_spec("web:1"));
  agent.deliver(command("p1", Verb::pull, "image:other:1"), Origin::control);
  agent.think(docker);
  agent.in_flight.pulls = {{"web:1", {}}, {"other:1", {}}, {"stray:1", {}}};
  agent.think(docker);
  CHECK_FALSE(ends(agent.plan, "web:1"));
  CHECK_FALSE(ends(agent.plan, "other:1"));
  CHECK(ends(agent.plan, "stray:1"));
  agent.deliver(command("c1", Verb::cancel, "command:p1"), Origin::control);
  agent.record(record::Withdrawn{"web"});
  agent.think(docker);
  CHECK(ends(agent.plan, "other:1"));
  CHECK(ends(agent.plan, "web:1"));
}

TEST_CASE("while Docker cannot be asked no pull is ended") {
  ModelDocker docker;
  ModelAgent agent;
  docker.reachable = false;
  agent.in_flight.pulls = {{"stray:1", {}}};
  agent.think(docker);
  CHECK(agent.plan.actions.empty());
}
