#include "agent/controlplane/http_control_plane.hpp"

#include "common/fault_point.hpp"
#include "common/protocol/codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace aura::controlplane {
namespace {

constexpr std::size_t max_reply_bytes = 1 << 20;
constexpr int unsaid_retry_after_s = 5;

int retry_after_s(const http::Response& response) {
  const std::string text(response.headers.get("retry-after"));
  const long asked = std::strtol(text.c_str(), nullptr, 10);
  if (asked <= 0) return unsaid_retry_after_s;
  return static_cast<int>(std::min<long>(asked, longest_retry_after_s));
}

Errc code_of(int status) {
  switch (status) {
    case 401: return Errc::unauthorized;
    case 403: return Errc::forbidden;
    case 409: return Errc::conflict;
    case 413: return Errc::too_large;
    case 429:
    case 503: return Errc::rate_limited;
    default: return Errc::unavailable;
  }
}

Error refusal(const http::Response& response) {
  const auto body = protocol::decode_error(response.body);
  Error error;
  error.code = code_of(response.status);
  error.http_status = response.status;
  if (error.code == Errc::rate_limited) error.retry_after_s = retry_after_s(response);
  if (error.code == Errc::conflict) {
    error.message = fmt::format("{} {}", body.code, body.message);
  } else {
    error.message = fmt::format("the control plane answered {} {}{}{}", response.status, body.code,
                                body.message.empty() ? "" : ": ", body.message);
  }
  return error;
}

template <class T>
Result<T> decoded(Result<T> reply) {
  if (reply) return reply;
  Error error = with_context(reply.error(), "the control plane's reply is not the protocol's");
  error.code = Errc::bad_reply;
  return error;
}

// The port promises a stale epoch as "stale_epoch LAST_EPOCH".
Error heartbeat_refusal(const http::Response& response) {
  Error error = refusal(response);
  const auto last_epoch = protocol::decode_error(response.body).last_epoch;
  if (error.code == Errc::conflict && last_epoch) error.message = fmt::format("stale_epoch {}", *last_epoch);
  return error;
}

}  // namespace

HttpControlPlane::HttpControlPlane(http::Client& client, std::string url, std::string node_id, FindHop find_hop)
    : client_(client), url_(std::move(url)), node_id_(std::move(node_id)), find_hop_(std::move(find_hop)) {
  while (!url_.empty() && url_.back() == '/') url_.pop_back();
}

void HttpControlPlane::use_key(const std::string& node_key) {
  bearer_ = node_key.empty() ? std::string() : "Bearer " + node_key;
}

http::Call HttpControlPlane::call(std::string method, const std::string& path, std::string body,
                                  long timeout_ms) const {
  http::Call call;
  call.request.method = std::move(method);
  call.request.target = url_ + path;
  if (!bearer_.empty()) call.request.headers.set("Authorization", bearer_);
  if (!body.empty()) call.request.headers.set("Content-Type", "application/json");
  call.request.body = std::move(body);
  call.timeout_ms = timeout_ms;
  call.max_body_bytes = max_reply_bytes;
  return call;
}

ports::Async<http::Response> HttpControlPlane::send(http::Call what) {
  if (!find_hop_) co_return co_await client_.send(std::move(what));
  const auto hop = co_await find_hop_();
  if (!hop) co_return hop.error();
  what.pin_address = hop->address;
  what.socks5 = hop->socks5;
  what.from_addresses = hop->from;
  auto response = co_await client_.send(std::move(what));
  if (!response) co_return response;
  // It may have lost its tag, or its address, while we waited.
  const auto still = co_await find_hop_();
  if (!still) co_return with_context(still.error(), "its reply is not believed");
  if (*still != *hop) co_return Error{Errc::unavailable, "the control plane has moved; its last reply is not believed"};
  co_return response;
}

ports::Async<protocol::EnrollReply> HttpControlPlane::enroll(const protocol::EnrollRequest& request) {
  http::Call what = call("POST", "/v1/enroll", protocol::encode(request), call_timeout_ms);
  fault_point("control.before.enrol");
  auto reply = co_await send(std::move(what));
  fault_point("control.after.enrol");
  if (!reply) co_return reply.error();
  if (reply->status == 202) co_return protocol::EnrollReply{};
  if (reply->status != 200 && reply->status != 201) co_return refusal(*reply);
  co_return decoded(protocol::decode_enroll_reply(reply->body));
}

ports::Async<protocol::HeartbeatReply> HttpControlPlane::heartbeat(const protocol::Heartbeat& beat) {
  const std::string path = "/v1/nodes/" + http::percent_encode(node_id_) + "/heartbeat";
  http::Call what = call("POST", path, protocol::encode(beat), call_timeout_ms);
  fault_point("control.before.heartbeat");
  auto reply = co_await send(std::move(what));
  fault_point("control.after.heartbeat");
  if (!reply) co_return reply.error();
  if (reply->status != 200) co_return heartbeat_refusal(*reply);
  co_return decoded(protocol::decode_heartbeat_reply(reply->body));
}

ports::Async<protocol::PollReply> HttpControlPlane::poll(std::uint64_t cursor, int wait_s) {
  const std::string path =
      fmt::format("/v1/nodes/{}/commands?cursor={}&wait_s={}", http::percent_encode(node_id_), cursor, wait_s);
  http::Call what = call("GET", path, {}, wait_s * 1000L + poll_slack_ms);
  fault_point("control.before.poll");
  auto reply = co_await send(std::move(what));
  fault_point("control.after.poll");
  if (!reply) co_return reply.error();
  if (reply->status == 204) {
    protocol::PollReply none;
    none.cursor = cursor;
    co_return none;
  }
  if (reply->status != 200) co_return refusal(*reply);
  co_return decoded(protocol::decode_poll_reply(reply->body));
}

}  // namespace aura::controlplane
