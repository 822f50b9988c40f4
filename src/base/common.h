// Common: a value that many have alike, such as the policy and the tools of all dialogues of a run, held once. Copies
// cost a pointer, and two that share are known to be equal without being read: with 2,000 dialogues in flight each
// look at a policy of its own is a walk through cold memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace xsweep {

template <class T>
class Common {
 public:
  Common() : value_(Nothing()) {}
  template <class From>
    requires(!std::same_as<std::remove_cvref_t<From>, Common> && std::constructible_from<T, From>)
  Common(From&& value)  // NOLINT(google-explicit-constructor): it stands where the value itself stood
      : value_(std::make_shared<const T>(std::forward<From>(value))) {}

  /// One of the last few that this thread was given, where it is equal; otherwise a copy.
  static Common Of(const T& value) {
    thread_local std::array<Common, 4> known;
    auto found = std::ranges::find_if(known, [&](const Common& one) { return *one == value; });
    if (found == known.end()) *--found = Common(value);
    std::rotate(known.begin(), found, found + 1);
    return known.front();
  }

  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  operator const T&() const { return *value_; }  // NOLINT(google-explicit-constructor): as above
  /// Whether both are one; equal values need not be.
  bool SharesWith(const Common& other) const { return value_ == other.value_; }

 private:
  static const std::shared_ptr<const T>& Nothing() {
    static const auto nothing = std::make_shared<const T>();
    return nothing;
  }
  std::shared_ptr<const T> value_;
};

}  // namespace xsweep
