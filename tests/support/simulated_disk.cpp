#include "tests/support/simulated_disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace aura::testing {
namespace {

std::map<std::string, SimulatedDisk*>& disks() {
  static std::map<std::string, SimulatedDisk*> all;
  return all;
}

SimulatedDisk* disk_of(const char* path) {
  if (path == nullptr) return nullptr;
  const std::string name = path;
  const auto slash = name.rfind('/');
  const auto found = disks().find(name.substr(0, slash == name.npos ? 0 : slash));
  return found == disks().end() ? nullptr : found->second;
}

constexpr std::size_t usual_bytes = 4 << 20;  // so that a growing file is not moved again and again

int last_errno = 0;

int fail(int result, int error_number) {
  last_errno = error_number;
  return result;
}

}  // namespace

// What SQLite calls. `real` is the machine's own VFS.
struct SimulatedVfs {
  struct Open {
    sqlite3_file base;
    SimulatedDisk* disk;
    SimulatedDisk::File* file;
    char path[512];
    bool delete_on_close;
  };

  static SimulatedDisk::File& file_of(sqlite3_file* open) { return *reinterpret_cast<Open*>(open)->file; }
  static SimulatedDisk& disk_of(sqlite3_file* open) { return *reinterpret_cast<Open*>(open)->disk; }

  static int close(sqlite3_file* open) {
    auto* mine = reinterpret_cast<Open*>(open);
    if (mine->delete_on_close) mine->disk->remove(mine->path);
    return SQLITE_OK;
  }

  static int read(sqlite3_file* open, void* to, int amount, sqlite3_int64 offset) {
    const auto& content = file_of(open).cached;
    const auto want = static_cast<std::size_t>(amount);
    const auto at = std::min(content.size(), static_cast<std::size_t>(offset));
    const auto have = std::min(want, content.size() - at);
    if (have > 0) std::memcpy(to, content.data() + at, have);
    if (have == want) return SQLITE_OK;
    std::memset(static_cast<char*>(to) + have, 0, want - have);
    return SQLITE_IOERR_SHORT_READ;
  }

  static int write(sqlite3_file* open, const void* from, int amount, sqlite3_int64 offset) {
    const char* bytes = static_cast<const char*>(from);
    return disk_of(open).change(file_of(open), {static_cast<std::size_t>(offset), {bytes, bytes + amount}, false});
  }

  static int truncate(sqlite3_file* open, sqlite3_int64 size) {
    return disk_of(open).change(file_of(open), {static_cast<std::size_t>(size), {}, true});
  }

  static int sync(sqlite3_file* open, int) { return disk_of(open).sync(file_of(open)); }
  static int size(sqlite3_file* open, sqlite3_int64* bytes) {
    *bytes = static_cast<sqlite3_int64>(file_of(open).cached.size());
    return SQLITE_OK;
  }
  static int lock(sqlite3_file*, int) { return SQLITE_OK; }
  static int reserved(sqlite3_file*, int* taken) { return *taken = 0, SQLITE_OK; }
  static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector(sqlite3_file*) { return static_cast<int>(SimulatedDisk::sector_bytes); }
  static int traits(sqlite3_file*) { return 0; }

  static constexpr sqlite3_io_methods methods{1,       close,   read,     write,   truncate, sync,   size,
                                              lock,    lock,    reserved, control, sector,   traits, nullptr,
                                              nullptr, nullptr, nullptr,  nullptr, nullptr};

  static sqlite3_vfs* real;

  static int open(sqlite3_vfs*, const char* path, sqlite3_file* open, int flags, int* out_flags) {
    SimulatedDisk* disk = testing::disk_of(path);
    if (disk == nullptr) return real->xOpen(real, path, open, flags, out_flags);
    auto* mine = new (open) Open{};
    mine->disk = disk;
    auto& slot = disk->files_[path];
    if (!slot) {
      slot = std::make_unique<SimulatedDisk::File>();
      slot->cached.reserve(usual_bytes);
      slot->durable.reserve(usual_bytes);
    }
    mine->file = slot.get();
    std::strncpy(mine->path, path, sizeof mine->path - 1);
    mine->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    mine->base.pMethods = &methods;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  }

  static int remove(sqlite3_vfs*, const char* path, int sync) {
    SimulatedDisk* disk = testing::disk_of(path);
    if (disk == nullptr) return real->xDelete(real, path, sync);
    if (disk->takes_part()) disk->remove(path);
    return SQLITE_OK;
  }

  static int access(sqlite3_vfs*, const char* path, int flags, int* there) {
    const SimulatedDisk* disk = testing::disk_of(path);
    if (disk == nullptr) return real->xAccess(real, path, flags, there);
    const auto found = disk->files_.find(path);
    // As the machine's own: an empty file is as good as none.
    *there = found != disk->files_.end() && !found->second->cached.empty() ? 1 : 0;
    return SQLITE_OK;
  }

  static int error(sqlite3_vfs*, int, char*) { return last_errno; }

  static void install() {
    if (real != nullptr) return;
    real = sqlite3_vfs_find(nullptr);
    static sqlite3_vfs ours = *real;
    ours.zName = "simulated";
    ours.szOsFile = std::max<int>(real->szOsFile, sizeof(Open));
    ours.xOpen = open;
    ours.xDelete = remove;
    ours.xAccess = access;
    ours.xGetLastError = error;
    sqlite3_vfs_register(&ours, 1);
  }
};

sqlite3_vfs* SimulatedVfs::real = nullptr;

SimulatedDisk::SimulatedDisk(std::string folder) : folder_(std::move(folder)) {
  SimulatedVfs::install();
  disks()[folder_] = this;
}

SimulatedDisk::~SimulatedDisk() { disks().erase(folder_); }

void SimulatedDisk::put(std::vector<char>& content, const Write& write) {
  if (write.truncates) {
    if (content.size() > write.at) content.resize(write.at);
    return;
  }
  const std::size_t end = write.at + write.bytes.size();
  if (content.size() < end) content.resize(end);
  std::memcpy(content.data() + write.at, write.bytes.data(), write.bytes.size());
}

void SimulatedDisk::die_at(std::uint64_t operation, std::function<void()> at_death) {
  dies_at_ = operation;
  at_death_ = std::move(at_death);
}

bool SimulatedDisk::takes_part() {
  if (dead()) return false;
  ++operations_;
  if (dead() && at_death_) std::exchange(at_death_, nullptr)();
  return true;
}

int SimulatedDisk::change(File& file, Write write) {
  if (!takes_part()) return SQLITE_OK;
  if (read_only) return fail(SQLITE_IOERR_WRITE, EROFS);
  const std::size_t end = write.at + write.bytes.size();
  if (!write.truncates && end > file.cached.size()) {
    const auto grows = static_cast<std::int64_t>(end - file.cached.size());
    if (grows > free_bytes) return fail(SQLITE_FULL, ENOSPC);
    free_bytes -= grows;
  }
  put(file.cached, write);
  file.unsynced.push_back(std::move(write));
  if (after_each) after_each();
  return SQLITE_OK;
}

int SimulatedDisk::sync(File& file) {
  if (!takes_part()) return SQLITE_OK;
  if (sync_fails) return fail(SQLITE_IOERR_FSYNC, EIO);
  for (const Write& write : file.unsynced) put(file.durable, write);
  file.unsynced.clear();
  if (after_each) after_each();
  return SQLITE_OK;
}

void SimulatedDisk::lose_power(const std::function<bool()>& survives) {
  for (auto& [path, file] : files_) {
    for (const Write& write : std::exchange(file->unsynced, {})) {
      if (write.truncates) {
        if (survives()) put(file->durable, write);
        continue;
      }
      for (std::size_t at = 0; at < write.bytes.size(); at += sector_bytes) {
        if (!survives()) continue;
        const auto from = write.bytes.begin() + static_cast<std::ptrdiff_t>(at);
        const auto size = static_cast<std::ptrdiff_t>(std::min(sector_bytes, write.bytes.size() - at));
        put(file->durable, {write.at + at, {from, from + size}, false});
      }
    }
    file->cached = file->durable;
  }
}

std::vector<std::string> SimulatedDisk::files() const {
  std::vector<std::string> names;
  for (const auto& [path, file] : files_) names.push_back(path);
  return names;
}

void SimulatedDisk::flip_bit(const std::string& path, std::size_t at_byte) {
  File& file = *files_.at(path);
  for (auto* content : {&file.cached, &file.durable}) {
    if (at_byte < content->size()) (*content)[at_byte] = static_cast<char>((*content)[at_byte] ^ 1);
  }
}

void SimulatedDisk::copy_from(const SimulatedDisk& other) {
  for (const auto& [path, file] : other.files_) {
    auto& mine = files_[folder_ + path.substr(other.folder_.size())];
    mine = std::make_unique<File>(*file);
  }
}

void SimulatedDisk::remove(const std::string& path) { files_.erase(path); }

}  // namespace aura::testing
