// What describe.hpp leaves out would be lost at the next start, so these fail to compile then.
#include "agent/store/describe.hpp"

#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/list.hpp>
#include <boost/pfr/tuple_size.hpp>
#include <catch2/catch_test_macros.hpp>

#include <string_view>

namespace aura {
namespace {

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

template <class T>
constexpr bool complete_struct = boost::mp11::mp_size<Members<T>>::value == boost::pfr::tuple_size_v<T>;

// The compiler prints an enumerator by name and anything else as a cast: "(aura::protocol::Verb)19".
template <auto value>
constexpr bool has_name() {
  const std::string_view text = __PRETTY_FUNCTION__;
  const auto start = text.find("value = ");
  return text[start + 8] != '(';
}

template <class E, std::size_t... index>
constexpr bool all_named(std::index_sequence<index...>) {
  return (has_name<static_cast<E>(index)>() && ...);
}

// All enums here count from 0 without gaps: so many have names, and the next one has none.
template <class E>
constexpr bool complete_enum = [] {
  constexpr std::size_t described = boost::mp11::mp_size<boost::describe::describe_enumerators<E>>::value;
  return all_named<E>(std::make_index_sequence<described>()) && !has_name<static_cast<E>(described)>();
}();

template <class... Bodies>
constexpr bool complete_bodies(const std::variant<Bodies...>*) {
  return (complete_struct<Bodies> && ...);
}

static_assert(complete_bodies(static_cast<const reconcile::RecordBody*>(nullptr)));

static_assert(complete_struct<protocol::Target>);
static_assert(complete_struct<protocol::CommandArgs>);
static_assert(complete_struct<protocol::Command>);
static_assert(complete_struct<protocol::Evidence>);
static_assert(complete_struct<protocol::Outcome>);
static_assert(complete_struct<protocol::Event>);
static_assert(complete_struct<protocol::Wanted>);
static_assert(complete_struct<protocol::Run>);

static_assert(complete_struct<reconcile::SecretRef>);
static_assert(complete_struct<reconcile::Mount>);
static_assert(complete_struct<reconcile::Port>);
static_assert(complete_struct<reconcile::Resources>);
static_assert(complete_struct<reconcile::Security>);
static_assert(complete_struct<reconcile::StopHook>);
static_assert(complete_struct<reconcile::Stop>);
static_assert(complete_struct<reconcile::Restart>);
static_assert(complete_struct<reconcile::Probe>);
static_assert(complete_struct<reconcile::Disconnect>);
static_assert(complete_struct<reconcile::MemoryPolicy>);
static_assert(complete_struct<reconcile::WorkloadSpec>);
static_assert(complete_struct<reconcile::Declaration>);
static_assert(complete_struct<reconcile::Instance>);
static_assert(complete_struct<reconcile::OwnedContainer>);
static_assert(complete_struct<reconcile::StopSent>);
static_assert(complete_struct<reconcile::StartSent>);
static_assert(complete_struct<reconcile::Exit>);
static_assert(complete_struct<reconcile::Trouble>);
static_assert(complete_struct<reconcile::Hold>);
static_assert(complete_struct<reconcile::Workload>);
static_assert(complete_struct<reconcile::OpenCommand>);
static_assert(complete_struct<reconcile::SettledCommand>);
static_assert(complete_struct<reconcile::Suspension>);
static_assert(complete_struct<reconcile::Node>);
static_assert(complete_struct<reconcile::Limits>);
static_assert(complete_struct<reconcile::State>);

static_assert(complete_enum<protocol::Verb>);
static_assert(complete_enum<protocol::Target::Kind>);
static_assert(complete_enum<protocol::OutcomeKind>);
static_assert(complete_enum<protocol::Intent>);
static_assert(complete_enum<protocol::Severity>);
static_assert(complete_enum<reconcile::DependencyNeed>);
static_assert(complete_enum<reconcile::RestartPolicy>);
static_assert(complete_enum<reconcile::OnChange>);
static_assert(complete_enum<reconcile::OnDependencyRestart>);
static_assert(complete_enum<reconcile::DisconnectAction>);
static_assert(complete_enum<reconcile::Source>);
static_assert(complete_enum<reconcile::Cause>);

// The checks above are only worth something if they can tell.
struct Partly {
  int told = 0;
  std::optional<std::string> forgotten;
};
BOOST_DESCRIBE_STRUCT(Partly, (), (told))
enum class Half { told, forgotten };
BOOST_DESCRIBE_ENUM(Half, told)

TEST_CASE("a member or a word that is not described is noticed") {
  CHECK_FALSE(complete_struct<Partly>);
  CHECK_FALSE(complete_enum<Half>);
}

}  // namespace
}  // namespace aura
