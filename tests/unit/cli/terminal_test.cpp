#include "agent/cli/terminal.hpp"
#include "agent/cli/line_reader.hpp"
#include "agent/cli/pull_bar.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

namespace aura::cli {

TEST_CASE("text that would steer a terminal is made visible") {
  CHECK(printable("a\x1b[2Jb") == "a\\x1b[2Jb");
  CHECK(printable("one\ntwo\r") == "one\\x0atwo\\x0d");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\x9b31m");
  CHECK(printable("\x7f") == "\\x7f");
  CHECK(printable("gr\xc3\xbc\xc3\x9f"
                  "e") ==
        "gr\xc3\xbc\xc3\x9f"
        "e");
  CHECK(printable("\xff") == "\xef\xbf\xbd");
}

TEST_CASE("JSON stays JSON where control characters that it lets stand are escaped") {
  CHECK(printable_json("{\"a\":\"\xc2\x9b\x7f\xc3\xbc\"}") == "{\"a\":\"\\u009b\\u007f\xc3\xbc\"}");
}

TEST_CASE("a table pads by characters, not by bytes, and leaves no blanks at its ends") {
  CHECK(table({{"NAME", "X"}, {"gr\xc3\xbc\xc3\x9f", "y"}, {"a", ""}}) == "NAME  X\ngr\xc3\xbc\xc3\x9f  y\na\n");
}

TEST_CASE("lines are whole however the stream is cut") {
  const std::string text = "first\r\nsecond\n\nlast";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    std::vector<std::string> lines;
    LineReader reader(100, [&](std::string_view line) { lines.emplace_back(line); });
    reader.take(std::string_view(text).substr(0, cut));
    reader.take(std::string_view(text).substr(cut));
    reader.finish();
    CHECK(lines == std::vector<std::string>{"first", "second", "", "last"});
  }
}

TEST_CASE("a line without end comes in pieces of bounded size") {
  std::vector<std::string> lines;
  LineReader reader(4, [&](std::string_view line) { lines.emplace_back(line); });
  reader.take("abcdefghij");
  reader.finish();
  CHECK(lines == std::vector<std::string>{"abcd", "efgh", "ij"});
}

TEST_CASE("the pull bar is as full as the pull and fits its width") {
  const protocol::PullProgress half{
      .image = "nginx", .bytes = 50 << 20, .total_bytes = 100 << 20, .layers_done = 2, .layers = 5};
  const std::string wide = pull_bar(half, 120);
  CHECK(wide.find("[====================>                   ]") == 0);
  CHECK(wide.find(" 50 %  50.0 MiB of 100.0 MiB, 2 of 5 layers") != std::string::npos);
  CHECK(pull_bar(half, 70).size() <= 70);
  CHECK(pull_bar(half, 50).find('[') == std::string::npos);
}

TEST_CASE("the pull bar tells how fast it goes and how long it will take") {
  const protocol::PullProgress half{
      .image = "nginx", .bytes = 5 << 20, .total_bytes = 10 << 20, .rate_bytes_per_s = 1 << 20, .left_s = 5};
  CHECK(pull_bar(half, 120).ends_with("5.0 MiB of 10.0 MiB, 1.0 MiB/s, 5 s left"));
}

TEST_CASE("a pull whose size is not known yet has no percentage") {
  CHECK(pull_bar({.image = "nginx", .bytes = 3 << 20}, 120) == "3.0 MiB");
}

}  // namespace aura::cli
