// Events, logs and the memory of kills: the fake and real Docker alike.
#include "tests/contract/engine_rig.hpp"

#include <catch2/catch_template_test_macros.hpp>

#include <algorithm>

namespace aura::contract {
namespace {

// A stream of events being read; outlives the test's scope as the reading coroutine does.
struct Watch {
  bool connected = false;
  std::vector<ports::EngineEvent> events;
  std::optional<Error> ended;

  const ports::EngineEvent* find(const std::string& action, const std::string& id) const {
    const auto found = std::find_if(events.begin(), events.end(), [&](const auto& event) {
      return event.action == action && event.container_id == id;
    });
    return found == events.end() ? nullptr : &*found;
  }
};

boost::asio::awaitable<void> read(ports::ContainerEngine& engine, std::int64_t since_ns, std::shared_ptr<Watch> watch) {
  std::function<void()> connected = [watch] { watch->connected = true; };
  std::function<void(const ports::EngineEvent&)> take = [watch](const auto& event) { watch->events.push_back(event); };
  const auto ended = co_await engine.events(since_ns, std::move(connected), std::move(take));
  watch->ended = ended.error();
}

std::shared_ptr<Watch> watch(EngineRig& rig, std::int64_t since_ns = 0) {
  auto made = std::make_shared<Watch>();
  spawn(rig.context().get_executor(), "watch", read(rig.engine(), since_ns, made));
  REQUIRE(rig.run_until([&] { return made->connected || made->ended; }));
  REQUIRE(made->connected);
  return made;
}

std::string text_of_logs(EngineRig& rig, const std::string& id, int tail) {
  ports::ContainerEngine::LogRequest request;
  request.tail = tail;
  const auto text = std::make_shared<std::string>();
  REQUIRE(rig.run(rig.engine().logs(id, request, [text](std::string_view piece) {
    *text += piece;
    return true;
  })));
  return *text;
}

}  // namespace

TEMPLATE_TEST_CASE("events tell of create, start, and die with its exit code", "[engine]", FakeRig, DockerRig) {
  TestType rig;
  const auto seen = watch(rig);
  Program failing;
  failing.exits = 7;
  const std::string id = rig.create(rig.request("failing", failing));
  REQUIRE(rig.run(rig.engine().start(id)));
  REQUIRE(rig.run_until([&] { return seen->find("die", id) != nullptr; }));
  CHECK(seen->find("create", id) != nullptr);
  REQUIRE(seen->find("start", id) != nullptr);
  CHECK(seen->find("die", id)->exit_code == 7);
  CHECK(seen->find("die", id)->time_ns > seen->find("start", id)->time_ns);
}

TEMPLATE_TEST_CASE("events tell of pause, unpause, kill, stop and destroy", "[engine]", FakeRig, DockerRig) {
  TestType rig;
  const auto seen = watch(rig);
  const std::string id = rig.up("busy");
  REQUIRE(rig.run(rig.engine().pause(id)));
  REQUIRE(rig.run(rig.engine().unpause(id)));
  REQUIRE(rig.run(rig.engine().stop(id, 20)));
  REQUIRE(rig.run(rig.engine().remove(id)));
  REQUIRE(rig.run_until([&] { return seen->find("destroy", id) != nullptr; }));
  for (const char* action : {"pause", "unpause", "kill", "stop"}) {
    INFO(action);
    CHECK(rig.run_until([&] { return seen->find(action, id) != nullptr; }));
  }
  CHECK(seen->find("die", id)->exit_code == 143);
}

TEMPLATE_TEST_CASE("a stream from the past replays what the engine remembers", "[engine]", FakeRig, DockerRig) {
  TestType rig;
  const auto first = watch(rig);
  const std::string id = rig.up("replayed");
  REQUIRE(rig.run_until([&] { return first->find("start", id) != nullptr; }));
  const auto second = watch(rig, first->find("start", id)->time_ns);
  CHECK(rig.run_until([&] { return second->find("start", id) != nullptr; }));
}

TEMPLATE_TEST_CASE("a kill or stop is remembered for the instance it hit, not for the next", "[engine]", FakeRig,
                   DockerRig) {
  TestType rig;
  const std::string id = rig.up("asked");
  const auto first = rig.inspect(id).instance();
  CHECK(rig.run(rig.engine().kill_seen(first)).value().asked == false);
  REQUIRE(rig.run(rig.engine().stop(id, 20)));
  CHECK(rig.run(rig.engine().kill_seen(first)).value().asked == true);
  CHECK(rig.run(rig.engine().kill_seen(first)).value().signal == 15);
  CHECK_FALSE(rig.run(rig.engine().kill_seen(first)).value().sigkill);
  REQUIRE(rig.run(rig.engine().start(id)));
  CHECK(rig.run(rig.engine().kill_seen(rig.inspect(id).instance())).value().asked == false);
}

TEMPLATE_TEST_CASE("a container that ended by itself was not killed", "[engine]", FakeRig, DockerRig) {
  TestType rig;
  Program failing;
  failing.exits = 1;
  const std::string id = rig.up("crashed", failing);
  rig.wait_exited(id);
  CHECK(rig.inspect(id).exit_code == 1);
  CHECK(rig.run(rig.engine().kill_seen(rig.inspect(id).instance())).value().asked == false);
}

TEST_CASE("a registry that is not there makes a pull unavailable", "[engine]") {
  DockerRig rig;
  const std::string reference = "127.0.0.1:1/nothing:1";  // nobody listens on port 1
  const auto pulled = rig.run(rig.engine().pull({reference, ""}, [](const protocol::PullProgress&) {}));
  REQUIRE_FALSE(pulled);
  CHECK(pulled.error().code == Errc::unavailable);
}

TEMPLATE_TEST_CASE("logs give the last lines asked for", "[engine]", FakeRig, DockerRig) {
  TestType rig;
  Program talkative;
  talkative.prints = {"one", "two", "three"};
  talkative.exits = 0;
  const std::string id = rig.up("talkative", talkative);
  rig.wait_exited(id);
  CHECK(text_of_logs(rig, id, 2) == "two\nthree\n");
  CHECK(text_of_logs(rig, id, -1) == "ready\none\ntwo\nthree\n");
}

TEMPLATE_TEST_CASE("followed logs go on until the container ends", "[engine]", FakeRig, DockerRig) {
  TestType rig;
  const std::string id = rig.up("followed");
  struct Follow {
    std::string text;
    bool ended = false;
  };
  const auto follow = std::make_shared<Follow>();
  const auto reading = [](ports::ContainerEngine& engine, std::string of,
                          std::shared_ptr<Follow> to) -> boost::asio::awaitable<void> {
    ports::ContainerEngine::LogRequest request;
    request.follow = true;
    request.tail = -1;
    std::function<bool(std::string_view)> sink = [to](std::string_view piece) {
      to->text += piece;
      return true;
    };
    const auto read = co_await engine.logs(of, request, std::move(sink));
    to->ended = read.has_value();
  };
  spawn(rig.context().get_executor(), "follow", reading(rig.engine(), id, follow));
  REQUIRE(rig.run_until([&] { return follow->text == "ready\n"; }));
  CHECK_FALSE(follow->ended);
  REQUIRE(rig.run(rig.engine().stop(id, 20)));
  CHECK(rig.run_until([&] { return follow->ended; }));
}

}  // namespace aura::contract
