#include "agent/loops/probe_target.hpp"
#include "tests/unit/loops/node.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <set>

using namespace aura;
using namespace aura::testing;
using protocol::Verb;
using protocol::WorkloadWord;
using reconcile::Probe;

namespace {

constexpr std::int64_t every_ms = 15'000;

Probe http(const std::string& path, int start_grace_s = 60) {
  Probe probe{.http = "http://127.0.0.1/" + path};
  probe.start_grace_s = start_grace_s;
  return probe;
}

struct World {
  World() {
    clock.attach(engine);
    clock.advance(1);
    engine.add_image("app:1");
  }
  Folder folder;
  boost::asio::io_context io;
  FakeContainerEngine engine;
  FakeClock clock{io};
  Node node{folder, io, clock, engine};

  std::string url(const std::string& path) const { return "http://127.0.0.1:80/" + path; }
  void answer(const std::string& path, FakeProber::Kind kind, std::int64_t takes_ms = 0) {
    node.prober.behaviours[url(path)] = {kind, "answered 503", takes_ms};
  }
  void run(reconcile::WorkloadSpec spec) {
    node.declare("web", std::move(spec));
    node.supervise();
    clock.advance(3'000);
  }
  std::string id() const { return engine.ids_of("web").front(); }
  int asked(const std::string& path) const { return node.prober.times(url(path)); }
};

reconcile::WorkloadSpec with(std::optional<Probe> liveness, std::optional<Probe> readiness = {},
                             std::optional<Probe> startup = {}) {
  auto spec = app();
  spec.liveness = std::move(liveness);
  spec.readiness = std::move(readiness);
  spec.startup = std::move(startup);
  return spec;
}

constexpr auto fails = FakeProber::Kind::failed;
constexpr auto passes = FakeProber::Kind::passed;

}  // namespace

TEST_CASE("a workload whose liveness fails three times in a row is restarted with the probe's answer as reason") {
  World world;
  world.run(with(http("live")));
  CHECK(world.node.word("web") == WorkloadWord::running);
  CHECK(world.node.has_event("workload_healthy"));
  world.answer("live", fails);
  world.clock.advance(2 * every_ms);
  CHECK(world.engine.starts(world.id()) == 1);
  world.clock.advance(2 * every_ms);
  CHECK(world.engine.starts(world.id()) == 2);
  const auto& exit = world.node.state().workloads.at("web").last_exit;
  REQUIRE(exit);
  CHECK(exit->cause == reconcile::Cause::probe);
  CHECK(exit->why.find("the liveness probe http://127.0.0.1/live failed 3 times in a row, last: answered 503") !=
        std::string::npos);
}

TEST_CASE("one good answer forgives the failures before it") {
  World world;
  world.run(with(http("live")));
  for (int i = 0; i < 5; ++i) {
    world.answer("live", fails);
    world.clock.advance(2 * every_ms);
    world.answer("live", passes);
    world.clock.advance(every_ms);
  }
  CHECK(world.engine.starts(world.id()) == 1);
}

TEST_CASE("liveness waits for startup, at most the start grace") {
  World world;
  world.answer("startup", fails);
  world.answer("live", fails);
  world.run(with(http("live", 100), {}, http("startup", 100)));
  world.clock.advance(90'000);
  CHECK(world.asked("live") == 0);
  CHECK(world.asked("startup") > 5);
  CHECK(world.node.word("web") == WorkloadWord::starting);
  world.clock.advance(20'000);
  CHECK(world.asked("live") > 0);
  CHECK(world.engine.starts(world.id()) == 1);
  world.clock.advance(3 * every_ms);
  CHECK(world.engine.starts(world.id()) == 2);
}

TEST_CASE("liveness that never passed acts only when the start grace is over") {
  World world;
  world.answer("live", fails);
  world.run(with(http("live", 100)));
  world.clock.advance(90'000);
  CHECK(world.engine.starts(world.id()) == 1);
  CHECK(world.node.reason("web").find("answered 503") != std::string::npos);
  world.clock.advance(2 * every_ms);
  CHECK(world.engine.starts(world.id()) == 2);
}

TEST_CASE("startup is asked until it passes once, and readiness right after it") {
  World world;
  world.answer("startup", fails);
  world.run(with({}, http("ready"), http("startup")));
  CHECK(world.asked("ready") == 0);
  world.answer("startup", passes);
  world.clock.advance(5'000);
  CHECK(world.node.word("web") == WorkloadWord::running);
  const int asked = world.asked("startup");
  world.clock.advance(10 * every_ms);
  CHECK(world.asked("startup") == asked);
  CHECK(world.asked("ready") > 8);
}

TEST_CASE("a command that starts ends when the workload is ready, soon after it is") {
  World world;
  world.answer("ready", fails);
  world.run(with({}, http("ready")));
  world.node.command(make_command(Verb::start, "workload:web", "c1"));
  world.clock.advance(4'000);
  CHECK(world.node.state().open.contains("c1"));
  world.answer("ready", passes);
  world.clock.advance(8'000);
  REQUIRE(world.node.state().settled.contains("c1"));
  CHECK(world.node.state().settled.at("c1").outcome.kind == protocol::OutcomeKind::succeeded);
}

TEST_CASE("readiness that is lost is told and restarts nothing") {
  World world;
  world.run(with({}, http("ready")));
  world.clock.advance(120'000);
  world.answer("ready", fails);
  world.clock.advance(4 * every_ms);
  CHECK(world.node.word("web") == WorkloadWord::unhealthy);
  CHECK(world.node.has_event("workload_unhealthy"));
  CHECK(world.engine.starts(world.id()) == 1);
  CHECK(world.node.board.report().workloads.front().health == "unhealthy");
}

TEST_CASE("a probe that hangs is under way once, fails at its deadline, and delays no other") {
  World world;
  world.run(with(http("live"), http("ready")));
  world.node.prober.most_open = 0;
  world.answer("live", passes, 60'000);
  const int before = world.asked("ready");
  world.clock.advance(2 * every_ms);
  CHECK(world.node.prober.most_open <= 2);
  CHECK(world.asked("ready") >= before + 1);
  world.clock.advance(3 * every_ms);
  CHECK(world.engine.starts(world.id()) == 2);
}

TEST_CASE("what failed while our own loop stood still for more than a second does not count") {
  World world;
  world.run(with(http("live")));
  world.clock.advance(120'000);
  world.answer("live", fails, 2'000);
  for (int i = 0; i < 6; ++i) {
    const int asked = world.asked("live");
    while (world.asked("live") == asked) world.clock.advance(100);
    // Nothing of ours runs for 3 s.
    world.clock.stall(3'000);
    world.clock.advance(1);
  }
  CHECK(world.engine.starts(world.id()) == 1);
}

TEST_CASE("probes of a held and of a paused workload stand still, and count anew afterwards") {
  World world;
  world.run(with(http("live")));
  world.answer("live", fails);
  world.clock.advance(2 * every_ms);
  auto hold = make_command(Verb::hold, "workload:web", "h1");
  hold.args.for_s = 3'600;
  world.node.command(hold);
  world.clock.advance(1'000);
  const int asked = world.asked("live");
  world.clock.advance(20 * every_ms);
  CHECK(world.asked("live") == asked);
  CHECK(world.engine.starts(world.id()) == 1);
  world.node.command(make_command(Verb::release, "workload:web", "r1"));
  world.clock.advance(2 * every_ms);
  CHECK(world.asked("live") > asked);
  CHECK(world.engine.starts(world.id()) == 1);
  world.clock.advance(2 * every_ms);
  CHECK(world.engine.starts(world.id()) == 2);
}

TEST_CASE("fifty probes that begin together do not beat together") {
  World world;
  for (int i = 0; i < 50; ++i) {
    auto spec = app();
    Probe probe = http("w" + std::to_string(i));
    spec.liveness = probe;
    world.node.declare("w" + std::to_string(i), spec);
  }
  world.node.supervise();
  world.clock.advance(60'000);
  world.node.prober.asked.clear();
  const BootMs began = world.clock.boot_ms();
  world.clock.advance(every_ms);
  CHECK(world.node.prober.asked.size() == 50);
  std::map<BootMs, int> per_second;
  for (const auto& [name, at] : world.node.prober.asked) ++per_second[(at - began) / 1'000];
  for (const auto& [second, count] : per_second) CHECK(count <= 12);
  CHECK(per_second.size() >= 10);
}

TEST_CASE("Docker's own HEALTHCHECK as a probe acts when Docker says unhealthy, without a question") {
  World world;
  auto spec = app();
  spec.liveness = Probe{.docker = true};
  world.run(spec);
  world.engine.set_health(world.id(), "healthy");
  world.clock.advance(1'000);
  CHECK(world.node.word("web") == WorkloadWord::running);
  world.engine.set_health(world.id(), "unhealthy");
  world.clock.advance(1'000);
  CHECK(world.engine.starts(world.id()) == 2);
  CHECK(world.node.prober.asked.empty());
}

TEST_CASE("an adopted run that is older than its grace is taken as healthy and restarted only by its threshold") {
  Folder folder;
  boost::asio::io_context io;
  FakeContainerEngine engine;
  FakeClock clock{io};
  clock.attach(engine);
  clock.advance(1);
  engine.add_image("app:1");
  Node node(folder, io, clock, engine);
  node.declare("web", with(http("live")));
  const auto instance = leave_running(node, "web");
  clock.advance(120'000);
  node.prober.behaviours["http://127.0.0.1:80/live"] = {fails, "answered 503", 0};
  node.supervise();
  clock.advance(1'000);
  CHECK(node.word("web") == WorkloadWord::running);
  clock.advance(2 * every_ms);
  CHECK(engine.starts(instance.container_id) == 1);
  clock.advance(2 * every_ms);
  CHECK(engine.starts(instance.container_id) == 2);
}

TEST_CASE("a probe goes to the container itself: a published port stands for the port behind it") {
  reconcile::WorkloadSpec spec = app();
  spec.ports = {{"127.0.0.1", 18789, 8080, "tcp"}};
  reconcile::Probed probed;
  probed.address = "172.18.0.5";
  Probe probe{.http = "http://127.0.0.1:18789/healthz?full=1"};
  probe.timeout_s = 3;
  auto question = loops::question_of(probe, spec, probed);
  CHECK(question.url == "http://172.18.0.5:8080/healthz?full=1");
  CHECK(question.host == "127.0.0.1:18789");
  CHECK(question.timeout_ms == 3'000);
  CHECK(loops::question_of(Probe{.http = "http://[::1]"}, spec, probed).url == "http://172.18.0.5:80");
  const auto tcp = loops::question_of(Probe{.tcp = "127.0.0.1:9000"}, spec, probed);
  CHECK(tcp.address == "172.18.0.5");
  CHECK(tcp.port == 9000);
  probed.address.clear();
  CHECK(loops::question_of(Probe{.tcp = "[::1]:9000"}, spec, probed).address == "::1");
  CHECK(loops::question_of(probe, spec, probed).url == "http://127.0.0.1:18789/healthz?full=1");
  CHECK(loops::name_of(Probe{.exec = {"check", "--token=secret"}}) == "exec check");
}
