// Lazy: a value made when first asked for, safe to ask for from any number of threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>

namespace xsweep {

/// Two threads that ask at once may both make the value; one of them is kept. So `make` must be a pure function. No
/// lock (a once_flag for each of 10,000 records would cost more memory than most of the values).
template <class T>
class Lazy {
 public:
  Lazy() = default;
  Lazy(const Lazy&) = delete;
  Lazy& operator=(const Lazy&) = delete;
  ~Lazy() { delete value_.load(std::memory_order_acquire); }

  template <class Make>
  const T& Get(Make make) const {
    const T* value = value_.load(std::memory_order_acquire);
    if (value != nullptr) [[likely]]
      return *value;
    auto made = std::make_unique<const T>(make());
    if (value_.compare_exchange_strong(value, made.get(), std::memory_order_acq_rel)) value = made.release();
    return *value;
  }

 private:
  mutable std::atomic<const T*> value_{nullptr};
};

}  // namespace xsweep
