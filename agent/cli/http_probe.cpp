#include "agent/cli/http_probe.hpp"

#include "common/async/spawn.hpp"
#include "common/http/client.hpp"

#include <boost/asio/io_context.hpp>

#include <optional>
#include <utility>

namespace aura::cli {
namespace {

constexpr long probe_timeout_ms = 3'000;

boost::asio::awaitable<void> exchange(http::Client& client, http::Call call,
                                      std::optional<Result<http::Response>>& out) {
  out = co_await client.send(std::move(call));
}

}  // namespace

Result<http::Response> probe(const std::string& url, const std::string& unix_socket) {
  std::optional<Result<http::Response>> out;
  boost::asio::io_context context{1};
  http::Client client(context);
  http::Call call;
  call.request.target = url;
  call.unix_socket = unix_socket;
  call.timeout_ms = probe_timeout_ms;
  spawn(context.get_executor(), "probe", exchange(client, std::move(call), out));
  while (!out && context.run_one() > 0) {}
  if (!out) return Error{Errc::internal, "the event loop ended early"};
  return std::move(*out);
}

}  // namespace aura::cli
