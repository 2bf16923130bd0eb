#include "agent/loops/beat.hpp"
#include "tests/unit/loops/node.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace aura;
using namespace aura::testing;

namespace {

struct World : SupervisedWorld {
  std::string id() { return engine.ids_of("web").front(); }
  ports::ContainerUsage& usage() { return node.host.uses[id()]; }
  std::optional<protocol::WorkloadUsage> told() { return node.board.report_with_usage().workloads.front().usage; }
  std::optional<double> percent() {
    const auto usage = told();
    REQUIRE(usage);
    return usage->cpu_percent;
  }
};

}  // namespace

TEST_CASE("a running workload's figures are told, its memory as the working set") {
  World world;
  world.usage() = {.memory_bytes = 30,
                   .inactive_file_bytes = 10,
                   .working_set_bytes = 20,
                   .memory_limit_bytes = 100,
                   .cpu_us = 5,
                   .pids = 3,
                   .oom_kills = 1,
                   .block_read_bytes = 7,
                   .block_write_bytes = 8,
                   .network = {{9, 10}}};
  CHECK(world.told() == protocol::WorkloadUsage{20, 100, 5, std::nullopt, 3, 1, 7, 8, 9, 10});
}

TEST_CASE("a workload that the kernel does not tell of, or that does not run, has no figures") {
  World world;
  CHECK_FALSE(world.told());
  world.usage().cpu_us = 1;
  CHECK(world.told());
  const std::string id = world.id();
  world.node.command(make_command(protocol::Verb::stop, "workload:web", "c1"));
  world.clock.advance(30'000);
  world.node.host.uses[id].cpu_us = 2;
  CHECK_FALSE(world.told());
}

TEST_CASE("a count beyond what JSON keeps exact is bounded, so that the report stays readable") {
  World world;
  world.usage().block_read_bytes = std::numeric_limits<std::uint64_t>::max();
  CHECK(world.told()->block_read_bytes == (1ull << 53) - 1);
}

TEST_CASE("how busy the CPU is counts since the last look, and looks close together see the same") {
  World world;
  world.usage().cpu_us = 1'000'000;
  CHECK_FALSE(world.percent());
  world.clock.advance(2'000);
  world.usage().cpu_us = 2'000'000;
  CHECK(world.percent() == 50.0);
  world.clock.advance(100);
  world.usage().cpu_us = 2'100'000;
  CHECK(world.percent() == 50.0);
  world.clock.advance(900);
  world.usage().cpu_us = 4'000'000;
  CHECK(world.percent() == 200.0);
}

TEST_CASE("a new run's CPU time is not measured against that of the run before") {
  World world;
  world.usage().cpu_us = 10'000'000;
  CHECK_FALSE(world.percent());
  const std::string id = world.id();
  world.engine.crash(id, 3);
  world.clock.advance(5'000);
  REQUIRE(world.node.word("web") == protocol::WorkloadWord::running);
  world.usage().cpu_us = 20'000'000;
  CHECK_FALSE(world.percent());
}

TEST_CASE("figures go along in a report and are no reason to send one") {
  World world;
  world.usage().cpu_us = 1;
  world.node.report_to(world.control);
  world.clock.advance(5'000);
  REQUIRE(world.control.beats.front().report);
  CHECK(world.control.beats.front().report->workloads.front().usage);
  const auto hash = world.control.beats.back().state_hash;
  world.control.beats.clear();
  for (int minute = 0; minute < 4; ++minute) {
    world.usage().cpu_us += 30'000'000;
    world.clock.advance(60'000);
  }
  REQUIRE_FALSE(world.control.beats.empty());
  for (const auto& beat : world.control.beats) {
    CHECK_FALSE(beat.report);
    CHECK(beat.state_hash == hash);
  }
}

TEST_CASE("a report with figures is as good as one without") {
  World world;
  world.usage().cpu_us = 1;
  CHECK(world.told());
  CHECK(loops::hash_of(world.node.board.report_with_usage()) == loops::hash_of(world.node.board.report()));
}

TEST_CASE("nobody reads figures while nobody asks") {
  World world;
  world.node.host.looks = 0;
  world.clock.advance(600'000);
  CHECK(world.node.host.looks == 0);
}
