#include "agent/config/words.hpp"
#include "agent/config/workload_parts.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace aura::config {
namespace {

constexpr int day_s = 86400;
constexpr std::int64_t min_memory_bytes = 6LL << 20;  // what Docker itself asks for at least
constexpr std::size_t max_hook_body_bytes = 4096;
constexpr std::int64_t max_memory_bytes = 1LL << 50;

bool is_user_part(std::string_view text) {
  return !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
}

bool is_user(std::string_view text) {
  const auto colon = text.find(':');
  return is_user_part(text.substr(0, colon)) &&
         (colon == std::string_view::npos || is_user_part(text.substr(colon + 1)));
}

std::vector<std::string> read_capabilities(Section& security, std::string_view key) {
  std::vector<std::string> result;
  const auto items = security.texts(key);
  if (!items) return result;
  for (const Text& item : *items) {
    const auto name = normal_capability(item.text);
    if (!name) {
      security.findings().add(item.place, security.path(key),
                              fmt::format("{} is no Linux capability: see capabilities(7)", quoted(item.text)));
    } else if (std::find(result.begin(), result.end(), *name) == result.end()) {
      result.push_back(*name);
    }
  }
  return result;
}

// Probes and hooks may only speak with the node itself.
void check_loopback_url(Section& section, std::string_view key, const std::string& text) {
  const auto url = parse_url(text);
  if (!url || url->scheme != "http") {
    section.problem(key, fmt::format("{} is no http:// address", quoted(text)));
  } else if (!is_loopback_address(url->host)) {
    section.problem(key, "must be a literal loopback address such as http://127.0.0.1:8080/");
  }
}

int count_of(std::initializer_list<bool> given) {
  return static_cast<int>(std::count(given.begin(), given.end(), true));
}

reconcile::Probe read_probe(Section& table) {
  reconcile::Probe probe;
  if (count_of({table.has("http"), table.has("tcp"), table.has("exec"), table.has("docker")}) != 1) {
    table.findings().add(table.place(), table.path(), "must have exactly one of http, tcp, exec and docker");
  }
  if (const auto http = table.text("http")) {
    probe.http = *http;
    check_loopback_url(table, "http", *http);
  }
  if (const auto tcp = table.text("tcp")) {
    probe.tcp = *tcp;
    const auto parsed = parse_address_port(*tcp);
    if (!parsed || !is_loopback_address(parsed->address)) {
      table.problem("tcp", "must be a literal loopback address with a port such as 127.0.0.1:80");
    }
  }
  probe.exec = read_argv(table, "exec");
  if (const auto docker = table.boolean("docker")) {
    probe.docker = *docker;
    if (!*docker) table.problem("docker", "must be true, or be left out");
  }
  probe.every_s = table.duration_s("every_s", 1, day_s).value_or(probe.every_s);
  probe.timeout_s = table.duration_s("timeout_s", 1, 600).value_or(probe.timeout_s);
  probe.failures = static_cast<int>(table.integer("failures", 1, 1000).value_or(probe.failures));
  probe.start_grace_s = table.duration_s("start_grace_s", 0, day_s).value_or(probe.start_grace_s);
  table.finish();
  return probe;
}

reconcile::StopHook read_hook(Section& table) {
  reconcile::StopHook hook;
  if (count_of({table.has("http_post"), table.has("exec")}) != 1) {
    table.findings().add(table.place(), "stop.hook", "must have exactly one of http_post and exec");
  }
  if (const auto post = table.text("http_post")) {
    hook.http_post = *post;
    check_loopback_url(table, "http_post", *post);
  }
  if (const auto bearer = table.text("bearer")) {
    hook.bearer = *bearer;
    if (!is_credential_name(*bearer)) table.problem("bearer", "must be the name of a systemd credential");
  }
  if (const auto body = table.text("body")) {
    hook.body = *body;
    if (body->size() > max_hook_body_bytes) table.problem("body", "must not be longer than 4 KiB");
  }
  hook.exec = read_argv(table, "exec");
  if (table.has("exec") && (table.has("bearer") || table.has("body"))) {
    table.findings().add(table.place(), "stop.hook", "bearer and body belong to http_post");
  }
  hook.timeout_s = table.duration_s("timeout_s", 1, day_s).value_or(hook.timeout_s);
  table.finish();
  return hook;
}

void read_never_on_exit(Section& table, std::vector<int>& codes) {
  const auto items = table.list("never_on_exit");
  if (!items) return;
  for (const Value* item : *items) {
    const auto* code = std::get_if<std::int64_t>(&item->data);
    if (code == nullptr || *code < 0 || *code > 255) {
      table.findings().add(item->place, table.path("never_on_exit"), "must be a list of exit codes from 0 to 255");
    } else if (std::find(codes.begin(), codes.end(), *code) == codes.end()) {
      codes.push_back(static_cast<int>(*code));
    }
  }
}

}  // namespace

void read_resources(Section& root, reconcile::Resources& resources) {
  auto table = root.table("resources");
  if (!table) return;
  resources.memory_bytes = table->size("memory", min_memory_bytes, max_memory_bytes).value_or(0);
  resources.cpus = table->number("cpus", 0, 4096).value_or(0);
  if (resources.cpus > 0 && resources.cpus < 0.01) table->problem("cpus", "must be 0 (no limit) or at least 0.01");
  resources.pids = table->integer("pids", 0, 4194304).value_or(0);
  resources.oom_score_adj = static_cast<int>(table->integer("oom_score_adj", -1000, 1000).value_or(0));
  table->finish();
}

void read_security(Section& root, reconcile::Security& security) {
  auto table = root.table("security");
  if (!table) return;
  if (const auto user = table->text("user")) {
    security.user = *user;
    if (!is_user(*user)) table->problem("user", fmt::format("{} is no user: write USER or USER:GROUP", quoted(*user)));
  }
  security.read_only = table->boolean("read_only").value_or(security.read_only);
  security.cap_drop = read_capabilities(*table, "cap_drop");
  security.cap_add = read_capabilities(*table, "cap_add");
  security.no_new_privileges = table->boolean("no_new_privileges").value_or(security.no_new_privileges);
  security.init = table->boolean("init").value_or(security.init);
  security.privileged = table->boolean("privileged").value_or(security.privileged);
  const auto namespaces = table->texts("host_namespaces");
  for (const Text& item : namespaces.value_or(std::vector<Text>{})) {
    if (item.text != "network" && item.text != "pid" && item.text != "ipc") {
      root.findings().add(item.place, table->path("host_namespaces"),
                          fmt::format("{} must be \"network\", \"pid\" or \"ipc\"", quoted(item.text)));
    } else if (std::find(security.host_namespaces.begin(), security.host_namespaces.end(), item.text) ==
               security.host_namespaces.end()) {
      security.host_namespaces.push_back(item.text);
    }
  }
  table->finish();
}

void read_stop(Section& root, reconcile::Stop& stop) {
  auto table = root.table("stop");
  if (!table) return;
  if (const auto signal = table->text("signal")) {
    const auto name = normal_signal(*signal);
    if (!name) table->problem("signal", fmt::format("{} is no signal: write a name such as SIGTERM", quoted(*signal)));
    stop.signal = name.value_or(stop.signal);
  }
  stop.grace_s = table->duration_s("grace_s", 0, day_s).value_or(stop.grace_s);
  if (auto hook = table->table("hook")) stop.hook = read_hook(*hook);
  table->finish();
}

void read_restart(Section& root, reconcile::Restart& restart) {
  auto table = root.table("restart");
  if (!table) return;
  if (const auto word = table->word("policy", {"always", "on_failure", "never"})) {
    restart.policy = static_cast<reconcile::RestartPolicy>(*word);
  }
  restart.backoff_first_ms =
      static_cast<int>(table->integer("backoff_first_ms", 0, 600000).value_or(restart.backoff_first_ms));
  restart.backoff_max_s = table->duration_s("backoff_max_s", 1, day_s).value_or(restart.backoff_max_s);
  restart.reset_after_s = table->duration_s("reset_after_s", 1, day_s).value_or(restart.reset_after_s);
  if (restart.backoff_first_ms > static_cast<std::int64_t>(restart.backoff_max_s) * 1000) {
    table->problem("backoff_first_ms", "must not be longer than backoff_max_s");
  }
  read_never_on_exit(*table, restart.never_on_exit);
  if (auto give_up = table->table("give_up")) {
    restart.give_up_restarts =
        static_cast<int>(give_up->integer("restarts", 1, 1000).value_or(restart.give_up_restarts));
    restart.give_up_within_s = give_up->duration_s("within_s", 1, 7 * day_s).value_or(restart.give_up_within_s);
    give_up->finish();
  }
  table->finish();
}

void read_health(Section& root, reconcile::WorkloadSpec& spec) {
  auto table = root.table("health");
  if (!table) return;
  // One start has one grace: the first that says how long tells it to those that do not.
  std::optional<int> grace_s;
  std::vector<reconcile::Probe*> silent;
  const auto read = [&](std::string_view key, std::optional<reconcile::Probe>& into) {
    auto probe = table->table(key);
    if (!probe) return;
    const bool says = probe->has("start_grace_s");
    into = read_probe(*probe);
    if (!says)
      silent.push_back(&*into);
    else if (!grace_s)
      grace_s = into->start_grace_s;
  };
  read("liveness", spec.liveness);
  read("startup", spec.startup);
  read("readiness", spec.readiness);
  for (auto* probe : silent) probe->start_grace_s = grace_s.value_or(probe->start_grace_s);
  table->finish();
}

void read_disconnect(Section& root, reconcile::WorkloadSpec& spec) {
  auto table = root.table("disconnect");
  if (!table) return;
  reconcile::Disconnect disconnect;
  disconnect.after_s = table->duration_s("after_s", 10, 365 * day_s).value_or(disconnect.after_s);
  if (const auto word = table->word("action", {"keep", "stop", "freeze"})) {
    disconnect.action = static_cast<reconcile::DisconnectAction>(*word);
  }
  table->finish();
  spec.disconnect = disconnect;
}

void read_memory_policy(Section& root, reconcile::WorkloadSpec& spec) {
  auto table = root.table("memory");
  if (!table) return;
  reconcile::MemoryPolicy memory;
  memory.warn_percent = static_cast<int>(table->integer("warn_percent", 1, 100).value_or(memory.warn_percent));
  memory.restart_percent = static_cast<int>(table->integer("restart_percent", 1, 100).value_or(memory.restart_percent));
  if (memory.warn_percent >= memory.restart_percent) {
    table->problem("warn_percent", "must be below restart_percent");
  }
  auto resources = root.table("resources");
  const bool says_how_much = resources && resources->has("memory");
  if (spec.resources.memory_bytes == 0 && !says_how_much) {
    table->findings().add(table->place(), "memory", "is measured against resources.memory: set that, too");
  }
  table->finish();
  spec.memory = memory;
}

}  // namespace aura::config
