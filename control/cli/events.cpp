#include "control/api/views.hpp"
#include "control/cli/commands.hpp"
#include "control/cli/exit_codes.hpp"
#include "control/cli/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>

namespace aura::control::cli {
namespace {

constexpr int first_retry_ms = 1'000;
constexpr int last_retry_ms = 30'000;
constexpr std::size_t max_line_bytes = 256 * 1024;

void print(const Connection& connection, const EventRecord& record) {
  if (connection.json) {
    fmt::print("{}\n", encode_event(record));
    std::fflush(stdout);
    return;
  }
  const protocol::Event& event = record.event;
  std::string about = printable(record.node_id);
  if (!event.workload.empty()) about += "/" + printable(event.workload);
  fmt::print("{}  {}  {}  {}: {}{}\n", to_rfc3339(event.time), about, to_string(event.severity), printable(event.kind),
             printable(event.text), event.actor.empty() ? "" : " (" + printable(event.actor) + ")");
  for (const std::string& line : event.log_tail) fmt::print("    | {}\n", printable(line));
  std::fflush(stdout);
}

// Takes an event stream apart: data lines only (HTML, Server-sent events); each of ours is one line.
class StreamReader {
 public:
  explicit StreamReader(const Connection& connection) : connection_(connection) {}

  bool take(std::string_view bytes) {
    buffer_ += bytes;
    for (auto end = buffer_.find('\n'); end != buffer_.npos; end = buffer_.find('\n')) {
      take_line(std::string_view(buffer_).substr(0, end));
      buffer_.erase(0, end + 1);
    }
    return buffer_.size() <= max_line_bytes;
  }
  std::optional<std::uint64_t> last_id;

 private:
  void take_line(std::string_view line) {
    constexpr std::string_view data = "data: ";
    if (!line.starts_with(data)) return;
    const auto record = decode_event_record(line.substr(data.size()));
    if (record.has_error()) return;
    last_id = record->id;
    print(connection_, *record);
  }
  const Connection& connection_;
  std::string buffer_;
};

std::string path_of(const std::string& node_id, const std::string& rest) {
  std::string path = "/v1/events?" + rest;
  if (!node_id.empty()) path += "&node=" + http::percent_encode(node_id);
  return path;
}

}  // namespace

int events(const Connection& connection, const std::string& node_id, int tail, bool follow) {
  auto client = Client::open(connection);
  if (client.has_error()) return report(client.error());
  if (!follow) {
    const auto page = client->get(path_of(node_id, fmt::format("limit={}", tail)));
    if (page.has_error()) return report(page.error());
    const auto records = decode_event_records(page->body);
    if (records.has_error()) return report({Errc::bad_reply, records.error().message});
    for (const EventRecord& record : *records) print(connection, record);
    return exit_ok;
  }
  StreamReader reader(connection);
  int retry_ms = first_retry_ms;
  for (bool connected_once = false;;) {
    const std::string place = reader.last_id ? fmt::format("after={}", *reader.last_id) : fmt::format("limit={}", tail);
    bool heard = false;
    const auto ended = client->follow(path_of(node_id, place + "&follow=1"), [&](std::string_view bytes) {
      heard = true;
      return reader.take(bytes);
    });
    connected_once = connected_once || heard;
    // A stream that was up comes back; one that never was is the operator's to look at.
    if (ended.has_error() && !connected_once) return report(ended.error());
    if (heard) retry_ms = first_retry_ms;
    fmt::print(stderr, "aura-control: the event stream ended; trying again\n");
    if (!client->pause(retry_ms)) return exit_ok;
    retry_ms = std::min(retry_ms * 2, last_retry_ms);
  }
}

}  // namespace aura::control::cli
