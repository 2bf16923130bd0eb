// The OpenAPI 3.1 documents of both sides, as they stand in docs/, in the binary; served at /openapi.json.
#pragma once

#include <string_view>

namespace aura::protocol {

extern const std::string_view openapi_node_json;
extern const std::string_view openapi_control_json;

}  // namespace aura::protocol
