// Stream: draws for simulations, uniform, normal and gamma; a function of two numbers that say whose they are.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace xsweep::stats {

/// A stream of uniform draws that belongs to one (seed, world, task). Marsaglia's xorshift64*, seeded by identity.
class Stream {
 public:
  Stream(std::uint64_t key, std::uint64_t salt) : state_(Mix(key ^ Mix(salt + 0x9E3779B97F4A7C15ULL)) | 1U) {}
  double Uniform() {
    state_ ^= state_ >> 12U;
    state_ ^= state_ << 25U;
    state_ ^= state_ >> 27U;
    return static_cast<double>((state_ * 0x2545F4914F6CDD1DULL) >> 11U) * 0x1.0p-53;
  }
  double Normal() {
    const double radius = std::sqrt(-2 * std::log(1 - Uniform()));
    return radius * std::cos(2 * std::numbers::pi * Uniform());
  }
  /// log of a gamma variate (Marsaglia and Tsang 2000); in logs, because small shapes leave the doubles.
  double LogGamma(double shape) {
    if (shape < 1) return LogGamma(shape + 1) + std::log(1 - Uniform()) / shape;
    const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double x = Normal();
      const double v = std::pow(1 + c * x, 3);
      if (v > 0 && std::log(1 - Uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v);
    }
  }

 private:
  static std::uint64_t Mix(std::uint64_t x) {
    x = (x ^ x >> 30U) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ x >> 27U) * 0x94D049BB133111EBULL;
    return x ^ x >> 31U;
  }
  std::uint64_t state_;
};

}  // namespace xsweep::stats
