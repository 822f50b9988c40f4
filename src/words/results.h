// Names among results that no experiment and no run may have, because they mean something there.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace xsweep::layout {

inline constexpr std::string_view kIndex = "index.csv";  ///< results/index.csv: one line a run
inline constexpr std::string_view kLatest = "latest";    ///< results/<exp>/latest: the last finished run

}  // namespace xsweep::layout
