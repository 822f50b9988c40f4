// Limits: how fast and how often a provider is called, learned from what it rejects.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>

#include "models/wires/provider.h"
#include "net/io_loop.h"

namespace xsweep {

struct LimitSettings {
  int max_in_flight = 64;
  std::optional<double> requests_per_minute{};
  std::optional<double> tokens_per_minute{};        ///< prompt and completion together
  int max_retries = 6;                              ///< after the first attempt; may be 0
  std::chrono::milliseconds first_backoff{1000};    ///< doubled by every retry, times a jitter in [0.5, 1)
  std::chrono::milliseconds longest_wait{120'000};  ///< a server that asks for more is given up on
};

/// Who goes first when calls wait: retries, then calls of dialogues that have begun, then new dialogues; among equals
/// first come, first served. So few dialogues are under way at a time, and a server with few slots keeps them warm.
enum class Urgency : std::uint8_t { kNewDialogue, kGoesOn, kRetry };

/// The gate before one provider, shared by all models that call it.
///
/// It starts with a quarter of `max_in_flight` (at least 32) and doubles per round trip. The first 429 ends that and
/// starts pacing: calls leave evenly at 94 % of the rate that was being accepted; each accepted call raises the rate so
/// that it is back after about 150 calls or 15 s, whichever is longer; the next 429 lowers it again. So between two
/// rejections lie some 150 calls at 94 to 100 % of what the server allows. A stated rate per minute is paced to 98 %.
/// Rejections in a row (a quota that is used up) pause everybody for as long as Retry-After says.
class RateLimiter {
 public:
  /// `share` is this process's part of the rates per minute; it may change at any time. Empty: all of it.
  RateLimiter(IoLoop& loop, LimitSettings settings, std::function<double()> share = {});
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;
  ~RateLimiter();

  /// Leave to make one call; give it back with the outcome, or by destroying it.
  class Permit {
   public:
    Permit(RateLimiter& limiter, std::int64_t tokens) : limiter_(limiter), wait_(limiter.loop_), tokens_(tokens) {}
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit();
    /// Waits for its turn; kInterrupted when the loop is stopped.
    Async<Status> Enter(Urgency urgency);
    void Leave(const Attempt& attempt);

   private:
    friend class RateLimiter;
    RateLimiter& limiter_;
    Wait wait_;
    std::int64_t tokens_;
    bool queued_ = false;
    bool holds_ = false;
    SteadyTime entered_{};
  };

  const LimitSettings& settings() const { return settings_; }
  IoLoop& loop() const { return loop_; }
  int in_flight() const { return in_flight_; }
  /// Calls per second that it currently paces to; empty while it does not pace.
  std::optional<double> rate() const;
  /// What a request will probably use: a guess from its length and from what replies used so far.
  std::int64_t ExpectedTokens(const ModelRequest& request) const;

 private:
  double TokensPerSecond() const;
  void Dispatch();
  void DispatchSoon();
  SteadyTime NextSlot(SteadyTime now);
  void Charge(Permit& permit, SteadyTime now);
  void Accepted(SteadyTime now);
  void Rejected(SteadyTime now, SteadyTime entered, std::optional<std::chrono::milliseconds> retry_after);
  void Grow();
  double AcceptedPerSecond() const;
  void RefillTokens(SteadyTime now);

  IoLoop& loop_;
  const LimitSettings settings_;
  const std::function<double()> share_;
  std::list<Permit*> ahead_;  ///< retries and dialogues that have begun
  std::list<Permit*> queue_;
  std::optional<IoLoop::TimerId> soon_{};
  bool timer_armed_ = false;
  IoLoop::TimerId timer_{};
  int in_flight_ = 0;
  double in_flight_cap_;
  bool doubling_ = true;

  std::optional<double> learned_rate_;  ///< calls per second
  double ceiling_ = 0;                  ///< the rate at which the last 429 came
  bool searching_ = false;              ///< the first 429 came before the rate could be known
  bool held_back_ = false;              ///< pacing made somebody wait since the rate last grew
  SteadyTime next_start_{};
  SteadyTime paused_until_{};
  SteadyTime next_cut_{};
  int rejected_in_a_row_ = 0;
  std::array<SteadyTime, 32> accepted_at_{};
  std::uint64_t accepted_ = 0;

  double tokens_left_ = 0;
  SteadyTime tokens_at_{};
  double completion_guess_ = 200;
};

/// Awaited before each attempt, retries included; its error (kBudget) is handed on as it is.
using AdmitCall = std::function<Async<Status>(const ModelRequest&)>;
/// Told after each attempt that reached the server what it used, failed ones included.
using CallSpent = std::function<void(Role, const Usage&)>;

struct CallHooks {
  AdmitCall admit{};
  CallSpent spent{};
};

/// A provider behind a limiter, with retries: exponential back-off with jitter drawn from the call's identity, never
/// less than Retry-After. `reply.usage` adds up all attempts.
std::unique_ptr<Model> MakeLimitedModel(std::unique_ptr<Provider> provider, std::shared_ptr<RateLimiter> limiter,
                                        CallHooks hooks);

/// The hooks alone, for a model that needs no limits.
std::unique_ptr<Model> MakeHookedModel(std::unique_ptr<Model> inner, CallHooks hooks);

}  // namespace xsweep
