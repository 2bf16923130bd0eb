// argv -> subcommand -> exit code.
#include "agent/cli/commands.hpp"
#include "agent/cli/parse.hpp"
#include "agent/run.hpp"

#include <cstdio>
#include <variant>

int main(int argc, char** argv) {
  const auto asked = aura::cli::parse(argc, argv);
  if (const auto* answer = std::get_if<aura::cli::Answer>(&asked)) {
    std::fputs(answer->text.c_str(), answer->exit_code == 0 ? stdout : stderr);
    return answer->exit_code;
  }
  const auto& options = std::get<aura::cli::Options>(asked);
  if (const auto* daemon = std::get_if<aura::cli::DaemonOptions>(&options)) return aura::run_daemon({daemon->paths});
  return aura::cli::run(options);
}
