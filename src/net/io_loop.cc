// IoLoop: one thread that waits for sockets and timers on behalf of any number of coroutines.
// SPDX-License-Identifier: Apache-2.0
#include "net/io_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

namespace xsweep {
namespace {

constexpr int kForever = -1;
constexpr std::uint64_t kWakeupKey = std::numeric_limits<std::uint64_t>::max();

// The generation tells a descriptor from an earlier one with the same number that was closed in this very round.
std::uint64_t EventKey(int descriptor, std::uint32_t generation) {
  return (static_cast<std::uint64_t>(generation) << 32U) | static_cast<std::uint32_t>(descriptor);
}

}  // namespace

thread_local IoLoop* IoLoop::current_ = nullptr;

void Wait::Unlink() noexcept {
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = this;
}

void Wait::LinkBefore(Wait& anchor) noexcept {
  Unlink();
  previous_ = anchor.previous_;
  next_ = &anchor;
  previous_->next_ = this;
  anchor.previous_ = this;
}

void Wait::Wake() {
  // One that was stopped is in the ready ring already and stays stopped, whoever wakes it afterwards.
  if (state_ == State::kWaiting) LinkBefore(loop_.ready_);
  if (state_ != State::kStopped) state_ = State::kWoken;
}

bool Wait::await_ready() const noexcept { return state_ == State::kWoken || loop_.stopping(); }

void Wait::await_suspend(std::coroutine_handle<> handle) noexcept {
  handle_ = handle;
  state_ = State::kWaiting;
  LinkBefore(loop_.waiting_);
}

Status Wait::await_resume() noexcept {
  if (state_ == State::kWoken) {
    state_ = State::kIdle;
    return {};
  }
  state_ = State::kStopped;
  return std::unexpected(Error{ErrorKind::kInterrupted, "stopped on request", {}});
}

Expected<std::unique_ptr<IoLoop>> IoLoop::Create(Clock& clock) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return WorldError(std::string("cannot wait for sockets: ") + std::strerror(errno), "epoll_create1");
  const int wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kWakeupKey}};
  if (wakeup < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup, &event) != 0) {
    const std::string reason = std::strerror(errno);
    if (wakeup >= 0) close(wakeup);
    close(epoll);
    return WorldError("cannot wait for sockets: " + reason, "eventfd");
  }
  return std::unique_ptr<IoLoop>(new IoLoop(clock, epoll, wakeup));
}

IoLoop::IoLoop(Clock& clock, int epoll, int wakeup)
    : clock_(clock), epoll_(epoll), wakeup_(wakeup), waiting_(*this), ready_(*this) {}

IoLoop::~IoLoop() {
  CHECK(spawned_ == 0, "a loop was destroyed before its work had ended");
  close(wakeup_);
  close(epoll_);
}

Async<Status> IoLoop::Sleep(std::chrono::nanoseconds duration) {
  Wait wait(*this);
  const TimerId timer = CallAt(clock_.Now() + duration, [&wait] { wait.Wake(); });
  struct Cancel {
    IoLoop& loop;
    TimerId id;
    ~Cancel() { loop.CancelTimer(id); }
  } const cancel{*this, timer};
  Status status = co_await wait;
  co_return status;
}

IoLoop::TimerId IoLoop::CallAt(SteadyTime time, std::function<void()> handler) {
  const TimerId id{time, next_timer_++};
  timers_.emplace(id, std::move(handler));
  return id;
}

void IoLoop::Watch(int descriptor, std::uint32_t epoll_events, SocketHandler handler) {
  const std::uint32_t generation = ++next_generation_;
  epoll_event event{.events = epoll_events, .data = {.u64 = EventKey(descriptor, generation)}};
  // A descriptor may have been closed and opened again behind our back: whichever of the two epoll knows is right.
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0 && errno == EEXIST) {
    epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event);
  }
  watched_[descriptor] = {generation, std::make_shared<SocketHandler>(std::move(handler))};
}

void IoLoop::Rewatch(int descriptor, std::uint32_t epoll_events) {
  const auto found = watched_.find(descriptor);
  CHECK(found != watched_.end(), "a descriptor was changed that nobody watches");
  epoll_event event{.events = epoll_events, .data = {.u64 = EventKey(descriptor, found->second.generation)}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event);
}

void IoLoop::Unwatch(int descriptor) {
  if (watched_.erase(descriptor) > 0) epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
}

void IoLoop::Post(std::function<void()> task) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(task));
    if (!std::exchange(asleep_, false)) return;  // who is awake looks before it sleeps
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wakeup_, &one, sizeof one);  // fails only when a wake-up is pending
}

void IoLoop::RequestStop() noexcept {
  // From a signal handler: no lock, so not by Post, and errno as it was. A loop that is about to sleep wakes all the
  // same, because an eventfd stays readable until it is read.
  stop_.store(true, std::memory_order_relaxed);
  const int saved = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wakeup_, &one, sizeof one);
  errno = saved;
}

void IoLoop::Round() {
  const bool more_to_do = ready_.next_ != &ready_ || (stopping() && waiting_.next_ != &waiting_);
  if (more_to_do) {
    Poll(0);
  } else if (!clock_.held() || timers_.empty()) {
    Poll(PollTimeout());
  } else if (!Poll(0)) {
    // Only after a look that found nothing: what has happened already comes before what time would bring.
    clock_.JumpTo(timers_.begin()->first.first);
  }
  FireTimers();
  if (stopping()) InterruptWaiting();
  ResumeReady();  // last, so that whoever runs the loop sees that the work is done before it waits again
}

int IoLoop::PollTimeout() const {
  if (timers_.empty()) return kForever;
  const auto left = timers_.begin()->first.first - clock_.Now();
  if (left <= left.zero()) return 0;
  // Rounded down, the loop would spin through the last millisecond. The bound keeps the number in an int.
  const auto rounded_up = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::min<std::int64_t>(rounded_up, 60'000));
}

bool IoLoop::Poll(int timeout_ms) {
  if (timeout_ms != 0 && !FallAsleep()) timeout_ms = 0;
  std::array<epoll_event, 256> events;
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  // Before the events, because it takes `asleep_` back: until then everybody who posts pays for a wake-up.
  const bool posted = RunPosted();
  for (int i = 0; i < count; ++i) {
    const std::uint64_t key = events[i].data.u64;
    if (key == kWakeupKey) {
      DrainWakeup();
      continue;
    }
    const auto found = watched_.find(static_cast<int>(key & 0xFFFFFFFFU));
    if (found == watched_.end() || found->second.generation != key >> 32U) continue;
    const std::shared_ptr<SocketHandler> handler = found->second.handler;  // it may unwatch itself
    (*handler)(events[i].events);
  }
  return count > 0 || posted;
}

bool IoLoop::FallAsleep() {
  const std::lock_guard lock(posted_mutex_);
  return asleep_ = posted_.empty();
}

void IoLoop::DrainWakeup() {
  std::uint64_t ignored = 0;
  [[maybe_unused]] const auto got = read(wakeup_, &ignored, sizeof ignored);
}

bool IoLoop::RunPosted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(posted_mutex_);
    asleep_ = false;
    tasks.swap(posted_);
  }
  // Outside the lock: a task may post.
  for (const auto& task : tasks) task();
  return !tasks.empty();
}

void IoLoop::FireTimers() {
  if (timers_.empty()) return;
  const SteadyTime now = clock_.Now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    // Out of the map first: the handler may set timers and cancel any, itself too.
    const auto handler = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    handler();
  }
}

void IoLoop::InterruptWaiting() {
  while (waiting_.next_ != &waiting_) {
    Wait& wait = *waiting_.next_;
    wait.state_ = Wait::State::kStopped;
    wait.LinkBefore(ready_);
  }
}

void IoLoop::ResumeReady() {
  // Only those that are ready now: a coroutine that wakes itself again must not keep sockets waiting.
  // A ring and no list of handles: a coroutine that another one of the batch destroys unlinks itself from it.
  Wait batch(*this);
  if (ready_.next_ == &ready_) return;
  batch.LinkBefore(ready_);
  ready_.Unlink();
  while (batch.next_ != &batch) {
    Wait& wait = *batch.next_;
    wait.Unlink();
    wait.handle_.resume();
  }
}

Async<Status> UntilStopped(IoLoop& loop, const std::atomic<bool>& stop) {
  while (!stop.load(std::memory_order_relaxed)) {
    CO_TRY(co_await loop.Sleep(std::chrono::milliseconds(200)));
  }
  co_return Status();
}

StopWatch::~StopWatch() {
  if (timer_) loop_.CancelTimer(*timer_);
}

void StopWatch::LookLater() {
  timer_ = loop_.CallAt(loop_.clock().Now() + std::chrono::milliseconds(100), [this] {
    timer_.reset();
    if (stop_.load(std::memory_order_relaxed)) return loop_.RequestStop();
    LookLater();
  });
}

}  // namespace xsweep
