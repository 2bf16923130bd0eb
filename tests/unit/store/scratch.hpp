// A folder of its own for one test, and what the tests of the ledger record.
#pragma once

#include "agent/reconcile/record.hpp"
#include "agent/store/ledger.hpp"
#include "tests/support/result_text.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <sys/mount.h>
#include <unistd.h>

namespace aura::store::test {

// In memory where there is such a place: thousands of commits would else wait for a disk that others use.
inline std::filesystem::path fast_folder() {
  const char* memory = "/dev/shm";
  return ::access(memory, W_OK) == 0 ? std::filesystem::path(memory) : std::filesystem::temp_directory_path();
}

class Scratch {
 public:
  Scratch() {
    std::string pattern = fast_folder() / "aura-store-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A small file system of its own; needs the right to mount. It must outlive all who use it.
class Tmpfs {
 public:
  explicit Tmpfs(const std::string& size) {
    mounted_ = ::mount("tmpfs", scratch_.path().c_str(), "tmpfs", 0, ("mode=0700,size=" + size).c_str()) == 0;
  }
  ~Tmpfs() {
    if (mounted_) ::umount2(scratch_.path().c_str(), MNT_DETACH);
  }
  Tmpfs(const Tmpfs&) = delete;
  Tmpfs& operator=(const Tmpfs&) = delete;

  bool mounted() const { return mounted_; }
  bool read_only(bool on) const {
    const unsigned long flags = on ? MS_REMOUNT + 0UL + MS_RDONLY : MS_REMOUNT + 0UL;
    return ::mount("tmpfs", scratch_.path().c_str(), "tmpfs", flags, nullptr) == 0;
  }
  const std::string& path() const { return scratch_.path(); }

 private:
  Scratch scratch_;
  bool mounted_ = false;
};

inline reconcile::Record at(BootMs boot_ms, reconcile::RecordBody body) {
  return {"boot-1", boot_ms, 1'700'000'000'000 + boot_ms, std::move(body)};
}

inline reconcile::Record created() { return at(1, reconcile::record::LedgerCreated{"L", "node-1", "i-1"}); }

inline reconcile::Record noted(BootMs boot_ms) {
  return at(boot_ms, reconcile::record::Noted{"test", {}, "", "number " + std::to_string(boot_ms), {}, {}});
}

// Something that only a decision brings.
inline reconcile::Record wanted(BootMs boot_ms, std::uint64_t generation, bool suspended) {
  protocol::Wanted level;
  level.suspended = suspended;
  level.mode = suspended ? "stop" : "";
  level.reason = "unpaid";
  level.actor = "billing";
  level.generation = generation;
  return at(boot_ms, reconcile::record::WantedTaken{level});
}

inline reconcile::Record declared(BootMs boot_ms, const std::string& name) {
  reconcile::record::Declared body;
  body.declaration.name = name;
  body.declaration.spec.image = "app:1";
  body.declaration.spec_hash = "v1:x";
  return at(boot_ms, body);
}

}  // namespace aura::store::test
