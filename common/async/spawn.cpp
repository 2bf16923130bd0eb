#include "common/async/spawn.hpp"

#include "common/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <cstdlib>
#include <exception>
#include <string>
#include <utility>

namespace aura {
namespace {

[[noreturn]] void die(std::string_view name, std::string_view what) {
  log::error("an exception escaped a coroutine", {{"AURA_COROUTINE", name}, {"AURA_EXCEPTION", what}});
  std::abort();
}

// What a coroutine ended with; returns only if that was no bug.
void judge(std::string_view name, const std::exception_ptr& escaped) {
  if (!escaped) return;
  try {
    std::rethrow_exception(escaped);
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::asio::error::operation_aborted) return;
    die(name, error.what());
  } catch (const std::exception& error) {
    die(name, error.what());
  } catch (...) {
    die(name, "of an unknown type");
  }
}

}  // namespace

void spawn(boost::asio::any_io_executor executor, std::string_view name, boost::asio::awaitable<void> task) {
  boost::asio::co_spawn(std::move(executor), std::move(task),
                        [owned = std::string(name)](std::exception_ptr escaped) { judge(owned, escaped); });
}

}  // namespace aura
