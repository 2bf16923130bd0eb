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

void Enrolment::renew(Renewal renewal) {
  const bool has_code = parts_.host.credential(enroll_code_credential).has_value();
  if (renewal == Renewal::by_code_or_approval || has_code) renewal_ = renewal;
}

bool Enrolment::renews_by_code() const {
  return renewal_ && parts_.host.credential(enroll_code_credential).has_value();
}

ports::Async<bool> Enrolment::attempt() {
  const auto renewal = std::exchange(renewal_, std::nullopt);
  if (!renewal && (enrolled_ || use_stored_key())) co_return true;
  const auto& state = parts_.ledger.state();
  if (state.node.cloned) {
    // An operator who lets the real machine in again must not find a copy in its place.
    if (enrolled_ || use_stored_key()) co_return true;
    Error a_copy;
    a_copy.code = Errc::forbidden;
    a_copy.message =
        "this machine is a clone of the node and does not enrol; aura-node adopt --instance makes it the node";
    co_return a_copy;
  }
  protocol::EnrollRequest request;
  request.node_id = state.node_id;
  request.ledger_id = state.ledger_id;
  request.cloud_instance_id = parts_.host.cloud_instance_id();
  request.code = parts_.host.credential(enroll_code_credential).value_or(std::string());
  auto reply = co_await control_.enroll(request);
  // The code of the enrolment before is spent; an operator may let the node in without.
  const bool code_is_no_use = !reply && reply.error().code == Errc::forbidden && !request.code.empty();
  if (code_is_no_use && renewal == Renewal::by_code_or_approval) {
    request.code.clear();
    reply = co_await control_.enroll(request);
  }
  if (!reply) co_return reply.error();
  if (reply->node_key.empty()) co_return false;
  const auto kept = store::write_node_key(state_dir_, reply->node_key);
  if (!kept) log::error("the node key cannot be stored, the node must be enrolled again: " + kept.error().message);
  use(reply->node_key);
  log::notice("enrolled with the control plane");
  co_return true;
}

}  // namespace aura::loops
