// apply DIR: the workload files of a folder, sent as one set.
#include "agent/cli/commands.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/terminal.hpp"
#include "agent/config/json_document.hpp"
#include "agent/config/workload_file.hpp"
#include "agent/config/workload_folder.hpp"
#include "common/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace aura::cli {
namespace {

namespace fs = std::filesystem;

// Paths of the workload files, in name order.
Result<std::vector<std::string>> files_in(const std::string& folder) {
  std::error_code failed;
  fs::directory_iterator entry(folder, failed);
  if (failed) return Error{Errc::not_found, fmt::format("{} cannot be read: {}", folder, failed.message())};
  std::vector<std::string> files;
  for (; entry != fs::directory_iterator(); entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with('.') && name.ends_with(".toml")) files.push_back(entry->path().string());
    if (failed) break;
  }
  std::sort(files.begin(), files.end());
  return files;
}

// False if a file is no workload; all that is wrong is told.
bool read_specs(const std::vector<std::string>& files, std::map<std::string, std::string>& specs) {
  bool good = true;
  const auto tell = [&](const config::Problem& problem) {
    complain(printable(config::to_string(problem)));
    good = false;
  };
  for (const std::string& file : files) {
    const auto name = config::workload_name_of(file);
    if (!name) {
      tell({file, 0, 0, "", "is no workload's name: rename the file"});
      continue;
    }
    const auto text = read_file(file, config::max_workload_file_bytes);
    if (!text) {
      tell({file, 0, 0, "", text.error().message});
      continue;
    }
    const config::Document document = config::parse_document(*text, file);
    // Here the file and line of each mistake are known; the node judges by its own policy afterwards.
    const auto parsed = config::read_workload(document, file, *name);
    for (const auto& problem : parsed.problems) tell(problem);
    specs[*name] = config::to_json(document);
  }
  return good;
}

}  // namespace

int apply(const ApplyOptions& options) {
  const auto files = files_in(options.folder);
  if (!files) {
    complain(printable(files.error().message));
    return exit_usage;
  }
  SendOptions real = options.send;
  if (!read_specs(*files, real.command.args.workloads)) return exit_refused;
  if (real.command.args.dry_run || real.json || !real.wait) return send(real);
  SendOptions first = real;
  first.command.args.dry_run = true;
  const int code = send(first);
  return code == exit_ok ? send(real) : code;
}

}  // namespace aura::cli
