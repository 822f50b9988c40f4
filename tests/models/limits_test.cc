// What limits promise: few rejections at nearly the whole allowed rate, honest retries, waits that a server asked for.
// SPDX-License-Identifier: Apache-2.0
#include "models/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace xsweep {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Attempt Answer() {
  ModelReply reply;
  reply.text = "fine";
  reply.usage = {1, 100, 20, 0, true};
  return {AttemptOutcome::kAnswered, reply};
}

Attempt Reject(std::optional<std::chrono::milliseconds> retry_after = {}) {
  return {AttemptOutcome::kRejected, EpisodeError("the server answered 429: slow down"), retry_after};
}

/// A provider that takes `latency` of the loop's time and answers as `decide` says.
class FakeProvider final : public Provider {
 public:
  FakeProvider(IoLoop& loop, std::chrono::milliseconds latency, std::function<Attempt()> decide)
      : loop_(loop), latency_(latency), decide_(std::move(decide)) {}
  std::string_view name() const override { return "fake"; }
  Async<Attempt> Try(const ModelRequest&) override {
    Attempt attempt = decide_();
    Status slept = co_await loop_.Sleep(latency_);
    if (!slept) co_return Attempt{AttemptOutcome::kFinal, std::unexpected(slept.error())};
    co_return attempt;
  }

 private:
  IoLoop& loop_;
  std::chrono::milliseconds latency_;
  std::function<Attempt()> decide_;
};

class AProvider : public ::testing::Test {
 protected:
  std::unique_ptr<Model> Behind(LimitSettings settings, std::function<Attempt()> decide,
                                std::chrono::milliseconds latency = 100ms, CallHooks hooks = {}) {
    limiter_ = std::make_shared<RateLimiter>(*loop_, settings);
    return MakeLimitedModel(std::make_unique<FakeProvider>(*loop_, latency, std::move(decide)), limiter_,
                            std::move(hooks));
  }
  double Elapsed() const { return std::chrono::duration<double>(clock_.Now() - SteadyTime{}).count(); }

  HeldClock clock_;
  std::unique_ptr<IoLoop> loop_ = *IoLoop::Create(clock_);
  std::shared_ptr<RateLimiter> limiter_;
  ModelRequest request_;
};

TEST_F(AProvider, IsAskedAgainAfterAFailureAndPaidForTwice) {
  int asked = 0;
  const auto model = Behind({}, [&]() -> Attempt {
    if (asked++ == 0) return {AttemptOutcome::kTransient, EpisodeError("the server answered 503")};
    return Answer();
  });
  const auto reply = loop_->Run(model->Complete(request_));
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->usage.calls, 2);
  EXPECT_EQ(reply->usage.prompt_tokens, 100);
  EXPECT_GE(Elapsed(), 0.5);
  EXPECT_LE(Elapsed(), 1.2);
}

TEST_F(AProvider, IsNotAskedAgainWhenRetriesAreOff) {
  int asked = 0;
  const auto model = Behind({.max_retries = 0}, [&] {
    ++asked;
    return Reject();
  });
  const auto reply = loop_->Run(model->Complete(request_));
  EXPECT_EQ(reply.error().kind, ErrorKind::kEpisode);
  EXPECT_EQ(asked, 1);
}

TEST_F(AProvider, IsNotAskedAgainWhenItWouldSayTheSame) {
  int asked = 0;
  const auto model = Behind({}, [&]() -> Attempt {
    ++asked;
    return {AttemptOutcome::kFinal, EpisodeError("the server answered 400")};
  });
  EXPECT_EQ(loop_->Run(model->Complete(request_)).error().message, "the server answered 400");
  EXPECT_EQ(asked, 1);
}

TEST_F(AProvider, GetsTheWaitThatItAskedFor) {
  int asked = 0;
  const auto model = Behind({}, [&] { return asked++ == 0 ? Reject(30s) : Answer(); });
  EXPECT_TRUE(loop_->Run(model->Complete(request_)).has_value());
  EXPECT_GE(Elapsed(), 30);
  EXPECT_LE(Elapsed(), 32);
}

TEST_F(AProvider, IsGivenUpOnWhenItAsksForTooMuch) {
  const auto model = Behind({.longest_wait = 60s}, [] { return Reject(3600s); });
  EXPECT_THAT(loop_->Run(model->Complete(request_)).error().message, HasSubstr("asks to wait 3600 s"));
  EXPECT_LE(Elapsed(), 1);
}

TEST_F(AProvider, WaitsDifferLongForDifferentTrialsAndEquallyForTheSame) {
  const auto wait_of = [&](std::uint32_t trial) {
    const SteadyTime before = clock_.Now();
    const auto model = Behind({.max_retries = 3}, [] { return Reject(); });
    request_.identity.trial = trial;
    EXPECT_THAT(loop_->Run(model->Complete(request_)).error().message, HasSubstr("after 4 attempts"));
    return clock_.Now() - before;
  };
  EXPECT_NE(wait_of(1), wait_of(2));
  EXPECT_EQ(wait_of(1), wait_of(1));
}

TEST_F(AProvider, IsNotCalledOnceTheBudgetSaysNo) {
  int asked = 0;
  const auto model = Behind({}, [&] { return ++asked, Reject(); }, 100ms, {.admit = [&](const ModelRequest&) -> Status {
                              if (asked < 2) return {};
                              return std::unexpected(Error{ErrorKind::kBudget, "2 calls are the limit", {}});
                            }});
  EXPECT_EQ(loop_->Run(model->Complete(request_)).error().kind, ErrorKind::kBudget);
  EXPECT_EQ(asked, 2);
}

Async<int> Worker(Model& model, std::uint32_t number, SteadyTime end, const Clock& clock, std::int64_t& answered) {
  ModelRequest request;
  request.identity.trial = number;
  while (clock.Now() < end) {
    auto reply = co_await model.Complete(request);
    answered += reply.has_value();
    ++request.identity.turn;
  }
  co_return 0;
}

/// A dialogue of `calls` calls, each with what was said before.
Async<int> Talk(Model& model, std::uint32_t number, int calls, std::string& order) {
  ModelRequest request;
  request.identity.trial = number;
  for (int i = 0; i < calls; ++i) {
    request.messages.emplace_back().speaker = i % 2 == 0 ? Speaker::kUser : Speaker::kAgent;
    auto reply = co_await model.Complete(request);
    order += reply ? static_cast<char>('a' + number) : '?';
  }
  co_return 0;
}

TEST_F(AProvider, HearsADialogueToItsEndBeforeANewOne) {
  const auto model = Behind({.max_in_flight = 1}, [] { return Answer(); });
  std::string order;
  for (std::uint32_t number = 0; number < 3; ++number) {
    loop_->Spawn(Talk(*model, number, 3, order), [](int) {});
  }
  loop_->RunSpawned();
  // The first calls of all three waited together; from then on whoever had the place kept it.
  EXPECT_EQ(order, "aaabbbccc");
}

/// Allows `rate` per second with a burst, in the loop's time.
struct Gate {
  const Clock& clock;
  double rate;
  double burst;
  double tokens = burst;
  SteadyTime last{};
  bool Admit() {
    tokens = std::min(burst, tokens + std::chrono::duration<double>(clock.Now() - last).count() * rate);
    last = clock.Now();
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  }
};

struct Share {
  double rejected = 0;
  double of_rate = 0;
};

class AServerWithALimit : public AProvider {
 protected:
  Share Measure(double rate, double burst, std::chrono::seconds warm_up, std::chrono::seconds measured) {
    Gate gate{clock_, rate, burst};
    std::int64_t sent = 0;
    std::int64_t refused = 0;
    std::int64_t answered = 0;
    const auto model = Behind({.max_in_flight = 200}, [&] {
      ++sent;
      if (gate.Admit()) return Answer();
      ++refused;
      return Reject(1s);
    });
    const SteadyTime start = clock_.Now() + warm_up;
    for (std::uint32_t i = 0; i < 300; ++i) {
      loop_->Spawn(Worker(*model, i, start + measured, clock_, answered), [](int) {});
    }
    std::int64_t sent_before = 0, refused_before = 0;
    std::int64_t sent_after = 0, refused_after = 0;
    loop_->CallAt(start, [&] { sent_before = sent, refused_before = refused; });
    loop_->CallAt(start + measured, [&] { sent_after = sent, refused_after = refused; });
    loop_->RunSpawned();
    const double calls = static_cast<double>(sent_after - sent_before);
    const double rejected = static_cast<double>(refused_after - refused_before);
    const double seconds = std::chrono::duration<double>(measured).count();
    return {rejected / calls, (calls - rejected) / seconds / rate};
  }
};

TEST_F(AServerWithALimit, RejectsAtMostTwoPercentAtNinetyPercentOfItsRate) {
  for (const double rate : {5.0, 50.0, 500.0}) {
    for (const double burst_seconds : {0.05, 1.0}) {
      const Share share = Measure(rate, std::max(1.0, rate * burst_seconds), 120s, 300s);
      EXPECT_LE(share.rejected, 0.02) << rate << "/s, burst " << burst_seconds << " s";
      EXPECT_GE(share.of_rate, 0.90) << rate << "/s, burst " << burst_seconds << " s";
    }
  }
}

TEST_F(AServerWithALimit, AnswersEveryCallOfABurstThatItRejected) {
  Gate gate{clock_, 10, 10};
  std::int64_t sent = 0;
  std::int64_t answered = 0;
  const auto model = Behind({.max_in_flight = 2000}, [&] { return ++sent, gate.Admit() ? Answer() : Reject(1s); });
  std::string order;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    loop_->Spawn(model->Complete(request_), [&](const Expected<ModelReply>& reply) { answered += reply.has_value(); });
  }
  loop_->RunSpawned();
  EXPECT_EQ(answered, 1000);
  EXPECT_LE(sent, 1000 + 2 * 500) << "the quarter that it began with is rejected twice at most";
}

TEST_F(AProvider, HasAllCallsInFlightAfterTwoRoundTrips) {
  std::int64_t answered = 0;
  const auto model = Behind({.max_in_flight = 2000}, [] { return Answer(); });
  int then = 0;
  loop_->CallAt(clock_.Now() + 250ms, [&] { then = limiter_->in_flight(); });
  for (std::uint32_t i = 0; i < 2000; ++i)
    loop_->Spawn(Worker(*model, i, clock_.Now() + 1s, clock_, answered), [](int) {});
  loop_->RunSpawned();
  EXPECT_EQ(then, 2000);
}

TEST_F(AServerWithALimit, IsFollowedWhenItAllowsMore) {
  Gate gate{clock_, 20, 20};
  std::int64_t answered = 0;
  std::int64_t late = 0;
  const auto model = Behind({}, [&] { return gate.Admit() ? Answer() : Reject(); });
  loop_->CallAt(clock_.Now() + 60s, [&] { gate.rate = gate.burst = 100; });
  loop_->CallAt(clock_.Now() + 300s, [&] { late = answered; });
  for (std::uint32_t i = 0; i < 100; ++i) {
    loop_->Spawn(Worker(*model, i, clock_.Now() + 400s, clock_, answered), [](int) {});
  }
  loop_->RunSpawned();
  EXPECT_GE(static_cast<double>(answered - late) / 100, 0.8 * 100);
}

TEST_F(AServerWithALimit, IsNotCrawledToBecauseItBeganByRejecting) {
  std::int64_t sent = 0;
  std::int64_t answered = 0;
  const auto model = Behind({}, [&] { return ++sent <= 40 ? Reject(1s) : Answer(); });
  for (std::uint32_t i = 0; i < 60; ++i) {
    loop_->Spawn(Worker(*model, i, clock_.Now() + 120s, clock_, answered), [](int) {});
  }
  loop_->RunSpawned();
  EXPECT_GE(answered, 1000);
}

TEST_F(AProvider, IsPacedToTheRatesThatWereStated) {
  std::int64_t answered = 0;
  const auto model = Behind({.requests_per_minute = 600}, [] { return Answer(); });
  for (std::uint32_t i = 0; i < 50; ++i)
    loop_->Spawn(Worker(*model, i, clock_.Now() + 60s, clock_, answered), [](int) {});
  loop_->RunSpawned();
  EXPECT_GE(answered, 540);
  EXPECT_LE(answered, 650);
}

TEST_F(AProvider, IsPacedToItsTokensPerMinute) {
  std::int64_t answered = 0;  // 120 tokens each
  const auto model = Behind({.tokens_per_minute = 60'000}, [] { return Answer(); });
  for (std::uint32_t i = 0; i < 50; ++i)
    loop_->Spawn(Worker(*model, i, clock_.Now() + 120s, clock_, answered), [](int) {});
  loop_->RunSpawned();
  EXPECT_GE(answered, 900);
  EXPECT_LE(answered, 1150);
}

TEST_F(AProvider, NeverHasMoreCallsInFlightThanAllowed) {
  int most = 0;
  std::int64_t answered = 0;
  const auto model = Behind({.max_in_flight = 7}, [&] {
    most = std::max(most, limiter_->in_flight());
    return Answer();
  });
  for (std::uint32_t i = 0; i < 50; ++i)
    loop_->Spawn(Worker(*model, i, clock_.Now() + 5s, clock_, answered), [](int) {});
  loop_->RunSpawned();
  EXPECT_EQ(most, 7);
}

TEST_F(AProvider, LetsEverybodyGoWhenTheLoopIsStopped) {
  int interrupted = 0;
  const auto model = Behind({.max_in_flight = 2}, [] { return Answer(); }, 1h);
  for (int i = 0; i < 20; ++i) {
    loop_->Spawn(model->Complete(request_), [&](const Expected<ModelReply>& reply) {
      interrupted += !reply && reply.error().kind == ErrorKind::kInterrupted;
    });
  }
  loop_->CallAt(clock_.Now() + 1s, [&] { loop_->RequestStop(); });
  loop_->RunSpawned();
  EXPECT_EQ(interrupted, 20);
  EXPECT_EQ(limiter_->in_flight(), 0);
}

}  // namespace
}  // namespace xsweep
