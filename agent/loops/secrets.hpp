// Secret values: fetched from credentials when a container needs them, remembered only to be masked in text.
#pragma once

#include "agent/ports/host.hpp"
#include "agent/reconcile/workload.hpp"
#include "common/error.hpp"

#include <map>
#include <set>
#include <string>

namespace aura::loops {

class Secrets {
 public:
  explicit Secrets(ports::Host& host) : host_(host) {}

  // Name -> value for each reference. not_found names the first credential that is not there.
  Result<std::map<std::string, std::string>> resolve(const std::map<std::string, reconcile::SecretRef>& references);

  // A value that must never be shown although no workload has it (the node key).
  void remember(const std::string& value);

  // The text with every known value replaced by "***". Values shorter than shortest_masked bytes are left: they
  // would blot out ordinary text.
  std::string masked(std::string text) const;

  static constexpr std::size_t shortest_masked = 4;

 private:
  ports::Host& host_;
  std::set<std::string> values_;
};

}  // namespace aura::loops
