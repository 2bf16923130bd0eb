// JSON <-> the structs of this folder, strict about what is known and deaf to what is not.
//
// decode_*: a missing or ill-typed known field, a number out of range or malformed JSON is an Error
// invalid_argument whose message starts with the JSON path ("$.events[3].seq: …"); unknown fields are ignored
// except in commands (and their args), where they are refused. No input makes these functions throw; nesting
// beyond 32 is refused here, bodies beyond the limits in command.hpp by the caller. A verb that is not known is
// Errc::not_supported. A command that cannot be read does not fail the reply it came in: see UnreadableCommand.
// encode_*: text of one JSON object, keys in snake_case, times RFC 3339, absent optionals as null or left out as
// docs/protocol.md says; text that is not UTF-8 is mended with U+FFFD, so that what encode writes decode reads.
#pragma once

#include "common/protocol/exchange.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::protocol {

std::string encode(const Command& command);
std::string encode(const Outcome& outcome);
std::string encode(const Event& event);
std::string encode(const Report& report);
std::string encode(const Why& why);
std::string encode(const EnrollRequest& request);
std::string encode(const EnrollReply& reply);
std::string encode(const Heartbeat& beat);
std::string encode(const HeartbeatReply& reply);
std::string encode(const PollReply& reply);
std::string encode(const std::vector<Event>& events);  // a JSON array

Result<Command> decode_command(std::string_view json);
Result<Outcome> decode_outcome(std::string_view json);
Result<Event> decode_event(std::string_view json);
Result<Report> decode_report(std::string_view json);
Result<Why> decode_why(std::string_view json);
Result<EnrollRequest> decode_enroll_request(std::string_view json);
Result<EnrollReply> decode_enroll_reply(std::string_view json);
Result<Heartbeat> decode_heartbeat(std::string_view json);
Result<HeartbeatReply> decode_heartbeat_reply(std::string_view json);
Result<PollReply> decode_poll_reply(std::string_view json);
Result<std::vector<Event>> decode_events(std::string_view json);

// {"error":{"code":…,"message":…,"path":…}}; path left out when empty.
std::string encode_error(std::string_view code, std::string_view message, std::string_view path = {});

// The same for an error of decode_*: code invalid or unknown_verb, the path taken from the message.
std::string encode_error(const Error& error);

struct ErrorBody {
  std::string code, message, path;
  std::optional<std::uint64_t> last_epoch;  // beside the error, with stale_epoch
};
// Anything that is not such an object gives an empty code and the first 200 characters as message.
ErrorBody decode_error(std::string_view json);

}  // namespace aura::protocol
