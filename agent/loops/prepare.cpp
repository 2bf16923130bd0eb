#include "agent/loops/prepare.hpp"

#include "common/files.hpp"

#include <cerrno>
#include <utility>

#include <sys/stat.h>

namespace aura::loops {
namespace {

constexpr mode_t folder_mode = 0700;
constexpr mode_t secret_mode = 0444;
constexpr std::size_t max_secret_bytes = 1 << 20;

Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), folder_mode) == 0 || errno == EEXIST) return {};
  return errno_error(errno, "cannot make " + path);
}

// runtime_dir is on a tmpfs and secrets are written anew at every start: durability is not needed, whole files are.
Result<void> write_secret(const std::string& path, const std::string& value) {
  const auto there = read_file(path, max_secret_bytes);
  if (there && *there == value) return {};
  return write_file_durably(path, value, secret_mode);
}

}  // namespace

Result<Prepared> prepare(const std::string& workload, const reconcile::WorkloadSpec& spec, Secrets& secrets,
                         const MountCheck& check_mounts, const std::string& runtime_dir) {
  if (check_mounts) {
    const auto allowed = check_mounts(spec);
    if (!allowed) return allowed.error();
  }
  Prepared prepared;
  prepared.env = spec.env;
  if (!spec.secrets.empty()) {
    auto values = secrets.resolve(spec.secrets);
    if (!values) return values.error();
    for (auto& [name, value] : *values) prepared.env[name] = std::move(value);
  }
  if (spec.secret_files.empty()) return prepared;
  auto files = secrets.resolve(spec.secret_files);
  if (!files) return files.error();
  const std::string root = runtime_dir + "/secrets";
  const std::string folder = root + "/" + workload;
  for (const std::string& path : {root, folder}) {
    const auto made = make_folder(path);
    if (!made) return made.error();
  }
  for (const auto& [name, value] : *files) {
    const std::string path = folder + "/" + name;
    const auto written = write_secret(path, value);
    if (!written) return with_context(written.error(), "secret file " + name);
    prepared.secret_mounts.push_back({path, "/run/secrets/" + name, true});
  }
  return prepared;
}

}  // namespace aura::loops
