#include "agent/api/tailnet_access.hpp"
#include "tests/support/scripted_tailscaled.hpp"
#include "tests/unit/http/support.hpp"

#include <vector>

using namespace aura;
using namespace aura::api;
using http::test::run;
using http::test::run_until;
using test::PeerWords;
namespace asio = boost::asio;

namespace {

constexpr const char* capability = "aura.dev/cap/node";

http::Peer peer_at(const std::string& address, std::uint16_t port = 40'000) {
  http::Peer peer;
  peer.address = address;
  peer.port = port;
  return peer;
}

std::string grant(const std::string& verbs) { return R"({"aura.dev/cap/node":[{"verbs":)" + verbs + "}]}"; }

struct Node {
  explicit Node(PeerWords peer = {}) { set(std::move(peer)); }
  void set(const PeerWords& peer) { tailscaled.whois["100.64.0.9"] = test::whois_body(peer); }
  void begin() {
    watch.start();
    REQUIRE(run_until(context,
                      [this] { return tailscaled.watchers > 0 && watch.status().state != tailnet::State::unknown; }));
  }
  Recognised who(const std::string& address = "100.64.0.9", std::uint16_t port = 40'000) {
    return run(context, access.recognise(peer_at(address, port)));
  }

  asio::io_context context;
  test::ScriptedTailscaled tailscaled{context};
  http::Client client{context};
  tailnet::Watch watch{context, client, tailscaled.socket()};
  std::vector<reconcile::record::Noted> notes;
  TailnetAccess access{watch, {capability, {"tag:ops"}, {"tag:aura-control"}}, [this](reconcile::record::Noted noted) {
                         notes.push_back(std::move(noted));
                       }};
};

PeerWords granted(const std::string& capabilities) {
  PeerWords peer;
  peer.capabilities = capabilities;
  return peer;
}

}  // namespace

TEST_CASE("a peer may do exactly the verbs of its grants together") {
  Node node(granted(R"({"aura.dev/cap/node":[{"verbs":["read"]},{"verbs":["stop"]}]})"));
  node.begin();
  const Recognised who = node.who();
  REQUIRE(who.caller);
  CHECK(who.caller->may("read"));
  CHECK(who.caller->may("stop"));
  CHECK_FALSE(who.caller->may("start"));
  CHECK_FALSE(who.caller->may("logs"));
  CHECK(who.caller->origin == reconcile::Origin::peer);
  CHECK(who.caller->actor == "tailnet:anna@example.com");
}

TEST_CASE("a peer without a grant is known and may do nothing") {
  Node node;
  node.begin();
  const Recognised who = node.who();
  REQUIRE(who.caller);
  CHECK_FALSE(who.caller->may("read"));
}

TEST_CASE("a tag of allow_tags may do everything, where the tailnet has no grants") {
  PeerWords peer;
  peer.tags = {"tag:ops"};
  Node node(peer);
  node.begin();
  CHECK(node.who().caller.value().may("power_off"));
  CHECK(node.who().caller->actor == "tailnet:peer");
}

TEST_CASE("a control plane's tag says who orders, and gives no verb by itself") {
  PeerWords peer = granted(grant(R"(["stop"])"));
  peer.tags = {"tag:aura-control"};
  Node node(peer);
  node.begin();
  const Recognised who = node.who();
  CHECK(who.caller.value().origin == reconcile::Origin::control);
  CHECK(who.caller->may("stop"));
  CHECK_FALSE(who.caller->may("start"));
}

TEST_CASE("a shared-in, an expired, an unknown device and the node itself are refused") {
  Node node;
  node.begin();
  PeerWords peer = granted(grant(R"(["read"])"));
  for (const char* more : {R"(,"Sharer":12)", R"(,"Expired":true)"}) {
    CAPTURE(more);
    peer.more = more;
    node.set(peer);
    const auto before = node.watch.changes();
    node.tailscaled.tell_change();
    REQUIRE(run_until(node.context, [&] { return node.watch.changes() != before; }));
    CHECK_FALSE(node.who().caller);
    CHECK(node.who().status == 403);
  }
  CHECK_FALSE(node.who("100.64.0.77").caller);
  PeerWords self;
  self.id = "nSelf";
  node.tailscaled.whois["100.64.0.2"] = test::whois_body(self);
  CHECK_FALSE(node.who("100.64.0.2").caller);
  CHECK_FALSE(node.who("10.0.0.7").caller);
  CHECK_FALSE(node.who("10.0.0.7").health);
}

TEST_CASE("while tailscaled does not answer, nobody is let in, and it is said to be a passing trouble") {
  Node node(granted(grant(R"(["read"])")));
  node.begin();
  node.tailscaled.fails_with = 500;
  const auto before = node.watch.changes();
  node.tailscaled.end_streams();
  REQUIRE(run_until(node.context, [&] { return node.watch.changes() != before; }));
  CHECK_FALSE(node.who().caller);
  CHECK(node.who().status == 503);
}

TEST_CASE("a loopback connection is served health alone, unless the tailnet brought it here in userspace mode") {
  Node node;
  node.tailscaled.whois["127.0.0.1:40000"] = test::whois_body(granted(grant(R"(["read"])")));
  node.begin();
  CHECK_FALSE(node.who("127.0.0.1").caller);
  CHECK(node.who("127.0.0.1").health);
  node.tailscaled.status = test::status_body("Running", {}, false);
  node.tailscaled.tell_change();
  REQUIRE(run_until(node.context, [&] { return !node.watch.status().tun; }));
  CHECK(node.who("127.0.0.1", 40'000).caller.value().may("read"));
  CHECK_FALSE(node.who("127.0.0.1", 40'001).caller);
}

TEST_CASE("verbs that are not known are ignored and told once") {
  Node node(granted(grant(R"(["read","fly"])")));
  node.begin();
  for (int i = 0; i < 3; ++i) CHECK(node.who().caller.value().verbs == std::set<std::string, std::less<>>{"read"});
  REQUIRE(node.notes.size() == 1);
  CHECK(node.notes.front().kind == "grant_not_understood");
  CHECK(node.notes.front().text.find("fly") != std::string::npos);
}

TEST_CASE("a refusal is told once for a peer, and of many peers at most a handful at a time") {
  Node node;
  node.begin();
  const Recognised who = node.who();
  for (int i = 0; i < 5; ++i) node.access.tell_refused(peer_at("100.64.0.9"), who, "the verb \"stop\"");
  REQUIRE(node.notes.size() == 1);
  CHECK(node.notes.front().kind == "peer_refused");
  CHECK(node.notes.front().text.find("\"stop\"") != std::string::npos);
  for (int i = 0; i < 200; ++i) {
    node.access.tell_refused(peer_at("100.64.1." + std::to_string(i)), Recognised{}, "GET /v1/status");
  }
  CHECK(node.notes.size() <= 10);
}

TEST_CASE("a peer is held to a hundred requests a second, another one is not") {
  Node node;
  node.begin();
  const Recognised who = node.who();
  Recognised other = who;
  other.caller->id = "nOther";
  int taken = 0;
  for (int i = 0; i < 500; ++i) taken += node.access.in_time(peer_at("100.64.0.9"), who) ? 1 : 0;
  CHECK(taken >= 100);
  CHECK(taken < 200);
  CHECK(node.access.in_time(peer_at("100.64.0.8"), other));
}

TEST_CASE("connections count by device, and only one with a grant may have the reserve") {
  Node node;
  node.begin();
  const auto stranger = run(node.context, node.access.admit(peer_at("100.64.0.9")));
  CHECK(stranger.value().key == "nPeer");
  CHECK_FALSE(stranger->may_reserved);
  node.tailscaled.whois["100.64.0.8"] = test::whois_body(granted(grant(R"(["stop"])")));
  CHECK(run(node.context, node.access.admit(peer_at("100.64.0.8"))).value().may_reserved);
}

TEST_CASE("own names are the device's, whole and short, and its addresses") {
  Node node;
  node.begin();
  CHECK(node.access.own_names() == std::vector<std::string>{"100.64.0.2", "node.tn.test", "node"});
}
