// Pictures: canvases become PNG files, all of a run in one gnuplot process.
// SPDX-License-Identifier: Apache-2.0
#include "present/gnuplot.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>

#include "base/files.h"
#include "base/process.h"
#include "present/escape.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

/// A directory that goes away with the object.
class ScratchDirectory {
 public:
  static Expected<ScratchDirectory> Make() {
    std::error_code code;
    std::string name = (fs::temp_directory_path(code) / "xsweep-plots-XXXXXX").string();
    if (code || mkdtemp(name.data()) == nullptr) {
      return WorldError("cannot make a directory for plots; is TMPDIR writable?", name);
    }
    return ScratchDirectory(std::move(name));
  }
  ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  std::string File(std::size_t index) const { return fmt::format("{}/{}.png", path_.string(), index); }

 private:
  explicit ScratchDirectory(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

std::string FirstLines(std::string_view text) { return Shorten(text, 300); }

}  // namespace

Expected<std::vector<std::string>> RenderPngs(const std::vector<Picture>& pictures, const std::string& gnuplot) {
  if (pictures.empty()) return std::vector<std::string>{};
  if (!HasProgram(gnuplot)) return WorldError("gnuplot is not installed; apt-get install gnuplot-nox", gnuplot);
  TRY_ASSIGN(const ScratchDirectory scratch, ScratchDirectory::Make());
  std::string script;
  for (std::size_t i = 0; i < pictures.size(); ++i) script += pictures[i].canvas.GnuplotScript(scratch.File(i));
  // -d: nobody's .gnuplot may change the pictures. GNUTERM and the like have no say once a terminal is set.
  TRY_ASSIGN(const ProcessResult result,
             RunProcess({.args = {gnuplot, "-d", "-"}, .input = script, .environment = {{"LC_ALL", "C.UTF-8"}}}));
  if (result.exit_code != 0) {
    return WorldError(fmt::format("failed with exit code {}: {}", result.exit_code, FirstLines(result.err)), gnuplot);
  }
  std::vector<std::string> images;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    TRY_ASSIGN(std::string image, ReadFile(scratch.File(i)));
    if (!image.starts_with("\x89PNG")) return WorldError("wrote no PNG: " + FirstLines(result.err), gnuplot);
    images.push_back(std::move(image));
  }
  return images;
}

}  // namespace xsweep
