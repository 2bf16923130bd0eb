#include "common/tailnet/watch.hpp"

#include "common/async/spawn.hpp"
#include "common/log.hpp"
#include "common/tailnet/address.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace aura::tailnet {
namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds gather{50};         // messages that come together are one change
constexpr milliseconds reopen_first{250};  // until the bus is opened again, doubling
constexpr milliseconds reopen_longest{5'000};
constexpr milliseconds look_soon{3'000};    // while it did not answer: one that hung may go on without a word
constexpr milliseconds look_every{60'000};  // without any message: keys expire and health changes silently
constexpr int ask_again_at_most = 3;        // of a whois during which something changed

asio::awaitable<void> wait(asio::steady_timer& timer, milliseconds at_most) {
  timer.expires_after(at_most);
  boost::system::error_code cancelled;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

State state_of(const Error& error) {
  if (error.code == Errc::forbidden) return State::denied;
  if (error.code == Errc::unavailable) return State::absent;
  return State::no_answer;
}

}  // namespace

Watch::Watch(asio::io_context& context, http::Client& client, std::string socket, WatchLimits limits, Clock now)
    : context_(context),
      api_(client, std::move(socket)),
      limits_(limits),
      now_(std::move(now)),
      wakeup_(context),
      news_(context) {
  news_.expires_at(asio::steady_timer::time_point::max());
}

void Watch::start() {
  spawn(context_.get_executor(), "tailnet bus", follow_bus());
  spawn(context_.get_executor(), "tailnet changes", follow_changes());
}

void Watch::note_change() {
  ++changes_;
  known_.clear();
  wakeup_.cancel();
}

asio::awaitable<void> Watch::follow_bus() {
  asio::steady_timer pause(context_);
  milliseconds reopen = reopen_first;
  for (;;) {
    bool heard = false;
    const auto ended = co_await api_.watch([this, &heard] {
      heard = true;
      note_change();
    });
    // Whatever happened in the gap has not been heard.
    note_change();
    const bool in_time = !ended && ended.error().code == Errc::timeout;
    if (heard || in_time) reopen = reopen_first;
    if (in_time && heard) continue;
    co_await wait(pause, reopen);
    reopen = std::min(reopen * 2, reopen_longest);
    // One that listens again and hangs would say nothing on the bus.
    note_change();
  }
}

asio::awaitable<void> Watch::follow_changes() {
  asio::steady_timer together(context_);
  for (;;) {
    refreshed_ = changes_;
    co_await refresh();
    for (const auto& listener : listeners_) listener();
    // Wakes all that wait; those that come later wait for the next.
    news_.cancel();
    const milliseconds next_look = status_.state == State::no_answer ? look_soon : look_every;
    if (refreshed_ == changes_) co_await wait(wakeup_, next_look);
    if (refreshed_ != changes_) co_await wait(together, gather);
  }
}

asio::awaitable<void> Watch::refresh() {
  auto answer = co_await api_.status();
  Status next;
  if (answer) {
    next = std::move(*answer);
  } else {
    next.state = state_of(answer.error());
    next.trouble = answer.error().message;
    next.tun = status_.tun;
    next.version = status_.version;
    next.self = status_.self;  // who we are; whom to trust is whois' word alone
    known_.clear();
  }
  if (next.state != status_.state) {
    const bool well = next.state == State::running || next.state == State::starting;
    log::write(well ? log::Level::notice : log::Level::warning,
               "tailnet: " + std::string(to_string(next.state)) + (next.trouble.empty() ? "" : ": " + next.trouble),
               {{"AURA_EVENT", "tailnet_changed"}});
  }
  status_ = std::move(next);
}

asio::awaitable<void> Watch::changed(milliseconds at_most) {
  // The deadline wakes everybody who waits for news; those whose time has not come wait on.
  const std::uint64_t before = changes_;
  asio::steady_timer deadline(context_, at_most);
  deadline.async_wait([this](const boost::system::error_code& error) {
    if (!error) news_.cancel();
  });
  const auto until = asio::steady_timer::clock_type::now() + at_most;
  while (changes_ == before && asio::steady_timer::clock_type::now() < until) {
    boost::system::error_code cancelled;
    co_await news_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

void Watch::keep(const std::string& key, const Result<Identity>& answer) {
  if (known_.size() >= limits_.known) {
    const BootMs now = now_();
    std::erase_if(known_, [now](const auto& one) { return now - one.second.at >= whois_life_ms; });
    if (known_.size() >= limits_.known) known_.clear();
  }
  known_.insert_or_assign(key, Known{answer, now_()});
}

asio::awaitable<Result<Identity>> Watch::whois(std::string address, std::uint16_t port, std::uint64_t connection) {
  const bool by_connection = is_loopback(address);
  if (!by_connection) port = 0;
  std::string key = join(address, port);
  if (by_connection) key += '#' + std::to_string(connection);
  if (const auto found = known_.find(key); found != known_.end()) {
    const bool stands = found->second.answer.has_value() || found->second.answer.error().code == Errc::not_found;
    const std::int64_t life_ms = stands ? whois_life_ms : failure_life_ms;
    if (now_() - found->second.at < life_ms) co_return found->second.answer;
  }
  auto& slot = asking_[key];
  const bool fresh = !slot;
  if (fresh) {
    if (asking_.size() > limits_.asking) {
      asking_.erase(key);
      co_return Error{Errc::rate_limited, "too many strangers ask at a time", 0, 1};
    }
    slot = std::make_shared<Asking>(context_);
    slot->done.expires_at(asio::steady_timer::time_point::max());
  }
  const std::shared_ptr<Asking> asking = slot;
  // From here on the slot may be gone.
  if (fresh) spawn(context_.get_executor(), "whois", ask(std::move(address), port, key, asking));
  while (!asking->answer) {
    boost::system::error_code cancelled;
    co_await asking->done.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  co_return *asking->answer;
}

asio::awaitable<void> Watch::ask(std::string address, std::uint16_t port, std::string key,
                                 std::shared_ptr<Asking> asking) {
  for (int round = 1; !asking->answer; ++round) {
    const std::uint64_t before = changes_;
    auto answer = co_await api_.whois(address, port);
    const bool current = before == changes_;
    if (!current && round < ask_again_at_most) continue;
    if (!answer && answer.error().code != Errc::not_found) wakeup_.cancel();  // a doubt: what state is it in?
    if (current) keep(key, answer);
    asking->answer.emplace(std::move(answer));
  }
  asking_.erase(key);
  asking->done.cancel();
}

}  // namespace aura::tailnet
