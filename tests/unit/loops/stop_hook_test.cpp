// The stop hook on the real loops: what is asked where, what is broken off, what is told.
#include "agent/loops/probe_target.hpp"
#include "tests/unit/loops/node.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::testing;
using Kind = ports::HookAnswer::Kind;
using protocol::Verb;
using protocol::WorkloadWord;

namespace {

reconcile::WorkloadSpec hooked() {
  reconcile::WorkloadSpec spec = app();
  spec.stop.grace_s = 60;
  spec.stop.hook = reconcile::StopHook{.http_post = "http://127.0.0.1:18789/rpc", .bearer = "token"};
  return spec;
}

struct Scene : EmptyWorld {
  Node node{folder, io, clock, engine};

  Scene() {
    node.host.credentials["token"] = "very-secret-token";
    node.declare("web", hooked());
    node.supervise();
    clock.advance(1'000);
    REQUIRE(node.word("web") == WorkloadWord::running);
  }
  void stop(const std::string& id, bool force = false) {
    auto order = make_command(Verb::stop, "workload:web", id);
    order.force = force;
    node.command(order);
    clock.run_until_idle();
  }
  bool settled(const std::string& id) const { return node.state().settled.contains(id); }
};

}  // namespace

TEST_CASE("a stop asks the container with the credential and what is known of the stop") {
  Scene scene;
  scene.stop("c1");
  scene.clock.advance(1'000);
  REQUIRE(scene.node.hooks.asked.size() == 1);
  const auto& asked = scene.node.hooks.asked.front();
  CHECK(asked.bearer == "very-secret-token");
  CHECK(asked.host == "127.0.0.1:18789");
  CHECK(asked.body == R"({"id":"c1","workload":"web","cause":"command","grace_s":60})");
  CHECK(asked.timeout_ms == 20'000);
  REQUIRE(scene.settled("c1"));
  CHECK(scene.node.state().settled.at("c1").outcome.evidence.at(0).hook == "ready");
}

TEST_CASE("what a hook says is made harmless: a secret in it is masked") {
  Scene scene;
  scene.node.hooks.answers = {{Kind::failed, 0, "answered 500 to very-secret-token\x1b[2J\nmore"}};
  scene.stop("c1");
  scene.clock.advance(1'000);
  REQUIRE(scene.settled("c1"));
  CHECK(scene.node.state().settled.at("c1").outcome.evidence.at(0).hook == "answered 500 to ***\\x1b[2J");
}

TEST_CASE("a secret that the end of what is shown would go through is masked whole") {
  Scene scene;
  scene.node.hooks.answers = {{Kind::failed, 0, std::string(190, 'p') + "very-secret-token" + std::string(500, 'q')}};
  scene.stop("c1");
  scene.clock.advance(1'000);
  REQUIRE(scene.settled("c1"));
  const std::string hook = scene.node.state().settled.at("c1").outcome.evidence.at(0).hook;
  CHECK(hook.find("very") == std::string::npos);
  CHECK(hook.size() <= 203);
}

TEST_CASE("a hook without its credential has failed, and the workload is stopped") {
  Scene scene;
  scene.node.host.credentials.clear();
  scene.stop("c1");
  scene.clock.advance(1'000);
  CHECK(scene.node.hooks.asked.empty());
  REQUIRE(scene.settled("c1"));
  CHECK(scene.node.state().settled.at("c1").outcome.evidence.at(0).hook.starts_with("has no credential"));
}

TEST_CASE("force breaks off a hook that hangs: nobody waits for its deadline") {
  Scene scene;
  scene.node.hooks.takes_ms = 3'600'000;
  scene.stop("c1");
  scene.clock.advance(2'000);
  CHECK_FALSE(scene.settled("c1"));
  scene.stop("c2", true);
  scene.clock.advance(1'000);
  CHECK(scene.settled("c2"));
  CHECK(scene.node.hooks.answered == 0);
}

TEST_CASE("a container that ends while its hook is asked ends the question") {
  Scene scene;
  scene.node.hooks.takes_ms = 3'600'000;
  scene.stop("c1");
  scene.clock.advance(2'000);
  scene.engine.crash(scene.engine.ids_of("web").front(), 0);
  scene.clock.advance(1'000);
  CHECK(scene.settled("c1"));
  CHECK(scene.node.hooks.answered == 0);
}

TEST_CASE("a hook that hangs costs its deadline, and another workload's stop nothing") {
  Scene scene;
  scene.node.declare("other", app());
  scene.clock.advance(2'000);
  scene.node.hooks.takes_ms = 3'600'000;
  scene.stop("c1");
  scene.node.command(make_command(Verb::stop, "workload:other", "c2"));
  scene.clock.advance(1'000);
  CHECK(scene.settled("c2"));
  CHECK_FALSE(scene.settled("c1"));
  scene.clock.advance(20'000);
  REQUIRE(scene.settled("c1"));
  CHECK(scene.node.state().settled.at("c1").outcome.evidence.at(0).hook == "gave no answer");
}

TEST_CASE("a hook reaches the container's own address, and the id stands where {id} does") {
  reconcile::action::AskHook asked;
  asked.hook = *hooked().stop.hook;
  asked.ports = {{"127.0.0.1", 18789, 8080, "tcp"}};
  asked.hook.body = R"({"method":"suspend","params":{"requestId":"{id}"},"again":"{id}"})";
  asked.workload = "web";
  asked.id = "c1";
  asked.address = "172.18.0.2";
  const auto question = loops::hook_question_of(asked);
  CHECK(question.url == "http://172.18.0.2:8080/rpc");
  CHECK(question.body == R"({"method":"suspend","params":{"requestId":"c1"},"again":"c1"})");
  asked.hook = reconcile::StopHook{.exec = {"drain", "--for={id}"}};
  CHECK(loops::hook_question_of(asked).exec == std::vector<std::string>{"drain", "--for=c1"});
}
