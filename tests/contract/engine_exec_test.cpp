// Programs run inside a container: the fake and real Docker alike.
#include "tests/contract/engine_rig.hpp"

#include <catch2/catch_template_test_macros.hpp>

#include <algorithm>
#include <utility>

namespace aura::contract {
namespace {

constexpr std::int64_t enough_ms = 20'000;

std::vector<std::string> shell(const std::string& script) { return {"/bin/sh", "-c", script}; }

}  // namespace

TEMPLATE_TEST_CASE("a program run inside a container gives its exit code and what it printed", "[engine]", FakeRig,
                   DockerRig) {
  TestType rig;
  Program program;
  program.exec_exits = 3;
  program.exec_prints = "not ready\n";
  const std::string id = rig.up("exec", program);
  const auto result = rig.run(rig.engine().exec(id, shell("echo not ready; exit 3"), enough_ms));
  REQUIRE(result);
  CHECK(result->exit_code == 3);
  CHECK(result->output == "not ready\n");
  const auto runs = rig.run(rig.engine().exec_runs(result->id));
  REQUIRE(runs);
  CHECK_FALSE(*runs);
}

TEMPLATE_TEST_CASE("of a program's output the head is kept, and the program is not held up by the rest", "[engine]",
                   FakeRig, DockerRig) {
  TestType rig;
  Program program;
  program.exec_prints = std::string(100'000, 'x');
  const std::string id = rig.up("talkative", program);
  const auto result = rig.run(rig.engine().exec(id, shell("head -c 100000 /dev/zero | tr '\\0' x"), enough_ms));
  REQUIRE(result);
  CHECK(result->exit_code == 0);
  CHECK(result->output == std::string(ports::ContainerEngine::max_exec_output_bytes, 'x'));
}

TEMPLATE_TEST_CASE("a program that does not end in time has no exit code and is known to run on", "[engine]", FakeRig,
                   DockerRig) {
  TestType rig;
  Program program;
  program.exec_takes_s = 600;
  const std::string id = rig.up("hanging", program);
  const auto result = rig.run(rig.engine().exec(id, shell("sleep 600"), 1'000));
  REQUIRE(result);
  CHECK_FALSE(result->exit_code);
  const auto runs = rig.run(rig.engine().exec_runs(result->id));
  REQUIRE(runs);
  CHECK(*runs);
  REQUIRE(rig.run(rig.engine().stop(id, 5)));
  const auto after = rig.run(rig.engine().exec_runs(result->id));
  REQUIRE(after);
  CHECK_FALSE(*after);
}

TEMPLATE_TEST_CASE("nothing is run in a container that does not run, is paused, or is not there", "[engine]", FakeRig,
                   DockerRig) {
  TestType rig;
  const std::string made = rig.create(rig.request("made"));
  const auto in_made = rig.run(rig.engine().exec(made, shell("true"), enough_ms));
  REQUIRE_FALSE(in_made);
  CHECK(in_made.error().code == Errc::conflict);
  const std::string paused = rig.up("paused");
  REQUIRE(rig.run(rig.engine().pause(paused)));
  const auto in_paused = rig.run(rig.engine().exec(paused, shell("true"), enough_ms));
  REQUIRE_FALSE(in_paused);
  CHECK(in_paused.error().code == Errc::conflict);
  REQUIRE(rig.run(rig.engine().unpause(paused)));
  const auto nowhere = rig.run(rig.engine().exec(std::string(64, 'e'), shell("true"), enough_ms));
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().code == Errc::not_found);
  const auto away = rig.run(rig.gone_engine().exec(paused, shell("true"), enough_ms));
  REQUIRE_FALSE(away);
  CHECK(away.error().code == Errc::unavailable);
}

TEST_CASE("a running container of real Docker has an address, and a program it lacks is no success", "[engine]") {
  DockerRig rig;
  const std::string id = rig.up("addressed");
  const std::string address = rig.inspect(id).address;
  CHECK(std::count(address.begin(), address.end(), '.') == 3);
  const auto missing = rig.run(rig.engine().exec(id, {"/no/such/program"}, enough_ms));
  CHECK((!missing || missing->exit_code.value_or(0) != 0));
  if (!missing) CHECK(missing.error().code == Errc::internal);
}

}  // namespace aura::contract
