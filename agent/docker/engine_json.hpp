// The Engine API's JSON <-> our values. Pure. Everything that is not as the API describes it is bad_reply;
// fields the API may leave out have the default of the value.
#pragma once

#include "agent/ports/container_engine.hpp"
#include "common/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::docker {

// What "no memory limit" is to a running container: the update call cannot say 0. The kernel's own figure for it
// (memory.limit_in_bytes of cgroup v1 without a limit); read back as 0.
inline constexpr std::int64_t unlimited_bytes = 0x7FFF'FFFF'FFFF'F000;

// GET /containers/json and /containers/ID/json.
Result<std::vector<ports::ListedContainer>> parse_list(std::string_view body);
Result<reconcile::Container> parse_inspect(std::string_view body);
// Config.Tty of an inspect answer.
Result<bool> parse_tty(std::string_view body);

// GET /info.
Result<ports::EngineConfig> parse_config(std::string_view body);

// "Id" of a create answer: 64 hex digits.
Result<std::string> parse_created(std::string_view body);

// GET /exec/ID/json.
struct ExecState {
  bool running = false;
  int exit_code = 0;  // once it does not run
};
Result<ExecState> parse_exec(std::string_view body);

// GET /images/REF/json; the digest is the one recorded for `repository`, else the first.
Result<ports::ImageInfo> parse_image(std::string_view body, std::string_view repository);

// GET /networks: the driver of the network of exactly this name, "" if there is none.
Result<std::string> parse_network_driver(std::string_view body, std::string_view name);

// MinAPIVersion of GET /version; "" where an engine is too old to say.
Result<std::string> parse_min_api_version(std::string_view body);

// DockerRootDir of GET /info, absolute.
Result<std::string> parse_data_root(std::string_view body);

// One line of /events; nullopt for an event that is none of a container's.
Result<std::optional<ports::EngineEvent>> parse_event(std::string_view line);

// "message" of an error answer; nullopt if the body is not one of Docker's.
std::optional<std::string> parse_error_message(std::string_view body);

// Docker's timestamp (RFC 3339 with up to nine digits of fraction) as Unix nanoseconds; nullopt for anything else
// and for what lies before 1970 ("0001-01-01T00:00:00Z" is Docker's "never").
std::optional<std::int64_t> parse_time_ns(std::string_view text);

// Bodies of POST /containers/create, /containers/ID/update, /networks/create, /containers/ID/exec.
std::string create_body(const ports::CreateRequest& request);
std::string update_body(const reconcile::Resources& resources);
std::string network_body(const ports::Network& network);
std::string connect_body(const std::string& container_id);
std::string exec_body(const std::vector<std::string>& argv);

// The `filters` parameter of GET /events: container events that an agent cares for, of one container or all.
std::string event_filters(const std::vector<std::string>& actions, const std::string& container_id);
std::string network_filters(const std::string& name);

bool is_container_id(std::string_view text);  // 64 lower-case hex digits

}  // namespace aura::docker
