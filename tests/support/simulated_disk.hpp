// A disk in memory for SQLite, with a memory of what was not synced yet, and the failures of real ones.
//
// While an object lives, every file that SQLite opens below its folder is on it (a VFS of SQLite,
// https://www.sqlite.org/vfs.html, that passes everything else on). A write is in the page cache until its file is
// synced: a process that dies loses nothing of it, a machine that loses power loses any part of it. Directory entries
// are durable at once. For one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace aura::testing {

class SimulatedDisk {
 public:
  // `folder`: absolute, without a slash at the end; other files in it stay where they are.
  explicit SimulatedDisk(std::string folder);
  ~SimulatedDisk();
  SimulatedDisk(const SimulatedDisk&) = delete;
  SimulatedDisk& operator=(const SimulatedDisk&) = delete;

  // Sectors are written whole or not at all.
  static constexpr std::size_t sector_bytes = 512;

  // -- failures, until they are taken back
  std::int64_t free_bytes = 1LL << 30;  // what files may still grow by, then ENOSPC
  bool read_only = false;               // writes fail with EROFS
  bool sync_fails = false;              // fsync fails with EIO; what it was asked to keep may be lost

  // -- deaths
  // Operations (writes, truncations, syncs) so far.
  std::uint64_t operations() const { return operations_; }
  // After so many operations in all nothing more reaches the disk, although the process hears that it did: it is dead
  // and does not know it. `at_death` is called at that moment.
  void die_at(std::uint64_t operation, std::function<void()> at_death = {});
  bool dead() const { return operations_ >= dies_at_; }
  // Writes reach the disk again.
  void live() { dies_at_ = forever; }
  // Called after each operation.
  std::function<void()> after_each;
  // What was not synced is lost, sector by sector, where `survives` says false.
  void lose_power(const std::function<bool()>& survives);

  // -- files
  std::vector<std::string> files() const;
  void flip_bit(const std::string& path, std::size_t at_byte);
  void remove(const std::string& path);
  void copy_from(const SimulatedDisk& other);  // all its files, with what of them is not synced

 private:
  friend struct SimulatedVfs;
  static constexpr std::uint64_t forever = ~0ULL;
  struct Write {
    std::size_t at = 0;
    std::vector<char> bytes;
    bool truncates = false;
  };
  struct File {
    std::vector<char> cached, durable;
    std::vector<Write> unsynced;
  };
  static void put(std::vector<char>& content, const Write& write);
  bool takes_part();  // counts one operation; false: dead
  int change(File& file, Write write);
  int sync(File& file);

  std::string folder_;
  std::map<std::string, std::unique_ptr<File>> files_;
  std::uint64_t operations_ = 0, dies_at_ = forever;
  std::function<void()> at_death_;
};

}  // namespace aura::testing
