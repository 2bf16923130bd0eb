#include "agent/docker/engine_json.hpp"

#include "common/time.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace aura::docker {
namespace json = boost::json;
namespace {

Error bad(std::string_view what) { return Error{Errc::bad_reply, fmt::format("Docker's answer: {}", what)}; }

Result<json::value> parse(std::string_view body) {
  boost::system::error_code failed;
  json::value value = json::parse(json::string_view(body.data(), body.size()), failed);
  if (failed) return bad("no JSON: " + failed.message());
  return value;
}

// Typed access to one object. A member that is absent or null has its default; one of another type makes the
// whole answer bad: remembered in `bad_key`, to be asked once at the end.
class Members {
 public:
  Members(const json::value* value, std::string& bad_key) : bad_key_(bad_key) {
    if (value == nullptr || value->is_null()) return;
    if (value->is_object()) {
      object_ = &value->get_object();
    } else {
      bad_key_ = "an object";
    }
  }

  std::string text(std::string_view key) const {
    const json::value* found = find(key);
    if (found == nullptr) return {};
    if (!found->is_string()) return fail(key), std::string();
    return std::string(found->get_string().data(), found->get_string().size());
  }

  std::int64_t number(std::string_view key) const {
    const json::value* found = find(key);
    if (found == nullptr) return 0;
    if (!found->is_int64()) return fail(key), 0;
    return found->get_int64();
  }

  bool flag(std::string_view key) const {
    const json::value* found = find(key);
    if (found == nullptr) return false;
    if (!found->is_bool()) return fail(key), false;
    return found->get_bool();
  }

  const json::array& array(std::string_view key) const {
    static const json::array empty;
    const json::value* found = find(key);
    if (found == nullptr) return empty;
    if (!found->is_array()) return fail(key), empty;
    return found->get_array();
  }

  Members object(std::string_view key) const { return Members(find(key), bad_key_); }
  const json::object& all() const {
    static const json::object empty;
    return object_ != nullptr ? *object_ : empty;
  }
  bool has(std::string_view key) const { return find(key) != nullptr; }

 private:
  const json::value* find(std::string_view key) const {
    if (object_ == nullptr) return nullptr;
    const json::value* found = object_->if_contains(json::string_view(key.data(), key.size()));
    return found != nullptr && found->is_null() ? nullptr : found;
  }
  void fail(std::string_view key) const { bad_key_ = key; }

  const json::object* object_ = nullptr;
  std::string& bad_key_;
};

std::optional<reconcile::Phase> phase_of(std::string_view word) {
  using reconcile::Phase;
  static constexpr std::pair<std::string_view, Phase> words[] = {
      {"created", Phase::created},   {"running", Phase::running},
      {"paused", Phase::paused},     {"restarting", Phase::restarting},
      {"removing", Phase::removing}, {"exited", Phase::exited},
      {"dead", Phase::dead}};
  for (const auto& [name, phase] : words) {
    if (name == word) return phase;
  }
  return std::nullopt;
}

reconcile::Labels labels_of(const Members& labels) {
  return {labels.text("aura.node"), labels.text("aura.workload"), labels.text("aura.nonce"), labels.text("aura.spec")};
}

std::vector<std::string> writable_binds(const json::array& mounts, std::string& bad_key) {
  std::vector<std::string> sources;
  for (const json::value& value : mounts) {
    const Members mount(&value, bad_key);
    if (mount.text("Type") == "bind" && mount.flag("RW")) sources.push_back(mount.text("Source"));
  }
  return sources;
}

std::string without_slash(std::string name) {
  if (name.starts_with('/')) name.erase(0, 1);
  return name;
}

// Old links give a container further names, "/other/alias"; its own has one slash.
std::string own_name(const json::array& names) {
  for (const json::value& value : names) {
    if (!value.is_string()) continue;
    std::string name = without_slash(std::string(value.get_string().data(), value.get_string().size()));
    if (name.find('/') == std::string::npos) return name;
  }
  return {};
}

// Of the first network that gave it one; the host reaches a container by each. Host network: none.
std::string address_of(const Members& settings) {
  for (const auto& [name, network] : settings.object("Networks").all()) {
    std::string address =
        settings.object("Networks").object(std::string_view(name.data(), name.size())).text("IPAddress");
    if (!address.empty()) return address;
  }
  return {};
}

int pid_of(std::int64_t number) {
  constexpr std::int64_t last = 1 << 22;  // PID_MAX_LIMIT of proc_sys_kernel(5)
  return number > 0 && number <= last ? static_cast<int>(number) : 0;
}

reconcile::Resources resources_of(const Members& host) {
  reconcile::Resources resources;
  resources.memory_bytes = host.number("Memory");
  if (resources.memory_bytes >= unlimited_bytes) resources.memory_bytes = 0;
  resources.cpus = static_cast<double>(host.number("NanoCpus")) / 1e9;
  resources.pids = std::max<std::int64_t>(0, host.number("PidsLimit"));
  resources.oom_score_adj = static_cast<int>(host.number("OomScoreAdj"));
  return resources;
}

}  // namespace

bool is_container_id(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<std::vector<ports::ListedContainer>> parse_list(std::string_view body) {
  const auto value = parse(body);
  if (!value) return value.error();
  if (!value->is_array()) return bad("the listing is not an array");
  std::vector<ports::ListedContainer> listed;
  std::string bad_key;
  for (const json::value& item : value->get_array()) {
    const Members members(&item, bad_key);
    ports::ListedContainer one;
    one.id = members.text("Id");
    one.name = own_name(members.array("Names"));
    one.image = members.text("Image");
    one.labels = labels_of(members.object("Labels"));
    one.writable_mounts = writable_binds(members.array("Mounts"), bad_key);
    const auto phase = phase_of(members.text("State"));
    if (!bad_key.empty()) return bad("the listing has no valid " + bad_key);
    if (!is_container_id(one.id)) return bad("the listing has no valid Id");
    // A state of a later Docker is unknown, which is not absent.
    one.phase = phase.value_or(reconcile::Phase::unknown);
    listed.push_back(std::move(one));
  }
  return listed;
}

Result<reconcile::Container> parse_inspect(std::string_view body) {
  const auto value = parse(body);
  if (!value) return value.error();
  std::string bad_key;
  const Members root(&*value, bad_key);
  const Members state = root.object("State");
  const Members config = root.object("Config");
  reconcile::Container container;
  container.id = root.text("Id");
  container.name = without_slash(root.text("Name"));
  container.image = config.text("Image");
  container.image_id = root.text("Image");
  container.labels = labels_of(config.object("Labels"));
  const auto phase = phase_of(state.text("Status"));
  container.started_at = state.text("StartedAt");
  container.finished_at = state.text("FinishedAt");
  container.pid = pid_of(state.number("Pid"));
  container.exit_code = static_cast<int>(state.number("ExitCode"));
  container.oom_killed = state.flag("OOMKilled");
  container.error = state.text("Error");
  container.health = state.has("Health") ? state.object("Health").text("Status") : "none";
  container.address = address_of(root.object("NetworkSettings"));
  container.resources = resources_of(root.object("HostConfig"));
  container.writable_mounts = writable_binds(root.array("Mounts"), bad_key);
  if (!bad_key.empty()) return bad("the container has no valid " + bad_key);
  if (!is_container_id(container.id)) return bad("the container has no valid Id");
  if (!phase || container.started_at.empty()) return bad("the container has no valid State");
  container.phase = *phase;
  return container;
}

Result<bool> parse_tty(std::string_view body) {
  const auto value = parse(body);
  if (!value) return value.error();
  std::string bad_key;
  const Members root(&*value, bad_key);
  const bool has_config = root.has("Config");
  const bool tty = root.object("Config").flag("Tty");
  if (!bad_key.empty() || !has_config) return bad("the container has no valid Config");
  return tty;
}

Result<ports::EngineConfig> parse_config(std::string_view body) {
  const auto value = parse(body);
  if (!value) return value.error();
  std::string bad_key;
  ports::EngineConfig config;
  config.live_restore = Members(&*value, bad_key).flag("LiveRestoreEnabled");
  if (!bad_key.empty()) return bad("its configuration has no valid " + bad_key);
  return config;
}

Result<std::string> parse_created(std::string_view body) {
  const auto value = parse(body);
  if (!value) return value.error();
  std::string bad_key;
  std::string id = Members(&*value, bad_key).text("Id");
  if (!is_container_id(id)) return bad("the new container has no valid Id");
  return id;
}

Result<ExecState> parse_exec(std::string_view body) {
  const auto value = parse(body);
  if (!value) return value.error();
  std::string bad_key;
  const Members root(&*value, bad_key);
  ExecState state;
  const bool has_running = root.has("Running");
  state.running = root.flag("Running");
  state.exit_code = static_cast<int>(root.number("ExitCode"));
  if (!bad_key.empty() || !has_running) return bad("the exec has no valid " + (bad_key.empty() ? "Running" : bad_key));
  return state;
}

Result<ports::ImageInfo> parse_image(std::string_view body, std::string_view repository) {
  const auto value = parse(body);
  if (!value) return value.error();
  std::string bad_key;
  const Members root(&*value, bad_key);
  ports::ImageInfo info;
  info.id = root.text("Id");
  for (const json::value& item : root.array("RepoDigests")) {
    if (!item.is_string()) return bad("the image has no valid RepoDigests");
    const std::string_view entry(item.get_string().data(), item.get_string().size());
    const auto at = entry.find('@');
    if (at == std::string_view::npos) continue;
    const bool same = entry.substr(0, at) == repository;
    if (same || info.digest.empty()) info.digest = entry.substr(at + 1);
    if (same) break;
  }
  if (!bad_key.empty()) return bad("the image has no valid " + bad_key);
  if (info.id.empty()) return bad("the image has no Id");
  return info;
}

Result<std::string> parse_network_driver(std::string_view body, std::string_view name) {
  const auto value = parse(body);
  if (!value) return value.error();
  if (!value->is_array()) return bad("the networks are not an array");
  std::string bad_key;
  std::string driver;
  for (const json::value& item : value->get_array()) {
    const Members network(&item, bad_key);
    if (network.text("Name") == name) driver = network.text("Driver");
    if (!bad_key.empty()) return bad("a network has no valid " + bad_key);
  }
  return driver;
}

Result<std::string> parse_data_root(std::string_view body) {
  const auto value = parse(body);
  if (!value) return value.error();
  std::string bad_key;
  std::string root = Members(&*value, bad_key).text("DockerRootDir");
  if (!bad_key.empty() || !root.starts_with('/')) return bad("Docker's info names no DockerRootDir");
  return root;
}

Result<std::string> parse_min_api_version(std::string_view body) {
  const auto value = parse(body);
  if (!value) return value.error();
  std::string bad_key;
  std::string version = Members(&*value, bad_key).text("MinAPIVersion");
  if (!bad_key.empty()) return bad("no valid " + bad_key);
  return version;
}

Result<std::optional<ports::EngineEvent>> parse_event(std::string_view line) {
  const auto value = parse(line);
  if (!value) return value.error();
  std::string bad_key;
  const Members root(&*value, bad_key);
  const std::string type = root.text("Type");
  const Members actor = root.object("Actor");
  ports::EngineEvent event;
  event.action = root.text("Action");
  // "health_status: healthy"
  if (event.action.starts_with("health_status")) event.action = "health_status";
  event.container_id = actor.text("ID");
  event.time_ns = root.number("timeNano");
  const std::string exit_code = actor.object("Attributes").text("exitCode");
  if (!bad_key.empty()) return bad("an event has no valid " + bad_key);
  if (type != "container") return std::optional<ports::EngineEvent>();
  // Signals by which people ask for a reload end nothing: HUP, USR1, USR2, CONT, WINCH (signal(7)).
  static const std::set<std::string, std::less<>> harmless = {"1", "10", "12", "18", "28"};
  const std::string signal = event.action == "kill" ? actor.object("Attributes").text("signal") : std::string();
  if (harmless.contains(signal)) return std::optional<ports::EngineEvent>();
  static_cast<void>(std::from_chars(signal.data(), signal.data() + signal.size(), event.signal));
  if (event.action.empty() || !is_container_id(event.container_id)) return bad("an event without action or id");
  if (event.action == "die") {
    if (exit_code.empty() || exit_code.size() > 4) return bad("a die event without exitCode");
    for (const char c : exit_code) {
      if (c < '0' || c > '9') return bad("a die event without exitCode");
      event.exit_code = event.exit_code * 10 + (c - '0');
    }
  }
  return std::optional<ports::EngineEvent>(std::move(event));
}

std::optional<std::string> parse_error_message(std::string_view body) {
  const auto value = parse(body);
  if (!value || !value->is_object()) return std::nullopt;
  std::string bad_key;
  std::string message = Members(&*value, bad_key).text("message");
  if (message.empty()) return std::nullopt;
  return message;
}

std::optional<std::int64_t> parse_time_ns(std::string_view text) {
  const auto wall_ms = parse_rfc3339(text);
  if (!wall_ms) return std::nullopt;
  std::int64_t fraction_ns = 0;
  if (const auto dot = text.find('.'); dot != std::string_view::npos) {
    std::int64_t unit_ns = 100'000'000;
    for (std::size_t i = dot + 1; i < text.size() && text[i] >= '0' && text[i] <= '9' && unit_ns > 0; ++i) {
      fraction_ns += (text[i] - '0') * unit_ns;
      unit_ns /= 10;
    }
  }
  const std::int64_t seconds = (*wall_ms - fraction_ns / 1'000'000) / 1000;
  constexpr std::int64_t last_second = 9'000'000'000;  // of 64 bits of nanoseconds: the year 2255
  if (seconds < 0 || seconds > last_second) return std::nullopt;
  return seconds * 1'000'000'000 + fraction_ns;
}

}  // namespace aura::docker
