#include "agent/controlplane/tailnet_hop.hpp"
#include "common/http/server.hpp"
#include "tests/support/scripted_tailscaled.hpp"
#include "tests/unit/http/support.hpp"

using namespace aura;
using namespace aura::controlplane;
using http::test::run;
using http::test::run_until;
using test::PeerWords;
namespace asio = boost::asio;

namespace {

PeerWords control_plane() {
  PeerWords peer;
  peer.id = "nControl";
  peer.name = "control.tn.test.";
  peer.tags = {"tag:aura-control"};
  return peer;
}

struct Node {
  explicit Node(const PeerWords& peer = control_plane()) { set(peer); }
  void set(const PeerWords& peer) {
    tailscaled.status = test::status_body("Running", {test::peer_body(peer)}, tun);
    tailscaled.whois[peer.address] = test::whois_body(peer);
  }
  void change(const PeerWords& peer) {
    set(peer);
    const auto before = watch.changes();
    tailscaled.tell_change();
    REQUIRE(run_until(context, [&] { return watch.changes() != before; }));
  }
  void begin() {
    watch.start();
    REQUIRE(run_until(context, [this] { return tailscaled.watchers > 0; }));
  }
  Result<Hop> find() { return run(context, hop.find()); }

  asio::io_context context;
  bool tun = true;
  test::ScriptedTailscaled tailscaled{context};
  http::Client client{context};
  tailnet::Watch watch{context, client, tailscaled.socket()};
  std::vector<std::string> strangers;
  TailnetHop hop{
      watch, "control", {"tag:aura-control"}, "", [this](const std::string& why) { strangers.push_back(why); }};
};

asio::awaitable<http::Reply> refused() {
  http::Reply reply;
  reply.response.status = 403;
  co_return reply;
}

}  // namespace

TEST_CASE("the control plane is the device of that name with the tag, at its tailnet address") {
  Node node;
  node.begin();
  CHECK(node.find().value() == Hop{"100.64.0.9", "", "nControl", {"100.64.0.2"}});
  CHECK(node.hop.device().value().path() == "direct");
  CHECK(node.strangers.empty());
}

TEST_CASE("without the tag nothing is found, and who is there is told once") {
  PeerWords impostor = control_plane();
  impostor.tags = {"tag:other"};
  Node node(impostor);
  node.begin();
  for (int i = 0; i < 3; ++i) CHECK(node.find().error().code == Errc::forbidden);
  REQUIRE(node.strangers.size() == 1);
  CHECK(node.strangers.front().find("tag:other") != std::string::npos);
  CHECK(node.strangers.front().find("tag:aura-control") != std::string::npos);
  CHECK_FALSE(node.hop.device());
}

TEST_CASE("a tag that is taken away ends the trust at the next look, and one given back brings it back") {
  Node node;
  node.begin();
  REQUIRE(node.find().has_value());
  PeerWords stripped = control_plane();
  stripped.tags.clear();
  node.change(stripped);
  CHECK(node.find().error().code == Errc::forbidden);
  node.change(control_plane());
  CHECK(node.find().has_value());
}

TEST_CASE("a device whose address whois says to be another's is not the control plane") {
  Node node;
  PeerWords other = control_plane();
  other.id = "nOther";
  node.tailscaled.whois["100.64.0.9"] = test::whois_body(other);
  node.begin();
  CHECK(node.find().error().code == Errc::forbidden);
}

TEST_CASE("a device of that name that moved is found at its new address") {
  Node node;
  node.begin();
  REQUIRE(node.find().has_value());
  PeerWords moved = control_plane();
  moved.address = "100.64.0.10";
  node.change(moved);
  CHECK(node.find().value().address == "100.64.0.10");
}

TEST_CASE("an address outside the tailnet is refused, whatever tailscaled shows") {
  PeerWords outside = control_plane();
  outside.address = "10.0.0.9";
  Node node(outside);
  node.begin();
  CHECK(node.find().error().code == Errc::forbidden);
}

TEST_CASE("an expired and a shared-in control plane are refused") {
  for (const char* more : {R"(,"Expired":true)", R"(,"Sharer":9)"}) {
    CAPTURE(more);
    PeerWords peer = control_plane();
    peer.more = more;
    Node node(peer);
    node.begin();
    CHECK(node.find().error().code == Errc::forbidden);
  }
}

TEST_CASE("a name that the tailnet does not show is not looked up anywhere else") {
  PeerWords other = control_plane();
  other.name = "localhost.tn.test.";
  Node node(other);
  node.begin();
  CHECK(node.find().error().code == Errc::not_found);
}

TEST_CASE("while the tailnet does not run the error says which link is broken") {
  Node node;
  node.tailscaled.status = test::status_body("NeedsLogin");
  node.begin();
  const auto found = node.find();
  CHECK(found.error().code == Errc::unavailable);
  CHECK(found.error().message.find("needs_login") != std::string::npos);
}

TEST_CASE("userspace mode needs a SOCKS5 server, and says so") {
  Node node;
  node.tun = false;
  node.set(control_plane());
  node.begin();
  const auto found = node.find();
  CHECK(found.error().code == Errc::invalid_argument);
  CHECK(found.error().message.find("tailscale.socks5") != std::string::npos);
}

TEST_CASE("nothing is sent where nobody vouches") {
  asio::io_context context;
  int requests = 0;
  http::Server server(context, {}, [&requests](const http::Request&, const http::Peer&) {
    ++requests;
    return refused();
  });
  const auto port = server.listen_tcp("127.0.0.1", 0).value();
  http::Client client(context);
  HttpControlPlane control(client, "http://127.0.0.1:" + std::to_string(port), "n1", []() -> ports::Async<Hop> {
    co_return Error{Errc::forbidden, "not it"};
  });
  control.use_key("secret");
  CHECK(run(context, control.heartbeat({})).error().message == "not it");
  CHECK(run(context, control.poll(0, 0)).error().message == "not it");
  CHECK(run(context, control.enroll({})).error().message == "not it");
  CHECK(requests == 0);
}

TEST_CASE("a reply is not believed if by then nobody vouches any more, or somebody else is there") {
  asio::io_context context;
  http::Server server(context, {}, [](const http::Request&, const http::Peer&) { return refused(); });
  const auto port = server.listen_tcp("127.0.0.1", 0).value();
  http::Client client(context);
  std::vector<Hop> hops;
  HttpControlPlane control(client, "http://127.0.0.1:" + std::to_string(port), "n1", [&hops]() -> ports::Async<Hop> {
    if (hops.empty()) co_return Error{Errc::forbidden, "its tag is gone"};
    Hop next = hops.front();
    hops.erase(hops.begin());
    co_return next;
  });
  hops = {{"127.0.0.1", "", "nControl", {}}};
  CHECK(run(context, control.heartbeat({})).error().http_status == 0);
  hops = {{"127.0.0.1", "", "nControl", {}}, {"127.0.0.1", "", "nOther", {}}};
  CHECK(run(context, control.heartbeat({})).error().http_status == 0);
  hops = {{"127.0.0.1", "", "nControl", {}}, {"127.0.0.1", "", "nControl", {}}};
  CHECK(run(context, control.heartbeat({})).error().http_status == 403);
}

TEST_CASE("nothing is sent on a connection that does not come from our own place in the tailnet") {
  asio::io_context context;
  int requests = 0;
  http::Server server(context, {}, [&requests](const http::Request&, const http::Peer&) {
    ++requests;
    return refused();
  });
  const auto port = server.listen_tcp("127.0.0.1", 0).value();
  http::Client client(context);
  std::string own = "100.64.0.2";
  HttpControlPlane control(client, "http://127.0.0.1:" + std::to_string(port), "n1", [&own]() -> ports::Async<Hop> {
    co_return Hop{"127.0.0.1", "", "nControl", {own}};
  });
  control.use_key("secret");
  CHECK(run(context, control.heartbeat({})).error().code == Errc::forbidden);
  CHECK(requests == 0);
  own = "127.0.0.1";
  CHECK(run(context, control.heartbeat({})).error().http_status == 403);
  CHECK(requests == 1);
}
