// RawBytes: numbers as they lie in files, little-endian as on every machine this runs on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace xsweep {

template <class T>
  requires std::is_trivially_copyable_v<T>
void AppendRaw(const T& value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// `offset` + sizeof(T) lies within `bytes`.
template <class T>
  requires std::is_trivially_copyable_v<T>
T ReadRaw(std::string_view bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

}  // namespace xsweep
