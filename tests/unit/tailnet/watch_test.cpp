#include "common/tailnet/watch.hpp"
#include "tests/support/scripted_tailscaled.hpp"
#include "tests/unit/http/support.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <sys/stat.h>

using namespace aura;
using namespace aura::tailnet;
using http::test::run;
using http::test::run_until;
using test::PeerWords;
namespace asio = boost::asio;

namespace {

struct Machine {
  Machine() { tailscaled.whois["100.64.0.9"] = test::whois_body({}); }
  // Until the bus is followed and the status known.
  void begin() {
    watch.start();
    REQUIRE(run_until(context, [this] { return tailscaled.watchers > 0 && watch.status().state == State::running; }));
    settle();
  }
  // Until nothing more is going on.
  void settle() {
    const auto changes = watch.changes();
    asio::steady_timer quiet(context, std::chrono::milliseconds(200));
    bool over = false;
    quiet.async_wait([&over](const boost::system::error_code&) { over = true; });
    REQUIRE(run_until(context, [&over] { return over; }));
    if (changes != watch.changes()) settle();
  }
  Result<Identity> whois(const std::string& address, std::uint16_t port = 0) {
    return run(context, watch.whois(address, port));
  }

  asio::io_context context;
  test::ScriptedTailscaled tailscaled{context};
  http::Client client{context};
  BootMs now = 1'000'000;
  Watch watch{context, client, tailscaled.socket(), {}, [this] { return now; }};
};

}  // namespace

TEST_CASE("a peer is asked for once in ten seconds, whatever its port, and again afterwards") {
  Machine machine;
  machine.begin();
  for (const std::uint16_t port : {1000, 2000, 3000}) REQUIRE(machine.whois("100.64.0.9", port).has_value());
  CHECK(machine.tailscaled.whois_asked == 1);
  machine.now += whois_life_ms - 1;
  REQUIRE(machine.whois("100.64.0.9").has_value());
  CHECK(machine.tailscaled.whois_asked == 1);
  machine.now += 1;
  REQUIRE(machine.whois("100.64.0.9").has_value());
  CHECK(machine.tailscaled.whois_asked == 2);
}

TEST_CASE("any line on the bus makes what was known worthless") {
  Machine machine;
  machine.begin();
  REQUIRE(machine.whois("100.64.0.9").has_value());
  machine.tailscaled.whois.clear();
  const auto before = machine.watch.changes();
  machine.tailscaled.tell_change();
  REQUIRE(run_until(machine.context, [&] { return machine.watch.changes() != before; }));
  CHECK(machine.whois("100.64.0.9").error().code == Errc::not_found);
}

TEST_CASE("many that ask for one peer at a time are one question") {
  using namespace asio::experimental::awaitable_operators;
  Machine machine;
  machine.begin();
  const auto both = [&machine]() -> asio::awaitable<bool> {
    auto [a, b] = co_await (machine.watch.whois("100.64.0.9", 1) && machine.watch.whois("100.64.0.9", 2));
    co_return a.has_value() && b.has_value();
  };
  CHECK(run(machine.context, both()));
  CHECK(machine.tailscaled.whois_asked == 1);
}

TEST_CASE("from loopback each connection is asked for by itself") {
  Machine machine;
  machine.tailscaled.whois["127.0.0.1:1000"] = test::whois_body({});
  machine.begin();
  CHECK(machine.whois("127.0.0.1", 1000).has_value());
  CHECK(machine.whois("127.0.0.1", 1001).error().code == Errc::not_found);
  CHECK(machine.tailscaled.whois_asked == 2);
}

TEST_CASE("what is known of a loopback connection is of that one alone, not of the next from the same port") {
  Machine machine;
  machine.tailscaled.whois["127.0.0.1:1000"] = test::whois_body({});
  machine.begin();
  const auto on = [&machine](std::uint64_t connection) {
    return run(machine.context, machine.watch.whois("127.0.0.1", 1000, connection));
  };
  CHECK(on(1).has_value());
  CHECK(on(1).has_value());
  CHECK(machine.tailscaled.whois_asked == 1);
  machine.tailscaled.whois.clear();
  CHECK(on(2).error().code == Errc::not_found);
}

TEST_CASE("a tailscaled that is gone is absent, vouches for nobody, and is found again") {
  Machine machine;
  machine.begin();
  REQUIRE(machine.whois("100.64.0.9").has_value());
  machine.tailscaled.stop();
  REQUIRE(run_until(machine.context, [&] { return machine.watch.status().state == State::absent; }));
  CHECK(machine.whois("100.64.0.9").error().code == Errc::unavailable);
  machine.tailscaled.listen();
  REQUIRE(run_until(machine.context, [&] { return machine.watch.status().state == State::running; }));
  machine.now += failure_life_ms;
  CHECK(machine.whois("100.64.0.9").has_value());
}

TEST_CASE("a stream that ends is a gap: everything is asked anew") {
  Machine machine;
  machine.begin();
  machine.tailscaled.status = test::status_body("Stopped");
  machine.tailscaled.end_streams();
  REQUIRE(run_until(machine.context, [&] { return machine.watch.status().state == State::stopped; }));
  CHECK(machine.watch.status().trouble.empty());
}

TEST_CASE("a tailscaled that answers nonsense is no_answer, and says why") {
  Machine machine;
  machine.tailscaled.status = "<html>";
  machine.watch.start();
  REQUIRE(run_until(machine.context, [&] { return machine.watch.status().state == State::no_answer; }));
  CHECK_FALSE(machine.watch.status().trouble.empty());
}

TEST_CASE("a tailscaled that answers with a failure is no_answer") {
  Machine machine;
  machine.tailscaled.fails_with = 500;
  machine.watch.start();
  REQUIRE(run_until(machine.context, [&] { return machine.watch.status().state == State::no_answer; }));
}

TEST_CASE("a hung tailscaled costs its deadline, then nobody is trusted") {
  Machine machine;
  machine.begin();
  machine.tailscaled.hangs = true;
  CHECK(machine.whois("100.64.0.9").error().code == Errc::timeout);
  REQUIRE(run_until(machine.context, [&] { return machine.watch.status().state == State::no_answer; }));
  machine.tailscaled.hangs = false;
  machine.tailscaled.tell_change();
}

TEST_CASE("whoever waits for a change is told of it, and no later than asked") {
  Machine machine;
  machine.begin();
  const auto wait = [&machine](int ms) -> asio::awaitable<std::uint64_t> {
    const auto before = machine.watch.changes();
    co_await machine.watch.changed(std::chrono::milliseconds(ms));
    co_return machine.watch.changes() - before;
  };
  CHECK(run(machine.context, wait(20)) == 0);
  asio::steady_timer soon(machine.context, std::chrono::milliseconds(20));
  soon.async_wait([&machine](const boost::system::error_code&) { machine.tailscaled.tell_change(); });
  CHECK(run(machine.context, wait(15'000)) > 0);
}

TEST_CASE("strangers in large numbers are turned away instead of keeping tailscaled busy") {
  Machine machine;
  machine.begin();
  machine.tailscaled.hangs = true;
  constexpr std::size_t max_asking = WatchLimits{}.asking;
  std::size_t answered = 0, turned_away = 0;
  for (std::uint16_t port = 1; port <= 3 * max_asking; ++port) {
    asio::co_spawn(machine.context, machine.watch.whois("127.0.0.1", port),
                   [&](std::exception_ptr, const Result<Identity>& answer) {
                     ++answered;
                     if (!answer && answer.error().code == Errc::rate_limited) ++turned_away;
                   });
  }
  REQUIRE(run_until(machine.context, [&] { return answered == 3 * max_asking; }));
  CHECK(turned_away == 2 * max_asking);
  machine.tailscaled.hangs = false;
  machine.tailscaled.tell_change();
}
