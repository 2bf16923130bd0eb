// The login for a registry, as the Engine API wants it (docs.docker.com/reference/api/engine, "Authentication").
#pragma once

#include "common/error.hpp"

#include <string>
#include <string_view>

namespace aura::docker {

// The value of X-Registry-Auth for a pull of `reference`: base64url of JSON. `login` is {"username","password"}, both
// strings and nothing else; "" gives "". invalid_argument for anything else; the message holds nothing of it.
Result<std::string> registry_auth(std::string_view login, std::string_view reference);

}  // namespace aura::docker
