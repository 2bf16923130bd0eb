#include "agent/cli/agent_client.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/line_reader.hpp"
#include "agent/cli/terminal.hpp"
#include "common/protocol/codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace aura::cli {
namespace {

constexpr std::size_t max_line_bytes = 256 * 1024;  // an event with its log tail
constexpr int first_retry_ms = 500, last_retry_ms = 5'000;

Colour colour_of(protocol::Severity severity) {
  switch (severity) {
    case protocol::Severity::error: return Colour::red;
    case protocol::Severity::warning: return Colour::yellow;
    case protocol::Severity::notice: return Colour::bold;
    case protocol::Severity::info: break;
  }
  return Colour::none;
}

class Printer {
 public:
  explicit Printer(bool json) : json_(json) {}

  void print(const protocol::Event& event) const {
    if (json_) {
      put(printable_json(protocol::encode(event)) + "\n");
      return;
    }
    const std::string text = event.text.empty() ? printable(event.kind) : printable(event.text);
    put(fmt::format("{:>5}  {}  {:<20}  {}  {}{}\n", event.seq, to_rfc3339(event.time), printable(event.kind),
                    event.workload.empty() ? "node" : printable(event.workload),
                    terminal_.paint(text, colour_of(event.severity)),
                    event.actor.empty() ? "" : " (by " + printable(event.actor) + ")"));
    for (const std::string& line : event.log_tail) put("       | " + printable(line) + "\n");
  }

 private:
  bool json_;
  Terminal terminal_{stdout};
};

int list(AgentClient& agent, const EventsOptions& options) {
  const auto answer = agent.get(fmt::format("/v1/events?after={}", options.after));
  if (!answer) return report(answer.error());
  const auto found = protocol::decode_events(answer->body);
  if (!found) return report(Error{Errc::bad_reply, "the agent's events cannot be read: " + found.error().message});
  if (options.json) {
    put(printable_json(answer->body) + "\n");
    return exit_ok;
  }
  const Printer printer(false);
  for (const protocol::Event& event : *found) printer.print(event);
  return exit_ok;
}

// Server-Sent Events (HTML Living Standard 9.2); each of ours has its JSON in one data line. A stream that was up is
// taken up again where it broke off, so that a restart of the agent loses nothing.
int follow(AgentClient& agent, const EventsOptions& options) {
  const Printer printer(options.json);
  std::uint64_t after = options.after;
  bool heard = false, ever_heard = false;
  for (int retry_ms = first_retry_ms;; retry_ms = std::min(retry_ms * 2, last_retry_ms)) {
    LineReader lines(max_line_bytes, [&](std::string_view line) {
      constexpr std::string_view data = "data:";
      if (!line.starts_with(data)) return;
      const auto event = protocol::decode_event(line.substr(data.size()));
      if (!event) return;
      after = event->seq;
      printer.print(*event);
    });
    heard = false;
    const auto ended = agent.stream(fmt::format("/v1/events?after={}&follow=true", after), [&](std::string_view bytes) {
      heard = true;
      lines.take(bytes);
      return std::fflush(stdout) == 0;
    });
    if (agent.interrupted() || std::ferror(stdout) != 0) return exit_ok;
    ever_heard = ever_heard || heard;
    if (!ended && !ever_heard) return report(ended.error());
    if (heard) {
      retry_ms = first_retry_ms;
      complain("the agent closed the stream; waiting for it to be back");
    }
    if (!agent.pause(retry_ms)) return exit_ok;
  }
}

}  // namespace

int events(const EventsOptions& options) {
  AgentClient agent(options.socket);
  return options.follow ? follow(agent, options) : list(agent, options);
}

}  // namespace aura::cli
