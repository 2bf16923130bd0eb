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

// Which machine it was: the name alone is what anybody may ask for.
std::string claimant_words(const ClaimRecord& claim) {
  if (!claim.device.empty()) {
    return fmt::format("device {} ({}) at {}", claim.device_name, claim.device,
                       claim.address.empty() ? "an unknown address" : claim.address);
  }
  const std::string instance = claim.cloud_instance_id.empty() ? "" : ", instance " + claim.cloud_instance_id;
  return fmt::format("a machine outside the tailnet, ledger {}{}", claim.ledger_id, instance);
}

int settle(const Connection& connection, const std::string& node_id, const std::string& device,
           const std::string& action, std::string_view what) {
  auto client = Client::open(connection);
  if (client.has_error()) return report(client.error());
  const auto done =
      client->post("/v1/nodes/" + http::percent_encode(node_id) + "/" + action, encode_device_body(device));
  if (done.has_error()) return report(done.error());
  if (connection.json) {
    fmt::print("{}\n", done->body);
    return exit_ok;
  }
  const auto claim = decode_claim(done->body);
  if (claim.has_error()) return report({Errc::bad_reply, claim.error().message});
  fmt::print("{}: {} {}\n", printable(node_id), printable(claimant_words(*claim)), what);
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

int approve(const Connection& connection, const std::string& node_id, const std::string& device) {
  return settle(connection, node_id, device, "approve", "is let in; it fetches its key when it next asks");
}

int refuse(const Connection& connection, const std::string& node_id, const std::string& device) {
  return settle(connection, node_id, device, "refuse", "is turned away; the next that asks may wait in its place");
}

}  // namespace aura::control::cli
