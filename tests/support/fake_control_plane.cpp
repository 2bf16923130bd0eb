#include "tests/support/fake_control_plane.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iterator>
#include <utility>

namespace aura::testing {
namespace asio = boost::asio;

FakeControlPlane::FakeControlPlane(asio::any_io_executor executor)
    : pushed_(std::move(executor), asio::steady_timer::time_point::max()) {
  reply.next_heartbeat_s = 60;
}

std::optional<Error> FakeControlPlane::failure() {
  if (failures.empty()) return std::nullopt;
  Error error = std::move(failures.front());
  failures.pop_front();
  return error;
}

ports::Async<protocol::EnrollReply> FakeControlPlane::enroll(const protocol::EnrollRequest& request) {
  enrolments.push_back(request);
  if (auto error = failure()) co_return *error;
  protocol::EnrollReply answer;
  if (approves || (!code.empty() && request.code == code)) answer.node_key = "key-of-" + request.node_id;
  co_return answer;
}

ports::Async<protocol::HeartbeatReply> FakeControlPlane::heartbeat(const protocol::Heartbeat& beat) {
  beats.push_back(beat);
  if (auto error = failure()) co_return *error;
  protocol::HeartbeatReply answer = reply;
  reply.commands.clear();
  reply.wanted.reset();
  reply.want_report = false;
  if (confirms) {
    if (!beat.events.empty()) reply.confirmed_event_seq = beat.events.back().seq;
    answer.confirmed_event_seq = reply.confirmed_event_seq;
    for (const auto& outcome : beat.outcomes) answer.confirmed_outcomes.push_back(outcome.command_id);
  }
  co_return answer;
}

ports::Async<protocol::PollReply> FakeControlPlane::poll(std::uint64_t cursor, int /*wait_s*/) {
  cursors.push_back(cursor);
  if (auto error = failure()) co_return *error;
  while (waiting_.empty()) {
    boost::system::error_code cancelled;
    co_await pushed_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  protocol::PollReply answer;
  answer.commands.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
  delivered_ += waiting_.size();
  waiting_.clear();
  answer.cursor = delivered_;
  co_return answer;
}

void FakeControlPlane::push(std::vector<protocol::Command> commands) {
  waiting_.insert(waiting_.end(), std::make_move_iterator(commands.begin()), std::make_move_iterator(commands.end()));
  pushed_.cancel();
}

}  // namespace aura::testing
