#include "common/tailnet/facts.hpp"

namespace aura::tailnet {

std::string_view to_string(State state) {
  switch (state) {
    case State::unknown: return "unknown";
    case State::absent: return "absent";
    case State::denied: return "denied";
    case State::no_answer: return "no_answer";
    case State::starting: return "starting";
    case State::needs_login: return "needs_login";
    case State::needs_approval: return "needs_approval";
    case State::stopped: return "stopped";
    case State::running: return "running";
  }
  return "unknown";
}

std::string_view remedy(State state) {
  switch (state) {
    case State::unknown:
    case State::running: return "";
    case State::absent: return "start it: systemctl start tailscaled";
    case State::denied: return "let this user open tailscaled's socket (its folder needs mode 0755)";
    case State::no_answer: return "look at it: journalctl -u tailscaled, then systemctl restart tailscaled";
    case State::starting: return "wait a moment; if it stays so, look at: tailscale netcheck";
    case State::needs_login: return "log it in: tailscale up, with a new auth key";
    case State::needs_approval: return "approve this device in the tailnet's admin console";
    case State::stopped: return "start it: tailscale up";
  }
  return "";
}

}  // namespace aura::tailnet
