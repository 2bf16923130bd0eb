// What the subcommands of the command line have in common. Part of parse.cpp, which alone includes it: CLI11 takes long
// to compile.
#pragma once

#include "agent/cli/parse_checks.hpp"
#include "agent/cli/parse_line.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace aura::cli {

inline std::function<std::string(const std::string&)> duration_between(std::int64_t min_s, std::int64_t max_s) {
  return [min_s, max_s](const std::string& text) { return no_duration(text, min_s, max_s); };
}

// App and line outlive it: parsing writes into the line.
class CommandParts {
 public:
  CommandParts(CLI::App& app, Line& line) : app_(app), line_(line) {}

 protected:
  // A subcommand; `make` gives its options once all is read.
  CLI::App* add(const std::string& name, const std::string& what, const std::string& example,
                std::function<Options(Line&)> make) {
    CLI::App* command = app_.add_subcommand(name, what);
    command->footer("Example:\n  " + example);
    command->fallthrough();
    command->callback([this, make = std::move(make)] { line_.make = make; });
    return command;
  }

  void with_json(CLI::App* command) { command->add_flag("--json", line_.json, "Print JSON"); }

  void with_reason(CLI::App* command) {
    command->add_option("--reason", line_.reason, "Why, for the record")->option_text("TEXT")->check(no_reason);
  }

  void with_wait(CLI::App* command) {
    command->add_flag("--no-wait", line_.no_wait, "Print the command's id and return once it is recorded");
    with_json(command);
  }

  void with_workload(CLI::App* command, bool required) {
    auto* option =
        command->add_option("workload", line_.workload, required ? "The workload" : "The workload; left out: the node");
    option->option_text("WORKLOAD")->check(no_workload_name);
    if (required) option->required();
  }

  void with_paths(CLI::App* command) {
    const auto add_path = [command](const char* name, std::optional<std::string>& to, const char* what,
                                    const char* kind) {
      command->add_option(name, to, what)->option_text(kind)->check([](const std::string& text) {
        return text.empty() ? std::string("must not be empty") : std::string();
      });
    };
    add_path("--config", line_.paths.config, "Configuration (/etc/aura-node/agent.toml)", "FILE");
    add_path("--state-dir", line_.paths.state_dir, "Ledger and keys (/var/lib/aura-node)", "DIR");
    add_path("--runtime-dir", line_.paths.runtime_dir, "Socket and secret files (/run/aura-node)", "DIR");
    add_path("--workloads-dir", line_.paths.workloads_dir, "Workload files (/etc/aura-node/workloads.d)", "DIR");
    add_path("--credentials-dir", line_.paths.credentials_dir, "Secrets by name (given by systemd)", "DIR");
  }

  CLI::App& app_;
  Line& line_;
};

}  // namespace aura::cli
