#include "common/tailnet/local_api_json.hpp"
#include "tests/support/scripted_tailscaled.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::tailnet;
using test::PeerWords;

TEST_CASE("each state of tailscaled is told apart") {
  const std::pair<const char*, State> states[] = {
      {"Running", State::running},        {"Starting", State::starting}, {"NoState", State::starting},
      {"NeedsLogin", State::needs_login}, {"Stopped", State::stopped},   {"NeedsMachineAuth", State::needs_approval}};
  for (const auto& [word, state] : states) {
    CAPTURE(word);
    CHECK(decode_status(test::status_body(word)).value().state == state);
  }
  CHECK(decode_status(test::status_body("Dancing")).error().code == Errc::bad_reply);
}

TEST_CASE("status says who this node is and whether it has a network device") {
  const Status status = decode_status(test::status_body("Running", {}, false)).value();
  CHECK_FALSE(status.tun);
  CHECK(status.self.id == "nSelf");
  CHECK(status.self.name == "node.tn.test");
  CHECK(status.self.addresses == std::vector<std::string>{"100.64.0.2"});
  CHECK_FALSE(status.self.key_expiry);
}

TEST_CASE("what is no status is a bad reply, however it is broken") {
  for (const char* body : {"", "[]", "{", "null", R"({"BackendState":1})", R"({"BackendState":"Running","Self":[]})",
                           R"({"BackendState":"Running","Self":{"TailscaleIPs":"100.64.0.2"}})",
                           R"({"BackendState":"Running","Health":[1]})"}) {
    CAPTURE(body);
    CHECK(decode_status(body).error().code == Errc::bad_reply);
  }
}

TEST_CASE("a device is found by its name, its first label and its addresses, whatever the case") {
  PeerWords peer;
  peer.name = "Control.TN.test.";
  const std::string body = test::status_body("Running", {test::peer_body({}), test::peer_body(peer)});
  for (const char* name : {"control.tn.test", "control.tn.test.", "CONTROL", "control"}) {
    CAPTURE(name);
    CHECK(decode_device(body, name).value().value().name == "control.tn.test");
  }
  CHECK(decode_device(body, "100.64.0.2").value().value().id == "nSelf");
  CHECK_FALSE(decode_device(body, "contro").value());
  CHECK_FALSE(decode_device(body, "").value());
  CHECK_FALSE(decode_device(body, "tn.test").value());
}

TEST_CASE("a whole name beats a first label that another tailnet's device shares") {
  PeerWords ours, theirs;
  ours.id = "nOurs";
  ours.name = "control.ours.test.";
  theirs.id = "nTheirs";
  theirs.name = "control.theirs.test.";
  for (const auto& peers : {std::vector{test::peer_body(ours), test::peer_body(theirs)},
                            std::vector{test::peer_body(theirs), test::peer_body(ours)}}) {
    CHECK(decode_device(test::status_body("Running", peers), "control.ours.test").value()->id == "nOurs");
  }
}

TEST_CASE("of several devices with one first label our own tailnet's is meant, in whatever order they are told") {
  PeerWords ours, theirs;
  ours.id = "nOurs";
  ours.name = "control.tn.test.";
  theirs.id = "nTheirs";
  theirs.name = "control.other.test.";
  for (const auto& peers : {std::vector{test::peer_body(ours), test::peer_body(theirs)},
                            std::vector{test::peer_body(theirs), test::peer_body(ours)}}) {
    CHECK(decode_device(test::status_body("Running", peers), "control").value()->id == "nOurs");
  }
}

TEST_CASE("whois gives device, tags and the values of each capability") {
  PeerWords peer;
  peer.tags = {"tag:aura-control"};
  peer.capabilities = R"({"aura.dev/cap/node":[{"verbs":["read"]},{"verbs":["stop"]}],"other/cap":null})";
  peer.more = R"(,"Expired":true,"Sharer":7,"KeyExpiry":"2026-12-01T00:00:00Z")";
  const Identity who = decode_identity(test::whois_body(peer)).value();
  CHECK(who.device.id == "nPeer");
  CHECK(who.device.addresses == std::vector<std::string>{"100.64.0.9"});
  CHECK(who.device.tags == peer.tags);
  CHECK(who.device.expired);
  CHECK(who.device.shared);
  CHECK(who.device.key_expiry == parse_rfc3339("2026-12-01T00:00:00Z"));
  CHECK(who.capabilities.at("aura.dev/cap/node").size() == 2);
  CHECK(who.capabilities.at("other/cap").empty());
}

TEST_CASE("Go's zero time is no expiry, and no capabilities are none") {
  PeerWords peer;
  peer.more = R"(,"KeyExpiry":"0001-01-01T00:00:00Z")";
  const Identity who = decode_identity(test::whois_body(peer)).value();
  CHECK_FALSE(who.device.key_expiry);
  CHECK(who.capabilities.empty());
}

TEST_CASE("whois without a stable id, or with the wrong types, names nobody") {
  for (const char* body :
       {"{}", "[]", R"({"Node":{}})", R"({"Node":{"StableID":7}})", R"({"Node":{"StableID":"n1","Tags":"tag:a"}})",
        R"({"Node":{"StableID":"n1"},"CapMap":[]})", R"({"Node":{"StableID":"n1"},"CapMap":{"a/b":{}}})"}) {
    CAPTURE(body);
    CHECK(decode_identity(body).error().code == Errc::bad_reply);
  }
}

TEST_CASE("no control character of a name or a grant gets through") {
  PeerWords peer;
  peer.name = "ev\\u001b[2Jil\\n.tn.test.";
  const Identity who = decode_identity(test::whois_body(peer)).value();
  CHECK(who.device.name == "ev?[2jil?.tn.test");
  CHECK(decode_words(R"({"verbs":["a\nb"]})", "verbs").value() == std::vector<std::string>{"a?b"});
}
