// Pictures: canvases become PNG files, all of a run in two gnuplot processes side by side.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "pictures/canvas.h"

namespace xsweep {

struct Picture {
  std::string name;  ///< file name without its ending: "summary"
  Canvas canvas;
};

/// The bytes of one PNG per picture, in their order. Fails with kWorld when gnuplot is absent or fails; the SVG of a
/// canvas needs no gnuplot. The same pictures give the same bytes on one machine.
Expected<std::vector<std::string>> RenderPngs(const std::vector<Picture>& pictures,
                                              const std::string& gnuplot = "gnuplot");
/// One picture as a PNG or a PDF in a style of its own. Fails in the same way.
enum class PictureFormat : std::uint8_t { kPng, kPdf };
Expected<std::string> RenderPicture(const Picture& picture, PictureFormat format, const CanvasStyle& style,
                                    const std::string& gnuplot = "gnuplot");

}  // namespace xsweep
