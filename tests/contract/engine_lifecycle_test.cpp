// What every container engine does with containers: the fake and real Docker alike.
#include "tests/contract/engine_rig.hpp"

#include <catch2/catch_template_test_macros.hpp>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>

namespace aura::contract {
namespace {

using reconcile::Phase;

const std::string unknown_id(64, 'e');

}  // namespace

TEMPLATE_TEST_CASE("a container is created, started, and stopped with the exit code of its stop signal", "[engine]",
                   FakeRig, DockerRig) {
  TestType rig;
  const auto wanted = rig.request("web");
  const std::string id = rig.create(wanted);
  CHECK(id.size() == 64);
  CHECK(rig.inspect(id).phase == Phase::created);
  REQUIRE(rig.run(rig.engine().start(id)));
  const auto running = rig.inspect(id);
  CHECK(running.phase == Phase::running);
  CHECK(running.name == wanted.name);
  CHECK(running.image == wanted.spec.image);
  CHECK(running.health == "none");
  const std::string other = rig.up("obedient");
  REQUIRE(rig.run(rig.engine().stop(other, 20)));
  const auto stopped = rig.inspect(other);
  CHECK(stopped.phase == Phase::exited);
  CHECK(stopped.exit_code == 143);
  CHECK_FALSE(stopped.oom_killed);
}

TEMPLATE_TEST_CASE("a container that ignores its stop signal is killed when the grace is over", "[engine]", FakeRig,
                   DockerRig) {
  TestType rig;
  Program stubborn;
  stubborn.ignores_stop = true;
  const std::string id = rig.up("stubborn", stubborn);
  REQUIRE(rig.run(rig.engine().stop(id, 1)));
  CHECK(rig.inspect(id).phase == Phase::exited);
  CHECK(rig.inspect(id).exit_code == 137);
}

TEMPLATE_TEST_CASE("starting what runs and stopping what has ended succeed and change nothing", "[engine]", FakeRig,
                   DockerRig) {
  TestType rig;
  const std::string id = rig.up("twice");
  const auto first = rig.inspect(id);
  REQUIRE(rig.run(rig.engine().start(id)));
  CHECK(rig.inspect(id).instance() == first.instance());
  REQUIRE(rig.run(rig.engine().stop(id, 20)));
  const auto ended = rig.inspect(id);
  REQUIRE(rig.run(rig.engine().stop(id, 20)));
  CHECK(rig.inspect(id) == ended);
}

TEMPLATE_TEST_CASE("a second start is another instance of the same container", "[engine]", FakeRig, DockerRig) {
  TestType rig;
  const std::string id = rig.up("again");
  const auto first = rig.inspect(id).instance();
  REQUIRE(rig.run(rig.engine().stop(id, 20)));
  REQUIRE(rig.run(rig.engine().start(id)));
  const auto second = rig.inspect(id).instance();
  CHECK(second.container_id == first.container_id);
  CHECK(second.started_at != first.started_at);
}

TEMPLATE_TEST_CASE("kill ends a container at once and refuses one that has ended", "[engine]", FakeRig, DockerRig) {
  TestType rig;
  Program stubborn;
  stubborn.ignores_stop = true;
  const std::string id = rig.up("killed", stubborn);
  REQUIRE(rig.run(rig.engine().kill(id, "SIGKILL")));
  rig.wait_exited(id);
  CHECK(rig.inspect(id).exit_code == 137);
  CHECK(rig.run(rig.engine().kill(id, "SIGKILL")).error().code == Errc::conflict);
}

TEMPLATE_TEST_CASE("a running container cannot be removed, an ended one can, a second time too", "[engine]", FakeRig,
                   DockerRig) {
  TestType rig;
  const std::string id = rig.up("removed");
  CHECK(rig.run(rig.engine().remove(id)).error().code == Errc::conflict);
  CHECK(rig.inspect(id).phase == Phase::running);
  REQUIRE(rig.run(rig.engine().stop(id, 20)));
  REQUIRE(rig.run(rig.engine().remove(id)));
  CHECK(rig.run(rig.engine().inspect(id)).error().code == Errc::not_found);
  CHECK(rig.run(rig.engine().remove(id)));
}

TEMPLATE_TEST_CASE("a name that is taken is a conflict", "[engine]", FakeRig, DockerRig) {
  TestType rig;
  const auto wanted = rig.request("named");
  rig.create(wanted);
  CHECK(rig.run(rig.engine().create(wanted)).error().code == Errc::conflict);
}

TEMPLATE_TEST_CASE("an image that is not there is not_found, at create and when asked for", "[engine]", FakeRig,
                   DockerRig) {
  TestType rig;
  auto wanted = rig.request("imageless");
  wanted.spec.image = "aura-contract/none:7";
  CHECK(rig.run(rig.engine().create(wanted)).error().code == Errc::not_found);
  CHECK(rig.run(rig.engine().image(wanted.spec.image)).error().code == Errc::not_found);
  const auto present = rig.run(rig.engine().image(rig.image()));
  REQUIRE(present);
  CHECK(present->id.starts_with("sha256:"));
  CHECK(present->digest.empty());
}

TEMPLATE_TEST_CASE("a listing tells labels, name and phase of every container", "[engine]", FakeRig, DockerRig) {
  TestType rig;
  const auto wanted = rig.request("listed");
  const std::string id = rig.create(wanted);
  CHECK(rig.inspect(id).labels == wanted.labels);
  const auto listed = rig.run(rig.engine().list());
  REQUIRE(listed);
  const auto found = std::find_if(listed->begin(), listed->end(), [&](const auto& one) { return one.id == id; });
  REQUIRE(found != listed->end());
  CHECK(found->labels == wanted.labels);
  CHECK(found->name == wanted.name);
  CHECK(found->image == wanted.spec.image);
  CHECK(found->phase == Phase::created);
  CHECK(found->writable_mounts.empty());
}

TEMPLATE_TEST_CASE("writable mounts are told, read-only ones are not", "[engine]", FakeRig, DockerRig) {
  TestType rig;
  auto wanted = rig.request("mounting");
  wanted.spec.mounts = {{"/var/tmp", "/data", false}, {"/usr", "/host-usr", true}};
  const std::string id = rig.create(wanted);
  const std::vector<std::string> writable = {"/var/tmp"};
  CHECK(rig.inspect(id).writable_mounts == writable);
}

TEMPLATE_TEST_CASE("a memory limit is changed while the container runs", "[engine]", FakeRig, DockerRig) {
  TestType rig;
  auto wanted = rig.request("limited");
  wanted.spec.resources.memory_bytes = 64 << 20;
  wanted.spec.resources.cpus = 0.5;
  wanted.spec.resources.pids = 100;
  const std::string id = rig.create(wanted);
  REQUIRE(rig.run(rig.engine().start(id)));
  CHECK(rig.inspect(id).resources == wanted.spec.resources);
  reconcile::Resources more = wanted.spec.resources;
  more.memory_bytes = 96 << 20;
  more.cpus = 1;
  const auto updated = rig.run(rig.engine().update(id, more));
  REQUIRE(updated);
  CHECK(rig.inspect(id).resources == more);
  reconcile::Resources no_cpu_limit = more;
  no_cpu_limit.cpus = 0;
  CHECK(rig.run(rig.engine().update(id, no_cpu_limit)).error().code == Errc::conflict);
  reconcile::Resources no_memory_limit = more;
  no_memory_limit.memory_bytes = 0;
  const auto lifted = rig.run(rig.engine().update(id, no_memory_limit));
  REQUIRE(lifted);
  CHECK(rig.inspect(id).resources == no_memory_limit);
}

TEMPLATE_TEST_CASE("pause and unpause can be asked twice; a paused container can be stopped", "[engine]", FakeRig,
                   DockerRig) {
  TestType rig;
  const std::string id = rig.up("paused");
  REQUIRE(rig.run(rig.engine().pause(id)));
  CHECK(rig.inspect(id).phase == Phase::paused);
  CHECK(rig.run(rig.engine().pause(id)));
  REQUIRE(rig.run(rig.engine().unpause(id)));
  CHECK(rig.inspect(id).phase == Phase::running);
  CHECK(rig.run(rig.engine().unpause(id)));
  REQUIRE(rig.run(rig.engine().pause(id)));
  REQUIRE(rig.run(rig.engine().stop(id, 20)));
  CHECK(rig.inspect(id).phase == Phase::exited);
  CHECK(rig.run(rig.engine().pause(id)).error().code == Errc::conflict);
}

TEMPLATE_TEST_CASE("a network is made once and containers start on it", "[engine]", FakeRig, DockerRig) {
  TestType rig;
  REQUIRE(rig.run(rig.engine().ensure_network({rig.network_name(), ""})));
  REQUIRE(rig.run(rig.engine().ensure_network({rig.network_name(), ""})));
  auto wanted = rig.request("networked");
  wanted.network = rig.network_name();
  const std::string id = rig.create(wanted);
  REQUIRE(rig.run(rig.engine().start(id)));
  CHECK(rig.inspect(id).phase == Phase::running);
}

TEST_CASE("a container finds another on the network by its workload name", "[engine]") {
  DockerRig rig;
  REQUIRE(rig.run(rig.engine().ensure_network({rig.network_name(), ""})));
  auto server = rig.request("server");
  server.network = rig.network_name();
  REQUIRE(rig.run(rig.engine().start(rig.create(server))));
  auto client = rig.request("client");
  client.network = rig.network_name();
  client.spec.command = {"/bin/ping", "-c", "1", "-W", "5", "server"};
  const std::string id = rig.create(client);
  REQUIRE(rig.run(rig.engine().start(id)));
  rig.wait_exited(id);
  CHECK(rig.inspect(id).exit_code == 0);
}

TEST_CASE("a second network comes before the start, again without harm, and takes the default route by its name",
          "[engine]") {
  DockerRig rig;
  const std::string bridge = "aurac" + std::to_string(getpid());
  const ports::Network second{rig.second_network_name(), bridge};
  REQUIRE(rig.run(rig.engine().ensure_network({rig.network_name(), ""})));
  REQUIRE(rig.run(rig.engine().ensure_network(second)));
  auto wanted = rig.request("both");
  wanted.network = rig.network_name();
  wanted.spec.command = {"/bin/sh", "-c", "ip route show default; exec sleep 60"};
  const std::string id = rig.create(wanted);
  REQUIRE(rig.run(rig.engine().connect(id, second.name)));
  REQUIRE(rig.run(rig.engine().connect(id, second.name)));
  REQUIRE(rig.run(rig.engine().start(id)));
  const auto network_of = [](const std::string& address) { return address.substr(0, address.rfind('.') + 1); };
  const auto route = std::make_shared<std::string>();
  ports::ContainerEngine::LogRequest follow;
  follow.follow = true;
  REQUIRE(rig.run(rig.engine().logs(id, follow, [route](std::string_view piece) {
    route->append(piece);
    return route->find('\n') == std::string::npos;
  })));
  // The address told is that of the first network by name.
  CHECK(route->find("default via " + network_of(rig.inspect(id).address)) != std::string::npos);
  CHECK(std::filesystem::exists("/sys/class/net/" + bridge));
}

TEMPLATE_TEST_CASE("an unknown container is not_found to every verb but remove", "[engine]", FakeRig, DockerRig) {
  TestType rig;
  CHECK(rig.run(rig.engine().inspect(unknown_id)).error().code == Errc::not_found);
  CHECK(rig.run(rig.engine().start(unknown_id)).error().code == Errc::not_found);
  CHECK(rig.run(rig.engine().stop(unknown_id, 1)).error().code == Errc::not_found);
  CHECK(rig.run(rig.engine().kill(unknown_id, "SIGTERM")).error().code == Errc::not_found);
  CHECK(rig.run(rig.engine().pause(unknown_id)).error().code == Errc::not_found);
  CHECK(rig.run(rig.engine().unpause(unknown_id)).error().code == Errc::not_found);
  CHECK(rig.run(rig.engine().update(unknown_id, {})).error().code == Errc::not_found);
  CHECK(rig.run(rig.engine().logs(unknown_id, {}, [](std::string_view) { return true; })).error().code ==
        Errc::not_found);
  CHECK(rig.run(rig.engine().connect(unknown_id, "bridge")).error().code == Errc::not_found);
  CHECK(rig.run(rig.engine().remove(unknown_id)));
}

TEMPLATE_TEST_CASE("an engine that is gone is unavailable to every verb", "[engine]", FakeRig, DockerRig) {
  TestType rig;
  auto& gone = rig.gone_engine();
  CHECK(rig.run(gone.ping()).error().code == Errc::unavailable);
  CHECK(rig.run(gone.list()).error().code == Errc::unavailable);
  CHECK(rig.run(gone.inspect(unknown_id)).error().code == Errc::unavailable);
  CHECK(rig.run(gone.start(unknown_id)).error().code == Errc::unavailable);
  CHECK(rig.run(gone.remove(unknown_id)).error().code == Errc::unavailable);
  CHECK(rig.run(gone.image("x:1")).error().code == Errc::unavailable);
  CHECK(rig.run(gone.pull({"x:1", ""}, [](const auto&) {})).error().code == Errc::unavailable);
  CHECK(rig.run(gone.connect(unknown_id, "x")).error().code == Errc::unavailable);
  CHECK(rig.run(gone.ensure_network({"x", ""})).error().code == Errc::unavailable);
  bool connected = false;
  const auto events = rig.run(gone.events(
      0, [&] { connected = true; }, [](const auto&) {}));
  CHECK(events.error().code == Errc::unavailable);
  CHECK_FALSE(connected);
}

TEST_CASE("a mount source that is not there is an error and is not made", "[engine]") {
  DockerRig rig;
  auto wanted = rig.request("mountless");
  wanted.spec.mounts = {{"/var/tmp/aura-contract-none", "/data", false}};
  const auto created = rig.run(rig.engine().create(wanted));
  REQUIRE_FALSE(created);
  CHECK(created.error().code == Errc::internal);
  CHECK(created.error().message.find("/var/tmp/aura-contract-none") != std::string::npos);
}

}  // namespace aura::contract
