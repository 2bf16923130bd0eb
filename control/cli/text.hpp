// Text for a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace aura::control::cli {

// The text with every control character (C0, DEL, C1) and every byte that is no UTF-8 made visible or replaced: what
// nodes and containers say must not steer a terminal.
std::string printable(std::string_view text);

// Columns padded to their widest cell, two blanks between, a line feed after each row. Cells must be printable.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace aura::control::cli
