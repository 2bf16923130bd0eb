// Containers that answer probes as a test says, and a list of what was asked.
#pragma once

#include "agent/loops/wakeup.hpp"
#include "agent/ports/prober.hpp"
#include "tests/support/fake_clock.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace aura::testing {

class FakeProber final : public ports::Prober {
 public:
  using Kind = ports::ProbeAnswer::Kind;
  // What is asked is named by what the question goes to: "http://172.17.0.2:80/", "172.17.0.2:80", "test".
  struct Behaviour {
    Kind kind = Kind::passed;
    std::string words = "answered 503";
    std::int64_t takes_ms = 0;  // at most the question's deadline: then it fails
  };
  explicit FakeProber(FakeClock& clock) : clock_(clock) {}

  boost::asio::awaitable<ports::ProbeAnswer> ask(ports::ProbeQuestion question) override {
    std::string name = question.url;
    if (name.empty() && question.exec.empty()) name = question.address + ":" + std::to_string(question.port);
    if (!question.exec.empty()) name = question.exec.front();
    asked.emplace_back(name, clock_.boot_ms());
    ++open;
    most_open = std::max(most_open, open);
    const Behaviour behaviour = behaviours[name];
    const bool late = behaviour.takes_ms > question.timeout_ms;
    const std::int64_t takes_ms = late ? question.timeout_ms : behaviour.takes_ms;
    if (takes_ms > 0) co_await loops::sleep_for(clock_, takes_ms);
    --open;
    ports::ProbeAnswer answer{behaviour.kind, behaviour.words};
    if (late) answer = {Kind::failed, "no answer"};
    co_return answer;
  }

  int times(const std::string& name) const {
    int count = 0;
    for (const auto& [one, at] : asked) count += one == name ? 1 : 0;
    return count;
  }

  std::map<std::string, Behaviour> behaviours;
  std::vector<std::pair<std::string, BootMs>> asked;  // and when
  int open = 0, most_open = 0;

 private:
  FakeClock& clock_;
};

}  // namespace aura::testing
