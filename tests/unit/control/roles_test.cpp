#include "control/api/roles.hpp"
#include "common/tailnet/identity.hpp"
#include "control/api/access.hpp"
#include "control/api/tailnet_peers.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::control;

namespace {

tailnet::Identity laptop() {
  tailnet::Identity who;
  who.device.id = "nLaptop";
  who.device.name = "laptop.example.ts.net";
  who.device.addresses = {"100.64.0.7"};
  who.login = "alice@example.com";
  return who;
}

tailnet::Device self_device() {
  tailnet::Device self;
  self.id = "nSelf";
  return self;
}

Answer<Caller> judged(const tailnet::Identity& who, std::set<std::string>* unknown = nullptr) {
  std::set<std::string> words;
  auto caller = judge_peer(who, self_device(), default_capability, words);
  if (unknown != nullptr) *unknown = words;
  return caller;
}

Role role_by(std::vector<std::string> grants, std::set<std::string>* unknown = nullptr) {
  tailnet::Identity who = laptop();
  who.capabilities[default_capability] = std::move(grants);
  return judged(who, unknown)->granted.role;
}

}  // namespace

TEST_CASE("each role may do what those below it may, and the refusal names the one that is missing") {
  const auto allowed = [](Role role, Act act) { return !refuse({"operator:x", role}, act).has_value(); };
  for (const Act act :
       {Act::look, Act::command, Act::enroll_code, Act::approve, Act::refuse_claim, Act::reenroll, Act::decommission}) {
    CHECK_FALSE(allowed(Role::none, act));
    CHECK(allowed(Role::viewer, act) == (act == Act::look));
    CHECK(allowed(Role::operate, act) == (act != Act::reenroll && act != Act::decommission));
    CHECK(allowed(Role::admin, act));
  }
  const auto problem = refuse({"operator:x", Role::viewer}, Act::reenroll);
  REQUIRE(problem);
  CHECK(problem->status == 403);
  CHECK(problem->message.find("viewer") != std::string::npos);
  CHECK(problem->message.find("role admin") != std::string::npos);
  CHECK(act_of(protocol::Verb::decommission) == Act::decommission);
  CHECK(act_of(protocol::Verb::suspend) == Act::command);
}

TEST_CASE("several grants add up to the highest role, words that are none are ignored and named") {
  std::set<std::string> unknown;
  CHECK(role_by({R"({"roles":["viewer"]})"}) == Role::viewer);
  CHECK(role_by({R"({"roles":["viewer"]})", R"({"roles":["operator"]})"}) == Role::operate);
  CHECK(role_by({R"({"roles":["root","admin","none"]})"}, &unknown) == Role::admin);
  CHECK(unknown == std::set<std::string>{"none", "root"});
  CHECK(role_by({R"({"roles":"admin"})"}, &unknown) == Role::none);
  CHECK(unknown.size() == 1);
  CHECK(role_by({R"({"verbs":["admin"]})"}) == Role::none);
  CHECK(role_by({}) == Role::none);
}

TEST_CASE("an operator is a login, a tagged device its own name") {
  CHECK(judged(laptop())->granted.actor == "operator:alice@example.com");
  tailnet::Identity machine = laptop();
  machine.device.tags = {"tag:ci"};
  CHECK(judged(machine)->granted.actor == "operator:laptop");
  machine.login = "evil\n\x1b[31m";
  machine.device.tags.clear();
  CHECK(judged(machine)->granted.actor == "operator:evil??[31m");
}

TEST_CASE("a device that is shared in, expired or this one is refused whatever it is granted") {
  const auto refused = [](auto change) {
    tailnet::Identity who = laptop();
    who.capabilities[default_capability] = {R"({"roles":["admin"]})"};
    change(who.device);
    const auto caller = judged(who);
    return caller.has_error() && caller.error().status == 403;
  };
  CHECK_FALSE(refused([](tailnet::Device&) {}));
  CHECK(refused([](tailnet::Device& device) { device.shared = true; }));
  CHECK(refused([](tailnet::Device& device) { device.expired = true; }));
  CHECK(refused([](tailnet::Device& device) { device.id = "nSelf"; }));
  CHECK(refused([](tailnet::Device& device) { device.id.clear(); }));
}

TEST_CASE("a token has the role of its line, admin where it names none") {
  const std::string token(40, 'a');
  CHECK(parse_tokens(token + "\n")->front().role == Role::admin);
  CHECK(parse_tokens(token + " bob viewer\n")->front().role == Role::viewer);
  CHECK(parse_tokens(token + " bob operator\n")->front().role == Role::operate);
  CHECK(parse_tokens(token + " bob boss\n").has_error());
  CHECK(parse_tokens(token + " bob viewer more\n").has_error());
}

TEST_CASE("a device may ask a hundred times at once, and what does not come over the tailnet as often as it likes") {
  boost::asio::io_context context;
  http::Client client(context);
  tailnet::Watch watch(context, client, "/nowhere");
  TailnetPeers peers(watch, {});
  const http::Peer peer{.address = "100.64.0.9"};
  Caller device;
  device.sender.device = "nA";
  int served = 0;
  for (int i = 0; i < 200; ++i) served += peers.in_time(peer, device) ? 1 : 0;
  CHECK(served >= 100);
  CHECK(served < 200);
  device.sender.device = "nB";
  CHECK(peers.in_time(peer, device));
  for (int i = 0; i < 200; ++i) REQUIRE(peers.in_time(peer, Caller{}));
  int answered = 0;
  for (int i = 0; i < 200; ++i) answered += peers.in_time(peer, Problem{403, "peer_refused", "expired"}) ? 1 : 0;
  CHECK(answered < 200);
}
