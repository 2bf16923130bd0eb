#include "agent/loops/status_line.hpp"

#include "agent/loops/timed.hpp"
#include "agent/reconcile/events.hpp"
#include "agent/reconcile/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace aura::loops {
namespace asio = boost::asio;

namespace {

using protocol::NodeWord;
using protocol::Report;
using protocol::WorkloadReport;
using protocol::WorkloadWord;

constexpr std::size_t max_bytes = 400;
constexpr std::size_t max_named = 3;
constexpr std::int64_t settle_ms = 1'000;
constexpr std::int64_t look_every_ms = 15'000;  // what no change tells of, such as a control plane that is late
// How the words of the report's `control` begin.
constexpr std::string_view no_control = "none", pending_control = "pending", not_heard_yet = "not heard yet";
constexpr std::string_view unknown_prefix = "unknown: ";

std::string_view words_of(WorkloadWord state) {
  switch (state) {
    case WorkloadWord::absent: return "not made yet";
    case WorkloadWord::pulling: return "its image is fetched";
    case WorkloadWord::created:
    case WorkloadWord::starting: return "it starts";
    case WorkloadWord::stopping: return "it is being stopped";
    case WorkloadWord::backoff: return "it is tried again soon";
    case WorkloadWord::crash_loop: return "crash loop";
    case WorkloadWord::failed: return "failed";
    case WorkloadWord::stuck: return "Docker cannot stop it";
    case WorkloadWord::conflict: return "another container is in its way";
    case WorkloadWord::held: return "held by hand";
    default: return to_string(state);
  }
}

std::string why_not(const WorkloadReport& workload) {
  const std::string text(words_of(workload.state));
  const bool by_its_end = workload.state == WorkloadWord::backoff || workload.state == WorkloadWord::crash_loop ||
                          workload.state == WorkloadWord::failed;
  return by_its_end && workload.last_exit ? fmt::format("{} ({})", text, workload.last_exit->meaning) : text;
}

bool runs(const WorkloadReport& workload) {
  return workload.state == WorkloadWord::running || workload.state == WorkloadWord::unhealthy;
}

std::string workloads_sentence(const std::vector<WorkloadReport>& workloads) {
  if (workloads.empty()) return "No workload is declared.";
  std::size_t meant = 0, up = 0;
  std::vector<std::string> others;
  for (const WorkloadReport& workload : workloads) {
    // Stopped as somebody wants it, or as its file does: a backup that rests, a task that is done.
    const bool rests = workload.state == WorkloadWord::stopped || workload.intent == protocol::Intent::stopped;
    if (rests && !runs(workload)) continue;
    ++meant;
    if (runs(workload)) ++up;
    if (workload.state == WorkloadWord::unhealthy) others.push_back(workload.name + " is unhealthy");
    if (!runs(workload)) others.push_back(fmt::format("{} does not: {}", workload.name, why_not(workload)));
  }
  std::string text = fmt::format("{} of {} workloads run", up, meant);
  if (meant == 0) text = "No workload is meant to run now";
  if (up == meant && meant > 1) text = fmt::format("All {} workloads run", meant);
  if (meant == 1 && up == 1) text = "1 workload runs";
  for (std::size_t i = 0; i < std::min(others.size(), max_named); ++i) text += "; " + others[i];
  if (others.size() > max_named) text += fmt::format("; and {} more", others.size() - max_named);
  return text + ".";
}

std::string verdict_sentence(const Report& report) {
  const std::string first = report.reasons.empty() ? std::string() : report.reasons.front();
  switch (report.state) {
    case NodeWord::running:
    case NodeWord::locked:
    case NodeWord::provisioning: return workloads_sentence(report.workloads);
    case NodeWord::degraded: break;
    default: return first.empty() ? fmt::format("The node is {}.", to_string(report.state)) : first;
  }
  if (!report.docker_known) {
    const bool prefixed = report.docker.starts_with(unknown_prefix);
    return fmt::format("Docker does not answer: {}.", report.docker.substr(prefixed ? unknown_prefix.size() : 0));
  }
  const std::string sentence = workloads_sentence(report.workloads);
  // Degraded by something else: a file, the ledger, a container in the way.
  const bool tells = sentence.find(" does not: ") != sentence.npos || sentence.find(" unhealthy") != sentence.npos;
  return tells || first.empty() ? sentence : sentence + " " + first;
}

}  // namespace

std::string status_line(const Report& report) {
  const bool waits = report.control.starts_with(pending_control);
  const bool asked = !report.control.starts_with(no_control) && report.control != not_heard_yet;
  std::string text = verdict_sentence(reconcile::without_motion(report));
  if (waits)
    text += " The control plane has not let this node in yet.";
  else if (asked && !report.control_heard)
    text += " The control plane does not answer.";
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  reconcile::shorten(text, max_bytes);
  return text;
}

asio::awaitable<void> tell_status(Parts parts, Broadcast& changes, std::function<Report()> report) {
  std::string told;
  for (;;) {
    std::string line = status_line(report());
    if (line != told) parts.host.notify("STATUS=" + line);
    told = std::move(line);
    co_await changes.wait(parts.clock, parts.clock.now().boot_ms + look_every_ms);
    // What comes together is told together.
    co_await sleep_for(parts.clock, settle_ms);
  }
}

}  // namespace aura::loops
