#include "agent/host/machine.hpp"
#include "common/files.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace aura::host {
namespace {

constexpr std::size_t instance_data_bytes = 1 << 20;

}  // namespace

std::string cloud_instance_id(const std::string& path) {
  const auto text = read_file(path, instance_data_bytes);
  if (!text) return {};
  boost::json::error_code failure;
  const auto value = boost::json::parse(*text, failure);
  if (failure || !value.is_object()) return {};
  const auto* v1 = value.get_object().if_contains("v1");
  const auto* id = v1 && v1->is_object() ? v1->get_object().if_contains("instance_id") : nullptr;
  return id && id->is_string() ? std::string(id->get_string()) : std::string();
}

}  // namespace aura::host
