// Workloads that answer their stop hooks as a test says, and a list of what was asked.
#pragma once

#include "agent/ports/hook_caller.hpp"
#include "tests/support/fake_clock.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>
#include <vector>

namespace aura::testing {

class FakeHookCaller final : public ports::HookCaller {
 public:
  explicit FakeHookCaller(FakeClock& clock) : clock_(clock) {}

  boost::asio::awaitable<ports::HookAnswer> ask(ports::HookQuestion question) override {
    asked.push_back(question);
    ports::HookAnswer answer{ports::HookAnswer::Kind::ready, 0, "ready"};
    if (!answers.empty()) {
      answer = answers.front();
      answers.pop_front();
    }
    if (takes_ms > 0 && !co_await takes(std::min(takes_ms, question.timeout_ms))) co_return answer;
    if (takes_ms > question.timeout_ms) answer = {ports::HookAnswer::Kind::failed, 0, "gave no answer"};
    ++answered;
    co_return answer;
  }

  std::deque<ports::HookAnswer> answers;  // the next ones; ready when there is none
  std::int64_t takes_ms = 0;
  std::vector<ports::HookQuestion> asked;
  int answered = 0;  // those that were not broken off

 private:
  // False: it was cancelled.
  boost::asio::awaitable<bool> takes(std::int64_t ms) {
    boost::asio::steady_timer waiting(co_await boost::asio::this_coro::executor,
                                      boost::asio::steady_timer::time_point::max());
    bool over = false;
    const auto timer = clock_.at(clock_.boot_ms() + ms, [&] {
      over = true;
      waiting.cancel();
    });
    boost::system::error_code cancelled;
    co_await waiting.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
    if (!over) clock_.cancel(timer);
    co_return over;
  }

  FakeClock& clock_;
};

}  // namespace aura::testing
