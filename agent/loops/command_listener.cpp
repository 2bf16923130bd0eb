#include "agent/loops/command_listener.hpp"

#include "agent/reconcile/backoff.hpp"

#include <algorithm>
#include <utility>

namespace aura::loops {
namespace asio = boost::asio;

CommandListener::CommandListener(Parts parts, ports::ControlPlane& control, CommandDesk& desk, Heartbeat& heartbeat)
    : parts_(std::move(parts)), control_(control), desk_(desk), heartbeat_(heartbeat) {
  heartbeat_.on_long_poll([this] { offered_.notify(); });
}

asio::awaitable<void> CommandListener::run() {
  for (;;) {
    if (!heartbeat_.long_poll()) {
      co_await offered_.wait(parts_.clock, std::nullopt);
      continue;
    }
    const BootMs asked_at = parts_.clock.now().boot_ms;
    std::optional<Result<protocol::PollReply>> answer;
    auto task = ask(answer);
    const bool by_itself = co_await poll_.run(parts_.clock, "long poll", std::move(task));
    if (!by_itself || !answer) continue;
    auto& reply = *answer;
    if (!reply) {
      co_await back_off(reply.error());
      continue;
    }
    failures_ = 0;
    // A restored control plane counts from a smaller number: its word holds.
    if (reply->cursor != 0) cursor_ = reply->cursor;
    if (reply->commands.empty() && reply->unreadable.empty()) {
      // An empty answer is meant to come after the wait; one that comes at once must not make us spin.
      if (parts_.clock.now().boot_ms - asked_at < empty_spacing_ms) co_await sleep_for(parts_.clock, empty_spacing_ms);
      continue;
    }
    heartbeat_.defer(desk_.deliver_all(reply->commands, reply->unreadable));
    // A control plane that repeats itself must not make us spin.
    co_await sleep_for(parts_.clock, poll_spacing_ms);
  }
}

asio::awaitable<void> CommandListener::ask(std::optional<Result<protocol::PollReply>>& answer) {
  auto reply = co_await control_.poll(cursor_, poll_wait_s);
  answer.emplace(std::move(reply));
}

asio::awaitable<void> CommandListener::back_off(Error error) {
  const Now now = parts_.clock.now();
  std::int64_t wait_ms = reconcile::jittered_delay_ms(failures_++, retry_max_ms, now.entropy);
  if (error.code == Errc::unauthorized || error.code == Errc::forbidden) wait_ms += unknown_to_control_first_ms;
  if (error.retry_after_s > 0) wait_ms = error.retry_after_s * 1000LL;
  wait_ms = std::max(wait_ms, coalesce_ms);
  if (error.retry_after_s > 0) {
    co_await sleep_for(parts_.clock, wait_ms);
    co_return;
  }
  // The heartbeat may be answered well again long before.
  const bool sooner = co_await offered_.wait(parts_.clock, now.boot_ms + wait_ms);
  if (sooner) co_await sleep_for(parts_.clock, coalesce_ms);
}

}  // namespace aura::loops
