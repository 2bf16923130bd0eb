// How the node gets its key: from the state directory, or from the control plane with a one-time code, or by an
// operator's approval.
#pragma once

#include "agent/loops/parts.hpp"
#include "agent/loops/secrets.hpp"
#include "agent/ports/control_plane.hpp"

#include <optional>
#include <string>

namespace aura::loops {

inline constexpr const char* enroll_code_credential = "enroll-code";
inline constexpr std::int64_t pending_retry_ms = 10'000;  // while an operator has not approved yet

class Enrolment {
 public:
  Enrolment(Parts parts, ports::ControlPlane& control, Secrets& secrets, std::string state_dir);

  // One attempt. True: the control plane port has a key. False: approval is pending. A key that is stored wins; the
  // code is read from the credential only where there is none. A new key is stored durably before it is used; where
  // it cannot be stored it is used all the same, and the error is logged.
  ports::Async<bool> attempt();

  // The control plane does not take the key: the next attempt enrols anew, once, and the one after that tries the
  // key again. by_code: only where there is a code. by_code_or_approval: also by asking for an operator's approval.
  enum class Renewal { by_code, by_code_or_approval };
  void renew(Renewal renewal);

  // The next attempt enrols with a code: there is no reason to let it wait.
  bool renews_by_code() const;

  bool enrolled() const { return enrolled_; }

 private:
  bool use_stored_key();
  void use(const std::string& key);

  Parts parts_;
  ports::ControlPlane& control_;
  Secrets& secrets_;
  std::string state_dir_;
  bool enrolled_ = false;
  std::optional<Renewal> renewal_;
};

}  // namespace aura::loops
