// Applying a set: images first, replaced in order, proven, or all back on what ran before.
#include "tests/support/model_world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace aura;
using namespace aura::reconcile;
using namespace aura::testing;
using protocol::OutcomeKind;
using protocol::Verb;

namespace {

using Specs = std::map<std::string, WorkloadSpec>;

constexpr std::int64_t settled_ms = 3'100;

WorkloadSpec probed(const std::string& image) {
  WorkloadSpec spec = simple_spec(image);
  Probe probe{.http = "http://127.0.0.1:80/"};
  probe.start_grace_s = 30;
  spec.readiness = probe;
  return spec;
}

Specs crew(const std::string& version) {
  Specs specs{{"db", probed("db:" + version)}, {"web", probed("web:" + version)}};
  specs["web"].depends_on["db"] = DependencyNeed::healthy;
  return specs;
}

struct Scene {
  ModelDocker docker;
  ModelAgent agent;
  int sent = 0;

  Scene() { docker.images = {"web:1", "db:1"}; }

  Acceptance apply(const Specs& specs, const std::string& refusal = "", bool dry_run = false,
                   bool allow_removal = false) {
    Applied applied;
    applied.refusal = refusal;
    auto order = command("a" + std::to_string(++sent), Verb::apply);
    order.args.dry_run = dry_run;
    order.args.allow_removal = allow_removal;
    for (const auto& [name, spec] : specs) {
      const std::string hash = "v1:" + spec.image + "/" + std::to_string(spec.env.size());
      applied.declarations[name] = Declaration{name, Source::applied, spec, hash};
      order.args.workloads[name] = "{\"image\":\"" + spec.image + "\",\"env\":{\"A\":\"secret\"}}";
    }
    return agent.deliver(order, Origin::control, &applied);
  }
  // Until nothing is left to do, and what must run for a while has.
  void settle() {
    agent.settle(docker);
    agent.pass_time(settled_ms);
    agent.settle(docker);
  }
  std::string running(const std::string& name) const {
    std::string id;
    for (const auto& [each, container] : docker.containers) {
      if (container.labels.workload == name && container.phase == Phase::running) id = each;
    }
    return id;
  }
  std::string image(const std::string& name) const {
    const std::string id = running(name);
    return id.empty() ? "" : docker.containers.at(id).image;
  }
  const protocol::Outcome& outcome() const {
    const auto* found = agent.outcome("a" + std::to_string(sent));
    REQUIRE(found != nullptr);
    return *found;
  }
  bool open() const { return agent.state.open.contains("a" + std::to_string(sent)); }
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("an applied set is pulled, started in order and reported done once it has shown itself healthy") {
  Scene scene;
  scene.docker.images.clear();
  scene.docker.unready = {"db"};
  scene.apply(crew("1"));
  scene.agent.settle(scene.docker);
  CHECK(scene.docker.images.contains("web:1"));
  CHECK(scene.image("db") == "db:1");
  CHECK(scene.running("web").empty());
  CHECK(scene.open());
  scene.docker.unready.clear();
  scene.settle();
  CHECK(scene.outcome().kind == OutcomeKind::succeeded);
  CHECK(scene.image("web") == "web:1");
  CHECK(scene.agent.state.workloads.at("web").declared.source == Source::applied);
  REQUIRE(scene.outcome().evidence.size() == 2);
  CHECK(scene.outcome().evidence[1].container_id == scene.running("web"));
}

TEST_CASE("a set without more than one that is applied, or without the last, is refused unless that is meant") {
  Scene scene;
  Specs three = crew("1");
  three["extra"] = simple_spec("web:1");
  scene.apply(three);
  scene.settle();
  const std::string web = scene.running("web");
  const Specs none;
  CHECK(scene.apply(none).code == "removal_held");
  CHECK(scene.apply(Specs{{"extra", three["extra"]}}).code == "removal_held");
  scene.settle();
  CHECK(scene.running("web") == web);
  scene.apply(crew("1"));
  scene.settle();
  CHECK(scene.outcome().kind == OutcomeKind::succeeded);
  CHECK(contains(scene.outcome().detail, "1 were stopped"));
  CHECK(scene.apply(none, "", true).code.empty());
  scene.settle();
  CHECK(scene.apply(none, "", false, true).code.empty());
  scene.settle();
  CHECK(scene.docker.running().empty());
}

TEST_CASE("an image that cannot be had changes nothing, and the outcome says so") {
  Scene scene;
  scene.apply(crew("1"));
  scene.settle();
  const std::string web = scene.running("web");
  Specs specs = crew("2");
  specs["db"].image = "missing:1";
  scene.apply(specs);
  scene.settle();
  CHECK(scene.outcome().kind == OutcomeKind::failed);
  CHECK(scene.outcome().code == "image_unavailable");
  CHECK(contains(scene.outcome().detail, "Nothing was changed"));
  CHECK(scene.running("web") == web);
  CHECK(scene.docker.starts.at(web) == 1);
  CHECK(scene.agent.state.workloads.at("web").declared.spec.image == "web:1");
}

TEST_CASE("a dependant keeps running its old container until what it depends on is proven") {
  Scene scene;
  scene.apply(crew("1"));
  scene.settle();
  const std::string old_web = scene.running("web"), old_db = scene.running("db");
  scene.docker.unready = {"db"};
  scene.apply(crew("2"));
  scene.agent.settle(scene.docker);
  CHECK(scene.image("db") == "db:2");
  CHECK(scene.running("web") == old_web);
  CHECK(scene.docker.containers.contains(old_db));  // kept until all is proven
  scene.docker.unready.clear();
  scene.settle();
  CHECK(scene.outcome().kind == OutcomeKind::succeeded);
  CHECK(scene.image("web") == "web:2");
  CHECK_FALSE(scene.docker.containers.contains(old_db));
  CHECK_FALSE(scene.docker.containers.contains(old_web));
}

TEST_CASE("one that does not show itself healthy in its grace sends all back: the same containers, and why") {
  Scene scene;
  scene.apply(crew("1"));
  scene.settle();
  const std::string old_web = scene.running("web"), old_db = scene.running("db");
  scene.docker.unready = {"web"};
  Specs specs = crew("2");
  specs["extra"] = simple_spec("extra:2");
  scene.apply(specs);
  scene.settle();
  CHECK(scene.image("web") == "web:2");
  CHECK(scene.image("extra") == "extra:2");
  scene.agent.pass_time(31'000);
  scene.agent.settle(scene.docker);
  scene.docker.unready.clear();
  scene.settle();
  CHECK(scene.outcome().kind == OutcomeKind::failed);
  CHECK(scene.outcome().code == "rolled_back");
  CHECK(contains(scene.outcome().detail, "web: it did not show itself healthy within 30 s"));
  CHECK(contains(scene.outcome().detail, "the probe answered 503"));
  CHECK(scene.running("web") == old_web);
  CHECK(scene.running("db") == old_db);
  CHECK_FALSE(scene.agent.state.workloads.contains("extra"));
  CHECK(scene.docker.containers.size() == 2);
  CHECK(scene.agent.events("apply_undone") == 1);
}

TEST_CASE("one without probes that ends at once sends all back, and what was taken out of the set is back as well") {
  Scene scene;
  Specs specs{{"web", simple_spec()}, {"old", simple_spec()}};
  scene.apply(specs);
  scene.settle();
  const std::string web = scene.running("web"), old = scene.running("old");
  scene.apply({{"web", simple_spec("web:2")}});
  scene.agent.settle(scene.docker);
  CHECK(scene.running("old").empty());
  CHECK(scene.open());  // it must run for a while first
  scene.docker.exit(scene.running("web"), 1);
  scene.settle();
  CHECK(scene.outcome().code == "rolled_back");
  CHECK(contains(scene.outcome().detail, "exit code 1"));
  CHECK(scene.running("web") == web);
  CHECK(scene.running("old") == old);
}

TEST_CASE("an agent that dies at any step of an apply carries it through, forwards and backwards") {
  for (const bool good : {true, false}) {
    Scene scene;
    scene.apply(crew("1"));
    scene.settle();
    const std::string old_web = scene.running("web");
    if (!good) scene.docker.unready = {"web"};
    scene.apply(crew("2"));
    for (int round = 0; round < 80; ++round) {
      scene.agent.think(scene.docker);
      const auto actions = scene.agent.plan.actions;
      if (!actions.empty()) scene.agent.perform(scene.docker, actions.front());
      scene.agent.die_and_return();
      scene.agent.pass_time(1'000);
    }
    CHECK(scene.outcome().kind == (good ? OutcomeKind::succeeded : OutcomeKind::failed));
    CHECK(scene.image("web") == (good ? "web:2" : "web:1"));
    CHECK((scene.running("web") == old_web) == !good);
    CHECK(scene.docker.running().size() == 2);
  }
}

TEST_CASE("a suspended node stores what is applied, fetches and starts nothing, and runs it when it is resumed") {
  Scene scene;
  scene.apply(crew("1"));
  scene.settle();
  scene.agent.deliver(command("s1", Verb::suspend, "node", 1));
  scene.agent.settle(scene.docker);
  scene.apply(crew("2"));
  scene.settle();
  CHECK(scene.outcome().kind == OutcomeKind::succeeded);
  CHECK(scene.outcome().detail == "Stored; the node is suspended, nothing is started.");
  CHECK(scene.docker.running().empty());
  CHECK_FALSE(scene.docker.images.contains("web:2"));
  scene.agent.deliver(command("r1", Verb::resume, "node", 2));
  scene.settle();
  CHECK(scene.image("web") == "web:2");
}

TEST_CASE("a change to limits alone keeps the container and is done when Docker has them") {
  Scene scene;
  scene.apply({{"web", simple_spec()}});
  scene.settle();
  const std::string web = scene.running("web");
  scene.docker.containers.at(web).resources = Resources{};
  WorkloadSpec more = simple_spec();
  more.resources.memory_bytes = 64 << 20;
  scene.apply({{"web", more}});
  scene.agent.settle(scene.docker);
  CHECK(scene.outcome().kind == OutcomeKind::succeeded);
  CHECK(scene.running("web") == web);
  CHECK(scene.docker.starts.at(web) == 1);
  CHECK(scene.docker.containers.at(web).resources->memory_bytes == 64 << 20);
}

TEST_CASE("a cancelled apply goes back to what ran before") {
  Scene scene;
  scene.apply(crew("1"));
  scene.settle();
  const std::string old_web = scene.running("web"), old_db = scene.running("db");
  scene.docker.unready = {"db"};
  scene.apply(crew("2"));
  scene.agent.settle(scene.docker);
  scene.agent.deliver(command("c1", Verb::cancel, "command:a2"));
  scene.docker.unready.clear();
  scene.settle();
  CHECK(scene.agent.outcome("c1")->kind == OutcomeKind::succeeded);
  CHECK(scene.outcome().kind == OutcomeKind::cancelled);
  CHECK(scene.running("db") == old_db);
  CHECK(scene.running("web") == old_web);
  CHECK(scene.docker.starts.at(old_web) == 1);  // its turn had not come
}

TEST_CASE("what cannot be applied is refused: bad specs, a name that a file has, a second apply at a time") {
  Scene scene;
  const auto bad = scene.apply(crew("1"), "web: image: is missing");
  CHECK(bad.kind == Acceptance::Kind::refused);
  CHECK(bad.message == "web: image: is missing");
  scene.agent.declare("web", simple_spec());
  const auto clash = scene.apply(crew("1"));
  CHECK(clash.kind == Acceptance::Kind::refused);
  CHECK(contains(clash.message, "declared by a file"));
  CHECK(scene.apply({{"db", simple_spec("db:1")}}).kind == Acceptance::Kind::accepted);
  CHECK(scene.apply({}).kind == Acceptance::Kind::deferred);
}

TEST_CASE(
    "of the specs only digests are kept with the command; it is known again, and another set under its id is not") {
  Scene scene;
  CHECK(scene.apply(crew("1")).kind == Acceptance::Kind::accepted);
  CHECK(contains(scene.agent.state.open.at("a1").command.args.workloads.at("web"), "sha256"));
  scene.sent = 0;
  CHECK(scene.apply(crew("1")).kind == Acceptance::Kind::known);
  scene.sent = 0;
  CHECK(scene.apply(crew("2")).kind == Acceptance::Kind::id_reused);
}

TEST_CASE("a dry run that an earlier life of the agent took is never carried out") {
  Scene scene;
  scene.apply(crew("1"), "", true);
  scene.agent.die_and_return();
  scene.settle();
  CHECK(scene.outcome().kind == OutcomeKind::failed);
  CHECK(scene.outcome().code == "interrupted");
  CHECK(scene.docker.containers.empty());
  CHECK_FALSE(scene.agent.state.workloads.contains("web"));
}

TEST_CASE("what stays as it is in the set is not touched") {
  Scene scene;
  scene.apply(crew("1"));
  scene.settle();
  const std::string db = scene.running("db");
  Specs specs = crew("1");
  specs["web"] = crew("2")["web"];
  scene.apply(specs);
  scene.settle();
  CHECK(scene.outcome().kind == OutcomeKind::succeeded);
  CHECK(scene.image("web") == "web:2");
  CHECK(scene.running("db") == db);
  CHECK(scene.docker.starts.at(db) == 1);
  scene.apply(specs);
  scene.settle();
  CHECK(scene.outcome().detail == "Nothing differs from what is declared.");
}
