// A control plane comes back after two hours, and every node has waited for it.
#include "agent/loops/heartbeat.hpp"
#include "common/async/spawn.hpp"
#include "tests/support/fault_log.hpp"
#include "tests/unit/loops/node.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

using namespace aura;
using namespace aura::testing;

namespace {

constexpr int nodes = 1'000;
constexpr std::int64_t outage_ms = 2 * 3'600'000;  // longer than anybody waits between two beats

// Answers everybody or nobody, and counts who comes when.
class SharedControl final : public ports::ControlPlane {
 public:
  explicit SharedControl(FakeClock& clock) : clock_(clock) {}

  ports::Async<protocol::EnrollReply> enroll(const protocol::EnrollRequest&) override {
    co_return protocol::EnrollReply{"key"};
  }
  void use_key(const std::string&) override {}
  ports::Async<protocol::HeartbeatReply> heartbeat(const protocol::Heartbeat&) override {
    ++calls[clock_.boot_ms() / 1000];
    if (away) co_return Error{Errc::unavailable, "connection refused"};
    ++heard;
    protocol::HeartbeatReply reply;
    reply.next_heartbeat_s = 3'600;
    co_return reply;
  }
  ports::Async<protocol::PollReply> poll(std::uint64_t, int) override { co_return Error{Errc::unavailable, "away"}; }

  bool away = false;
  int heard = 0;
  std::map<std::int64_t, int> calls;  // by second

 private:
  FakeClock& clock_;
};

struct Sender {
  Sender(boost::asio::io_context& io, FakeClock& clock, FakeContainerEngine& engine, FakeHost& host,
         SharedControl& control, const std::string& folder)
      : ledger(store::Ledger::in_memory("")),
        parts{io.get_executor(), clock, *ledger, engine, host},
        secrets(host),
        enrolment(parts, control, secrets, folder),
        desk(parts,
             [](bool) {
               return loops::ReloadResult{true, ""};
             }),
        heartbeat(parts, control, enrolment, desk, options()) {
    spawn(parts.executor, "heartbeat", heartbeat.run());
  }
  static loops::Heartbeat::Options options() {
    loops::Heartbeat::Options given;
    given.report = [] { return protocol::Report{}; };
    return given;
  }

  std::unique_ptr<store::Ledger> ledger;
  loops::Parts parts;
  loops::Secrets secrets;
  loops::Enrolment enrolment;
  loops::CommandDesk desk;
  loops::Heartbeat heartbeat;
};

int most_in_a_second(const std::map<std::int64_t, int>& calls, std::int64_t from_s) {
  int most = 0;
  for (const auto& [at_s, times] : calls) most = at_s >= from_s ? std::max(most, times) : most;
  return most;
}

}  // namespace

TEST_CASE("a thousand nodes that waited two hours for the control plane come back spread over minutes") {
  FaultLog fault("unit", "the control plane comes back after two hours, 1,000 nodes wait for it",
                 "1,000 heartbeat loops on one virtual clock");
  Folder folder;
  boost::asio::io_context io;
  FakeClock clock{io};
  FakeContainerEngine engine;
  FakeHost host;
  SharedControl control(clock);
  std::vector<std::unique_ptr<Sender>> senders;
  for (int i = 0; i < nodes; ++i) {
    senders.push_back(std::make_unique<Sender>(io, clock, engine, host, control, folder.path()));
  }
  clock.advance(1'000);
  REQUIRE(control.heard >= nodes);
  control.away = true;
  clock.advance(outage_ms);
  control.away = false;
  const std::int64_t back_s = clock.boot_ms() / 1000;
  control.heard = 0;
  clock.advance(loops::retry_max_ms + 1'000);
  const int most = most_in_a_second(control.calls, back_s);
  fault.ran();
  INFO("heard " << control.heard);
  CHECK(fault.held(control.heard >= nodes));
  // 1,000 over 300 s are 3.3 a second.
  CHECK(fault.held(most <= 20));
  fault.observed("all were heard within 5 minutes, at most " + std::to_string(most) + " in one second");
}
