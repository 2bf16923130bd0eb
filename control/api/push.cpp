#include "control/api/push.hpp"

#include "common/async/spawn.hpp"
#include "common/log.hpp"
#include "common/protocol/codec.hpp"
#include "common/tailnet/address.hpp"
#include "common/tailnet/identity.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <utility>

namespace aura::control {
namespace asio = boost::asio;
namespace {

constexpr long kept_connections = 64;
constexpr std::size_t max_reply_bytes = 64 * 1024;
constexpr double told_per_second = 1.0 / 600;  // of one node
constexpr std::size_t max_told = 1'024;

// topic_commands() without its node: what it begins with.
const std::string& topic_prefix() {
  static const std::string prefix = topic_commands("");
  return prefix;
}

}  // namespace

PushResult result_of(int http_status) {
  switch (http_status) {
    case 200:
    case 202: return PushResult::taken;
    case 409: return PushResult::settled;
    case 429:
    case 503:
    case 507: return PushResult::later;
    default: return PushResult::failed;
  }
}

Push::Push(asio::io_context& context, Plane& plane, tailnet::Watch& watch, Options options, Clock clock)
    : context_(context),
      plane_(plane),
      watch_(watch),
      options_(std::move(options)),
      clock_(std::move(clock)),
      client_(context, kept_connections),
      told_(told_per_second, 1, max_told) {}

void Push::wake(std::string_view topic) {
  if (!topic.starts_with(topic_prefix())) return;
  std::string node_id(topic.substr(topic_prefix().size()));
  // One that runs asks the plane again before it ends.
  if (running_.contains(node_id) || !plane_.push_target(node_id, clock_())) return;
  waiting_.insert(std::move(node_id));
  begin();
}

void Push::begin() {
  while (!waiting_.empty() && running_.size() < max_pushes) {
    auto next = waiting_.extract(waiting_.begin());
    running_.insert(next.value());
    spawn(context_.get_executor(), "push", run(std::move(next.value())));
  }
}

asio::awaitable<void> Push::run(std::string node_id) {
  // Whoever woke us is in the middle of its own work.
  co_await asio::post(context_, asio::use_awaitable);
  bool more = true;
  while (more) more = co_await push_one(node_id);
  running_.erase(node_id);
  begin();
}

asio::awaitable<bool> Push::push_one(const std::string& node_id) {
  const auto target = plane_.push_target(node_id, clock_());
  if (!target || !plane_.next_push(node_id, clock_())) co_return false;
  const bool still = co_await is_still(*target, node_id);
  // Asked again, since time has passed: it may be settled, or another one come first.
  const auto command = plane_.next_push(node_id, clock_());
  if (!command) co_return false;
  if (!still) {
    plane_.pushed(node_id, command->id, PushResult::failed, clock_());
    co_return false;
  }
  http::Call call;
  call.request.method = "POST";
  call.request.target = "http://" + tailnet::join(target->address, options_.node_port) + "/v1/commands";
  call.request.headers.set("Content-Type", "application/json");
  call.request.body = protocol::encode(*command);
  call.timeout_ms = push_timeout_ms;
  call.max_body_bytes = max_reply_bytes;
  call.pin_address = target->address;
  if (watch_.status().tun)
    call.from_addresses = watch_.status().self.addresses;
  else
    call.socks5 = options_.socks5;
  ++counts_.sent;
  const auto response = co_await client_.send(std::move(call));
  const PushResult result = response.has_value() ? result_of(response->status) : PushResult::failed;
  plane_.pushed(node_id, command->id, result, clock_());
  if (result == PushResult::taken) ++counts_.taken;
  if (result == PushResult::failed) {
    note_failure(node_id, response.has_value() ? fmt::format("its API answered {}", response->status)
                                               : response.error().message);
  }
  co_return result == PushResult::taken || result == PushResult::settled;
}

asio::awaitable<bool> Push::is_still(const PushTarget& target, const std::string& node_id) {
  if (!watch_.status().tun && options_.socks5.empty()) {
    note_failure(node_id, "tailscaled is in userspace mode: set socks5 to its proxy");
    co_return false;
  }
  const auto who = co_await watch_.whois(target.address, 0);
  if (who.has_error()) {
    note_failure(node_id, who.error().message);
    co_return false;
  }
  const std::string objection = tailnet::objection(who->device, watch_.status().self);
  if (who->device.id == target.device && objection.empty()) co_return true;
  note_failure(node_id, objection.empty() ? target.address + " is another device's now" : objection);
  co_return false;
}

void Push::note_failure(const std::string& node_id, const std::string& why) {
  ++counts_.failed;
  if (!told_.take(node_id, boot_now())) return;
  log::notice(
      fmt::format("a command could not be pushed to {}: {}; it is fetched by the node instead ({} pushes, {} "
                  "failed since the start)",
                  node_id, why, counts_.sent, counts_.failed));
}

}  // namespace aura::control
