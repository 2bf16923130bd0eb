// A workload file's content as JSON, as it stands in an apply: the same keys and values, a table is an object.
#pragma once

#include "agent/config/document.hpp"

#include <string>
#include <string_view>

namespace aura::config {

// JSON text as a tree without places. `file` names it in the problem.
Document parse_json_document(std::string_view json, const std::string& file);

// What JSON cannot say (dates) becomes text, which no key of ours takes for anything else.
std::string to_json(const Document& document);

}  // namespace aura::config
