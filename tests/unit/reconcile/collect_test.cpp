// Which images may go.
#include "agent/reconcile/collect.hpp"
#include "tests/support/model_world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::reconcile;
using namespace aura::testing;

namespace {

constexpr std::int64_t day_ms = 24LL * 3600 * 1000;

struct Scene {
  ModelAgent agent;
  void pull(const std::string& image, const std::string& digest = "sha256:1") {
    agent.record(record::ImagePresent{image, digest, true});
  }
  void look() {
    for (auto& use : image_uses(agent.state, agent.now)) agent.record(use.body);
  }
  std::vector<std::string> may_go(int disk_percent = 10) const {
    std::vector<std::string> images;
    for (const auto& one : collectable(agent.state, {}, disk_percent, agent.now)) images.push_back(one.image);
    return images;
  }
};

using Images = std::vector<std::string>;

}  // namespace

TEST_CASE("an image that nothing needs goes after a week, or at once where the disk is too full") {
  Scene scene;
  scene.pull("old:1");
  scene.pull("web:1");
  scene.agent.declare("web", simple_spec());
  scene.look();
  CHECK(scene.may_go().empty());
  CHECK(scene.may_go(85).empty());
  CHECK(scene.may_go(86) == Images{"old:1"});
  scene.agent.pass_time(7 * day_ms - 1);
  CHECK(scene.may_go().empty());
  scene.agent.pass_time(1);
  CHECK(scene.may_go() == Images{"old:1"});
}

TEST_CASE("what somebody else pulled is none of ours, whatever the disk says") {
  Scene scene;
  scene.agent.record(record::ImagePresent{"theirs:1", "sha256:1", false});
  scene.look();
  scene.agent.pass_time(30 * day_ms);
  CHECK(scene.may_go(99).empty());
}

TEST_CASE("two spellings of one image are one") {
  Scene scene;
  scene.pull("docker.io/library/web:latest");
  scene.agent.declare("web", simple_spec("web"));
  scene.look();
  CHECK(scene.may_go(99).empty());
}

TEST_CASE("an image of a withdrawn workload stays as long as its container, and use begins the week anew") {
  Scene scene;
  scene.pull("web:1");
  scene.agent.declare("web", simple_spec());
  scene.look();
  scene.agent.record(record::Withdrawn{"web"});
  scene.look();
  scene.agent.pass_time(30 * day_ms);
  CHECK(scene.may_go(99).empty());
  scene.agent.record(record::Forgotten{"web"});
  scene.look();
  CHECK(scene.may_go(99) == Images{"web:1"});
  scene.agent.declare("web", simple_spec());
  CHECK(scene.may_go(99).empty());
  scene.look();
  CHECK_FALSE(scene.agent.state.images.at("web:1").unused_since);
}

TEST_CASE("an apply keeps the images that it wants and those it may go back to") {
  Scene scene;
  scene.pull("web:1");
  scene.pull("web:2");
  Applied applied;
  applied.declarations["web"] = Declaration{"web", Source::applied, simple_spec("web:1"), "v1:1"};
  scene.agent.deliver(command("a1", protocol::Verb::apply), Origin::control, &applied);
  scene.agent.record(record::ApplyDeclared{"a1"});
  scene.agent.record(record::Settled{"a1", protocol::Outcome{.command_id = "a1"}});
  applied.declarations["web"] = Declaration{"web", Source::applied, simple_spec("web:2"), "v1:2"};
  scene.agent.deliver(command("a2", protocol::Verb::apply), Origin::control, &applied);
  scene.look();
  CHECK(scene.may_go(99).empty());
  scene.agent.record(record::ApplyDeclared{"a2"});
  scene.look();
  CHECK(scene.may_go(99).empty());
  scene.agent.record(record::Settled{"a2", protocol::Outcome{.command_id = "a2"}});
  scene.look();
  CHECK(scene.may_go(99) == Images{"web:1"});
}

TEST_CASE("what a tag stood for before it moved is unused from then on; time switched off counts as none") {
  Scene scene;
  scene.pull("r.example:5000/web:1", "sha256:a");
  WorkloadSpec spec = simple_spec("r.example:5000/web:1");
  scene.agent.declare("web", spec);
  scene.pull("r.example:5000/web:1", "sha256:b");
  scene.look();
  CHECK(scene.may_go(99) == Images{"r.example:5000/web@sha256:a"});
  ModelDocker docker;
  scene.agent.pass_time(6 * day_ms);
  scene.agent.record(record::FreshWaitOver{});
  scene.agent.reboot(docker);
  CHECK(scene.may_go().empty());
  scene.agent.pass_time(1 * day_ms);
  CHECK(scene.may_go() == Images{"r.example:5000/web@sha256:a"});
  scene.agent.record(record::ImageGone{"r.example:5000/web@sha256:a", "it was old."});
  CHECK(scene.may_go(99).empty());
  CHECK(scene.agent.events("image_collected") == 1);
}
