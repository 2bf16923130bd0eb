#include "common/tailnet/doors.hpp"
#include "tests/support/scripted_tailscaled.hpp"
#include "tests/unit/http/support.hpp"

using namespace aura;
using namespace aura::tailnet;
using http::test::run_until;
namespace asio = boost::asio;

namespace {

asio::awaitable<http::Reply> nothing() { co_return http::Reply{}; }

struct Machine {
  asio::io_context context;
  test::ScriptedTailscaled tailscaled{context};
  http::Client client{context};
  Watch watch{context, client, tailscaled.socket()};
  http::Server server{context, {}, [](const http::Request&, const http::Peer&) { return nothing(); }};
  Doors doors{context, server, watch, 0};
  void begin() {
    watch.start();
    doors.start();
    REQUIRE(run_until(context, [this] { return watch.status().state != State::unknown; }));
  }
};

}  // namespace

TEST_CASE("an address that no network device has is not listened on, and said") {
  Machine machine;
  machine.begin();
  REQUIRE(run_until(machine.context, [&] { return machine.doors.words().find("100.64.0.2") != std::string::npos; }));
  CHECK(machine.doors.open().empty());
  CHECK(machine.doors.words().starts_with("closed: "));
}

TEST_CASE("an address that is not the tailnet's is never listened on, whatever tailscaled says") {
  Machine machine;
  machine.tailscaled.status = R"({"BackendState":"Running","TUN":true,"Self":{"ID":"n","TailscaleIPs":["127.0.0.1"]}})";
  machine.begin();
  CHECK(machine.doors.open().empty());
}

TEST_CASE("in userspace mode nothing is opened, and the words say what to set") {
  Machine machine;
  machine.tailscaled.status = test::status_body("Running", {}, false);
  machine.begin();
  CHECK(machine.doors.open().empty());
  CHECK(machine.doors.words().find("api.listen") != std::string::npos);
}

TEST_CASE("while tailscaled is not running the words say its state") {
  Machine machine;
  machine.tailscaled.status = test::status_body("NeedsLogin");
  machine.begin();
  CHECK(machine.doors.words() == "closed: tailscaled is needs_login");
}
