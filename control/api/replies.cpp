#include "common/protocol/codec.hpp"
#include "control/api/api.hpp"

#include <charconv>

namespace aura::control {

void add_security_headers(http::Headers& headers) {
  headers.set("Cache-Control", "no-store");
  headers.set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  headers.set("Referrer-Policy", "no-referrer");
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("X-Frame-Options", "DENY");
}

http::Reply json_reply(int status, std::string body) {
  http::Reply reply;
  reply.response.status = status;
  reply.response.body = std::move(body);
  if (status != 204) reply.response.headers.set("Content-Type", "application/json");
  add_security_headers(reply.response.headers);
  return reply;
}

http::Reply problem_reply(const Problem& problem) {
  http::Reply reply =
      json_reply(problem.status, encode_problem(problem.code, problem.message, problem.path, problem.last_epoch));
  if (problem.retry_after_s > 0) reply.response.headers.set("Retry-After", std::to_string(problem.retry_after_s));
  if (problem.status == 401) reply.response.headers.set("WWW-Authenticate", "Bearer");
  return reply;
}

http::Reply body_problem_reply(const Error& error) {
  return json_reply(error.code == Errc::not_supported ? 409 : 400, protocol::encode_error(error));
}

Answer<std::uint64_t> number_of(const http::Target& target, std::string_view name, std::uint64_t otherwise,
                                std::uint64_t max) {
  const auto found = [](std::uint64_t number) { return Answer<std::uint64_t>(boost::system::in_place_value, number); };
  if (!target.has(name)) return found(otherwise);
  const std::string_view text = target.get(name);
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure == std::errc() && end == text.data() + text.size() && value <= max) return found(value);
  return Problem{400, "invalid", std::string(name) + " must be a whole number up to " + std::to_string(max),
                 "?" + std::string(name)};
}

}  // namespace aura::control
