#include "agent/store/ledger.hpp"

#include <type_traits>
#include <variant>

namespace aura::store {
namespace {

using namespace reconcile::record;

template <class Body, class... Kinds>
constexpr bool one_of = (std::is_same_v<Body, Kinds> || ...);

// An adoption is decided by its command, like everything that a pass finds.
// Commands and their refusals, the control plane's intent, what an operator or a vanished file decides. A new
// declaration is not among them: its file is its durable form and is read again at every start.
template <class Body>
constexpr bool decides = one_of<Body, Accepted, Refused, WantedTaken, Unfenced, Withdrawn, SystemAsked>;

}  // namespace

bool is_supervision(const reconcile::RecordBody& body) {
  return std::visit([](const auto& one) { return !decides<std::decay_t<decltype(one)>>; }, body);
}

}  // namespace aura::store
