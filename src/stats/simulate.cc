// Power by simulation.
// SPDX-License-Identifier: Apache-2.0
#include "stats/simulate.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "base/draw.h"
#include "base/error.h"
#include "stats/stream.h"
#include "stats/task_difference.h"
#include "stats/tests.h"

namespace xsweep::stats {
namespace {

constexpr double kAlpha = 0.05;
constexpr double kDemanded = 0.8;

double DrawRate(const World& world, Stream& stream) {
  if (world.icc <= 0 || world.base <= 0 || world.base >= 1) return world.base;
  if (world.icc >= 1) return stream.Uniform() < world.base ? 1 : 0;
  const double size = (1 - world.icc) / world.icc;
  const double a = stream.LogGamma(world.base * size), b = stream.LogGamma((1 - world.base) * size);
  return 1 / (1 + std::exp(b - a));
}

double Shifted(double rate, double base, double difference) {
  if (difference < 0) return std::max(0.0, rate * (1 + difference / base));
  return difference > 0 ? std::min(1.0, rate + (1 - rate) * difference / (1 - base)) : rate;
}

/// Successes among so many trials of one rate. Few are drawn one by one; of many, by the steps from one success of the
/// rarer kind to the next, or by the normal that nobody could tell from them.
std::int64_t DrawSuccesses(std::int64_t trials, double rate, Stream& stream) {
  constexpr std::int64_t kFew = 128;
  constexpr double kNormal = 100;
  std::int64_t successes = 0;
  if (trials <= kFew) {
    for (std::int64_t i = 0; i < trials; ++i) successes += stream.Uniform() < rate ? 1 : 0;
    return successes;
  }
  const auto count = static_cast<double>(trials);
  const double rarer = std::min(rate, 1 - rate);
  if (count * rarer * (1 - rarer) > kNormal) {
    const double drawn = count * rate + std::sqrt(count * rate * (1 - rate)) * stream.Normal();
    return std::clamp<std::int64_t>(std::llround(drawn), 0, trials);
  }
  if (rarer <= 0) return rate < 0.5 ? 0 : trials;
  for (double at = 0;; ++successes) {
    at += 1 + std::floor(std::log(1 - stream.Uniform()) / std::log1p(-rarer));
    if (at > count) break;
  }
  return rate <= 0.5 ? successes : trials - successes;
}

/// Successes by arm (0 is the control) and task. The first cell's rate differs.
using Arms = std::vector<std::vector<std::int64_t>>;

/// What a task has before the difference comes in: its rate, the control's successes, and the draws that go on.
struct DrawnTask {
  double rate;
  std::int64_t control;
  Stream trials;
};

DrawnTask DrawTask(const World& world, std::uint64_t key, std::uint64_t task) {
  Stream rates(key, 2 * task);
  DrawnTask drawn{DrawRate(world, rates), 0, Stream(key, 2 * task + 1)};
  drawn.control = DrawSuccesses(world.trials_per_task, drawn.rate, drawn.trials);
  return drawn;
}

/// `drawn_task(task)` gives what was drawn for it.
void DrawArms(const World& world, double difference, const auto& drawn_task, Arms& arms) {
  const auto tasks = static_cast<std::size_t>(world.tasks);
  arms.resize(static_cast<std::size_t>(world.cells) + 1);
  for (auto& arm : arms) arm.resize(tasks);
  for (std::size_t task = 0; task < tasks; ++task) {
    DrawnTask drawn = drawn_task(task);
    arms[0][task] = drawn.control;
    for (std::size_t arm = 1; arm < arms.size(); ++arm) {
      const double rate = arm == 1 ? Shifted(drawn.rate, world.base, difference) : drawn.rate;
      arms[arm][task] = DrawSuccesses(world.trials_per_task, rate, drawn.trials);
    }
  }
}

void DrawArms(const World& world, std::uint64_t key, Arms& arms) {
  DrawArms(world, 0, [&](std::size_t task) { return DrawTask(world, key, task); }, arms);
}

std::uint64_t KeyOf(std::uint64_t seed, std::int64_t number) {
  return static_cast<std::uint64_t>(
      Draws(seed, "power", static_cast<std::uint32_t>(number)).Integer("world", 0, INT64_MIN, INT64_MAX));
}

/// What is the same for all worlds of one design.
struct Ruler {
  double quantile = 0, nothing_seen = 0;
  explicit Ruler(const World& world)
      : quantile(StudentQuantile(1 - kAlpha, static_cast<double>(world.tasks - 1))),
        nothing_seen(NothingSeen(static_cast<std::size_t>(world.tasks), 1 / static_cast<double>(world.trials_per_task),
                                 1 - kAlpha)) {}
};

std::vector<std::int64_t> Differences(const Arms& arms, std::size_t arm) {
  std::vector<std::int64_t> out(arms[0].size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = arms[arm][i] - arms[0][i];
  return out;
}

/// One hypothesis of step-down max-t: its statistic, and its differences in units of their root of summed squares.
struct Hypothesis {
  double t = 0;
  std::vector<double> scaled;
  bool first = false;  ///< the one that is asked about
};

/// From the largest statistic down; rows of nothing but zeros have none and are left out.
std::vector<Hypothesis> InOrder(const std::vector<std::vector<std::int64_t>>& rows) {
  std::vector<Hypothesis> order;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    double sum = 0, squares = 0;
    for (const std::int64_t d : rows[k]) {
      sum += static_cast<double>(d);
      squares += static_cast<double>(d * d);
    }
    if (squares == 0) continue;
    Hypothesis row{std::abs(sum) / std::sqrt(squares), {}, k == 0};
    for (const std::int64_t d : rows[k]) row.scaled.push_back(static_cast<double>(d) / std::sqrt(squares));
    order.push_back(std::move(row));
  }
  std::ranges::stable_sort(order, [](const Hypothesis& a, const Hypothesis& b) { return a.t > b.t; });
  return order;
}

/// Flips the tasks' signs once and counts, for the hypotheses up to the last of `counts`, whether the largest statistic
/// of those below reaches theirs.
void CountFlip(const std::vector<Hypothesis>& order, const std::vector<double>& signs, std::vector<int>& counts) {
  double largest = 0;
  for (std::size_t k = order.size(); k-- > 0;) {
    double sum = 0;
    for (std::size_t task = 0; task < signs.size(); ++task) sum += signs[task] * order[k].scaled[task];
    largest = std::max(largest, std::abs(sum));
    if (k < counts.size() && largest >= order[k].t - 1e-9) ++counts[k];
  }
}

/// Whether the first row is rejected by step-down max-t. Flips are drawn in blocks until the answer is beyond doubt.
bool RejectsFirst(const std::vector<std::vector<std::int64_t>>& rows, std::uint64_t key) {
  const std::vector<Hypothesis> order = InOrder(rows);
  const auto place = static_cast<std::size_t>(std::ranges::find(order, true, &Hypothesis::first) - order.begin());
  if (place == order.size()) return false;
  constexpr int kBlock = 200, kMost = 4000;
  std::vector<int> counts(place + 1, 1);
  Stream coins(key, ~std::uint64_t{0});
  std::vector<double> signs(rows[0].size());
  for (int flips = 1;;) {
    for (int i = 0; i < kBlock; ++i, ++flips) {
      for (double& sign : signs) sign = coins.Uniform() < 0.5 ? -1 : 1;
      CountFlip(order, signs, counts);
    }
    const double p = static_cast<double>(std::ranges::max(counts)) / flips;
    const double doubt = 4 * std::sqrt(kAlpha * (1 - kAlpha) / flips);
    if (flips > kMost || std::abs(p - kAlpha) > doubt) return p <= kAlpha;
  }
}

/// What the exact test over flips will say, where that is certain before it is asked: by Hoeffding's bound on the tail
/// of a sum of flipped signs it rejects, by Paley and Zygmund's it does not.
std::optional<bool> RejectsSurely(const std::vector<std::int64_t>& differences) {
  double sum = 0, squares = 0;
  for (const std::int64_t d : differences) {
    sum += static_cast<double>(d);
    squares += static_cast<double>(d * d);
  }
  if (squares == 0) return false;
  const double z2 = sum * sum / squares;
  if (2 * std::exp(-z2 / 2) <= kAlpha) return true;
  if (z2 < 1 && (1 - z2) * (1 - z2) / 3 > kAlpha) return false;
  return std::nullopt;
}

/// Whether better or worse is said of the first cell.
bool Seen(const World& world, const Ruler& ruler, const Arms& arms, std::uint64_t key) {
  std::vector<std::vector<std::int64_t>> rows{Differences(arms, 1)};
  const std::optional<bool> surely = RejectsSurely(rows[0]);
  if (surely && !*surely) return false;
  // With more cells than one the p itself is asked for.
  const double p = surely && world.cells == 1 ? kAlpha : SignFlips(rows[0], 1);
  if (p > kAlpha) return false;
  TaskDifferences tasks;
  tasks.within = 1 / static_cast<double>(world.trials_per_task);
  for (const std::int64_t d : rows[0]) tasks.differences.push_back(static_cast<double>(d) * tasks.within);
  const Interval bounds = ByTaskWith(tasks, ruler.quantile, ruler.nothing_seen);
  if (bounds.low <= 0 && bounds.high >= 0) return false;
  // The adjusted p is at most Bonferroni's.
  if (world.cells == 1 || p * static_cast<double>(world.cells) <= kAlpha) return true;
  for (std::size_t arm = 2; arm < arms.size(); ++arm) rows.push_back(Differences(arms, arm));
  return RejectsFirst(rows, key);
}

const World& Checked(const World& world) {
  CHECK(world.tasks >= 2 && world.trials_per_task >= 1 && world.cells >= 1, "a world needs two tasks, a trial, a cell");
  CHECK(world.base >= 0 && world.base <= 1 && world.icc >= 0 && world.icc <= 1, "base and icc lie in [0, 1]");
  return world;
}

/// Worlds of one design that are asked about several differences. What no difference changes, which is most of the
/// work, is drawn once and kept while it is small; every answer is the one that fresh draws would give.
class DrawnWorlds {
 public:
  DrawnWorlds(const World& world, std::int64_t worlds, std::uint64_t seed)
      : world_(Checked(world)), worlds_(worlds), seed_(seed), ruler_(world) {
    constexpr std::int64_t kMostKept = 1'000'000;  // 24 MB
    if (worlds > kMostKept / world.tasks) return;
    kept_.reserve(static_cast<std::size_t>(worlds * world.tasks));
    for (std::int64_t number = 0; number < worlds; ++number) {
      const std::uint64_t key = KeyOf(seed, number);
      for (std::uint64_t task = 0; task < static_cast<std::uint64_t>(world.tasks); ++task)
        kept_.push_back(DrawTask(world, key, task));
    }
  }

  Chance PowerAt(double difference) {
    std::int64_t seen = 0;
    for (std::int64_t number = 0; number < worlds_; ++number) {
      const std::uint64_t key = KeyOf(seed_, number);
      const std::size_t first = static_cast<std::size_t>(number) * static_cast<std::size_t>(world_.tasks);
      DrawArms(
          world_, difference,
          [&](std::size_t task) { return kept_.empty() ? DrawTask(world_, key, task) : kept_[first + task]; }, arms_);
      seen += Seen(world_, ruler_, arms_, key) ? 1 : 0;
    }
    return {static_cast<double>(seen) / static_cast<double>(worlds_), worlds_};
  }

 private:
  World world_;
  std::int64_t worlds_;
  std::uint64_t seed_;
  Ruler ruler_;
  std::vector<DrawnTask> kept_;
  Arms arms_;
};

/// Room for a difference in that direction.
double Room(const World& world, bool rise) { return rise ? 1 - world.base : world.base; }

/// Whether the gate's bound at `confidence` is on the right side, or with `other` the opposite one on the wrong side.
bool BoundSays(const TaskScores& scores, const GateQuestion& gate, double confidence, bool other) {
  const Interval bounds = gate.these_tasks ? *TheseTasks(scores, confidence) : *TasksAsDrawn(scores, confidence);
  if (gate.below) return other ? bounds.low >= gate.threshold : bounds.high < gate.threshold;
  return other ? bounds.high <= gate.threshold : bounds.low > gate.threshold;
}

}  // namespace

double Chance::error() const {
  return worlds == 0 ? 0 : std::sqrt(std::max(value * (1 - value), 1e-9) / static_cast<double>(worlds));
}

Chance PowerAt(const World& world, double difference, std::int64_t worlds, std::uint64_t seed) {
  return DrawnWorlds(world, worlds, seed).PowerAt(difference);
}

SmallestSeen FindSmallestSeen(const World& world, bool rise, std::uint64_t seed) {
  constexpr std::int64_t kFew = 1000, kMany = 6000;
  const double room = Room(world, rise), sign = rise ? 1 : -1;
  if (!(room > 0)) return {};
  SmallestSeen out;
  DrawnWorlds few(world, kFew, seed);
  if (few.PowerAt(sign * room).value < kDemanded) {
    out.power = PowerAt(world, sign * room, kMany, seed + 1);
    if (out.power.value < kDemanded) return out;
  }
  DrawnWorlds many(world, kMany, seed);
  double low = 0, high = room;
  // Few worlds find the neighbourhood, where an error of the estimate only costs a step; many settle the last digits.
  for (int i = 0; i < 10; ++i) {
    const double middle = (low + high) / 2;
    ((i < 7 ? few : many).PowerAt(sign * middle).value < kDemanded ? low : high) = middle;
  }
  out.difference = sign * high;
  out.power = PowerAt(world, *out.difference, kMany, seed + 1);
  return out;
}

std::optional<double> RoughlySeen(const World& world, bool rise, std::int64_t worlds, std::uint64_t seed) {
  double low = 0, high = Room(world, rise);
  const double sign = rise ? 1 : -1;
  if (!(high > 0)) return std::nullopt;
  DrawnWorlds drawn(world, worlds, seed);
  if (drawn.PowerAt(sign * high).value < kDemanded) return std::nullopt;
  for (int i = 0; i < 8; ++i) {
    const double middle = (low + high) / 2;
    (drawn.PowerAt(sign * middle).value < kDemanded ? low : high) = middle;
  }
  return high;
}

GateChances ChancesOfGate(const World& world, const GateQuestion& gate, std::int64_t worlds, std::uint64_t seed) {
  Checked(world);
  const double family = 1 - kAlpha / static_cast<double>(world.cells);
  GateChances out{.worlds = worlds};
  Arms arms;
  World arms_only = world;
  arms_only.cells = world.cells - 1;  // the arms themselves, no control beside them
  for (std::int64_t number = 0; number < worlds; ++number) {
    DrawArms(arms_only, KeyOf(seed, number), arms);
    bool all_hold = true, one_breaks = false;
    for (const std::vector<std::int64_t>& arm : arms) {
      std::vector<Cluster> tasks;
      for (const std::int64_t successes : arm) tasks.push_back({successes, world.trials_per_task});
      const TaskScores scores = SharesOf(tasks);
      all_hold = all_hold && BoundSays(scores, gate, 1 - kAlpha, false);
      const bool wrong_side = (BaseOf(scores).estimate >= gate.threshold) == gate.below;
      one_breaks = one_breaks || (wrong_side && BoundSays(scores, gate, family, true));
    }
    out.pass += all_hold ? 1 : 0;
    out.fail += one_breaks ? 1 : 0;
  }
  const auto count = static_cast<double>(worlds);
  out.pass /= count;
  out.fail /= count;
  out.insufficient = std::max(0.0, 1 - out.pass - out.fail);
  return out;
}

}  // namespace xsweep::stats
