#include "agent/docker/engine.hpp"
#include "agent/docker/engine_json.hpp"
#include "agent/docker/log_frames.hpp"

#include <fmt/format.h>

#include <memory>
#include <utility>

namespace aura::docker {
namespace {

constexpr int is_not_there = 404;

struct Output {
  LogFrames frames;
  std::string head;
  bool malformed = false;

  // Everything is read, so that the program is not held up; only the head is kept.
  bool take(std::string_view chunk) {
    const std::function<bool(std::string_view)> keep = [this](std::string_view text) {
      head += text.substr(0, ports::ContainerEngine::max_exec_output_bytes - head.size());
      return true;
    };
    malformed = frames.feed(chunk, keep) == LogFrames::Step::malformed;
    return !malformed;
  }
};

}  // namespace

ports::Async<ports::ContainerEngine::ExecResult> DockerEngine::exec(const std::string& id,
                                                                    const std::vector<std::string>& argv,
                                                                    std::int64_t timeout_ms) {
  if (!is_container_id(id)) {
    co_return Error{Errc::invalid_argument, fmt::format("\"{}\" is not a container's full id", id)};
  }
  ApiCall make;
  make.method = "POST";
  make.path = "/containers/" + id + "/exec";
  make.body = exec_body(argv);
  make.timeout_ms = deadlines_.read_ms;
  const auto made = co_await api_.send(std::move(make), deadlines_.ping_ms);
  if (!made) co_return made.error();
  constexpr int created = 201;
  if (made->status != created) co_return status_error(*made);
  auto exec_id = parse_created(made->body);
  if (!exec_id) co_return exec_id.error();
  ExecResult result;
  result.id = std::move(*exec_id);

  // Without a request to switch protocols the answer's body is the framed output, up to the end of the program.
  const auto output = std::make_shared<Output>();
  ApiCall start;
  start.method = "POST";
  start.path = "/exec/" + result.id + "/start";
  start.body = R"({"Detach":false,"Tty":false})";
  start.timeout_ms = static_cast<long>(timeout_ms);
  http::Client::Sink sink = [output](std::string_view chunk) { return output->take(chunk); };
  const auto answer = co_await api_.stream(std::move(start), std::move(sink), deadlines_.ping_ms);
  result.output = output->head;
  if (output->malformed) co_return Error{Errc::bad_reply, "Docker's exec stream has no valid frames"};
  if (!answer && answer.error().code == Errc::timeout) co_return result;
  if (!answer) co_return answer.error();
  if (answer->status != 200) co_return status_error(*answer);

  std::string path = "/exec/" + result.id + "/json";
  const auto described = co_await get(std::move(path), 1u << 20);
  if (!described) co_return described.error();
  const auto state = parse_exec(described->body);
  if (!state) co_return state.error();
  // A program that closed its output and goes on has no exit code yet.
  if (!state->running) result.exit_code = state->exit_code;
  co_return result;
}

ports::Async<bool> DockerEngine::exec_runs(const std::string& exec_id) {
  if (!is_container_id(exec_id)) co_return Error{Errc::invalid_argument, "that is no id of an exec"};
  ApiCall ask;
  ask.path = "/exec/" + exec_id + "/json";
  ask.timeout_ms = deadlines_.read_ms;
  const auto answer = co_await api_.send(std::move(ask), deadlines_.ping_ms);
  if (!answer) co_return answer.error();
  if (answer->status == is_not_there) co_return false;
  if (answer->status != 200) co_return status_error(*answer);
  const auto state = parse_exec(answer->body);
  if (!state) co_return state.error();
  co_return state->running;
}

}  // namespace aura::docker
