// upgrade VERSION|FILE: a package file is handed to root's own folder first; from there on it is a version like any
// other.
#include "agent/cli/commands.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/spawned.hpp"
#include "agent/cli/terminal.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace aura::cli {
namespace {

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
  const auto taken = run_program({upgrade_program, "take", options.version});
  if (!taken) {
    complain(taken.error().message + "; is the package aura-node installed?");
    return exit_failed;
  }
  std::string said = taken->output;
  while (said.ends_with('\n')) said.pop_back();
  if (taken->exit_code != 0) {
    complain(printable(said));
    return exit_failed;
  }
  sent.command.args.version = said;
  return send(sent);
}

}  // namespace aura::cli
