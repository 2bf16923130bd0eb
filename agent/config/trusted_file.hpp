// Files that decide what runs as root: read only if nobody but root could have written them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace aura::config {

struct TrustedRead {
  enum class Kind { read, absent, refused };
  Kind kind = Kind::refused;
  std::string text;     // of read
  std::string message;  // of refused: one sentence with the remedy
};

// The content of a regular file that is root's (or the current effective user's, for a node run by an ordinary user)
// and that neither group nor others may write; checked on the open file, so that it cannot be swapped in between.
// A symlink as the last component is refused, and so is what is longer than max_bytes.
TrustedRead read_trusted_file(const std::string& path, std::size_t max_bytes);

// The names in a folder of the same ownership, sorted, those that end in ".toml" and do not begin with a dot.
// absent: no such folder. What cannot be read to its end is refused.
struct TrustedListing {
  TrustedRead::Kind kind = TrustedRead::Kind::refused;
  std::vector<std::string> names;
  std::string message;
};
TrustedListing list_trusted_folder(const std::string& dir);

}  // namespace aura::config
