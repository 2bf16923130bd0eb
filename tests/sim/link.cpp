#include "tests/sim/link.hpp"

#include "common/protocol/codec.hpp"

#include <utility>

namespace aura::sim {
namespace asio = boost::asio;
namespace {

constexpr WorldMs refused_after = 5;
constexpr WorldMs second_copy_within = 10 * minute;

Error failed(Errc code, const char* message) {
  Error error;
  error.code = code;
  error.message = message;
  return error;
}

Error status(int number) {
  Error error;
  error.code = number == 401 ? Errc::unauthorized : number == 503 ? Errc::rate_limited : Errc::unavailable;
  error.http_status = number;
  error.message = "the control plane answered " + std::to_string(number);
  if (number == 503) error.retry_after_s = 30;
  return error;
}

}  // namespace

asio::awaitable<void> Link::travel() {
  const WorldMs takes = world_.random.between(0, weather_.slowest);
  if (takes > 0) co_await loops::sleep_for(clock_, takes);
}

template <class Body, class Decode>
Body Link::sent(const Body& body, Decode decode) {
  if (!world_.random.one_in(as_text)) return body;
  auto read = decode(protocol::encode(body));
  if (read) return *read;
  world_.violation("wire", "a body cannot be read: " + read.error().message);
  return body;
}

template <class Reply>
ports::Async<Reply> Link::exchange(std::function<Result<Reply>()> serve) {
  const auto chance = [this](int percent) { return percent > 0 && world_.random.between(1, 100) <= percent; };
  const bool request_lost = chance(weather_.lost_requests);
  const bool reply_lost = chance(weather_.lost_replies);
  const bool doubled = chance(weather_.doubled);
  const BootMs deadline = clock_.now().boot_ms + call_deadline;
  if (weather_.cut) {
    co_await loops::sleep_for(clock_, refused_after);
    co_return failed(Errc::unavailable, "connection refused");
  }
  co_await travel();
  if (request_lost) {
    co_await loops::sleep_for(clock_, deadline - clock_.now().boot_ms);
    co_return failed(Errc::timeout, "no answer");
  }
  if (weather_.refuses != 0) co_return status(weather_.refuses);
  auto reply = serve();
  // The copy arrives when the sender has long gone on; what is answered to it nobody hears.
  if (doubled) world_.after(world_.random.between(1, second_copy_within), [serve] { static_cast<void>(serve()); });
  co_await travel();
  if (reply_lost || clock_.now().boot_ms > deadline) co_return failed(Errc::timeout, "no answer");
  if (weather_.nonsense) co_return failed(Errc::bad_reply, "not the protocol's");
  co_return reply;
}

ports::Async<protocol::EnrollReply> Link::enroll(const protocol::EnrollRequest& given) {
  std::function<Result<protocol::EnrollReply>()> serve =
      [&control = control_, request = sent(given, protocol::decode_enroll_request)] { return control.enroll(request); };
  co_return co_await exchange(std::move(serve));
}

ports::Async<protocol::HeartbeatReply> Link::heartbeat(const protocol::Heartbeat& given) {
  const auto beat = std::make_shared<const protocol::Heartbeat>(sent(given, protocol::decode_heartbeat));
  std::function<Result<protocol::HeartbeatReply>()> serve = [&control = control_, node = node_, key = key_, beat] {
    return control.heartbeat(node, key, *beat);
  };
  auto reply = co_await exchange(std::move(serve));
  if (reply) co_return sent(*reply, protocol::decode_heartbeat_reply);
  co_return reply;
}

ports::Async<protocol::PollReply> Link::poll(std::uint64_t cursor, int wait_s) {
  const BootMs until = clock_.now().boot_ms + wait_s * second;
  for (;;) {
    const auto waiting = control_.poll(node_, key_, cursor);
    const bool nothing = waiting && waiting->commands.empty();
    if (nothing && !weather_.cut && clock_.now().boot_ms < until) {
      co_await commands_.wait(clock_, until);
      if (clock_.now().boot_ms < until) continue;
    }
    std::function<Result<protocol::PollReply>()> serve = [&control = control_, node = node_, key = key_, cursor] {
      return control.poll(node, key, cursor);
    };
    auto reply = co_await exchange(std::move(serve));
    if (reply) co_return sent(*reply, protocol::decode_poll_reply);
    co_return reply;
  }
}

}  // namespace aura::sim
