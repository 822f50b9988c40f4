// Limits: how fast and how often a provider is called, learned from what it rejects.
// SPDX-License-Identifier: Apache-2.0
#include "models/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/draw.h"
#include "models/replies/answer.h"
#include "models/wires/prompt_cache.h"

namespace xsweep {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr double kFewInFlight = 32;
constexpr double kFirstShare = 0.25;  // of what the config allows, which is somebody's word on what the server bears
constexpr double kCut = 0.94;
constexpr double kCallsPerCycle = 150;
constexpr double kSecondsPerCycle = 15;
constexpr double kStatedShare = 0.98;  // of a stated rate: our clock and the server's differ
constexpr double kTokenBurstSeconds = 6;
constexpr int kRowThatPauses = 3;
constexpr std::uint64_t kEnoughAnswers = 8;
constexpr double kFarTooFast = 0.8;
constexpr double kClearlyAbove = 1.15;
constexpr double kFastStep = 0.01;    // per accepted call
constexpr double kSearchStep = 0.05;  // per accepted call
// Calls may leave this much ahead of their slot, because the loop's timers are only exact to a millisecond.
constexpr Seconds kSlack{0.002};

SteadyTime::duration Ticks(double seconds) {
  return std::chrono::duration_cast<SteadyTime::duration>(Seconds(seconds));
}

}  // namespace

RateLimiter::RateLimiter(IoLoop& loop, LimitSettings settings, std::function<double()> share)
    : loop_(loop),
      settings_(settings),
      share_(std::move(share)),
      in_flight_cap_(
          std::min<double>(settings.max_in_flight, std::max(kFewInFlight, kFirstShare * settings.max_in_flight))),
      tokens_left_(TokensPerSecond() * kTokenBurstSeconds),
      tokens_at_(loop.clock().Now()) {}

double RateLimiter::TokensPerSecond() const {
  return settings_.tokens_per_minute.value_or(0) / 60 * kStatedShare * (share_ ? share_() : 1);
}

RateLimiter::~RateLimiter() {
  if (soon_) loop_.CancelTimer(*soon_);
  if (timer_armed_) loop_.CancelTimer(timer_);
}

RateLimiter::Permit::~Permit() {
  if (queued_ && limiter_.ahead_.remove(this) == 0) limiter_.queue_.remove(this);
  if (!holds_) return;
  --limiter_.in_flight_;
  if (!limiter_.loop_.stopping()) limiter_.Dispatch();
}

Async<Status> RateLimiter::Permit::Enter(Urgency urgency) {
  queued_ = true;
  switch (urgency) {
    case Urgency::kRetry: limiter_.ahead_.push_front(this); break;
    case Urgency::kGoesOn: limiter_.ahead_.push_back(this); break;
    case Urgency::kNewDialogue: limiter_.queue_.push_back(this); break;
  }
  limiter_.Dispatch();
  Status turn = co_await wait_;
  co_return turn;
}

void RateLimiter::Permit::Leave(const Attempt& attempt) {
  const SteadyTime now = limiter_.loop_.clock().Now();
  holds_ = false;
  --limiter_.in_flight_;
  if (attempt.outcome == AttemptOutcome::kAnswered) {
    const Usage& usage = attempt.reply->usage;
    limiter_.tokens_left_ += static_cast<double>(tokens_ - usage.prompt_tokens - usage.completion_tokens);
    limiter_.completion_guess_ += (static_cast<double>(usage.completion_tokens) - limiter_.completion_guess_) / 16;
    limiter_.Accepted(now);
  } else if (attempt.outcome == AttemptOutcome::kRejected) {
    limiter_.tokens_left_ += static_cast<double>(tokens_);
    limiter_.Rejected(now, entered_, attempt.retry_after);
  }
  limiter_.DispatchSoon();
}

// Not at once: whoever has just been answered may go on with the same dialogue, and then this place is theirs.
void RateLimiter::DispatchSoon() {
  if (soon_ || (ahead_.empty() && queue_.empty())) return;
  soon_ = loop_.CallAt(loop_.clock().Now(), [this] {
    soon_.reset();
    Dispatch();
  });
}

std::optional<double> RateLimiter::rate() const {
  std::optional<double> stated;
  if (settings_.requests_per_minute)
    stated = *settings_.requests_per_minute / 60 * kStatedShare * (share_ ? share_() : 1);
  if (!learned_rate_) return stated;
  return stated ? std::min(*stated, *learned_rate_) : *learned_rate_;
}

std::int64_t RateLimiter::ExpectedTokens(const ModelRequest& request) const {
  return EstimatedTokens(request) + std::llround(completion_guess_);
}

void RateLimiter::RefillTokens(SteadyTime now) {
  if (!settings_.tokens_per_minute) return;
  const double per_second = TokensPerSecond();
  tokens_left_ =
      std::min(tokens_left_ + Seconds(now - tokens_at_).count() * per_second, per_second * kTokenBurstSeconds);
  tokens_at_ = now;
}

SteadyTime RateLimiter::NextSlot(SteadyTime now) {
  SteadyTime slot = std::max(now, paused_until_);
  if (rate()) slot = std::max(slot, next_start_ - Ticks(kSlack.count()));
  RefillTokens(now);
  // Whoever comes while tokens are left may go, however many it takes: the next ones wait for the debt.
  if (settings_.tokens_per_minute && tokens_left_ <= 0) {
    slot = std::max(slot, now + Ticks((1 - tokens_left_) / TokensPerSecond()));
  }
  return slot;
}

void RateLimiter::Charge(Permit& permit, SteadyTime now) {
  ++in_flight_;
  permit.queued_ = false;
  permit.holds_ = true;
  permit.entered_ = now;
  if (settings_.tokens_per_minute) tokens_left_ -= static_cast<double>(permit.tokens_);
  if (const auto per_second = rate()) next_start_ = std::max(next_start_, now) + Ticks(1 / *per_second);
  permit.wait_.Wake();
}

void RateLimiter::Dispatch() {
  const SteadyTime now = loop_.clock().Now();
  while (!(ahead_.empty() && queue_.empty()) &&
         in_flight_ < std::min<double>(std::floor(in_flight_cap_), settings_.max_in_flight)) {
    const SteadyTime slot = NextSlot(now);
    if (slot > now) {
      held_back_ = true;
      if (timer_armed_) loop_.CancelTimer(timer_);
      timer_armed_ = true;
      timer_ = loop_.CallAt(slot, [this] {
        timer_armed_ = false;
        Dispatch();
      });
      return;
    }
    std::list<Permit*>& from = ahead_.empty() ? queue_ : ahead_;
    Permit& next = *from.front();
    from.pop_front();
    Charge(next, now);
  }
}

double RateLimiter::AcceptedPerSecond() const {
  const std::uint64_t known = std::min<std::uint64_t>(accepted_, accepted_at_.size());
  if (known < 2) return 1;
  const SteadyTime last = accepted_at_[(accepted_ - 1) % accepted_at_.size()];
  const SteadyTime first = accepted_at_[(accepted_ - known) % accepted_at_.size()];
  return static_cast<double>(known - 1) / std::max(Seconds(last - first).count(), 1e-3);
}

void RateLimiter::Accepted(SteadyTime now) {
  accepted_at_[accepted_++ % accepted_at_.size()] = now;
  rejected_in_a_row_ = 0;
  if (in_flight_ + 1 >= std::floor(in_flight_cap_)) {
    in_flight_cap_ = std::min<double>(settings_.max_in_flight, in_flight_cap_ + (doubling_ ? 1 : 1 / in_flight_cap_));
  }
  if (learned_rate_ && held_back_) Grow();
}

void RateLimiter::Grow() {
  held_back_ = false;
  const double calls = std::max(kCallsPerCycle, kSecondsPerCycle * ceiling_);
  double step = (1 - kCut) * ceiling_ / calls;
  // Well above what was once refused the server must have changed its mind: look for the new limit faster.
  if (*learned_rate_ > ceiling_ * kClearlyAbove) step = kFastStep * *learned_rate_;
  if (searching_) step = kSearchStep * *learned_rate_;
  *learned_rate_ += step;
}

void RateLimiter::Rejected(SteadyTime now, SteadyTime entered, std::optional<std::chrono::milliseconds> retry_after) {
  doubling_ = false;
  if (++rejected_in_a_row_ >= kRowThatPauses && retry_after) {
    paused_until_ = std::max(paused_until_, now + std::min(*retry_after, settings_.longest_wait));
  }
  // A call that left before the last cut says nothing about the rate since then.
  if (entered <= next_cut_) return;
  // After a handful of answers the rate is a guess, so that it is looked for from below.
  searching_ = accepted_ < kEnoughAnswers;
  if (!learned_rate_) {
    ceiling_ = AcceptedPerSecond();
  } else {
    const double accepted = AcceptedPerSecond();
    const bool far_too_fast = rejected_in_a_row_ >= kRowThatPauses && accepted < kFarTooFast * *learned_rate_;
    ceiling_ = far_too_fast ? accepted : *learned_rate_;
  }
  ceiling_ = std::max(ceiling_, 1e-3);
  learned_rate_ = ceiling_ * kCut;
  next_cut_ = now;
  // What a fast start sent ahead is not held against the calls that come now.
  next_start_ = now + Ticks(1 / *learned_rate_);
}

namespace {

class LimitedModel final : public Model {
 public:
  LimitedModel(std::unique_ptr<Provider> provider, std::shared_ptr<RateLimiter> limiter, CallHooks hooks)
      : provider_(std::move(provider)), limiter_(std::move(limiter)), hooks_(std::move(hooks)) {}

  std::string_view name() const override { return provider_->name(); }

  Async<Expected<ModelReply>> Complete(const ModelRequest& request) override {
    Usage used;
    for (int retry = 0;; ++retry) {
      Expected<Attempt> attempt = co_await AttemptOnce(request, retry > 0);
      if (!attempt) co_return std::unexpected(std::move(attempt).error());
      const bool answered = attempt->outcome == AttemptOutcome::kAnswered;
      const Expected<std::chrono::milliseconds> pause =
          answered ? std::chrono::milliseconds(0) : PauseAfter(*attempt, request.identity, retry);
      if (attempt->reply && (answered || !pause)) {
        attempt->reply->usage += used;
        co_return std::move(attempt->reply);
      }
      if (!pause) co_return std::unexpected(pause.error());
      Usage failed;
      failed.calls = 1;
      used += attempt->reply ? attempt->reply->usage : failed;
      Status slept = co_await limiter_->loop().Sleep(*pause);
      if (!slept) co_return std::unexpected(std::move(slept).error());
    }
  }

 private:
  Async<Expected<Attempt>> AttemptOnce(const ModelRequest& request, bool is_retry) {
    RateLimiter::Permit permit(*limiter_, limiter_->ExpectedTokens(request));
    const Urgency urgency = is_retry                    ? Urgency::kRetry
                            : DialogueHasBegun(request) ? Urgency::kGoesOn
                                                        : Urgency::kNewDialogue;
    Status turn = co_await permit.Enter(urgency);
    if (!turn) co_return std::unexpected(std::move(turn).error());
    if (hooks_.admit) {
      Status admitted = co_await hooks_.admit(request);
      if (!admitted) co_return std::unexpected(std::move(admitted).error());
    }
    Attempt attempt = co_await provider_->Try(request);
    permit.Leave(attempt);
    if (hooks_.spent) {
      Usage failed;
      failed.calls = 1;
      hooks_.spent(request.identity.role, attempt.reply ? attempt.reply->usage : failed);
    }
    co_return attempt;
  }

  /// How long to wait before the next attempt, or the error to end with.
  Expected<std::chrono::milliseconds> PauseAfter(const Attempt& attempt, const CallIdentity& who, int retry) const {
    const LimitSettings& settings = limiter_->settings();
    Error error = attempt.reply ? Error{ErrorKind::kEpisode, "no answer", {}} : attempt.reply.error();
    if (attempt.outcome == AttemptOutcome::kFinal) return std::unexpected(std::move(error));
    if (retry >= settings.max_retries) {
      if (retry > 0) error.message += fmt::format(" (after {} attempts)", retry + 1);
      return std::unexpected(std::move(error));
    }
    const Draws draws(who.seed, who.task, who.trial);
    const std::string stream = fmt::format("backoff/{}/{}/{}", who.cell, NameOf(who.role), who.turn);
    const double jitter = 0.5 + draws.Uniform(stream, static_cast<std::uint32_t>(retry)) / 2;
    const double doubled = static_cast<double>(settings.first_backoff.count()) *
                           static_cast<double>(std::int64_t{1} << std::min(retry, 30));
    const auto longest = settings.longest_wait;
    const std::chrono::milliseconds backoff(
        std::llround(std::min(doubled, static_cast<double>(longest.count())) * jitter));
    const auto asked = attempt.retry_after.value_or(std::chrono::milliseconds(0));
    if (asked > longest) {
      error.message += fmt::format(" (it asks to wait {} s; the longest wait is {} s)", asked.count() / 1000,
                                   longest.count() / 1000);
      return std::unexpected(std::move(error));
    }
    // Jitter on top of what the server asked for, so that those it refused together do not come back together.
    return attempt.retry_after ? asked + std::min(backoff, asked / 4) : backoff;
  }

  const std::unique_ptr<Provider> provider_;
  const std::shared_ptr<RateLimiter> limiter_;
  const CallHooks hooks_;
};

class HookedModel final : public Model {
 public:
  HookedModel(std::unique_ptr<Model> inner, CallHooks hooks) : inner_(std::move(inner)), hooks_(std::move(hooks)) {}
  std::string_view name() const override { return inner_->name(); }
  Async<Expected<ModelReply>> Complete(const ModelRequest& request) override {
    if (hooks_.admit) {
      Status admitted = co_await hooks_.admit(request);
      if (!admitted) co_return std::unexpected(std::move(admitted).error());
    }
    Expected<ModelReply> reply = co_await inner_->Complete(request);
    Usage failed;
    failed.calls = 1;
    if (hooks_.spent) hooks_.spent(request.identity.role, reply ? reply->usage : failed);
    co_return reply;
  }

 private:
  const std::unique_ptr<Model> inner_;
  const CallHooks hooks_;
};

}  // namespace

std::unique_ptr<Model> MakeHookedModel(std::unique_ptr<Model> inner, CallHooks hooks) {
  return std::make_unique<HookedModel>(std::move(inner), std::move(hooks));
}

std::unique_ptr<Model> MakeLimitedModel(std::unique_ptr<Provider> provider, std::shared_ptr<RateLimiter> limiter,
                                        CallHooks hooks) {
  return std::make_unique<LimitedModel>(std::move(provider), std::move(limiter), std::move(hooks));
}

}  // namespace xsweep
