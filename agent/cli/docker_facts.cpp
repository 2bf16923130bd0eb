#include "agent/cli/docker_facts.hpp"

#include "agent/cli/http_probe.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <utility>

namespace aura::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view ours = "aura.", standard = "org.opencontainers.image.";
constexpr std::string_view hidden = "(not shown)";
// {"label":["aura.node=ID"]}, percent-encoded.
constexpr const char* with_label =
    "http://localhost/containers/json?all=true&filters=%7B%22label%22%3A%5B%22aura.node%3D{}%22%5D%7D";

Result<json::value> parsed(std::string_view text) {
  boost::system::error_code failed;
  json::value value = json::parse({text.data(), text.size()}, failed);
  if (failed) return Error{Errc::bad_reply, "the answer is not Docker's"};
  return value;
}

// nullptr where it is not there or none. Nothing is put in its place: that would move its neighbours.
json::object* find_object(json::object& object, std::string_view key) {
  json::value* const value = object.if_contains(key);
  return value != nullptr ? value->if_object() : nullptr;
}

// An empty object where it is not there or none.
const json::object& object_in(const json::object& object, std::string_view key) {
  static const json::object none;
  const json::value* const value = object.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : none;
}

std::string text_in(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// json-file and journald's neighbours keep all unless told otherwise; the others bound themselves or keep nothing here.
bool bounded(std::string_view driver, const json::object& options) {
  return driver != "json-file" || options.contains("max-size");
}

// NAME=VALUE of each into `env`; the values go.
void hide_environment(json::object& config, std::map<std::string, std::string>& env) {
  json::value* const list = config.if_contains("Env");
  if (list == nullptr || !list->is_array()) return;
  for (json::value& entry : list->get_array()) {
    if (!entry.is_string()) continue;
    const std::string text(entry.get_string());
    const std::size_t equals = text.find('=');
    if (equals == text.npos) continue;
    env[text.substr(0, equals)] = text.substr(equals + 1);
    entry = text.substr(0, equals + 1) + std::string(hidden);
  }
}

void hide_labels(json::object& config) {
  json::object* const labels = find_object(config, "Labels");
  if (labels == nullptr) return;
  for (json::key_value_pair& label : *labels) {
    const std::string_view name(label.key());
    if (!name.starts_with(ours) && !name.starts_with(standard)) label.value() = hidden;
  }
}

}  // namespace

Result<EngineFacts> decode_engine_info(std::string_view text) {
  const auto value = parsed(text);
  if (!value) return value.error();
  if (!value->is_object()) return Error{Errc::bad_reply, "the answer is not Docker's"};
  const json::object& info = value->get_object();
  EngineFacts facts;
  const json::value* live = info.if_contains("LiveRestoreEnabled");
  facts.live_restore = live != nullptr && live->is_bool() && live->get_bool();
  facts.logging_driver = text_in(info, "LoggingDriver");
  facts.root_dir = text_in(info, "DockerRootDir");
  return facts;
}

Result<ContainerFacts> decode_container(std::string_view text) {
  auto value = parsed(text);
  if (!value) return value.error();
  if (!value->is_object()) return Error{Errc::bad_reply, "the answer is not Docker's"};
  json::object& whole = value->get_object();
  ContainerFacts facts;
  facts.name = text_in(whole, "Name");
  if (facts.name.starts_with('/')) facts.name.erase(0, 1);
  facts.workload = text_in(object_in(object_in(whole, "Config"), "Labels"), "aura.workload");
  const json::object& host = object_in(whole, "HostConfig");
  facts.restart_policy = text_in(object_in(host, "RestartPolicy"), "Name");
  const json::object& log = object_in(host, "LogConfig");
  facts.logging_driver = text_in(log, "Type");
  facts.log_bounded = bounded(facts.logging_driver, object_in(log, "Config"));
  if (json::object* const config = find_object(whole, "Config")) {
    hide_environment(*config, facts.env);
    hide_labels(*config);
  }
  facts.shown = json::serialize(whole);
  return facts;
}

Result<std::vector<std::string>> decode_ids(std::string_view text) {
  const auto value = parsed(text);
  if (!value) return value.error();
  if (!value->is_array()) return Error{Errc::bad_reply, "the answer is not Docker's"};
  std::vector<std::string> ids;
  for (const json::value& entry : value->get_array()) {
    const std::string id = entry.is_object() ? text_in(entry.get_object(), "Id") : std::string();
    if (!id.empty()) ids.push_back(id);
  }
  return ids;
}

bool bounds_logs(std::string_view daemon_json) {
  const auto value = parsed(daemon_json);
  if (!value || !value->is_object()) return false;
  const json::object& settings = value->get_object();
  const std::string driver = text_in(settings, "log-driver");
  return bounded(driver.empty() ? "json-file" : driver, object_in(settings, "log-opts"));
}

Result<DockerFacts> ask_docker(const std::string& socket, const std::string& node_id) {
  DockerFacts facts;
  const auto version = probe("http://localhost/version", socket);
  if (!version) return version.error();
  facts.version_json = version->body;
  const auto info = probe("http://localhost/info", socket);
  if (!info) return info.error();
  facts.info_json = info->body;
  auto engine = decode_engine_info(info->body);
  if (!engine) return engine.error();
  facts.engine = std::move(*engine);
  const auto list = probe(fmt::format(with_label, node_id), socket);
  if (!list) return list.error();
  const auto ids = decode_ids(list->body);
  if (!ids) return ids.error();
  for (const std::string& id : *ids) {
    const auto one = probe("http://localhost/containers/" + id + "/json", socket);
    // It may be gone by now.
    if (!one || one->status != 200) continue;
    auto container = decode_container(one->body);
    if (container) facts.containers.push_back(std::move(*container));
  }
  return facts;
}

}  // namespace aura::cli
