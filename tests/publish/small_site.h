// A small site to publish, and a listener that says nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "publish/bundle.h"

namespace xsweep {

namespace fs = std::filesystem;

inline const PublishProgress kQuiet = [](std::size_t, std::size_t, std::string_view) {};

inline void Put(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

/// With one run.
inline fs::path MakeSite(const fs::path& folder, const std::string& run) {
  Put(folder / "index.html", "<!doctype html>");
  Put(folder / "assets/app.js", "1");
  Put(folder / "data" / run / "run.json", "{}");
  Put(folder / "data/runs.json", "{\"columns\":[\"path\"],\"rows\":[[\"" + run + "\"]]}");
  return folder;
}

}  // namespace xsweep
