#include "agent/loops/log_tail.hpp"
#include "agent/loops/prepare.hpp"
#include "common/async/spawn.hpp"
#include "common/files.hpp"
#include "tests/unit/loops/node.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include <sys/stat.h>

using namespace aura;
using namespace aura::testing;

namespace {

boost::asio::awaitable<void> count_wakes(loops::Wakeup& wakeup, FakeClock& clock, int& wakes) {
  for (;;) {
    co_await wakeup.wait(clock, std::nullopt);
    ++wakes;
  }
}

boost::asio::awaitable<void> wait_until(loops::Wakeup& wakeup, FakeClock& clock, BootMs deadline, BootMs& woken_at) {
  co_await wakeup.wait(clock, deadline);
  woken_at = clock.boot_ms();
}

}  // namespace

TEST_CASE("a notification before the wait is not lost, and many count as one") {
  boost::asio::io_context io;
  FakeClock clock(io);
  loops::Wakeup wakeup;
  int wakes = 0;
  wakeup.notify();
  wakeup.notify();
  spawn(io.get_executor(), "test", count_wakes(wakeup, clock, wakes));
  clock.run_until_idle();
  CHECK(wakes == 1);
  wakeup.notify();
  clock.run_until_idle();
  CHECK(wakes == 2);
}

TEST_CASE("a wait ends at its deadline, not before and not after a notification") {
  boost::asio::io_context io;
  FakeClock clock(io, 1000);
  loops::Wakeup wakeup;
  BootMs woken_at = 0;
  spawn(io.get_executor(), "test", wait_until(wakeup, clock, 1500, woken_at));
  clock.advance(499);
  CHECK(woken_at == 0);
  clock.advance(1);
  CHECK(woken_at == 1500);
  wakeup.notify();
  spawn(io.get_executor(), "test", wait_until(wakeup, clock, 9000, woken_at));
  clock.advance(10);
  CHECK(woken_at == 1500);
}

TEST_CASE("a log tail keeps the last lines, escapes what steers terminals and masks secrets") {
  FakeHost host;
  loops::Secrets secrets(host);
  secrets.remember("hunter22");
  std::string raw;
  for (int i = 0; i < 30; ++i) raw += "line " + std::to_string(i) + "\n";
  raw += "token=hunter22 \x1b[31mred\x07\r\n";
  raw += std::string(3000, 'x');
  const auto lines = loops::harmless_tail(raw, secrets);
  REQUIRE(lines.size() <= 20);
  REQUIRE(lines.size() >= 10);
  CHECK(lines.back().size() <= loops::tail_line_bytes);
  CHECK(lines[lines.size() - 2] == "token=*** \\x1b[31mred\\x07");
  std::size_t bytes = 0;
  for (const auto& line : lines) bytes += line.size() + 1;
  CHECK(bytes <= loops::tail_bytes);
}

TEST_CASE("a log tail of nothing is nothing, and invalid UTF-8 becomes valid") {
  FakeHost host;
  loops::Secrets secrets(host);
  CHECK(loops::harmless_tail("", secrets).empty());
  CHECK(loops::harmless_tail("a\xff"
                             "b\n",
                             secrets)
            .front() ==
        "a\xEF\xBF\xBD"
        "b");
}

TEST_CASE("secret files are readable inside a folder that only the agent may enter") {
  Folder folder;
  FakeHost host;
  host.credentials["gateway-token"] = "s3cret";
  loops::Secrets secrets(host);
  auto spec = app();
  spec.secret_files["token"].credential = "gateway-token";
  const auto prepared = loops::prepare("web", spec, secrets, {}, folder.path());
  REQUIRE(prepared.has_value());
  REQUIRE(prepared->secret_mounts.size() == 1);
  CHECK(prepared->secret_mounts.front().target == "/run/secrets/token");
  CHECK(prepared->secret_mounts.front().read_only);
  const std::string path = prepared->secret_mounts.front().source;
  CHECK(*read_file(path, 100) == "s3cret");
  struct stat file {};
  REQUIRE(::stat(path.c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0444);
  REQUIRE(::stat((folder.path() + "/secrets/web").c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0700);
}

TEST_CASE("a reload command reads the folder and its outcome says what came of it") {
  Folder folder;
  boost::asio::io_context io;
  FakeContainerEngine engine;
  FakeClock clock{io};
  Node node(folder, io, clock, engine);
  node.declared.problems = {"web.toml:3: image: must not be empty"};
  node.command(make_command(protocol::Verb::reload, "node", "r1"));
  CHECK(node.reloads == 1);
  REQUIRE(node.state().settled.contains("r1"));
  const auto& outcome = node.state().settled.at("r1").outcome;
  CHECK(outcome.kind == protocol::OutcomeKind::failed);
  CHECK(outcome.detail.find("web.toml:3") != std::string::npos);
}

TEST_CASE(
    "the same command twice is known, another one under its id is refused; from the control plane that is an event") {
  Folder folder;
  boost::asio::io_context io;
  FakeContainerEngine engine;
  FakeClock clock{io};
  Node node(folder, io, clock, engine);
  node.declare("web", app());
  using Kind = reconcile::Acceptance::Kind;
  CHECK(node.command(make_command(protocol::Verb::stop, "workload:web", "c1")).kind == Kind::accepted);
  CHECK(node.command(make_command(protocol::Verb::stop, "workload:web", "c1")).kind == Kind::known);
  CHECK(node.command(make_command(protocol::Verb::start, "workload:web", "c1")).kind == Kind::id_reused);
  CHECK_FALSE(node.has_event("id_reused"));
  auto remote = make_command(protocol::Verb::start, "workload:web", "c1");
  remote.generation = 5;
  for (int i = 0; i < 3; ++i) CHECK(node.command(remote, reconcile::Origin::control).kind == Kind::id_reused);
  const auto& events = node.state().events;
  CHECK(std::count_if(events.begin(), events.end(), [](const auto& e) { return e.kind == "id_reused"; }) == 1);
}

TEST_CASE("a node that cannot record takes no command but may get it again") {
  Folder folder;
  boost::asio::io_context io;
  FakeContainerEngine engine;
  FakeClock clock{io};
  FakeHost host;
  const auto ledger = store::Ledger::in_memory("disk gone");
  loops::Parts parts{io.get_executor(), clock, *ledger, engine, host};
  loops::CommandDesk desk(parts, {});
  const auto answer = desk.deliver(make_command(protocol::Verb::stop, "node", "c1"), reconcile::Origin::local_root);
  CHECK(answer.kind == reconcile::Acceptance::Kind::deferred);
  CHECK(answer.retry_after_s > 0);
  CHECK_FALSE(ledger->state().open.contains("c1"));
}
