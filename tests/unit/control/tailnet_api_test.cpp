// The API as devices of the tailnet meet it.
#include "common/protocol/codec.hpp"
#include "site.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::control;
using namespace aura::control::test;
using aura::test::PeerWords;

namespace {

const PeerWords node_device{.id = "nNode", .name = "vm-1.tn.test.", .address = "100.64.0.5", .tags = {"tag:node"}};
const PeerWords stranger{.id = "nOther", .name = "vm-1.tn.test.", .address = "100.64.0.6", .tags = {"tag:node"}};
const std::string beat_path = "/v1/nodes/vm-1/heartbeat";
const std::string poll_path = "/v1/nodes/vm-1/commands?cursor=0&wait_s=0";

PeerWords granted(const std::string& roles) {
  PeerWords laptop{.id = "nLaptop", .name = "laptop.tn.test.", .address = "100.64.0.7"};
  laptop.capabilities = R"({"aura.dev/cap/control":[{"roles":)" + roles + "}]}";
  return laptop;
}

std::string enrolled_over_tailnet(Site& site) {
  site.come_as(node_device);
  return site.enrolled("vm-1");
}

std::string beat_body() { return protocol::encode(beat_of(1)); }

}  // namespace

TEST_CASE("a node needs its key and its device on every call") {
  Site site(Site::In::tailnet);
  const std::string key = enrolled_over_tailnet(site);
  CHECK(site.ask("POST", beat_path, key, beat_body()).status == 200);
  CHECK(site.ask("GET", poll_path, key).status == 204);
  // A container on the VM: the device without the key.
  CHECK(site.ask("POST", beat_path, "", beat_body()).status == 401);
  CHECK(site.ask("POST", beat_path, "guess", beat_body()).status == 401);
  CHECK(site.ask("GET", poll_path, "").status == 401);
  site.come_as(stranger);
  const std::string stage = R"({"stage":"running"})";
  CHECK(site.code_of(site.ask("POST", beat_path, key, beat_body())) == "wrong_device");
  CHECK(site.code_of(site.ask("GET", poll_path, key)) == "wrong_device");
  CHECK(site.code_of(site.ask("POST", "/v1/nodes/vm-1/stage", key, stage)) == "wrong_device");
  const auto enrol = protocol::encode(protocol::EnrollRequest{"vm-1", "", "", "L1"});
  CHECK(site.code_of(site.ask("POST", "/v1/enroll", "", enrol)) == "wrong_device");
  site.come_locally();
  CHECK(site.ask("POST", beat_path, key, beat_body()).status == 403);
}

TEST_CASE("while tailscaled cannot tell who calls, nobody is believed and 503 says so") {
  Site site(Site::In::tailnet);
  const std::string key = enrolled_over_tailnet(site);
  site.break_whois();
  const auto reply = site.ask("POST", beat_path, key, beat_body());
  CHECK(reply.status == 503);
  CHECK(site.code_of(reply) == "identity_unknown");
  CHECK_FALSE(reply.headers.get("Retry-After").empty());
  CHECK(site.as_operator("GET", "/v1/nodes").status == 503);
}

TEST_CASE(
    "while tailscaled begins anew its connections stay those of the tailnet, and without it only local ones are left") {
  Site site(Site::In::tailnet);
  const std::string key = enrolled_over_tailnet(site);
  site.tailscaled->status = aura::test::status_body("Starting", {}, false);
  site.come_as(node_device);
  CHECK(site.ask("POST", beat_path, key, beat_body()).status == 200);
  site.tailscaled->stop();
  CHECK(site.run_until([&site] { return site.as_operator("GET", "/v1/nodes").status == 200; }));
  CHECK(site.ask("POST", beat_path, key, beat_body()).status == 403);
}

TEST_CASE("expired and shared-in devices get nothing, not even with a token") {
  Site site(Site::In::tailnet);
  PeerWords expired = granted(R"(["admin"])");
  expired.more = R"(,"Expired":true)";
  site.come_as(expired);
  CHECK(site.code_of(site.as_operator("GET", "/v1/nodes")) == "peer_refused");
  PeerWords shared = granted(R"(["admin"])");
  shared.more = R"(,"Sharer":7)";
  site.come_as(shared);
  CHECK(site.code_of(site.ask("GET", "/v1/nodes", "")) == "peer_refused");
}

TEST_CASE("operators do what their grant says, and the refusal says which role was missing") {
  Site site(Site::In::tailnet);
  site.enrolled("vm-1");
  const std::string stop = R"({"verb":"stop","target":"node"})";
  const std::string decommission = R"({"verb":"decommission","target":"node"})";
  const auto status = [&site](const std::string& method, const std::string& path, const std::string& body = {}) {
    return site.ask(method, path, "", body).status;
  };
  site.come_as(granted(R"(["viewer","boss"])"));
  CHECK(status("GET", "/v1/nodes") == 200);
  CHECK(status("GET", "/v1/events") == 200);
  CHECK(site.ask("GET", "/", "").body.find("vm-1") != std::string::npos);
  const auto refused = site.ask("POST", "/v1/nodes/vm-1/commands", "", stop);
  CHECK(refused.status == 403);
  CHECK(refused.body.find("the role operator is needed") != std::string::npos);
  CHECK(status("POST", "/v1/enroll-codes", R"({"node_id":"vm-2"})") == 403);
  CHECK(status("POST", "/v1/nodes/vm-1/approve") == 403);
  CHECK(status("POST", "/v1/nodes/vm-1/refuse") == 403);
  site.come_as(granted(R"(["operator"])"));
  const auto sent = site.ask("POST", "/v1/nodes/vm-1/commands", "", stop);
  CHECK(sent.status == 202);
  CHECK(decode_command_view(sent.body)->command.actor == "operator:anna@example.com");
  CHECK(status("POST", "/v1/enroll-codes", R"({"node_id":"vm-2"})") == 200);
  CHECK(status("POST", "/v1/nodes/vm-1/approve") == 404);
  CHECK(status("POST", "/v1/nodes/vm-1/refuse") == 404);
  CHECK(status("POST", "/v1/nodes/vm-1/reenroll") == 403);
  CHECK(status("POST", "/v1/nodes/vm-1/commands", decommission) == 403);
  site.come_as(granted(R"(["admin"])"));
  CHECK(status("POST", "/v1/nodes/vm-1/reenroll") == 200);
  CHECK(status("POST", "/v1/nodes/vm-1/commands", decommission) == 202);
}

TEST_CASE("approve and refuse say which device it was, and with a device in the body settle no other's claim") {
  Site site(Site::In::tailnet);
  const std::string approve = "/v1/nodes/vm-1/approve", refuse = "/v1/nodes/vm-1/refuse";
  const auto enrol = protocol::encode(protocol::EnrollRequest{"vm-1", "", "i-1", "L1"});
  const auto as_operator = [&site](const std::string& path, const std::string& body) {
    site.come_as(granted(R"(["operator"])"));
    return site.ask("POST", path, "", body);
  };
  site.come_as(stranger);
  REQUIRE(site.ask("POST", "/v1/enroll", "", enrol).status == 202);
  const auto other = as_operator(approve, encode_device_body("nNode"));
  CHECK(other.status == 409);
  CHECK(site.code_of(other) == "other_device");
  CHECK(other.body.find("nOther") != std::string::npos);
  for (const char* body : {R"({"device":""})", R"({"device":7})", "[]"})
    CHECK(as_operator(approve, body).status == 400);
  const auto away = decode_claim(as_operator(refuse, "{}").body);
  REQUIRE(away.has_value());
  CHECK(away->device == "nOther");
  CHECK(away->address == "100.64.0.6");
  site.come_as(stranger);
  CHECK(site.code_of(site.ask("POST", "/v1/enroll", "", enrol)) == "turned_away");
  site.come_as(node_device);
  REQUIRE(site.ask("POST", "/v1/enroll", "", enrol).status == 202);
  const auto in = decode_claim(as_operator(approve, encode_device_body("nNode")).body);
  REQUIRE(in.has_value());
  CHECK(in->node_id == "vm-1");
  CHECK(in->device_name == "vm-1");
  CHECK(in->cloud_instance_id == "i-1");
  CHECK(in->approved);
  site.come_as(node_device);
  CHECK(site.ask("POST", "/v1/enroll", "", enrol).status == 200);
}

TEST_CASE("without a grant the tailnet opens nothing, and a token still does what its role says") {
  Site site(Site::In::tailnet);
  site.come_as(granted("[]"));
  CHECK(site.code_of(site.ask("GET", "/v1/nodes", "")) == "no_role");
  CHECK(site.ask("GET", "/health", "").status == 200);
  CHECK(site.as_operator("GET", "/v1/nodes").status == 200);
  CHECK(site.ask("GET", "/v1/nodes", viewer_token).status == 200);
  CHECK(site.ask("POST", "/v1/enroll-codes", viewer_token, R"({"node_id":"vm-2"})").status == 403);
  site.come_as(granted(R"(["admin"])"));
  CHECK(site.ask("GET", "/v1/nodes", "not a token").status == 401);
  site.come_locally();
  CHECK(site.ask("GET", "/v1/nodes", "").status == 401);
  CHECK(site.as_operator("GET", "/v1/nodes").status == 200);
}

TEST_CASE("a role that is withdrawn ends the event stream that it opened") {
  Site site(Site::In::tailnet);
  site.come_as(granted(R"(["viewer"])"));
  Site::Pending stream;
  std::string seen;
  site.begin_stream(
      site.call("GET", "/v1/events?after=0&follow=1", ""),
      [&seen](std::string_view bytes) {
        seen += bytes;
        return true;
      },
      stream);
  REQUIRE(site.run_until([&] { return !seen.empty(); }));
  site.come_as(granted("[]"));
  CHECK(site.run_until([&] { return stream.has_value(); }));
}

TEST_CASE("a parked poll of a device that has expired meanwhile gets no command") {
  Site site(Site::In::tailnet);
  const std::string key = enrolled_over_tailnet(site);
  REQUIRE(site.ask("POST", beat_path, key, beat_body()).status == 200);
  Site::Pending poll;
  site.begin(site.call("GET", "/v1/nodes/vm-1/commands?cursor=0&wait_s=10", key), poll);
  REQUIRE(site.run_until([&] { return site.is_parked("vm-1"); }));
  PeerWords expired = node_device;
  expired.more = R"(,"Expired":true)";
  site.come_as(expired);
  protocol::Command stop;
  stop.verb = protocol::Verb::stop;
  REQUIRE(site.plane->queue("vm-1", stop, site.control.now).has_value());
  REQUIRE(site.run_until([&] { return poll.has_value(); }));
  CHECK((*poll)->status == 403);
}

TEST_CASE("the tailnet's names of this device are its own, other names and pages of other sites are refused") {
  Site site(Site::In::tailnet);
  site.come_as(granted(R"(["admin"])"));
  const auto with = [&site](const std::string& name, const std::string& value) {
    auto call = site.call("GET", "/v1/nodes", "");
    call.request.headers.set(name, value);
    return site.send(std::move(call)).status;
  };
  CHECK(with("Host", "node.tn.test:8080") == 200);
  CHECK(with("Host", "NODE:8080") == 200);
  CHECK(with("Host", "100.64.0.2:8080") == 200);
  CHECK(with("Host", "rebound.evil.example:8080") == 421);
  CHECK(with("Host", "100.64.0.3:8080") == 421);
  CHECK(with("Origin", "https://evil.example") == 403);
  CHECK(with("Origin", "http://node.tn.test:8080") == 200);
  CHECK(with("Sec-Fetch-Site", "cross-site") == 403);
  CHECK(with("Sec-Fetch-Site", "same-origin") == 200);
}
