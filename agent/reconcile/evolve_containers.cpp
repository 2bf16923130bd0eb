#include "agent/reconcile/events.hpp"
#include "agent/reconcile/evolve_parts.hpp"
#include "agent/reconcile/runs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::reconcile {

namespace {

using protocol::Severity;

OwnedContainer* find_container(Workload& workload, const std::string& id) {
  const auto it = std::find_if(workload.containers.begin(), workload.containers.end(),
                               [&](const OwnedContainer& container) { return !id.empty() && container.id == id; });
  return it == workload.containers.end() ? nullptr : &*it;
}

// What the stops showed goes into the outcome of every command that waits for them.
void add_evidence(State& state, const record::Exited& exited, const std::optional<StopSent>& stop, BootMs now) {
  for (auto& [id, open] : state.open) {
    const auto& command = open.command;
    const bool stops = command.verb == protocol::Verb::stop || command.verb == protocol::Verb::suspend ||
                       command.verb == protocol::Verb::restart;
    const bool covers =
        command.target.kind == protocol::Target::Kind::node ||
        (command.target.kind == protocol::Target::Kind::workload && command.target.name == exited.workload);
    if (!stops || !covers) continue;
    protocol::Evidence evidence;
    evidence.workload = exited.workload;
    evidence.exit_code = exited.exit.code;
    evidence.signal = exit_signal(exited.exit.code);
    evidence.oom = exited.exit.oom;
    if (stop && stop->instance == exited.exit.instance) {
      evidence.duration_ms = std::max<std::int64_t>(0, now - stop->ordered_at.value_or(stop->at));
      evidence.hook = stop->hook_answer;
    }
    open.evidence[exited.workload] = evidence;
  }
}

void set_trouble(std::optional<Trouble>& trouble, std::string code, std::string detail, BootMs retry_at) {
  const std::uint32_t before = trouble && trouble->code == code ? trouble->attempts : 0;
  trouble = Trouble{std::move(code), std::move(detail), before + 1, retry_at};
}

std::string whose_start(const State& state, const StartSent& start) {
  const auto open = state.open.find(start.command_id);
  const auto settled = state.settled.find(start.command_id);
  const bool is_open = open != state.open.end();
  if (is_open || settled != state.settled.end()) {
    const protocol::Command& command = is_open ? open->second.command : settled->second.command;
    std::string text = fmt::format("{} by {}, command {}", to_string(command.verb), command.actor, command.id);
    return command.reason.empty() ? text : text + ": " + command.reason;
  }
  switch (start.cause) {
    case Cause::command: return fmt::format("command {}", start.command_id);
    case Cause::crashed: return "after its crash";
    case Cause::exited: return "after it had ended by itself";
    case Cause::human: return "after somebody had ended it through Docker";
    case Cause::docker_restart: return "after Docker was away";
    case Cause::host_reboot:
    case Cause::shutdown: return "after a boot of the host";
    case Cause::replaced: return "with its new spec";
    case Cause::probe: return "after a failed probe";
    case Cause::backup: return "as a backup: its primary is given up";
    case Cause::disconnected: return "after the control plane was back";
    case Cause::dependency: return "after the restart of a dependency";
    case Cause::memory: return "after a planned restart for its memory";
    default: return "as declared";
  }
}

// A failure is news the first time; its repetitions only count up.
void tell_trouble(State& state, const Record& record, const std::string& workload, const Trouble& trouble) {
  if (trouble.attempts != 1) return;
  emit(state, record,
       {.kind = "workload_trouble",
        .severity = Severity::error,
        .workload = workload,
        .text = fmt::format("{}: {}: {}", workload, trouble.code, trouble.detail),
        .data = {{"code", trouble.code}}});
}

// The reference by digest of what a tag stood for before; "" where that is none.
std::string by_digest(const std::string& reference, const std::string& digest) {
  const auto slash = reference.rfind('/');
  const auto colon = reference.rfind(':');
  if (reference.find('@') != reference.npos || digest.empty()) return {};
  const bool tagged = colon != reference.npos && (slash == reference.npos || colon > slash);
  return (tagged ? reference.substr(0, colon) : reference) + "@" + digest;
}

void remember_pulled(State& state, const std::string& reference, const std::string& digest, BootMs now) {
  const auto before = state.images.find(reference);
  const bool moved = before != state.images.end() && before->second.digest != digest;
  if (const std::string old = moved ? by_digest(reference, before->second.digest) : ""; !old.empty()) {
    state.images[old] = PulledImage{before->second.digest, now};
  }
  state.images[reference] = PulledImage{digest, {}};
  while (state.images.size() > max_images) {
    // Those in use are never so many; what is forgotten stays in Docker for an operator.
    const auto oldest = std::min_element(state.images.begin(), state.images.end(), [&](const auto& a, const auto& b) {
      return a.second.unused_since.value_or(now) < b.second.unused_since.value_or(now);
    });
    state.images.erase(oldest);
  }
}

// A creation that was intended for an older spec and never seen made is remembered for long: Docker may make it late,
// and it must be known as ours then. So many newer intentions later it will not come any more.
void forget_unmade(Workload& workload) {
  constexpr std::ptrdiff_t kept = 16;
  const auto unmade = [](const OwnedContainer& each) { return each.id.empty(); };
  auto& containers = workload.containers;
  while (std::count_if(containers.begin(), containers.end(), unmade) >= kept) {
    containers.erase(std::find_if(containers.begin(), containers.end(), unmade));
  }
}

}  // namespace

Workload* find_workload(State& state, const std::string& name) {
  const auto it = state.workloads.find(name);
  return it == state.workloads.end() ? nullptr : &it->second;
}

void evolve_part(State& state, const Record&, const record::CreateIntended& intended) {
  Workload* workload = find_workload(state, intended.workload);
  if (workload == nullptr) return;
  forget_unmade(*workload);
  workload->containers.push_back(
      {.nonce = intended.nonce, .name = intended.name, .n = intended.n, .spec_hash = intended.spec_hash});
  workload->next_n = std::max(workload->next_n, intended.n + 1);
}

void evolve_part(State& state, const Record&, const record::Created& created) {
  Workload* workload = find_workload(state, created.workload);
  if (workload == nullptr) return;
  for (OwnedContainer& container : workload->containers) {
    if (container.nonce == created.nonce && container.id.empty()) container.id = created.id;
  }
  workload->trouble.reset();
  workload->image_missing = false;
}

void evolve_part(State& state, const Record& record, const record::Adopted& adopted) {
  Workload* workload = find_workload(state, adopted.workload);
  if (workload == nullptr || find_container(*workload, adopted.container.id) != nullptr) return;
  workload->containers.push_back(adopted.container);
  for (auto& [id, open] : state.open) {
    const bool asked = open.command.verb == protocol::Verb::adopt && open.command.target.name == adopted.workload;
    if (asked) open.done = true;
  }
  workload->next_n = std::max(workload->next_n, adopted.container.n + 1);
  emit(state, record,
       {.kind = "container_adopted",
        .severity = Severity::notice,
        .workload = adopted.workload,
        .actor = adopted.actor,
        .text = fmt::format("Container {} was taken over as {}.", adopted.container.name, adopted.workload)});
}

void evolve_part(State& state, const Record& record, const record::Gone& gone) {
  Workload* workload = find_workload(state, gone.workload);
  if (workload == nullptr) return;
  OwnedContainer* container = find_container(*workload, gone.id);
  if (container == nullptr) return;
  const bool ours = container->remove;
  const std::string name = container->name;
  std::erase_if(workload->containers, [&](const OwnedContainer& each) { return each.id == gone.id; });
  if (workload->start_sent && workload->start_sent->container_id == gone.id) workload->start_sent.reset();
  if (workload->stop_sent && workload->stop_sent->instance.container_id == gone.id) workload->stop_sent.reset();
  if (ours) return;
  emit(state, record,
       {.kind = "container_gone",
        .severity = Severity::warning,
        .workload = gone.workload,
        .text = fmt::format("Container {} of {} is gone; somebody removed it.", name, gone.workload)});
}

void evolve_part(State& state, const Record&, const record::RemoveIntended& intended) {
  Workload* workload = find_workload(state, intended.workload);
  if (workload == nullptr) return;
  if (OwnedContainer* container = find_container(*workload, intended.id)) container->remove = true;
}

void evolve_part(State& state, const Record&, const record::StartIntended& intended) {
  Workload* workload = find_workload(state, intended.workload);
  if (workload == nullptr) return;
  workload->start_sent = intended.start;
  workload->retry_at.reset();
  if (intended.counted) ++workload->restarts_total;
}

void evolve_part(State& state, const Record& record, const record::Running& running) {
  Workload* workload = find_workload(state, running.workload);
  if (workload == nullptr) return;
  OwnedContainer* container = find_container(*workload, running.instance.container_id);
  if (container == nullptr) return;
  container->seen = running.instance.started_at;
  container->runs = true;
  container->since = record.boot_ms;
  container->since_boot = record.boot_id;
  note_first_run(state, record, running.workload, container->spec_hash);
  const bool by_us = workload->start_sent && workload->start_sent->container_id == container->id;
  const std::string command_id = by_us ? workload->start_sent->command_id : std::string{};
  run_began(*workload, running.instance, record.wall_ms,
            by_us ? whose_start(state, *workload->start_sent) : "found running: not started by this agent");
  const Cause cause = by_us ? workload->start_sent->cause : Cause::human;
  if (by_us) workload->start_sent.reset();
  workload->trouble.reset();
  workload->image_missing = false;
  workload->retry_at.reset();
  workload->never_again = false;
  emit(state, record,
       {.kind = "workload_started",
        .workload = running.workload,
        .command_id = command_id,
        .text = fmt::format("{} runs{}.", running.workload,
                            by_us ? "" : " (found running: started by somebody else, or before this agent)"),
        .data = {{"cause", std::string(to_string(cause))},
                 {"container_id", running.instance.container_id},
                 {"started_at", running.instance.started_at}}});
}

void evolve_part(State& state, const Record& record, const record::Exited& exited) {
  Workload* workload = find_workload(state, exited.workload);
  if (workload == nullptr) return;
  const std::optional<StopSent> stop = workload->stop_sent;
  if (OwnedContainer* container = find_container(*workload, exited.exit.instance.container_id)) {
    container->runs = false;
    container->seen = exited.exit.instance.started_at;
  }
  add_evidence(state, exited, stop, record.boot_ms);
  const bool was_frozen = workload->frozen && workload->frozen->container_id == exited.exit.instance.container_id;
  const bool frozen_lost = was_frozen && !(stop && stop->instance == exited.exit.instance);
  if (was_frozen) workload->frozen.reset();
  if (stop && stop->instance == exited.exit.instance) workload->stop_sent.reset();
  workload->stuck = false;
  if (workload->trouble && workload->trouble->code == "stuck") workload->trouble.reset();
  workload->last_exit = exited.exit;
  const bool ours = stop && stop->instance == exited.exit.instance && stop->cause == exited.exit.cause;
  run_ended(*workload, exited.exit, ours ? stop : std::nullopt);
  if (!exited.log_tail.empty()) run_said(*workload, exited.exit.instance, exited.log_tail);
  workload->never_again = exited.never_again;
  if (exited.reset_backoff) workload->backoff_step = 0;
  const bool given_up = exited.crash_loop && !workload->crash_loop;
  workload->crash_loop = exited.crash_loop;
  if (exited.crash) {
    const BootMs window = std::int64_t{workload->declared.spec.restart.give_up_within_s} * 1000;
    std::erase_if(workload->restarts, [&](BootMs at) { return at <= record.boot_ms - window; });
    workload->restarts.push_back(record.boot_ms);
    ++workload->backoff_step;
  }
  workload->retry_at.reset();
  if (exited.retry_in_ms && *exited.retry_in_ms > 0) workload->retry_at = record.boot_ms + *exited.retry_in_ms;
  protocol::Event event{.kind = given_up ? "workload_crash_loop" : "workload_exited",
                        .severity = exited.crash || exited.never_again ? Severity::warning : Severity::info,
                        .workload = exited.workload,
                        .text = exited.exit.why,
                        .data = {{"cause", std::string(to_string(exited.exit.cause))},
                                 {"exit_code", std::to_string(exited.exit.code)},
                                 {"container_id", exited.exit.instance.container_id}},
                        .log_tail = exited.log_tail};
  if (given_up) event.severity = Severity::error;
  if (exited.exit.oom) event.data["oom"] = "true";
  if (exited.exit.child_oom) event.data["child_oom"] = "true";
  if (ours) {
    event.command_id = stop->command_id;
    event.actor = stop->actor;
  }
  emit(state, record, std::move(event));
  if (!frozen_lost) return;
  emit(state, record,
       {.kind = "freeze_lost",
        .severity = Severity::warning,
        .workload = exited.workload,
        .text = fmt::format("{} was frozen and has ended; it starts anew when it may run again.", exited.workload)});
}

void evolve_part(State& state, const Record&, const record::ImageMissing& missing) {
  if (Workload* workload = find_workload(state, missing.workload)) workload->image_missing = true;
}

void evolve_part(State& state, const Record& record, const record::ImagePresent& present) {
  bool asked = false;
  note_image(state, present.image);
  if (present.pulled) remember_pulled(state, present.image, present.digest, record.boot_ms);
  for (auto& [name, workload] : state.workloads) {
    if (workload.declared.spec.image != present.image) continue;
    asked = asked || workload.image_missing;
    workload.image_missing = false;
    workload.image_digest = present.digest;
    if (workload.trouble && is_pull_trouble(workload.trouble->code)) workload.trouble.reset();
  }
  for (auto& [id, open] : state.open) {
    if (open.command.verb != protocol::Verb::pull || open.command.target.name != present.image) continue;
    open.image_present = true;
    asked = true;
  }
  if (!asked) return;
  emit(state, record,
       {.kind = "image_present",
        .text = fmt::format("Image {} is here.", present.image),
        .data = {{"image", present.image}, {"digest", present.digest}}});
}

void evolve_part(State& state, const Record& record, const record::ImageUse& use) {
  const auto it = state.images.find(use.image);
  if (it == state.images.end()) return;
  it->second.unused_since = use.used ? std::nullopt : std::optional<BootMs>(record.boot_ms);
}

void evolve_part(State& state, const Record& record, const record::ImageGone& gone) {
  if (state.images.erase(gone.image) == 0) return;
  emit(state, record,
       {.kind = "image_collected",
        .text = fmt::format("Image {} was removed: {}", gone.image, gone.why),
        .data = {{"image", gone.image}}});
}

void evolve_part(State& state, const Record& record, const record::PullFailed& failed) {
  const BootMs retry_at = record.boot_ms + failed.retry_in_ms;
  for (auto& [name, workload] : state.workloads) {
    if (!workload.image_missing || workload.declared.spec.image != failed.image) continue;
    set_trouble(workload.trouble, failed.code, failed.detail, retry_at);
    tell_trouble(state, record, name, *workload.trouble);
  }
  for (auto& [id, open] : state.open) {
    const auto of_apply = [&](const auto& each) { return each.second.spec.image == failed.image; };
    const bool applies = open.apply && !open.apply->declared &&
                         std::any_of(open.apply->wanted.begin(), open.apply->wanted.end(), of_apply);
    const bool pulls = open.command.verb == protocol::Verb::pull && open.command.target.name == failed.image;
    if (!applies && !pulls) continue;
    set_trouble(open.trouble, failed.code, failed.detail, retry_at);
  }
}

void evolve_part(State& state, const Record& record, const record::TroubleMet& met) {
  Workload* workload = find_workload(state, met.workload);
  if (workload == nullptr) return;
  workload->start_sent.reset();
  set_trouble(workload->trouble, met.code, met.detail, record.boot_ms + met.retry_in_ms);
  run_refused(*workload, record.wall_ms, *workload->trouble);
  tell_trouble(state, record, met.workload, *workload->trouble);
}

void evolve_part(State& state, const Record& record, const record::StuckMet& met) {
  Workload* workload = find_workload(state, met.workload);
  if (workload == nullptr) return;
  workload->stuck = true;
  set_trouble(workload->trouble, "stuck", met.detail, record.boot_ms + met.retry_in_ms);
  tell_trouble(state, record, met.workload, *workload->trouble);
}

}  // namespace aura::reconcile
