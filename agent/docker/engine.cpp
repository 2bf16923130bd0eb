#include "agent/docker/engine.hpp"

#include "agent/docker/engine_json.hpp"
#include "agent/docker/reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace aura::docker {
namespace {

constexpr std::size_t max_list_bytes = 32u << 20;
constexpr std::size_t max_inspect_bytes = 4u << 20;

bool is_success(const http::Response& response) { return response.status >= 200 && response.status < 300; }

Error not_an_id(const std::string& id) {
  return {Errc::invalid_argument, fmt::format("\"{}\" is not a container's full id", id)};
}

// A dockerd that was killed while it started a container leaves a task, or the folder of one, in containerd that 20.10
// never clears; every start of that container is then refused in these words.
bool holds_an_earlier_run(const Error& error) {
  const auto says = [&](std::string_view words) { return error.message.find(words) != std::string::npos; };
  return (says("task ") && says(": already exists")) || (says("failed to start shim") && says(": file exists"));
}

// Slashes stay: the API's image names are paths.
std::string encode_reference(std::string_view reference) {
  std::string encoded;
  for (;;) {
    const auto slash = reference.find('/');
    encoded += http::percent_encode(reference.substr(0, slash));
    if (slash == std::string_view::npos) return encoded;
    encoded += '/';
    reference.remove_prefix(slash + 1);
  }
}

}  // namespace

DockerEngine::DockerEngine(http::Client& client, std::string socket, Deadlines deadlines)
    : api_(client, std::move(socket)), deadlines_(deadlines) {}

ports::Async<http::Response> DockerEngine::get(std::string path, std::size_t max_body_bytes) {
  ApiCall call;
  call.path = std::move(path);
  call.timeout_ms = deadlines_.read_ms;
  call.max_body_bytes = max_body_bytes;
  auto answer = co_await api_.send(std::move(call), deadlines_.ping_ms);
  if (!answer) co_return answer.error();
  if (answer->status != 200) co_return status_error(*answer);
  co_return answer;
}

ports::Async<void> DockerEngine::change(std::string method, std::string id, std::string rest, std::string body,
                                        long timeout_ms) {
  if (!is_container_id(id)) co_return not_an_id(id);
  ApiCall call;
  call.method = std::move(method);
  call.path = "/containers/" + id + rest;
  call.body = std::move(body);
  call.timeout_ms = timeout_ms;
  const auto answer = co_await api_.send(std::move(call), deadlines_.ping_ms);
  if (!answer) co_return answer.error();
  constexpr int is_so_already = 304;
  if (!is_success(*answer) && answer->status != is_so_already) co_return status_error(*answer);
  co_return Result<void>();
}

ports::Async<ports::EngineVersion> DockerEngine::ping() { return api_.ping(deadlines_.ping_ms); }

ports::Async<ports::EngineConfig> DockerEngine::config() {
  const auto answer = co_await get("/info", max_inspect_bytes);
  if (!answer) co_return answer.error();
  co_return parse_config(answer->body);
}

ports::Async<std::vector<ports::ListedContainer>> DockerEngine::list() {
  const auto answer = co_await get("/containers/json?all=1", max_list_bytes);
  if (!answer) co_return answer.error();
  co_return parse_list(answer->body);
}

ports::Async<reconcile::Container> DockerEngine::inspect(const std::string& id) {
  if (!is_container_id(id)) co_return not_an_id(id);
  const std::string wanted = id;
  std::string path = "/containers/" + id + "/json";
  const auto answer = co_await get(std::move(path), max_inspect_bytes);
  if (!answer) co_return answer.error();
  auto container = parse_inspect(answer->body);
  if (container && container->id != wanted) co_return Error{Errc::bad_reply, "Docker answered about another container"};
  co_return container;
}

ports::Async<std::string> DockerEngine::create(const ports::CreateRequest& request) {
  ApiCall call;
  call.method = "POST";
  call.path = "/containers/create?name=" + http::percent_encode(request.name);
  call.body = create_body(request);
  call.timeout_ms = deadlines_.change_ms;
  const auto answer = co_await api_.send(std::move(call), deadlines_.ping_ms);
  if (!answer) co_return answer.error();
  if (!is_success(*answer)) co_return status_error(*answer);
  co_return parse_created(answer->body);
}

ports::Async<void> DockerEngine::start(const std::string& id) {
  auto started = co_await change("POST", id, "/start", {}, deadlines_.change_ms);
  if (started || !holds_an_earlier_run(started.error())) co_return started;
  Error wedged = started.error();
  wedged.code = Errc::conflict;
  co_return wedged;
}

ports::Async<void> DockerEngine::stop(const std::string& id, int grace_s) {
  const int seconds = std::max(grace_s, 0);  // -1 would wait for ever
  return change("POST", id, fmt::format("/stop?t={}", seconds), {}, seconds * 1000L + deadlines_.stop_margin_ms);
}

ports::Async<void> DockerEngine::kill(const std::string& id, const std::string& signal) {
  return change("POST", id, "/kill?signal=" + http::percent_encode(signal), {}, deadlines_.change_ms);
}

ports::Async<void> DockerEngine::remove(const std::string& id) {
  auto removed = co_await change("DELETE", id, "", {}, deadlines_.change_ms);
  if (!removed && removed.error().code == Errc::not_found) co_return Result<void>();
  co_return removed;
}

// Docker answers these two with an error where the state is as asked for; its text is the only difference.
ports::Async<void> DockerEngine::pause(const std::string& id) {
  auto paused = co_await change("POST", id, "/pause", {}, deadlines_.change_ms);
  if (!paused && paused.error().message.find("already paused") != std::string::npos) co_return Result<void>();
  co_return paused;
}

ports::Async<void> DockerEngine::unpause(const std::string& id) {
  auto resumed = co_await change("POST", id, "/unpause", {}, deadlines_.change_ms);
  if (!resumed && resumed.error().message.find("is not paused") != std::string::npos) co_return Result<void>();
  co_return resumed;
}

ports::Async<void> DockerEngine::update(const std::string& id, const reconcile::Resources& resources) {
  const std::string target = id;
  const reconcile::Resources wanted = resources;
  if (wanted.cpus == 0) {
    // Docker takes 0 for "as it is" and has no other word for "no limit" here.
    const auto now = co_await inspect(target);
    if (!now) co_return now.error();
    if (now->resources && now->resources->cpus > 0) {
      co_return Error{Errc::conflict, "Docker cannot lift the CPU limit of an existing container"};
    }
  }
  std::string body = update_body(wanted);
  co_return co_await change("POST", target, "/update", std::move(body), deadlines_.change_ms);
}

ports::Async<ports::ImageInfo> DockerEngine::image(const std::string& reference) {
  const std::string repository = parse_reference(reference).repository;
  std::string path = "/images/" + encode_reference(reference) + "/json";
  const auto answer = co_await get(std::move(path), max_inspect_bytes);
  if (!answer) co_return answer.error();
  co_return parse_image(answer->body, repository);
}

ports::Async<void> DockerEngine::remove_image(const std::string& reference) {
  ApiCall call;
  call.method = "DELETE";
  call.path = "/images/" + encode_reference(reference);
  call.timeout_ms = deadlines_.change_ms;
  const auto answer = co_await api_.send(std::move(call), deadlines_.ping_ms);
  if (!answer) co_return answer.error();
  if (is_success(*answer)) co_return Result<void>();
  Error error = status_error(*answer);
  if (error.code == Errc::not_found) co_return Result<void>();
  co_return error;
}

ports::Async<void> DockerEngine::ensure_network(const ports::Network& network) {
  const std::string wanted = network.name;
  // Looked up first: Docker allows two networks of one name, and then neither can be told by it.
  std::string body = network_body(network);
  std::string path = "/networks?filters=" + http::percent_encode(network_filters(wanted));
  const auto listed = co_await get(std::move(path), max_inspect_bytes);
  if (!listed) co_return listed.error();
  const auto driver = parse_network_driver(listed->body, wanted);
  if (!driver) co_return driver.error();
  if (*driver == "bridge") co_return Result<void>();
  if (!driver->empty()) {
    co_return Error{Errc::conflict, fmt::format("the network {} exists with driver {}", wanted, *driver)};
  }
  ApiCall call;
  call.method = "POST";
  call.path = "/networks/create";
  call.body = std::move(body);
  call.timeout_ms = deadlines_.change_ms;
  const auto answer = co_await api_.send(std::move(call), deadlines_.ping_ms);
  if (!answer) co_return answer.error();
  constexpr int exists_already = 409;
  if (!is_success(*answer) && answer->status != exists_already) co_return status_error(*answer);
  co_return Result<void>();
}

ports::Async<void> DockerEngine::connect(const std::string& id, const std::string& network) {
  ApiCall call;
  call.method = "POST";
  call.path = "/networks/" + http::percent_encode(network) + "/connect";
  call.body = connect_body(id);
  call.timeout_ms = deadlines_.change_ms;
  const auto answer = co_await api_.send(std::move(call), deadlines_.ping_ms);
  if (!answer) co_return answer.error();
  // Docker's word for "it is there already".
  constexpr int forbidden = 403;
  const bool there = answer->status == forbidden && answer->body.find("already exists in network") != std::string::npos;
  if (!is_success(*answer) && !there) co_return status_error(*answer);
  co_return Result<void>();
}

}  // namespace aura::docker
