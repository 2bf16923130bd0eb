// Small whole files, read within a bound and written so that a crash leaves the old or the new one.
#pragma once

#include "common/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace aura {

// The whole content; too_large beyond max_bytes.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes);

// Written to a temporary neighbour with `mode`, fsynced, renamed over `path`, folder fsynced.
Result<void> write_file_durably(const std::string& path, std::string_view content, mode_t mode);

// unlink(2) and fsync of the folder; a file that is not there is success.
Result<void> remove_file_durably(const std::string& path);

}  // namespace aura
