#include "agent/cli/agent_client.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/line_reader.hpp"
#include "agent/cli/terminal.hpp"
#include "common/http/message.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace aura::cli {
namespace {

constexpr std::size_t max_line_bytes = 64 * 1024;

std::string path_of(const LogsOptions& options) {
  std::string path = fmt::format("/v1/workloads/{}/logs?follow={}", http::percent_encode(options.workload),
                                 options.follow ? "true" : "false");
  if (options.tail) path += fmt::format("&tail={}", *options.tail);
  if (!options.since.empty()) path += "&since=" + http::percent_encode(options.since);
  return path;
}

// A tab moves the cursor and nothing else.
std::string line_of(std::string_view text) {
  std::string line;
  for (std::size_t begin = 0;;) {
    const std::size_t tab = text.find('\t', begin);
    line += printable(text.substr(begin, tab == text.npos ? tab : tab - begin));
    if (tab == text.npos) return line;
    line += '\t';
    begin = tab + 1;
  }
}

}  // namespace

int logs(const LogsOptions& options) {
  AgentClient agent(options.socket);
  LineReader lines(max_line_bytes, [](std::string_view line) { put(line_of(line) + "\n"); });
  const auto ended = agent.stream(path_of(options), [&](std::string_view bytes) {
    if (options.raw)
      put(bytes);
    else
      lines.take(bytes);
    // A reader that went away ends the stream.
    return std::fflush(stdout) == 0;
  });
  lines.finish();
  if (agent.interrupted()) return exit_ok;
  return ended ? exit_ok : report(ended.error());
}

}  // namespace aura::cli
