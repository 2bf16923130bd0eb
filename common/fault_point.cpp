#include "common/fault_point.hpp"

#if AURA_FAULT_POINTS

#include "common/files.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace aura {
namespace {

constexpr mode_t trace_mode = 0644;

constexpr std::size_t max_wish_bytes = 256;

struct Plan {
  std::string wish_file, wish;
  std::string point;  // of the wish; empty: none
  int passes_left = 0;
  int delay_ms = 0;
  int trace = -1;
};

[[noreturn]] void misuse(std::string_view text) {
  std::fputs(fmt::format("fault points: {}\n", text).c_str(), stderr);
  std::abort();
}

void take_wish(Plan& plan, std::string wish) {
  plan.wish = std::move(wish);
  const auto colon = plan.wish.find(':');
  plan.point = plan.wish.substr(0, colon);
  plan.passes_left = 1;
  plan.delay_ms = 0;
  if (colon == std::string::npos) return;
  const char* numbers = plan.wish.c_str() + colon + 1;
  if (std::sscanf(numbers, "%d+%d", &plan.passes_left, &plan.delay_ms) < 1 || plan.passes_left < 1) {
    misuse("AURA_KILL_AT is NAME:N or NAME:N+MS");
  }
}

Plan read_plan() {
  Plan plan;
  if (const char* file = std::getenv("AURA_TRACE_FAULT_POINTS")) {
    plan.trace = ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, trace_mode);
    if (plan.trace < 0) misuse(fmt::format("{} cannot be opened", file));
  }
  const char* given = std::getenv("AURA_KILL_AT");
  const std::string wish = given != nullptr ? given : "";
  if (wish.starts_with('@')) {
    plan.wish_file = wish.substr(1);
  } else {
    take_wish(plan, wish);
  }
  return plan;
}

void look_for_another_wish(Plan& plan) {
  auto wish = read_file(plan.wish_file, max_wish_bytes);
  if (wish && *wish != plan.wish) take_wish(plan, std::move(*wish));
}

[[noreturn]] void die_now() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

// The kernel kills: whatever this process does then, it is in the middle of it.
void die_in(int ms) {
  constexpr int ms_per_s = 1000;
  constexpr long ns_per_ms = 1'000'000;
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  timer_t timer{};
  itimerspec when{};
  when.it_value.tv_sec = ms / ms_per_s;
  when.it_value.tv_nsec = ms % ms_per_s * ns_per_ms;
  if (::timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || ::timer_settime(timer, 0, &when, nullptr) != 0) {
    misuse("no timer can be set");
  }
}

}  // namespace

void fault_point(std::string_view moment, std::string_view subject) {
  static Plan plan = read_plan();
  const std::string name = fmt::format("{}{}", moment, subject);
  if (plan.trace >= 0) {
    const std::string line = name + "\n";
    if (::write(plan.trace, line.data(), line.size()) < 0) misuse("the trace cannot be written");
  }
  if (!plan.wish_file.empty()) look_for_another_wish(plan);
  if (name != plan.point || --plan.passes_left != 0) return;
  if (plan.delay_ms == 0) die_now();
  die_in(plan.delay_ms);
}

}  // namespace aura

#endif
