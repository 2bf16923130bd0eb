// Text on its way into and out of JSON.
#pragma once

#include <string>
#include <string_view>

namespace aura::protocol {

// The same text as UTF-8 (RFC 3629): each byte that belongs to no well-formed sequence, and each NUL, becomes
// U+FFFD. Text from containers and user names may be anything, and one bad byte would make the peer refuse a
// whole heartbeat.
std::string valid_utf8(std::string_view text);

// True if well-formed UTF-8 `text` holds a control character: C0, DEL or C1. Such text could fake lines in a log
// or steer a terminal.
bool has_control(std::string_view text);

}  // namespace aura::protocol
