// Asking a stop hook, which may take as long as its time-out, and is broken off when a newer order cannot wait.
#include "agent/loops/act.hpp"
#include "agent/loops/log_tail.hpp"
#include "agent/loops/probe_target.hpp"
#include "agent/loops/timed.hpp"
#include "agent/reconcile/events.hpp"

#include <utility>

namespace aura::loops {
namespace asio = boost::asio;
namespace action = reconcile::action;
namespace rec = reconcile::record;
using ports::HookAnswer;

namespace {

asio::awaitable<void> ask_into(ports::HookCaller& hooks, ports::HookQuestion question, HookAnswer& answer) {
  answer = co_await hooks.ask(std::move(question));
}

constexpr std::size_t max_shown_bytes = 200;

HookAnswer failed(std::string words) { return {HookAnswer::Kind::failed, 0, std::move(words)}; }

}  // namespace

asio::awaitable<HookAnswer> Actor::answer_of_hook(action::AskHook wanted) {
  if (options_.hooks == nullptr) co_return failed("cannot be asked by this agent");
  ports::HookQuestion question = hook_question_of(wanted);
  if (const std::string& bearer = wanted.hook.bearer; !bearer.empty()) {
    const auto secret = secrets_.resolve({{"bearer", reconcile::SecretRef{bearer, reconcile::OnChange::none}}});
    if (!secret) co_return failed("has no credential: " + secret.error().message);
    question.bearer = secret->at("bearer");
  }
  HookAnswer answer;
  Breakable asking;
  asking_[wanted.instance.container_id] = &asking;
  const bool ended = co_await asking.run(parts_.clock, "stop hook", ask_into(*options_.hooks, question, answer));
  asking_.erase(wanted.instance.container_id);
  co_return ended ? std::move(answer) : failed("was broken off");
}

Actor::Task Actor::ask_hook(action::AskHook wanted) {
  const HookAnswer answer = co_await answer_of_hook(wanted);
  rec::HookAnswered answered;
  answered.workload = wanted.workload;
  answered.instance = wanted.instance;
  answered.busy = answer.kind == HookAnswer::Kind::busy;
  answered.failed = answer.kind == HookAnswer::Kind::failed;
  answered.again_in_ms = answer.again_in_ms;
  const auto lines = harmless_tail(answer.words, secrets_);
  answered.answer = lines.empty() ? std::string() : lines.front();
  // Only now: a secret that a cut goes through is not known for one any more.
  reconcile::shorten(answered.answer, max_shown_bytes);
  // A failure is logged by record(); the hook is asked once more then, within the same grace.
  static_cast<void>(record(parts_, std::move(answered)));
}

void Actor::break_off_hook(const std::string& container_id) {
  const auto asking = asking_.find(container_id);
  if (asking != asking_.end()) asking->second->break_off();
}

}  // namespace aura::loops
