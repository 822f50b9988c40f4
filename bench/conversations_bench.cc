// Measures REAL mode: conversations in flight, memory of each, CPU of a call, and calls against a server that rejects.
// The server is a process of its own, so that only the harness is measured.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "models/shelf.h"
#include "support/model_server.h"

namespace xsweep {
namespace {

using namespace std::chrono_literals;
using testing::ModelServer;
using testing::SeenRequest;
using testing::ServerReply;
using Seconds = std::chrono::duration<double>;

constexpr int kConversations = 2000;
constexpr int kTurns = 20;
constexpr int kRepeats = 7;
constexpr auto kLatency = 100ms;

/// A model server in a child process; ends with this object.
class ServerProcess {
 public:
  explicit ServerProcess(ModelServer::Handler handler) {
    int pipe_ends[2];
    if (pipe(pipe_ends) != 0) std::abort();
    child_ = fork();
    if (child_ == 0) {
      close(pipe_ends[0]);
      const ModelServer server(std::move(handler));
      const int port = server.port();
      if (write(pipe_ends[1], &port, sizeof port) != sizeof port) _exit(1);
      for (;;) pause();
    }
    close(pipe_ends[1]);
    if (read(pipe_ends[0], &port_, sizeof port_) != sizeof port_) std::abort();
    close(pipe_ends[0]);
  }
  ~ServerProcess() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  std::string Url() const { return fmt::format("http://127.0.0.1:{}/v1", port_); }

 private:
  pid_t child_ = -1;
  int port_ = 0;
};

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](timeval time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

struct Tally {
  int answered = 0;
  int failed = 0;
  std::string first_error{};
};

/// The tools of the desk, which all conversations share.
std::vector<ToolSchema> DeskTools() {
  std::vector<ToolSchema> tools;
  for (const char* name : {"get_user", "get_order", "cancel_order", "refund", "transfer"}) {
    tools.push_back({name, "Does what its name says, for one customer.",
                     Json::MakeObject({{"type", "object"}, {"properties", Json::MakeObject()}})});
  }
  return tools;
}

ModelRequest FirstRequest(int number) {
  static const std::vector<ToolSchema> tools = DeskTools();
  ModelRequest request;
  request.identity = {"base", fmt::format("task {}", number), 41, 0, Role::kAgent, 0};
  request.system = std::string(2000, 'p');
  request.tools = tools;
  return request;
}

/// A dialogue that grows by two messages a turn.
Async<int> Converse(Model& model, int number, int turns, Tally& tally) {
  ModelRequest request = FirstRequest(number);
  for (int turn = 0; turn < turns; ++turn) {
    request.identity.turn = static_cast<std::uint32_t>(turn);
    Message user;
    user.text = "Please look into my order once more, I have been waiting for a week now.";
    request.messages.push_back(std::move(user));
    auto reply = co_await model.Complete(request);
    if (!reply) {
      ++tally.failed;
      if (tally.first_error.empty()) tally.first_error = reply.error().Text();
      co_return 0;
    }
    ++tally.answered;
    Message agent;
    agent.speaker = Speaker::kAgent;
    agent.text = reply->text;
    request.messages.push_back(std::move(agent));
  }
  co_return 0;
}

void Print(std::string_view what, double figure, std::string_view unit, double target, bool at_least) {
  const bool met = at_least ? figure >= target : figure <= target;
  fmt::print("{:<58} {:>9.1f} {:<14} target {} {:g}: {}\n", what, figure, unit, at_least ? ">=" : "<=", target,
             met ? "met" : "MISSED");
}

void MeasureConversations() {
  ServerReply reply;
  reply.body = testing::ChatBody("I have looked into it and your order is on its way to you.");
  reply.latency = kLatency;
  const ServerProcess server([reply](const SeenRequest&) { return reply; });
  SystemClock clock;
  const std::unique_ptr<IoLoop> loop = *IoLoop::Create(clock);
  Http http(*loop);
  ModelShelf shelf({.http = &http});
  const Json options = Json::MakeObject(
      {{"model", "bench"}, {"base_url", server.Url()}, {"api_key_env", ""}, {"max_in_flight", kConversations}});
  Model& model = **shelf.Get("openai", options);

  malloc_trim(0);
  const double resident_before = ResidentBytes();
  Tally warm;
  // One turn each opens the connections and lets the gate open fully; what follows is the steady state.
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < kConversations; ++i) loop->Spawn(Converse(model, i, 1, warm), [](int) {});
    loop->RunSpawned();
  }
  double resident = 0;
  std::vector<double> shares;
  std::vector<double> costs;
  const double ideal = kConversations / Seconds(kLatency).count();
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    Tally tally;
    const double cpu_before = CpuSeconds();
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kConversations; ++i) loop->Spawn(Converse(model, i, kTurns, tally), [](int) {});
    if (repeat == 0) loop->CallAt(clock.Now() + kLatency * (kTurns - 2), [&] { resident = ResidentBytes(); });
    loop->RunSpawned();
    const double elapsed = Seconds(std::chrono::steady_clock::now() - start).count();
    shares.push_back(100 * tally.answered / elapsed / ideal);
    costs.push_back((CpuSeconds() - cpu_before) / tally.answered * 1e6);
    warm.failed += tally.failed;
    warm.first_error += tally.first_error;
  }
  if (warm.failed > 0) fmt::print("failed calls: {} ({})\n", warm.failed, warm.first_error);
  std::ranges::sort(shares);
  std::ranges::sort(costs);
  fmt::print("{} conversations of {} turns against {} ms, ideally {:.0f} calls/s; {} times, {:.0f} to {:.0f} % of it\n",
             kConversations, kTurns, kLatency.count(), ideal, kRepeats, shares.front(), shares.back());
  Print("share of the ideal rate, median", shares[kRepeats / 2], "%", 90, true);
  Print("memory per conversation", (resident - resident_before) / kConversations / 1000, "KB", 100, false);
  Print("harness CPU per call, median", costs[kRepeats / 2], "microseconds", 150, false);
}

/// Asks on and on until `end`.
Async<int> AskUntil(Model& model, int number, SteadyTime end, const Clock& clock, Tally& tally) {
  ModelRequest request = FirstRequest(number);
  Message user;
  user.text = "hello";
  request.messages.push_back(std::move(user));
  while (clock.Now() < end) {
    auto reply = co_await model.Complete(request);
    reply ? ++tally.answered : ++tally.failed;
    ++request.identity.turn;
  }
  co_return 0;
}

void MeasureRejections() {
  constexpr double kAllowed = 200;
  constexpr auto kWarmUp = 20s;
  constexpr auto kMeasured = 40s;
  const auto gate = std::make_shared<testing::RateGate>(kAllowed, kAllowed / 10);
  const ServerProcess server([gate](const SeenRequest&) {
    ServerReply reply;
    reply.latency = 50ms;
    if (gate->Admit()) {
      reply.body = testing::ChatBody("yes");
    } else {
      reply.status = 429;
      reply.headers = {{"Retry-After", "1"}};
      reply.body = testing::ErrorBody("slow down");
    }
    return reply;
  });
  SystemClock clock;
  const std::unique_ptr<IoLoop> loop = *IoLoop::Create(clock);
  Http http(*loop);
  std::int64_t attempts = 0;
  ModelShelf shelf({.http = &http, .hooks = {.spent = [&](Role, const Usage&) { ++attempts; }}});
  const Json options = Json::MakeObject({{"model", "bench"}, {"base_url", server.Url()}, {"api_key_env", ""}});
  Model& model = **shelf.Get("openai", options);
  Tally tally;
  const SteadyTime begin = clock.Now();
  for (int i = 0; i < 200; ++i) {
    loop->Spawn(AskUntil(model, i, begin + kWarmUp + kMeasured, clock, tally), [](int) {});
  }
  std::int64_t attempts_before = 0;
  int answered_before = 0;
  loop->CallAt(begin + kWarmUp, [&] {
    attempts_before = attempts;
    answered_before = tally.answered;
  });
  std::int64_t attempts_after = 0;
  int answered_after = 0;
  loop->CallAt(begin + kWarmUp + kMeasured, [&] {
    attempts_after = attempts;
    answered_after = tally.answered;
  });
  loop->RunSpawned();
  const double sent = static_cast<double>(attempts_after - attempts_before);
  const double answered = answered_after - answered_before;
  fmt::print("a server that allows {} calls/s and rejects the others: {:.0f} calls, {:.0f} answered, {} failed\n",
             kAllowed, sent, answered, tally.failed);
  Print("rejected in steady state", 100 * (sent - answered) / sent, "%", 2, false);
  Print("share of the allowed rate", 100 * answered / Seconds(kMeasured).count() / kAllowed, "%", 90, true);
}

}  // namespace
}  // namespace xsweep

int main(int argc, char** argv) {
  xsweep::MeasureConversations();
  if (argc < 2 || std::string_view(argv[1]) != "--quick") xsweep::MeasureRejections();
  return 0;
}
