// upgrade VERSION|FILE: a package file is handed to root's own folder first; from there on it is a version like any
// other.
#include "agent/cli/commands.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/terminal.hpp"
#include "agent/cli/tool.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace aura::cli {
namespace {

constexpr int take_timeout_ms = 60'000;  // a file of some megabytes is copied and looked at
constexpr const char* upgrade_program = "/usr/libexec/aura-node/upgrade";

bool is_file(const std::string& text) { return text.find('/') != text.npos || text.ends_with(".deb"); }

}  // namespace

int upgrade(const UpgradeOptions& options) {
  SendOptions sent = options.send;
  sent.command.args.version = options.version;
  if (!is_file(options.version)) return send(sent);
  if (::geteuid() != 0) {
    complain("an upgrade from a file needs root: sudo aura-node upgrade " + printable(options.version));
    return exit_refused;
  }
  ToolLimits limits;
  limits.timeout_ms = take_timeout_ms;
  const auto taken = run_tool({upgrade_program, "take", options.version}, limits);
  if (!taken) {
    complain(taken.error().message + "; is the package aura-node installed?");
    return exit_failed;
  }
  if (taken->exit_code != 0) {
    complain(printable(taken->text));
    return exit_failed;
  }
  sent.command.args.version = taken->text.substr(0, taken->text.find('\n'));
  return send(sent);
}

}  // namespace aura::cli
