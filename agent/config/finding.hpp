// One thing wrong in a configuration, policy or workload file.
#pragma once

#include <string>

namespace aura::config {

// line and column count from 1; 0 where the problem is not at one place (a missing key, a folder). key is dotted
// ("restart.policy"); "" for the file as a whole. message is one sentence for a person and names the remedy.
struct Problem {
  std::string file;
  int line = 0, column = 0;
  std::string key;
  std::string message;
  bool operator==(const Problem&) const = default;
};

// "file:line: key: message"; parts that are not known are left out.
std::string to_string(const Problem& problem);

}  // namespace aura::config
