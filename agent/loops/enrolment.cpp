#include "agent/loops/enrolment.hpp"

#include "agent/store/node_key.hpp"
#include "common/log.hpp"

#include <utility>

namespace aura::loops {

Enrolment::Enrolment(Parts parts, ports::ControlPlane& control, Secrets& secrets, std::string state_dir)
    : parts_(std::move(parts)), control_(control), secrets_(secrets), state_dir_(std::move(state_dir)) {}

void Enrolment::use(const std::string& key) {
  secrets_.remember(key);
  control_.use_key(key);
  enrolled_ = true;
}

bool Enrolment::use_stored_key() {
  const auto stored = store::read_node_key(state_dir_);
  if (!stored) {
    log::warning("the node key cannot be read: " + stored.error().message);
    return false;
  }
  if (!stored->has_value()) return false;
  use(**stored);
  return true;
}

ports::Async<bool> Enrolment::attempt() {
  if (enrolled_ || use_stored_key()) co_return true;
  const auto& state = parts_.ledger.state();
  protocol::EnrollRequest request;
  request.node_id = state.node_id;
  request.ledger_id = state.ledger_id;
  request.cloud_instance_id = parts_.host.cloud_instance_id();
  request.code = parts_.host.credential(enroll_code_credential).value_or(std::string());
  const auto reply = co_await control_.enroll(request);
  if (!reply) co_return reply.error();
  if (reply->node_key.empty()) co_return false;
  const auto kept = store::write_node_key(state_dir_, reply->node_key);
  if (!kept) log::error("the node key cannot be stored, the node must be enrolled again: " + kept.error().message);
  use(reply->node_key);
  log::notice("enrolled with the control plane");
  co_return true;
}

}  // namespace aura::loops
