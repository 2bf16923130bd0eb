#include "agent/loops/log_tail.hpp"

#include "agent/loops/timed.hpp"
#include "agent/reconcile/events.hpp"
#include "common/protocol/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace aura::loops {
namespace {

constexpr std::size_t max_raw_bytes = 64 * 1024;  // of what Docker sends for the tail; the end of it is kept

std::string escaped(std::string_view line) {
  std::string out;
  const std::string text = protocol::valid_utf8(line);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte == '\t') {
      out += "    ";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else if (c1) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[++i]));
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string cut(std::string line) {
  constexpr std::string_view more = "…";
  if (line.size() <= tail_line_bytes) return line;
  std::size_t end = tail_line_bytes - more.size();
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
  line.resize(end);
  return line += more;
}

boost::asio::awaitable<void> fetch(ports::ContainerEngine& engine, std::string id, std::shared_ptr<std::string> raw) {
  ports::ContainerEngine::LogRequest request;
  request.tail = tail_lines;
  std::function<bool(std::string_view)> sink = [raw](std::string_view piece) {
    raw->append(piece);
    if (raw->size() > max_raw_bytes) raw->erase(0, raw->size() - max_raw_bytes);
    return true;
  };
  const auto done = co_await engine.logs(id, request, std::move(sink));
  // What came before the stream broke is still the tail.
  static_cast<void>(done);
}

}  // namespace

std::vector<std::string> harmless_tail(std::string_view raw, const Secrets& secrets) {
  // Masking before cutting into lines: a secret may span them.
  const std::string masked = secrets.masked(std::string(raw));
  std::vector<std::string> lines;
  std::string_view rest(masked);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(cut(escaped(line)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::size_t bytes = 0;
  auto first = lines.end();
  while (first != lines.begin() && lines.end() - first < tail_lines) {
    bytes += (first - 1)->size() + 1;
    if (bytes > tail_bytes) break;
    --first;
  }
  lines.erase(lines.begin(), first);
  return lines;
}

boost::asio::awaitable<void> note_log_tail(Parts parts, Secrets& secrets, std::string workload,
                                           reconcile::Instance instance) {
  const auto raw = std::make_shared<std::string>();
  auto task = fetch(parts.engine, instance.container_id, raw);
  co_await within(parts.clock, tail_deadline_ms, "log tail", std::move(task));
  // The container may be from an earlier life of the agent, which alone had read its secrets.
  const auto& workloads = parts.ledger.state().workloads;
  if (const auto found = workloads.find(workload); found != workloads.end()) {
    static_cast<void>(secrets.resolve(found->second.declared.spec.secrets));
    static_cast<void>(secrets.resolve(found->second.declared.spec.secret_files));
  }
  auto lines = harmless_tail(*raw, secrets);
  if (lines.empty()) co_return;
  reconcile::record::Noted note;
  note.kind = reconcile::log_tail_kind;
  note.workload = workload;
  note.text = fmt::format("the last {} lines of {} before it ended", lines.size(), workload);
  note.data["container_id"] = instance.container_id;
  note.data["started_at"] = instance.started_at;
  note.log_tail = std::move(lines);
  // A failure is logged by record(); the exit itself is kept already.
  static_cast<void>(record(parts, std::move(note)));
}

}  // namespace aura::loops
