#include "agent/config/config.hpp"

#include "agent/config/config_fields.hpp"
#include "agent/config/section.hpp"
#include "agent/config/trusted_file.hpp"

#include <fmt/core.h>
#include <systemd/sd-id128.h>

#include <algorithm>
#include <cstdlib>

namespace aura::config {
namespace {

constexpr std::size_t max_config_file_bytes = 256 * 1024;
constexpr std::size_t max_fragments = 100;

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// From one section into the slot; true if the key is there and right.
bool read_field(const Field& field, Section& section, const Slot& slot) {
  if (const auto* text = std::get_if<std::string*>(&slot)) {
    auto value = section.text(field.key);
    if (value) **text = std::move(*value);
    return value.has_value();
  }
  if (const auto* number = std::get_if<int*>(&slot)) {
    std::optional<std::int64_t> value;
    if (field.duration) {
      value = section.duration_s(field.key, field.min, field.max);
    } else {
      value = section.integer(field.key, field.min, field.max);
    }
    if (value) **number = static_cast<int>(*value);
    return value.has_value();
  }
  const auto items = section.texts(field.key);
  if (!items) return false;
  auto& list = *std::get<std::vector<std::string>*>(slot);
  list.clear();
  for (const Text& item : *items) list.push_back(item.text);
  return true;
}

class Loader {
 public:
  explicit Loader(const ConfigPaths& paths) : paths_(paths) {
    for (const Field& field : config_fields()) loaded_.origin[field.name()] = "default";
  }

  LoadResult run() {
    const std::string main = paths_.config.value_or(std::string(default_config_file));
    defaults(main);
    read_one(main, paths_.config.has_value());
    read_fragments(main + ".d");
    flags();
    if (loaded_.origin["paths.socket"] == "default") {
      set("paths.socket", config().paths.socket, config().paths.runtime + "/agent.sock",
          loaded_.origin["paths.runtime"]);
      // A line that sets the runtime folder does not set the socket: it only moves its default.
      if (loaded_.origin["paths.runtime"].find(':') != std::string::npos) loaded_.origin["paths.socket"] = "default";
    }
    while (config().control.url.ends_with('/')) config().control.url.pop_back();
    // Values that could not be read keep what held before, so that the rest is judged all the same.
    for (Problem& problem : check_config(loaded_)) problems_.push_back(std::move(problem));
    LoadResult result;
    if (problems_.empty()) result.loaded = std::move(loaded_);
    result.problems = std::move(problems_);
    return result;
  }

 private:
  Config& config() { return loaded_.config; }

  void set(const std::string& key, std::string& slot, std::string value, std::string origin) {
    slot = std::move(value);
    loaded_.origin[key] = std::move(origin);
  }

  void defaults(const std::string& main) {
    config().paths.config = main;
    config().paths.policy = (folder_of(main) == "/" ? "" : folder_of(main)) + "/policy.toml";
    config().node.id = paths_.default_node_id ? *paths_.default_node_id : machine_node_id().value_or("");
    auto& paths = config().paths;
    if (paths_.state_directory) set("paths.state", paths.state, *paths_.state_directory, "environment");
    if (paths_.runtime_directory) set("paths.runtime", paths.runtime, *paths_.runtime_directory, "environment");
    if (paths_.credentials_directory) {
      set("paths.credentials", paths.credentials, *paths_.credentials_directory, "environment");
    }
  }

  void flags() {
    auto& paths = config().paths;
    if (paths_.state_dir) set("paths.state", paths.state, *paths_.state_dir, "flag");
    if (paths_.workloads_dir) set("paths.workloads", paths.workloads, *paths_.workloads_dir, "flag");
    if (paths_.credentials_dir) set("paths.credentials", paths.credentials, *paths_.credentials_dir, "flag");
    if (paths_.runtime_dir) {
      set("paths.runtime", paths.runtime, *paths_.runtime_dir, "flag");
      // Whoever moves a node beside another one means its socket too.
      set("paths.socket", paths.socket, *paths_.runtime_dir + "/agent.sock", "flag");
    }
  }

  void read_fragments(const std::string& dir) {
    const TrustedListing listing = list_trusted_folder(dir);
    if (listing.kind == TrustedRead::Kind::absent) return;
    if (listing.kind == TrustedRead::Kind::refused) {
      problems_.push_back({dir, 0, 0, "", listing.message});
      return;
    }
    if (listing.names.size() > max_fragments) {
      problems_.push_back({dir, 0, 0, "", fmt::format("holds more than {} fragments: merge some", max_fragments)});
      return;
    }
    for (const std::string& name : listing.names) read_one(dir + "/" + name, true);
  }

  void read_one(const std::string& file, bool must_exist) {
    const TrustedRead read = read_trusted_file(file, max_config_file_bytes);
    if (read.kind == TrustedRead::Kind::absent) {
      if (must_exist) problems_.push_back({file, 0, 0, "", "does not exist: create it"});
      return;
    }
    if (read.kind == TrustedRead::Kind::refused) {
      problems_.push_back({file, 0, 0, "", read.message});
      return;
    }
    const Document document = parse_document(read.text, file);
    Findings findings{file, document.problems};
    if (findings.problems.empty()) merge(std::get<Table>(document.root.data), findings);
    findings.sort();
    problems_.insert(problems_.end(), findings.problems.begin(), findings.problems.end());
  }

  void merge(const Table& table, Findings& findings) {
    Section root(table, "", {}, findings);
    std::map<std::string_view, std::optional<Section>> sections;
    for (const Field& field : config_fields()) {
      const auto [found, fresh] = sections.try_emplace(field.table);
      if (fresh) found->second = root.table(field.table);
      if (!found->second) continue;
      if (read_field(field, *found->second, field.slot(config()))) {
        loaded_.origin[field.name()] = fmt::format("{}:{}", findings.file, found->second->place(field.key).line);
      }
    }
    for (auto& [name, section] : sections) {
      if (section) section->finish();
    }
    root.finish();
  }

  const ConfigPaths& paths_;
  Loaded loaded_;
  std::vector<Problem> problems_;
};

}  // namespace

void read_environment(ConfigPaths& paths) {
  const auto first = [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    const std::string text(value);
    return text.substr(0, text.find(':'));
  };
  paths.state_directory = first("STATE_DIRECTORY");
  paths.runtime_directory = first("RUNTIME_DIRECTORY");
  paths.credentials_directory = first("CREDENTIALS_DIRECTORY");
}

std::optional<std::string> machine_node_id() {
  // Ours alone; changing it would rename every node.
  const sd_id128_t application = SD_ID128_MAKE(a5, 2e, 91, 0c, 77, d4, 4f, 3b, 9e, 61, 08, 5c, e2, 13, bb, 4a);
  sd_id128_t derived;
  if (sd_id128_get_machine_app_specific(application, &derived) < 0) return std::nullopt;
  char text[SD_ID128_STRING_MAX];
  return "node-" + std::string(sd_id128_to_string(derived, text)).substr(0, 12);
}

LoadResult load_config(const ConfigPaths& paths) { return Loader(paths).run(); }

}  // namespace aura::config
