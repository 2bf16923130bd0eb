// Cost of the pure core: one pass over a node at rest, one record, one command judged.
#include "tests/support/model_world.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <stdexcept>

namespace {

using namespace aura;
using namespace aura::reconcile;
using testing::ModelAgent;
using testing::ModelDocker;

// A node where all that is declared runs and nothing is left to do.
struct AtRest {
  ModelDocker docker;
  ModelAgent agent;
  Observed observed;

  explicit AtRest(std::int64_t workloads) {
    docker.images.insert("web:1");
    for (std::int64_t n = 0; n < workloads; ++n) agent.declare(fmt::format("w{}", n), testing::simple_spec());
    agent.settle(docker);
    observed = docker.observe();
    const bool rests = agent.plan.facts.empty() && agent.plan.actions.empty();
    if (!rests || docker.running().size() != static_cast<std::size_t>(workloads)) {
      throw std::logic_error("the model node does not come to rest");
    }
  }
};

void reconcile_at_rest(benchmark::State& run) {
  AtRest node(run.range(0));
  for (auto _ : run) {
    benchmark::DoNotOptimize(
        reconcile::reconcile(node.agent.state, node.observed, node.agent.in_flight, node.agent.now));
  }
}
BENCHMARK(reconcile_at_rest)->Arg(1)->Arg(100);

void reconcile_one_crashed(benchmark::State& run) {
  AtRest node(run.range(0));
  node.docker.exit(node.docker.running().front(), 1);
  const Observed observed = node.docker.observe();
  for (auto _ : run) {
    benchmark::DoNotOptimize(reconcile::reconcile(node.agent.state, observed, node.agent.in_flight, node.agent.now));
  }
}
BENCHMARK(reconcile_one_crashed)->Arg(1)->Arg(100);

// Folding a whole life, as the replay of a ledger does; items are records.
void evolve_records(benchmark::State& run) {
  AtRest node(run.range(0));
  for (auto _ : run) {
    State state;
    for (const Record& record : node.agent.ledger) evolve(state, record);
    benchmark::DoNotOptimize(state);
  }
  run.SetItemsProcessed(run.iterations() * static_cast<std::int64_t>(node.agent.ledger.size()));
}
BENCHMARK(evolve_records)->Arg(1)->Arg(100);

void accept_stop(benchmark::State& run) {
  AtRest node(run.range(0));
  const auto stop = testing::command("c1", protocol::Verb::stop, "workload:w0", 7);
  for (auto _ : run) {
    benchmark::DoNotOptimize(accept(node.agent.state, stop, Origin::control, node.agent.now));
  }
}
BENCHMARK(accept_stop)->Arg(1)->Arg(100);

}  // namespace
