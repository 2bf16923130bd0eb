#include "agent/config/finding.hpp"

namespace aura::config {

std::string to_string(const Problem& problem) {
  std::string text = problem.file;
  if (problem.line > 0) text += (text.empty() ? "" : ":") + std::to_string(problem.line);
  if (!problem.key.empty()) text += (text.empty() ? "" : ": ") + problem.key;
  if (!text.empty()) text += ": ";
  return text + problem.message;
}

}  // namespace aura::config
