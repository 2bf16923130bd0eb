// How far a pull is, in one line.
#pragma once

#include "common/protocol/report.hpp"

#include <optional>
#include <string>

namespace aura::cli {

// "[=====>    ] 52 %  120.0 MiB of 231.4 MiB, 3 of 7 layers": at most `columns` wide; the bar is left out where there
// is no room for it or the size is not known yet.
std::string pull_bar(const protocol::PullProgress& progress, int columns);

// Where the report tells of a pull of that image.
std::optional<protocol::PullProgress> pull_of(const protocol::Report& report, const std::string& image);

}  // namespace aura::cli
