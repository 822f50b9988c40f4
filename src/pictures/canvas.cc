// Canvas: a picture as a list of shapes in pixels.
// SPDX-License-Identifier: Apache-2.0
#include "pictures/canvas.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/characters.h"
#include "base/error.h"
#include "base/escape.h"

namespace xsweep {
namespace {

/// Twelve pixels of SVG are nine points of gnuplot's 96 dots per inch.
constexpr double kPointsPerPixel = 0.75;

/// At most two decimals, the shortest way.
std::string Px(double value) {
  std::string text = fmt::format("{:.2f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

/// Thousandths of an em from space to tilde, as DejaVu Sans has them.
constexpr std::array<short, 95> kWidths{318,  401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337,
                                        636,  636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531,
                                        1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787,
                                        603,  787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500,
                                        500,  613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612,
                                        635,  635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838};

double EmsOf(char c) { return c < ' ' || c > '~' ? 0.6 : kWidths[static_cast<std::size_t>(c - ' ')] / 1000.0; }

std::string_view AnchorName(Anchor anchor) {
  return anchor == Anchor::kStart ? "start" : anchor == Anchor::kMiddle ? "middle" : "end";
}

std::string_view Justification(Anchor anchor) {
  return anchor == Anchor::kStart ? "left" : anchor == Anchor::kMiddle ? "center" : "right";
}

}  // namespace

double TextWidth(std::string_view text, double size) {
  double ems = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      ems += EmsOf(c);
    } else if (byte >= 0xC0) {
      ems += byte >= 0xE3 ? 1.1 : 0.7;  // beyond U+3000 characters are wide
    }
  }
  return ems * size;
}

std::string FitText(std::string_view text, double width, double size) {
  std::string fitted = CleanText(text);
  for (std::size_t columns = Characters(fitted); columns > 3 && TextWidth(fitted, size) > width; --columns) {
    fitted = Shorten(text, columns - 1);
  }
  return fitted;
}

std::vector<std::string> WrapText(std::string_view text, double width, double size) {
  std::vector<std::string> lines(1);
  const std::string clean = CleanText(text);
  for (std::size_t start = 0; start < clean.size();) {
    const std::size_t end = std::min(clean.find(' ', start), clean.size());
    const std::string word = FitText(clean.substr(start, end - start), width, size);
    const std::string longer = lines.back().empty() ? word : lines.back() + " " + word;
    if (TextWidth(longer, size) > width) {
      lines.push_back(word);
    } else {
      lines.back() = longer;
    }
    start = end + 1;
  }
  return lines;
}

Canvas::Canvas(double width, double height, std::string title)
    : width_(width), height_(height), title_(std::move(title)) {}

void Canvas::Rectangle(const Box& box, Colour fill) {
  if (box.width() <= 0 || box.height() <= 0) return;
  shapes_.push_back({{{box.left, box.top}, {box.right, box.top}, {box.right, box.bottom}, {box.left, box.bottom}},
                     std::string(fill),
                     "",
                     0});
}

void Canvas::Frame(const Box& box, Colour stroke, double width) {
  shapes_.push_back({{{box.left, box.top}, {box.right, box.top}, {box.right, box.bottom}, {box.left, box.bottom}},
                     "",
                     std::string(stroke),
                     width});
}

void Canvas::Line(Point from, Point to, Colour stroke, double width, bool dashed) {
  shapes_.push_back({{from, to}, "", std::string(stroke), width, dashed});
}

void Canvas::Polygon(std::vector<Point> points, Colour fill, Colour stroke) {
  CHECK(points.size() >= 3, "a polygon has an inside");
  shapes_.push_back({std::move(points), std::string(fill), std::string(stroke), 1});
}

void Canvas::Circle(Point center, double radius, Colour fill, Colour stroke) {
  shapes_.push_back({{center}, std::string(fill), std::string(stroke), radius});
}

void Canvas::Hatch(const Box& box, Colour stroke) {
  // Lines x + y = s, cut at the box: where one enters at the left or bottom it leaves at the top or right.
  constexpr double kStep = 7;
  for (int i = 1; i * kStep < box.width() + box.height(); ++i) {
    const double s = i * kStep;
    const double from_left = std::max(0.0, s - box.height());
    const double to_left = std::min(s, box.width());
    Line({box.left + from_left, box.top + s - from_left}, {box.left + to_left, box.top + s - to_left}, stroke);
  }
}

void Canvas::Text(Point at, std::string_view text, const TextStyle& style) {
  std::string clean = CleanText(text);
  if (!clean.empty()) labels_.push_back({at, std::move(clean), style});
}

std::string Canvas::Svg(const CanvasStyle& style) const {
  const std::string family = style.font.empty() ? "" : XmlText(style.font) + ", ";
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{3}\" height=\"{4}\" viewBox=\"0 0 {0} {1}\" role=\"img\" "
      "font-family=\"{5}DejaVu Sans, Verdana, sans-serif\">\n<title>{2}</title>\n<rect width=\"{0}\" height=\"{1}\" "
      "fill=\"#ffffff\"/>\n",
      Px(width_), Px(height_), XmlText(title_), Px(width_ * style.scale), Px(height_ * style.scale), family);
  for (const Shape& shape : shapes_) AppendSvg(shape, svg);
  for (const Label& label : labels_) AppendSvg(label, svg);
  return svg + "</svg>\n";
}

void Canvas::AppendSvg(const Shape& shape, std::string& svg) {
  const std::string paint =
      fmt::format(" fill=\"{}\" stroke=\"{}\" stroke-width=\"{}\"{}", shape.fill.empty() ? "none" : shape.fill,
                  shape.stroke.empty() ? "none" : shape.stroke, Px(shape.points.size() == 1 ? 1 : shape.size),
                  shape.dashed ? " stroke-dasharray=\"5 4\"" : "");
  if (shape.points.size() == 1) {
    svg += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\"{}/>\n", Px(shape.points[0].x), Px(shape.points[0].y),
                       Px(shape.size), paint);
    return;
  }
  svg += "<path d=\"M";
  for (const Point& point : shape.points) svg += Px(point.x) + " " + Px(point.y) + " ";
  svg.back() = '"';
  if (shape.points.size() > 2) svg.insert(svg.size() - 1, "Z");
  svg += paint + "/>\n";
}

void Canvas::AppendSvg(const Label& label, std::string& svg) {
  const TextStyle& look = label.style;
  // Letters stand on their baseline, about a third of their size below their middle.
  const std::string turn =
      look.upward ? fmt::format(" transform=\"rotate(-90 {} {})\"", Px(label.at.x), Px(label.at.y)) : "";
  svg +=
      fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{}\" text-anchor=\"{}\"{}{} dy=\"{}\">{}</text>\n",
                  Px(label.at.x), Px(label.at.y), Px(look.size), look.colour, AnchorName(look.anchor),
                  look.bold ? " font-weight=\"bold\"" : "", turn, Px(look.size * 0.35), XmlText(label.text));
}

std::string Canvas::GnuplotScript(std::string_view path, const CanvasStyle& style) const {
  // The whole page is the plot: one unit of either axis is one pixel, y goes down. Numbered tags keep the order.
  const bool pdf = path.ends_with(".pdf");
  const double dots = style.scale * (pdf ? 1 : style.dots);
  const std::string font = CleanText(style.font.empty() ? "DejaVu Sans" : style.font);
  const std::string size = pdf ? fmt::format("{:.4f}in,{:.4f}in", width_ * dots / 96, height_ * dots / 96)
                               : fmt::format("{:.0f},{:.0f}", width_ * dots, height_ * dots);
  std::string script = fmt::format(
      "reset\nset terminal {} noenhanced size {} font {}\nset output {}\n"
      "set margins 0,0,0,0\nunset border\nunset key\nunset tics\nset xrange [0:{}]\nset yrange [{}:0]\n",
      pdf ? "pdfcairo fontscale 0.75" : "pngcairo", size, GnuplotString(font + ",9"), GnuplotString(path), Px(width_),
      Px(height_));
  // A line of width 1 is a pixel in a PNG and half a point in a PDF, whose letters are a third too large by default.
  const double pen = pdf ? 1.4 * dots : dots;
  int tag = 0;
  for (const Shape& shape : shapes_) AppendGnuplot(shape, ++tag, pen, script);
  for (const Label& label : labels_) {
    const TextStyle& look = label.style;
    const std::string face =
        fmt::format("{}{},{}", font, look.bold ? ":Bold" : "", Px(look.size * kPointsPerPixel * dots));
    script += fmt::format("set label {} {} at {},{} {}{} font {} tc rgb '{}' front\n", ++tag, GnuplotString(label.text),
                          Px(label.at.x), Px(label.at.y), Justification(look.anchor),
                          look.upward ? " rotate by 90" : "", GnuplotString(face), look.colour);
  }
  return script + "plot NaN notitle\nunset output\n";
}

void Canvas::AppendGnuplot(const Shape& shape, int tag, double pen, std::string& script) {
  const std::string fill = shape.fill.empty() ? "fs empty" : fmt::format("fc rgb '{}' fs solid 1", shape.fill);
  const std::string border = shape.stroke.empty() ? "noborder" : fmt::format("border lc rgb '{}'", shape.stroke);
  if (shape.points.size() == 1) {
    script += fmt::format("set object {} circle at {},{} size {} {} {}\n", tag, Px(shape.points[0].x),
                          Px(shape.points[0].y), Px(shape.size), fill, border);
    return;
  }
  script += fmt::format("set object {} polygon from ", tag);
  for (const Point& point : shape.points) script += Px(point.x) + "," + Px(point.y) + " to ";
  if (shape.points.size() == 2) {
    script.resize(script.size() - 4);
  } else {
    script += Px(shape.points[0].x) + "," + Px(shape.points[0].y);
  }
  script += fmt::format(" {} {} lw {}{}\n", fill, border, Px(std::max(shape.size * pen, 0.1)),
                        shape.dashed ? " dt (5,4)" : "");
}

}  // namespace xsweep
