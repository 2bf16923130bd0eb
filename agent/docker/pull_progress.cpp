#include "agent/docker/pull_progress.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace aura::docker {
namespace json = boost::json;
namespace {

// Images have at most 127 layers; whatever sends more ids than this is no pull.
constexpr std::size_t max_layers = 1024;

std::string_view text_of(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  if (found == nullptr || !found->is_string()) return {};
  const json::string& text = found->get_string();
  return {text.data(), text.size()};
}

std::uint64_t count_of(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  if (found == nullptr || !found->is_int64() || found->get_int64() < 0) return 0;
  return static_cast<std::uint64_t>(found->get_int64());
}

bool is_layer_status(std::string_view status) {
  static constexpr std::array<std::string_view, 10> known = {
      "Pulling fs layer", "Waiting",       "Downloading",    "Verifying Checksum", "Download complete",
      "Extracting",       "Pull complete", "Already exists", "Retrying",           "Unpacking"};
  return std::any_of(known.begin(), known.end(), [&](std::string_view head) { return status.starts_with(head); });
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

template <std::size_t N>
bool has_any(const std::string& text, const std::array<std::string_view, N>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

}  // namespace

Error pull_error(std::string message) {
  // Texts of Go's net package and of moby's distribution code; the API has no codes for them.
  static constexpr std::array<std::string_view, 3> full = {"no space left on device", "disk quota exceeded",
                                                           "enough space"};
  static constexpr std::array<std::string_view, 14> away = {
      "connection refused", "no route to host", "no such host",           "network is unreachable", "i/o timeout",
      "handshake timeout",  "dial tcp",         "name resolution",        "server misbehaving",     "connection reset",
      "deadline exceeded",  "toomanyrequests",  "request canceled while", "unexpected eof"};
  static constexpr std::array<std::string_view, 5> missing = {"manifest unknown", "not found", "denied",
                                                              "does not exist", "no matching manifest"};
  static constexpr std::array<std::string_view, 2> no_login = {"unauthorized", "no basic auth credentials"};
  const std::string lower = lower_case(message);
  Errc code = Errc::internal;
  if (has_any(lower, full)) {
    code = Errc::no_space;
  } else if (has_any(lower, away)) {
    code = Errc::unavailable;
  } else if (has_any(lower, no_login)) {
    code = Errc::unauthorized;
  } else if (has_any(lower, missing)) {
    code = Errc::not_found;
  }
  return Error{code, std::move(message)};
}

PullMessages::News PullMessages::take(std::string_view line) {
  boost::system::error_code failed;
  const json::value value = json::parse(json::string_view(line.data(), line.size()), failed);
  if (failed || !value.is_object()) return News::malformed;
  const json::object& message = value.get_object();

  // `errorDetail` since ever; `error` beside it until API 1.47.
  if (const json::value* detail = message.if_contains("errorDetail"); detail != nullptr && detail->is_object()) {
    error_ = pull_error(std::string(text_of(detail->get_object(), "message")));
    return News::failed;
  }
  if (const auto text = text_of(message, "error"); !text.empty()) {
    error_ = pull_error(std::string(text));
    return News::failed;
  }

  const std::string_view status = text_of(message, "status");
  const std::string id(text_of(message, "id"));
  if (status.starts_with("Retrying")) return News::none;
  if (id.empty() || !is_layer_status(status)) return News::moved;
  if (layers_.size() >= max_layers && !layers_.contains(id)) return News::malformed;

  Layer& layer = layers_[id];
  if (status == "Downloading") {
    if (const json::value* detail = message.if_contains("progressDetail"); detail != nullptr && detail->is_object()) {
      layer.bytes = count_of(detail->get_object(), "current");
      layer.total_bytes = std::max(layer.bytes, count_of(detail->get_object(), "total"));
    }
  } else if (status == "Download complete" || status.starts_with("Extracting")) {
    layer.bytes = layer.total_bytes;
  } else if (status == "Pull complete" || status == "Already exists") {
    layer.bytes = layer.total_bytes;
    layer.done = true;
  }
  count();
  return News::moved;
}

void PullMessages::count() {
  progress_.bytes = progress_.total_bytes = 0;
  progress_.layers_done = 0;
  progress_.layers = static_cast<int>(layers_.size());
  for (const auto& [id, layer] : layers_) {
    progress_.bytes += layer.bytes;
    progress_.total_bytes += layer.total_bytes;
    if (layer.done) ++progress_.layers_done;
  }
}

}  // namespace aura::docker
