#include "control/api/views.hpp"
#include "control/cli/commands.hpp"
#include "control/cli/exit_codes.hpp"
#include "control/cli/text.hpp"

#include <fmt/format.h>

namespace aura::control::cli {
namespace {

int print_code(const Connection& connection, const Result<http::Response>& response) {
  if (response.has_error()) return report(response.error());
  if (connection.json) {
    fmt::print("{}\n", response->body);
    return exit_ok;
  }
  const auto code = decode_code(response->body);
  if (code.has_error()) return report({Errc::bad_reply, code.error().message});
  fmt::print("{}\n", printable(*code));
  return exit_ok;
}

}  // namespace

int enroll(const Connection& connection, const std::string& node_id) {
  auto client = Client::open(connection);
  if (client.has_error()) return report(client.error());
  return print_code(connection, client->post("/v1/enroll-codes", encode_node_id_body(node_id)));
}

int reenroll(const Connection& connection, const std::string& node_id) {
  auto client = Client::open(connection);
  if (client.has_error()) return report(client.error());
  return print_code(connection, client->post("/v1/nodes/" + http::percent_encode(node_id) + "/reenroll", {}));
}

int approve(const Connection& connection, const std::string& node_id) {
  auto client = Client::open(connection);
  if (client.has_error()) return report(client.error());
  const auto done = client->post("/v1/nodes/" + http::percent_encode(node_id) + "/approve", {});
  if (done.has_error()) return report(done.error());
  if (!connection.json) fmt::print("{} is let in; it fetches its key when it next asks\n", printable(node_id));
  return exit_ok;
}

}  // namespace aura::control::cli
