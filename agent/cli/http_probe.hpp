// One GET for doctor, wherever it goes; short deadline, nothing kept.
#pragma once

#include "common/error.hpp"
#include "common/http/message.hpp"

#include <string>

namespace aura::cli {

// Any status is a Response. `unix_socket` "": TCP by the URL.
Result<http::Response> probe(const std::string& url, const std::string& unix_socket);

}  // namespace aura::cli
