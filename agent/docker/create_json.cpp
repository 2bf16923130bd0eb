#include "agent/docker/engine_json.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

#include <algorithm>
#include <cmath>

namespace aura::docker {
namespace json = boost::json;
namespace {

// Logs of one container take at most 30 MB.
constexpr std::string_view log_file_size = "10m";
constexpr std::string_view log_files = "3";

json::string text(std::string_view value) { return json::string(value.data(), value.size()); }

json::array texts(const std::vector<std::string>& values) {
  json::array array;
  for (const std::string& value : values) array.push_back(text(value));
  return array;
}

bool shares(const reconcile::Security& security, std::string_view name) {
  return std::find(security.host_namespaces.begin(), security.host_namespaces.end(), name) !=
         security.host_namespaces.end();
}

std::string port_key(const reconcile::Port& port) { return fmt::format("{}/{}", port.container_port, port.protocol); }

json::object bind(const reconcile::Mount& mount, bool read_only) {
  // Mounts, not Binds: a source that is not there is an error instead of a new folder.
  return {{"Type", "bind"}, {"Source", text(mount.source)}, {"Target", text(mount.target)}, {"ReadOnly", read_only}};
}

json::array mounts(const ports::CreateRequest& request) {
  json::array array;
  for (const auto& mount : request.spec.mounts) array.push_back(bind(mount, mount.read_only));
  for (const auto& mount : request.secret_mounts) array.push_back(bind(mount, true));
  return array;
}

json::object port_bindings(const std::vector<reconcile::Port>& ports) {
  json::object bindings;
  for (const auto& port : ports) {
    const std::string key = port_key(port);
    json::value& list = bindings[key];
    if (!list.is_array()) list.emplace_array();
    list.get_array().push_back(
        json::object{{"HostIp", text(port.host_address)}, {"HostPort", text(std::to_string(port.host_port))}});
  }
  return bindings;
}

void put_limits(json::object& host, const reconcile::Resources& resources) {
  host["Memory"] = resources.memory_bytes;
  host["MemorySwap"] = resources.memory_bytes;  // memory and swap together: no swap, and the limit can be changed
  host["NanoCpus"] = static_cast<std::int64_t>(std::llround(resources.cpus * 1e9));
  host["PidsLimit"] = resources.pids;  // 0: unlimited
}

json::object host_config(const ports::CreateRequest& request) {
  const reconcile::Security& security = request.spec.security;
  json::object host;
  put_limits(host, request.spec.resources);
  host["OomScoreAdj"] = request.spec.resources.oom_score_adj;
  host["RestartPolicy"] = json::object{{"Name", "no"}};
  host["Mounts"] = mounts(request);
  host["CapDrop"] = texts(security.cap_drop);
  host["CapAdd"] = texts(security.cap_add);
  if (security.no_new_privileges) host["SecurityOpt"] = json::array{"no-new-privileges:true"};
  host["Init"] = security.init;
  host["ReadonlyRootfs"] = security.read_only;
  host["Privileged"] = security.privileged;
  if (shares(security, "pid")) host["PidMode"] = "host";
  if (shares(security, "ipc")) host["IpcMode"] = "host";
  if (shares(security, "network")) {
    host["NetworkMode"] = "host";
  } else {
    if (!request.network.empty()) host["NetworkMode"] = text(request.network);
    host["PortBindings"] = port_bindings(request.spec.ports);
  }
  host["LogConfig"] = json::object{
      {"Type", "local"}, {"Config", json::object{{"max-size", text(log_file_size)}, {"max-file", text(log_files)}}}};
  return host;
}

}  // namespace

std::string create_body(const ports::CreateRequest& request) {
  const reconcile::WorkloadSpec& spec = request.spec;
  json::object body;
  body["Image"] = text(spec.image);
  if (!spec.entrypoint.empty()) body["Entrypoint"] = texts(spec.entrypoint);
  if (!spec.command.empty()) body["Cmd"] = texts(spec.command);
  json::array env;
  for (const auto& [name, value] : request.env) env.push_back(text(name + "=" + value));
  body["Env"] = std::move(env);
  if (!spec.security.user.empty()) body["User"] = text(spec.security.user);
  body["Labels"] = json::object{{"aura.node", text(request.labels.node)},
                                {"aura.workload", text(request.labels.workload)},
                                {"aura.nonce", text(request.labels.nonce)},
                                {"aura.spec", text(request.labels.spec_hash)}};
  body["StopSignal"] = text(spec.stop.signal);
  body["StopTimeout"] = spec.stop.grace_s;
  const bool own_network = !shares(spec.security, "network");
  if (own_network) {
    json::object exposed;
    for (const auto& port : spec.ports) exposed[port_key(port)] = json::object();
    body["ExposedPorts"] = std::move(exposed);
  }
  body["HostConfig"] = host_config(request);
  if (own_network && !request.network.empty()) {
    json::object endpoint{{"Aliases", json::array{text(request.labels.workload)}}};
    json::object endpoints;
    endpoints[request.network] = std::move(endpoint);
    body["NetworkingConfig"] = json::object{{"EndpointsConfig", std::move(endpoints)}};
  }
  return json::serialize(body);
}

std::string update_body(const reconcile::Resources& resources) {
  json::object body;
  put_limits(body, resources);
  if (resources.memory_bytes == 0) {
    // Here 0 would mean "as it is".
    body["Memory"] = unlimited_bytes;
    body["MemorySwap"] = unlimited_bytes;
  }
  return json::serialize(body);
}

std::string network_body(const ports::Network& network) {
  json::object body{{"Name", text(network.name)},
                    {"CheckDuplicate", true},
                    {"Driver", "bridge"},
                    {"Labels", json::object{{"aura.network", "1"}}}};
  if (!network.bridge.empty()) body["Options"] = json::object{{"com.docker.network.bridge.name", text(network.bridge)}};
  return json::serialize(body);
}

std::string connect_body(const std::string& container_id) {
  return json::serialize(json::object{{"Container", text(container_id)}});
}

std::string exec_body(const std::vector<std::string>& argv) {
  return json::serialize(json::object{{"AttachStdout", true}, {"AttachStderr", true}, {"Cmd", texts(argv)}});
}

std::string event_filters(const std::vector<std::string>& actions, const std::string& container_id) {
  json::object filters{{"type", json::array{"container"}}, {"event", texts(actions)}};
  if (!container_id.empty()) filters["container"] = json::array{text(container_id)};
  return json::serialize(filters);
}

std::string network_filters(const std::string& name) {
  return json::serialize(json::object{{"name", json::array{text(name)}}});
}

}  // namespace aura::docker
