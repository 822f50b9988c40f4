// ExportBenchmark: what a benchmark keeps in Python, written down once by the user's own Python.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/benchmark.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/embedded.h"
#include "base/files.h"
#include "base/system/process.h"
#include "base/text.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

/// The last line that says something: of a Python traceback that is the error itself.
std::string LastLine(const std::string& text) {
  std::string last = "it said nothing";
  for (const std::string& line : Split(text, '\n')) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
  }
  return Printable(last, 400);
}

Status CheckPlaces(const BenchmarkExport& request) {
  std::error_code ignored;
  if (!fs::is_directory(request.path, ignored))
    return UserError(fmt::format("is no directory; give your checkout of {}", request.name), request.path);
  if (fs::exists(request.out, ignored) && !fs::is_empty(request.out, ignored))
    return UserError("exists and is not empty; choose another --out", request.out);
  if (!HasProgram(request.python)) return UserError("is not installed; name your Python with --python", request.python);
  return {};
}

}  // namespace

Expected<std::string> ExportBenchmark(const BenchmarkExport& request) {
  TRY(CheckPlaces(request));
  const EmbeddedFile* script =
      FindEmbedded(request.name == "tau2" ? "data/tools/export_tau2.py" : "data/tools/export_tau_bench.py");
  CHECK(script != nullptr, "the exporter is missing from the binary");
  const fs::path out = fs::absolute(request.out).lexically_normal();
  const fs::path target = out.has_filename() ? out : out.parent_path();
  const fs::path half = target.parent_path() / ("." + target.filename().string() + ".half");
  TRY(MakeDirectories(RealDisk(), target.parent_path()));
  TRY(RemoveTree(half));
  const auto run = RunProcess({.args = {request.python, "-", fs::absolute(request.path).string(), half.string()},
                               .input = std::string(script->bytes),
                               .environment = {{"PYTHONDONTWRITEBYTECODE", "1"}},
                               .time_limit = std::chrono::minutes(5)});
  if (!run || run->exit_code != 0) {
    TRY(RemoveTree(half));
    return UserError(run ? LastLine(run->err) : run.error().Text(), fmt::format("import {}", request.name));
  }
  TRY(RemoveTree(target));
  TRY(RealDisk().Rename(half, target));
  return run->out + fmt::format("exported to {}; use it as `data`\n", target.string());
}

}  // namespace xsweep
