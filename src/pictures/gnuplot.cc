// Pictures: canvases become PNG files.
// SPDX-License-Identifier: Apache-2.0
#include "pictures/gnuplot.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/escape.h"
#include "base/files.h"
#include "base/system/process.h"

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
  std::string File(std::size_t index, std::string_view ending = "png") const {
    return fmt::format("{}/{}.{}", path_.string(), index, ending);
  }

 private:
  explicit ScratchDirectory(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

/// What gnuplot complained about; it also remarks on every line that we draw as an open polygon.
std::string Complaints(std::string_view err) {
  std::string text;
  while (!err.empty()) {
    const std::string_view line = err.substr(0, err.find('\n'));
    err.remove_prefix(std::min(err.size(), line.size() + 1));
    if (!line.starts_with("Polygon is not closed")) text.append(line).append(" ");
  }
  return Shorten(text, 300);
}

Status RunScript(std::string script, const std::string& gnuplot) {
  // -d: nobody's .gnuplot may change the pictures. GNUTERM and the like have no say once a terminal is set.
  // By name, because what gnuplot reads as "-" it reads byte by byte.
  ProcessRequest request{.args = {gnuplot, "-d", "/dev/stdin"}, .input = std::move(script)};
  request.environment = {{"LC_ALL", "C.UTF-8"}};
  TRY_ASSIGN(const ProcessResult result, RunProcess(request));
  if (result.exit_code == 0) return {};
  return WorldError(fmt::format("failed with exit code {}: {}", result.exit_code, Complaints(result.err)), gnuplot);
}

/// Pictures [begin, end) in one process.
Status Draw(const std::vector<Picture>& pictures, std::size_t begin, std::size_t end, const ScratchDirectory& scratch,
            const std::string& gnuplot) {
  std::string script;
  for (std::size_t i = begin; i < end; ++i) script += pictures[i].canvas.GnuplotScript(scratch.File(i));
  return RunScript(std::move(script), gnuplot);
}

Status NeedGnuplot(const std::string& gnuplot) {
  if (HasProgram(gnuplot)) return {};
  return WorldError("gnuplot is not installed; apt-get install gnuplot-nox", gnuplot);
}

}  // namespace

Expected<std::vector<std::string>> RenderPngs(const std::vector<Picture>& pictures, const std::string& gnuplot) {
  if (pictures.empty()) return std::vector<std::string>{};
  TRY(NeedGnuplot(gnuplot));
  TRY_ASSIGN(const ScratchDirectory scratch, ScratchDirectory::Make());
  // Two processes: a machine that runs sweeps has two cores, and most of the time goes into antialiasing.
  const std::size_t half = pictures.size() / 2;
  Status first;
  {
    std::jthread other;
    if (half > 0) other = std::jthread([&] { first = Draw(pictures, 0, half, scratch, gnuplot); });
    TRY(Draw(pictures, half, pictures.size(), scratch, gnuplot));
  }
  TRY(std::move(first));
  std::vector<std::string> images;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    TRY_ASSIGN(std::string image, ReadFile(scratch.File(i)));
    if (!image.starts_with("\x89PNG")) return WorldError("wrote no PNG", gnuplot);
    images.push_back(std::move(image));
  }
  return images;
}

Expected<std::string> RenderPicture(const Picture& picture, PictureFormat format, const CanvasStyle& style,
                                    const std::string& gnuplot) {
  const bool pdf = format == PictureFormat::kPdf;
  TRY(NeedGnuplot(gnuplot));
  TRY_ASSIGN(const ScratchDirectory scratch, ScratchDirectory::Make());
  const std::string file = scratch.File(0, pdf ? "pdf" : "png");
  TRY(RunScript(picture.canvas.GnuplotScript(file, style), gnuplot));
  TRY_ASSIGN(std::string image, ReadFile(file));
  if (!image.starts_with(pdf ? "%PDF" : "\x89PNG")) return WorldError("wrote no picture", gnuplot);
  return image;
}

}  // namespace xsweep
