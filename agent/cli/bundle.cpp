#include "agent/cli/bundle.hpp"

#include "agent/cli/commands.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/terminal.hpp"
#include "agent/cli/tool.hpp"
#include "common/bytes.hpp"
#include "common/time.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aura::cli {
namespace {

constexpr mode_t bundle_mode = 0600;
constexpr int pack_timeout_ms = 120'000;
constexpr std::string_view to_stdout = "-";

// A folder of root's alone that goes with this object.
class Scratch {
 public:
  Scratch() {
    char name[] = "/tmp/aura-node-bundle-XXXXXX";
    if (::mkdtemp(name) != nullptr) path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string contents(const Diagnosis& found, const std::vector<BundlePart>& parts, const Redactor& secrets,
                     const std::vector<std::string>& missed, WallMs now) {
  std::string text = fmt::format("Support bundle of an aura-node, made at {}.\n\n", to_rfc3339(now));
  if (!found.report) text += "The agent did not answer: what only it knows is missing.\n\n";
  for (const BundlePart& part : parts) text += fmt::format("{:<24}  {}\n", part.name, part.what);
  text +=
      fmt::format("\n{} secret values were looked for in all of it, in every way of writing them, and are \"***\".\n",
                  secrets.secrets());
  for (const std::string& one : missed) text += fmt::format("NOT LOOKED FOR, as it cannot be read: {}\n", one);
  return text;
}

bool write_parts(const std::string& folder, const std::vector<BundlePart>& parts, const Redactor& secrets) {
  for (const BundlePart& part : parts) {
    const std::filesystem::path path = folder + "/" + part.name;
    std::error_code failed;
    std::filesystem::create_directories(path.parent_path(), failed);
    std::ofstream file(path, std::ios::binary);
    file << secrets.clean(part.text);
    if (failed || !file.flush()) return false;
  }
  return true;
}

// The file is new and only its owner's from its first byte on. -1: it cannot be made, and that was said.
int open_bundle(const std::string& path) {
  if (path == to_stdout) {
    if (::isatty(STDOUT_FILENO) == 0) return STDOUT_FILENO;
    complain("a bundle is no text for a terminal: give a file, or send it on through a pipe");
    return -1;
  }
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, bundle_mode);
  if (file >= 0) return file;
  complain(errno == EEXIST ? fmt::format("{} is there already and is left alone; give another name", printable(path))
                           : fmt::format("cannot make {}: {}", printable(path), std::strerror(errno)));
  return -1;
}

Result<void> pack(const std::string& scratch, const std::string& name, int file) {
  const auto packed =
      run_tool({"tar", "--create", "--gzip", "--owner=root:0", "--group=root:0", "--directory=" + scratch, name},
               {.timeout_ms = pack_timeout_ms, .output = file});
  if (!packed) return packed.error();
  if (packed->exit_code != 0) return Error{Errc::internal, "tar: " + packed->text};
  return {};
}

void tell_made(const std::string& path, int file, const std::vector<BundlePart>& parts, const Redactor& secrets) {
  struct stat made {};
  const bool known = ::fstat(file, &made) == 0;
  std::string text = fmt::format("{}: {} files, {}, {} secret values taken out.\n", printable(path), parts.size(),
                                 human_bytes(known ? static_cast<std::uint64_t>(made.st_size) : 0), secrets.secrets());
  for (const BundlePart& part : parts) text += fmt::format("  {:<24}  {}\n", part.name, part.what);
  put(text + fmt::format("Look at it before you send it: tar -xzOf {} | less\n", printable(path)));
}

}  // namespace

int write_bundle(const DoctorOptions& options) {
  if (::geteuid() != 0) {
    complain("a bundle is made by root: only root can read the secrets that must not be in it");
    return exit_failed;
  }
  const std::string& path = options.bundle;
  const int file = open_bundle(path);
  if (file < 0) return exit_failed;
  ProgressLine progress;
  const auto show = [&](const std::string& what) { progress.show(what); };
  const auto give_up = [&](const std::string& why) {
    progress.clear();
    complain(printable(why));
    if (path != to_stdout) {
      ::unlink(path.c_str());
      ::close(file);
    }
    return exit_failed;
  };
  show("configuration, agent, Docker, tailnet, host");
  const Diagnosis found = diagnose(options);
  std::optional<DockerFacts> docker;
  if (found.docker_answers) {
    show("containers");
    if (auto asked = ask_docker(found.config.docker.socket, found.config.node.id)) docker = std::move(*asked);
  }
  std::vector<std::string> missed;
  const Redactor secrets = known_secrets(found, docker, missed);
  std::vector<BundlePart> parts = bundle_parts(found, docker, show);
  const WallMs now = wall_now();
  parts.insert(parts.begin(), {"README", "what this is", contents(found, parts, secrets, missed, now)});
  show("packing");
  const Scratch scratch;
  const std::string name = fmt::format("aura-node-{}", found.report ? found.report->node_id : found.config.node.id);
  if (scratch.path().empty() || !write_parts(scratch.path() + "/" + name, parts, secrets))
    return give_up("there is no room in /tmp to put the bundle together");
  if (const auto packed = pack(scratch.path(), name, file); !packed)
    return give_up("the bundle cannot be packed: " + packed.error().message);
  progress.clear();
  for (const std::string& one : missed) complain(printable("not looked for, as it cannot be read: " + one));
  if (path == to_stdout) return exit_ok;
  tell_made(path, file, parts, secrets);
  ::close(file);
  return exit_ok;
}

}  // namespace aura::cli
