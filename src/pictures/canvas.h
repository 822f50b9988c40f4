// Canvas: a picture as a list of shapes in pixels, written as SVG by ourselves and as PNG through gnuplot.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace xsweep {

struct Point {
  double x = 0;
  double y = 0;  ///< downward
};

/// left <= right, top <= bottom.
struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
  double width() const { return right - left; }
  double height() const { return bottom - top; }
  Point center() const { return {(left + right) / 2, (top + bottom) / 2}; }
};

/// "#rrggbb". The eight colours are Okabe and Ito's, which people with any colour vision can tell apart.
using Colour = std::string_view;
namespace colour {
inline constexpr Colour kBlack = "#000000", kOrange = "#e69f00", kSky = "#56b4e9", kGreen = "#009e73";
inline constexpr Colour kYellow = "#f0e442", kBlue = "#0072b2", kVermilion = "#d55e00", kPurple = "#cc79a7";
inline constexpr Colour kWhite = "#ffffff", kInk = "#24292f", kGrey = "#6e7781", kRule = "#d8dee4", kPale = "#f3f5f7";
}  // namespace colour

enum class Anchor { kStart, kMiddle, kEnd };

/// Sizes of letters in pixels.
inline constexpr double kTitleSize = 16, kTextSize = 12, kSmallSize = 11;

struct TextStyle {
  double size = kTextSize;  ///< pixels
  Colour colour = colour::kInk;
  Anchor anchor = Anchor::kStart;
  bool bold = false;
  bool upward = false;  ///< turned by 90 degrees, read from below
};

/// Width in pixels of cleaned text in DejaVu Sans (Verdana is as wide), within a few per cent.
double TextWidth(std::string_view text, double size);
/// `text` cut in its middle to fit `width` pixels.
std::string FitText(std::string_view text, double width, double size);
/// Lines of at most `width` pixels, broken at spaces.
std::vector<std::string> WrapText(std::string_view text, double width, double size);

/// How a canvas becomes a file.
struct CanvasStyle {
  double scale = 1;       ///< of everything, letters among it
  double dots = 1;        ///< dots of a PNG for each pixel
  std::string font = {};  ///< a family in place of DejaVu Sans
};

/// Shapes lie over each other in the order in which they were drawn; text lies over all of them. The same calls give
/// the same bytes.
class Canvas {
 public:
  /// `title` is what a screen reader says.
  Canvas(double width, double height, std::string title);

  void Rectangle(const Box& box, Colour fill);
  void Frame(const Box& box, Colour stroke, double width = 1);
  void Line(Point from, Point to, Colour stroke, double width = 1, bool dashed = false);
  /// Closed; three points or more.
  void Polygon(std::vector<Point> points, Colour fill, Colour stroke);
  void Circle(Point center, double radius, Colour fill, Colour stroke);
  /// Diagonal lines inside the box.
  void Hatch(const Box& box, Colour stroke);
  /// `at` is half the height of the letters.
  void Text(Point at, std::string_view text, const TextStyle& style = {});

  double width() const { return width_; }
  double height() const { return height_; }
  std::string Svg(const CanvasStyle& style = {}) const;
  /// A gnuplot script that draws the picture into `path`, a PNG or a .pdf; several may follow each other in one
  /// process.
  std::string GnuplotScript(std::string_view path, const CanvasStyle& style = {}) const;

 private:
  struct Shape {
    std::vector<Point> points;  ///< one: a circle; two: a line; more: a polygon
    std::string fill, stroke;   ///< empty: none
    double size = 1;            ///< radius of a circle, otherwise width of the stroke
    bool dashed = false;
  };
  struct Label {
    Point at;
    std::string text;
    TextStyle style;
  };
  static void AppendSvg(const Shape& shape, std::string& svg);
  static void AppendSvg(const Label& label, std::string& svg);
  /// `pen` is the width of a stroke of 1.
  static void AppendGnuplot(const Shape& shape, int tag, double pen, std::string& script);

  double width_;
  double height_;
  std::string title_;
  std::vector<Shape> shapes_;
  std::vector<Label> labels_;
};

}  // namespace xsweep
