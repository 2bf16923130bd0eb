// The workload files as the ledger knows them.
#pragma once

#include "agent/loops/commands.hpp"
#include "agent/loops/parts.hpp"
#include "agent/reconcile/declare.hpp"

#include <functional>
#include <string>
#include <vector>

namespace aura::loops {

// What one reading of the folder gave. `problems`: one sentence each, naming file, line and key.
struct DeclarationsRead {
  reconcile::DeclaredSet set;
  std::vector<std::string> problems;
};

class Declarations {
 public:
  Declarations(Parts parts, std::function<DeclarationsRead()> read);

  // Reads the folder and records what is new, changed or gone. A bad file leaves its last good spec in force.
  ReloadResult reload(bool allow_removal);

  // Of the last reading.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  Parts parts_;
  std::function<DeclarationsRead()> read_;
  std::vector<std::string> problems_;
  bool read_before_ = false;
};

}  // namespace aura::loops
