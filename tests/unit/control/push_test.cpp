// Pushing: what the plane gives out, and the pushes themselves through a scripted SOCKS5 proxy and node.
#include "control/api/push.hpp"
#include "common/protocol/codec.hpp"
#include "site.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>

#include <map>

using namespace aura;
using namespace aura::control;
using namespace aura::control::test;
namespace asio = boost::asio;

namespace {

const Sender device{"nA", "vm-a", "100.64.0.9"};

void heard_over_tailnet(ControlPlane& control, protocol::Heartbeat beat = beat_of(1)) {
  if (control.plane->nodes(control.now).empty()) {
    const auto code = control.plane->make_code("vm-1", "operator:test", control.now);
    REQUIRE(control.plane->enroll({"vm-1", *code, "", "L1"}, control.now, device).has_value());
  }
  REQUIRE(control.plane->beat("vm-1", beat, control.now, device).has_value());
}

std::string next_of(ControlPlane& control) {
  const auto next = control.plane->next_push("vm-1", control.now);
  return next ? next->id : std::string();
}

bool has_target(ControlPlane& control) { return control.plane->push_target("vm-1", control.now).has_value(); }

}  // namespace

TEST_CASE("there is somewhere to push to while the node is heard, and over the tailnet") {
  ControlPlane control;
  control.enrolled("vm-1");
  REQUIRE(control.beat(beat_of(1)).has_value());
  CHECK_FALSE(has_target(control));
  REQUIRE(control.plane->check_node("vm-1", "", device, control.now).has_error());
  ControlPlane other;
  heard_over_tailnet(other);
  const auto target = other.plane->push_target("vm-1", other.now);
  REQUIRE(target);
  CHECK(target->address == "100.64.0.9");
  CHECK(target->device == "nA");
  other.pass_s(150);
  CHECK_FALSE(has_target(other));
}

TEST_CASE("commands are pushed in their order, each until the node has answered it") {
  ControlPlane control;
  heard_over_tailnet(control);
  const std::string first = control.sent("stop").command.id;
  const std::string second = control.sent("start").command.id;
  CHECK(next_of(control) == first);
  control.plane->pushed("vm-1", first, PushResult::taken, control.now);
  CHECK(control.shown().commands[0].state == fleet::CommandState::delivered);
  CHECK(next_of(control) == second);
  control.plane->pushed("vm-1", second, PushResult::later, control.now);
  CHECK(next_of(control) == second);
  CHECK(control.shown().commands[1].delivered_at == 0);
  control.plane->pushed("vm-1", second, PushResult::settled, control.now);
  CHECK(next_of(control).empty());
  CHECK(control.shown().commands[1].delivered_at == 0);
}

TEST_CASE("an apply is not pushed, for its specs may hold secrets, and nobody sees them in a view") {
  ControlPlane control;
  heard_over_tailnet(control);
  protocol::Command apply;
  apply.id = "apply-1";
  apply.verb = protocol::Verb::apply;
  apply.target = *protocol::parse_target("node");
  apply.args.workloads["web"] = R"({"image":"a:1","env":{"PASSWORD":"hunter2"}})";
  const auto queued = control.plane->queue("vm-1", apply, control.now);
  REQUIRE(queued.has_value());
  CHECK(next_of(control).empty());
  CHECK(encode_command(*queued).find("hunter2") == std::string::npos);
  CHECK(encode_command(*control.plane->command("vm-1", "apply-1", control.now)).find("hunter2") == std::string::npos);
  CHECK(encode_node(*control.plane->node("vm-1", control.now), Detail::full).find("hunter2") == std::string::npos);
  const auto polled = control.plane->poll("vm-1", 0, control.now);
  REQUIRE(polled->commands.size() == 1);
  CHECK(polled->commands.front().args.workloads.at("web").find("hunter2") != std::string::npos);
}

TEST_CASE("what the long poll has given is pushed too, since nobody knows that it arrived, until it has its outcome") {
  ControlPlane control;
  heard_over_tailnet(control);
  const std::string id = control.sent("stop").command.id;
  REQUIRE(control.plane->poll("vm-1", 0, control.now)->commands.size() == 1);
  CHECK(next_of(control) == id);
  auto beat = beat_of(1);
  beat.outcomes = {outcome_of(id)};
  heard_over_tailnet(control, beat);
  CHECK(next_of(control).empty());
}

TEST_CASE("what the node deferred, and what was ordered after it, is left to the long poll") {
  ControlPlane control;
  heard_over_tailnet(control);
  const std::string first = control.sent("stop").command.id;
  control.sent("start");
  auto beat = beat_of(1);
  beat.deferred = {{first, "busy", 30}};
  heard_over_tailnet(control, beat);
  CHECK(next_of(control).empty());
}

TEST_CASE("a push that failed is not repeated until the node is heard again") {
  ControlPlane control;
  heard_over_tailnet(control);
  const std::string id = control.sent("stop").command.id;
  control.plane->pushed("vm-1", id, PushResult::failed, control.now);
  CHECK_FALSE(has_target(control));
  heard_over_tailnet(control);
  CHECK(has_target(control));
  CHECK(next_of(control) == id);
}

TEST_CASE("nothing is pushed to a clone, nor to a node that could not record its start") {
  ControlPlane control;
  heard_over_tailnet(control);
  control.sent("stop");
  heard_over_tailnet(control, beat_of(1, "another boot"));
  CHECK(next_of(control).empty());
  ControlPlane other;
  heard_over_tailnet(other);
  other.sent("stop");
  auto unrecorded = beat_of(1);
  unrecorded.epoch.reset();
  heard_over_tailnet(other, unrecorded);
  CHECK(next_of(other).empty());
}

TEST_CASE("the answer to a push says who has the command") {
  CHECK(result_of(200) == PushResult::taken);
  CHECK(result_of(202) == PushResult::taken);
  CHECK(result_of(409) == PushResult::settled);
  for (const int status : {429, 503, 507}) CHECK(result_of(status) == PushResult::later);
  for (const int status : {301, 400, 401, 403, 404, 500}) CHECK(result_of(status) == PushResult::failed);
}

namespace {

// tailscaled's SOCKS5 proxy (RFC 1928) and the node's API behind it in one.
class ProxiedNode {
 public:
  explicit ProxiedNode(asio::io_context& context)
      : acceptor_(context, {asio::ip::address_v4::loopback(), 0}), executor_(context.get_executor()) {
    spawn(executor_, "proxy", accept());
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

  int answers = 202;
  std::vector<std::string> wanted;    // where the proxy was asked to connect: "100.64.0.9:9414"
  std::vector<std::string> requests;  // bodies
  std::string last_head;

 private:
  asio::awaitable<void> accept() {
    while (true) {
      boost::system::error_code error;
      auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      spawn(executor_, "proxied", serve(std::move(socket)));
    }
  }
  asio::awaitable<void> serve(asio::ip::tcp::socket socket) {
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    std::string bytes(2, '\0');
    co_await asio::async_read(socket, asio::buffer(bytes), token);
    std::string methods(static_cast<unsigned char>(bytes[1]), '\0');
    co_await asio::async_read(socket, asio::buffer(methods), token);
    co_await asio::async_write(socket, asio::buffer(std::string("\x05\x00", 2)), token);
    std::string asked(10, '\0');
    co_await asio::async_read(socket, asio::buffer(asked), token);
    if (error || asked[3] != 1) co_return;
    const auto byte = [&asked](std::size_t i) { return static_cast<unsigned char>(asked[i]); };
    wanted.push_back(std::to_string(byte(4)) + "." + std::to_string(byte(5)) + "." + std::to_string(byte(6)) + "." +
                     std::to_string(byte(7)) + ":" + std::to_string(byte(8) * 256 + byte(9)));
    co_await asio::async_write(socket, asio::buffer(std::string("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10)),
                               token);
    std::string buffer;
    while (!error) {
      const std::size_t head = co_await asio::async_read_until(socket, asio::dynamic_buffer(buffer), "\r\n\r\n", token);
      if (error) co_return;
      last_head = buffer.substr(0, head);
      buffer.erase(0, head);
      const auto length = std::stoul(last_head.substr(last_head.find("Content-Length: ") + 16));
      if (buffer.size() < length) {
        co_await asio::async_read(socket, asio::dynamic_buffer(buffer), asio::transfer_exactly(length - buffer.size()),
                                  token);
      }
      requests.push_back(buffer.substr(0, length));
      buffer.erase(0, length);
      const std::string answer = "HTTP/1.1 " + std::to_string(answers) + " x\r\nContent-Length: 2\r\n\r\n{}";
      co_await asio::async_write(socket, asio::buffer(answer), token);
    }
  }

  asio::ip::tcp::acceptor acceptor_;
  asio::any_io_executor executor_;
};

// A node of that tailnet that has enrolled and been heard, and where commands to it are pushed.
struct PushedSite {
  PushedSite() : node(site.context()) {
    site.come_as({.id = "nA", .address = "100.64.0.9"});
    const auto minted = site.as_operator("POST", "/v1/enroll-codes", R"({"node_id":"vm-1"})");
    const auto reply = site.ask("POST", "/v1/enroll", "",
                                protocol::encode(protocol::EnrollRequest{"vm-1", *decode_code(minted.body), "", "L1"}));
    REQUIRE(reply.status == 200);
    key = protocol::decode_enroll_reply(reply.body)->node_key;
    beat();
    site.push_through(node.address());
  }
  void beat() {
    REQUIRE(site.ask("POST", "/v1/nodes/vm-1/heartbeat", key, protocol::encode(beat_of(1))).status == 200);
  }
  std::string send(const std::string& verb) {
    const auto sent =
        site.as_operator("POST", "/v1/nodes/vm-1/commands", R"({"verb":")" + verb + R"(","target":"node"})");
    REQUIRE(sent.status == 202);
    return decode_command_view(sent.body)->command.id;
  }
  fleet::CommandState state_of(const std::string& id) {
    return decode_command_view(site.as_operator("GET", "/v1/nodes/vm-1/commands/" + id).body)->state;
  }

  Site site{Site::In::tailnet};
  ProxiedNode node;
  std::string key;
};

}  // namespace

TEST_CASE("a command is pushed to the device's address as soon as it is queued, and counts as delivered") {
  PushedSite pushed;
  const std::string first = pushed.send("stop");
  const std::string second = pushed.send("start");
  REQUIRE(pushed.site.run_until([&] { return pushed.site.push->counts().taken == 2; }));
  CHECK(pushed.node.wanted.front() == "100.64.0.9:9414");
  CHECK(pushed.node.last_head.starts_with("POST /v1/commands HTTP/1.1\r\nHost: 100.64.0.9:9414\r\n"));
  REQUIRE(pushed.node.requests.size() == 2);
  const auto body = protocol::decode_command(pushed.node.requests[0]);
  REQUIRE(body.has_value());
  CHECK(body->id == first);
  CHECK(body->generation == 2);
  CHECK(body->actor == "operator:alice");
  CHECK(protocol::decode_command(pushed.node.requests[1])->id == second);
  CHECK(pushed.state_of(first) == fleet::CommandState::delivered);
}

TEST_CASE("nothing is pushed to an address that is another device's by now") {
  PushedSite pushed;
  pushed.site.come_as({.id = "nB", .address = "100.64.0.9"});
  const std::string id = pushed.send("stop");
  REQUIRE(pushed.site.run_until([&] { return pushed.site.push->counts().failed == 1; }));
  CHECK(pushed.node.wanted.empty());
  CHECK(pushed.state_of(id) == fleet::CommandState::queued);
}

TEST_CASE("a node that cannot take a push now is not asked again for it, and one that cannot be reached neither") {
  PushedSite pushed;
  pushed.node.answers = 429;
  const std::string id = pushed.send("stop");
  REQUIRE(pushed.site.run_until([&] { return pushed.node.requests.size() == 1; }));
  CHECK(pushed.state_of(id) == fleet::CommandState::queued);
  CHECK(pushed.node.requests.size() == 1);
  pushed.node.answers = 500;
  pushed.send("start");
  REQUIRE(pushed.site.run_until([&] { return pushed.site.push->counts().failed == 1; }));
  pushed.send("stop");
  CHECK(pushed.node.requests.size() == 2);
  CHECK(pushed.state_of(id) == fleet::CommandState::queued);
}
