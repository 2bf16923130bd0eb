#include "agent/config/validate.hpp"

#include "agent/config/folder_check.hpp"
#include "agent/config/trusted_file.hpp"
#include "agent/config/workload_folder.hpp"

#include <iterator>

namespace aura::config {
namespace {

void append(std::vector<Problem>& all, std::vector<Problem> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::string_view last_component(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool is_fragment(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash != std::string_view::npos && last_component(path.substr(0, slash)) == "agent.toml.d";
}

std::vector<Problem> validate_workload(const std::string& file, const Policy& policy, const PolicyContext& context) {
  const auto name = workload_name_of(file);
  if (!name) {
    return {{file, 0, 0, "",
             "is no workload's name: 1 to 41 of a-z, 0-9 and \"-\", beginning with a letter, not "
             "\"node\", and .toml: rename the file"}};
  }
  const TrustedRead read = read_trusted_file(file, max_workload_file_bytes);
  if (read.kind == TrustedRead::Kind::absent) return {{file, 0, 0, "", "does not exist: correct the name"}};
  if (read.kind == TrustedRead::Kind::refused) return {{file, 0, 0, "", read.message}};
  Candidate candidate{file, parse_workload(read.text, file, *name)};
  check_alone(candidate, policy, context);
  return candidate.parsed.problems;
}

std::vector<Problem> validate_files(const ConfigPaths& paths, const std::vector<std::string>& files) {
  std::vector<Problem> all;
  // What is not named is not judged: where it is broken, its defaults stand in.
  const LoadResult own = load_config(paths);
  const Config config = own ? own.loaded->config : Config{};
  const PolicyContext context = policy_context(config);
  const PolicyResult own_policy = load_policy(config.paths.policy);
  const Policy policy = own_policy ? *own_policy.policy : Policy{};
  for (const std::string& file : files) {
    if (last_component(file) == "agent.toml" || is_fragment(file)) {
      ConfigPaths one = paths;
      one.config = file;
      append(all, load_config(one).problems);
    } else if (last_component(file) == "policy.toml") {
      append(all, load_policy(file).problems);
    } else {
      append(all, validate_workload(file, policy, context));
    }
  }
  return all;
}

}  // namespace

std::vector<Problem> validate(const ConfigPaths& paths, const std::vector<std::string>& files) {
  if (!files.empty()) return validate_files(paths, files);
  LoadResult own = load_config(paths);
  Config config;
  if (own) {
    config = own.loaded->config;
  } else {
    // The other files are judged all the same, where the flags and the defaults say they are.
    if (paths.config) config.paths.policy = paths.config->substr(0, paths.config->rfind('/') + 1) + "policy.toml";
    if (paths.workloads_dir) config.paths.workloads = *paths.workloads_dir;
  }
  std::vector<Problem> all = std::move(own.problems);
  PolicyResult policy = load_policy(config.paths.policy);
  append(all, std::move(policy.problems));
  append(all,
         load_folder(config.paths.workloads, policy.policy.value_or(Policy{}), policy_context(config), {}).problems);
  return all;
}

}  // namespace aura::config
