#include "tests/property/situation.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdlib>

using namespace aura;
using namespace aura::reconcile;
using namespace aura::testing;

namespace rc {

template <>
struct Arbitrary<Step> {
  static Gen<Step> arbitrary() {
    // Every other step is a pass of the agent, so that something comes of what happened.
    const auto kinds = gen::weightedOneOf<int>({{10, gen::just(static_cast<int>(Step::Kind::plan_and_act))},
                                                {14, gen::inRange(1, static_cast<int>(Step::Kind::count_))}});
    return gen::build<Step>(
        gen::set(&Step::kind, gen::map(kinds, [](int kind) { return static_cast<Step::Kind>(kind); })),
        gen::set(&Step::a, gen::inRange<std::uint32_t>(0, 100'000)),
        gen::set(&Step::b, gen::inRange<std::uint32_t>(0, 1'000)));
  }
};

}  // namespace rc

namespace {

// RapidCheck prints the shrunk counter-example and the seed (RC_PARAMS="seed=…" replays it).
template <class Property>
void holds(const char* sentence, Property property) {
  INFO(sentence);
  CHECK(rc::check(sentence, property));
}

Situation live_through(const std::vector<Step>& steps) {
  Situation situation;
  for (const Step& step : steps) {
    situation.take(step);
    if (!situation.broken.empty()) break;
  }
  return situation;
}

}  // namespace

TEST_CASE(
    "whatever happens: one action a workload, nothing foreign touched, nothing started unless intended, no command "
    "lost, replay equals state") {
  holds("invariants", [](const std::vector<Step>& steps) {
    const Situation situation = live_through(steps);
    if (!situation.broken.empty()) RC_LOG(situation.broken);
    RC_ASSERT(situation.broken.empty());
  });
}

TEST_CASE(
    "once faults stop the node converges: what should run runs once, nothing else runs, every command has its "
    "outcome") {
  holds("convergence", [](const std::vector<Step>& steps) {
    Situation situation = live_through(steps);
    situation.calm_down();
    if (!situation.broken.empty()) RC_LOG(situation.broken);
    RC_ASSERT(situation.broken.empty());
    const State& state = situation.agent.state;
    for (const auto& [id, open] : state.open) RC_FAIL("command " + id + " is still open");
    const auto db = state.workloads.find("db");
    const bool backup =
        db != state.workloads.end() && db->second.declared.spec.backup == "worker" && !db->second.withdrawn_at;
    const bool db_down = backup && situation.agent.finding("db").word != protocol::WorkloadWord::running;
    for (const auto& [name, workload] : state.workloads) {
      const auto up =
          std::count_if(workload.containers.begin(), workload.containers.end(), [&](const OwnedContainer& owned) {
            const auto it = situation.docker.containers.find(owned.id);
            return it != situation.docker.containers.end() && it->second.phase == Phase::running;
          });
      const bool given_up = workload.never_again || workload.crash_loop;
      const bool dependency_away =
          name == "web" && (!state.workloads.contains("db") || !should_run(state, state.workloads.at("db")));
      const bool rests = backup && name == "worker" && (!db_down || !should_run(state, db->second));
      if (!should_run(state, workload) || rests)
        RC_ASSERT(up == 0);
      else if (backup && name == "worker")
        RC_ASSERT(up <= 1);
      else if (!given_up && !dependency_away)
        RC_ASSERT(up == 1);
    }
  });
}
