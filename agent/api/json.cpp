#include "agent/api/json.hpp"

#include "agent/store/spec_codec.hpp"
#include "common/protocol/codec.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <utility>

namespace aura::api {
namespace json = boost::json;

namespace {

// What our own encoders made parses.
json::value own_json(const std::string& text) { return json::parse(text); }

json::array workloads(const protocol::Report& report, const reconcile::State& state) {
  json::value whole = own_json(protocol::encode(report));
  json::array list = std::move(whole.as_object().at("workloads").as_array());
  for (auto& entry : list) {
    auto& object = entry.as_object();
    const auto known = state.workloads.find(std::string(object.at("name").as_string()));
    if (known == state.workloads.end()) continue;
    object["spec"] = own_json(store::canonical_spec(known->second.declared.spec, true));
  }
  return list;
}

}  // namespace

std::string health_json(bool ok, const std::vector<std::string>& reasons) {
  json::array list;
  for (const auto& reason : reasons) list.emplace_back(reason);
  json::object body;
  body["ok"] = ok;
  body["reasons"] = std::move(list);
  return json::serialize(body);
}

std::string version_json(std::string_view version) {
  json::object body;
  body["version"] = version;
  body["protocol"] = protocol::version;
  return json::serialize(body);
}

std::string workloads_json(const protocol::Report& report, const reconcile::State& state) {
  return json::serialize(workloads(report, state));
}

std::optional<std::string> workload_json(const protocol::Report& report, const reconcile::State& state,
                                         const std::string& name) {
  for (const auto& entry : workloads(report, state)) {
    if (entry.as_object().at("name").as_string() == name) return json::serialize(entry);
  }
  return std::nullopt;
}

std::optional<std::string> command_json(const reconcile::State& state, const std::string& id) {
  const auto open = state.open.find(id);
  const auto settled = state.settled.find(id);
  if (open == state.open.end() && settled == state.settled.end()) return std::nullopt;
  const bool ended = settled != state.settled.end();
  json::object body;
  body["id"] = id;
  body["state"] = ended ? "settled" : "open";
  body["command"] = own_json(protocol::encode(ended ? settled->second.command : open->second.command));
  if (ended) body["outcome"] = own_json(protocol::encode(settled->second.outcome));
  return json::serialize(body);
}

}  // namespace aura::api
