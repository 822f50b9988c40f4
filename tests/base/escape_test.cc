// Nothing foreign breaks out: hostile ids, messages and names in every format.
// SPDX-License-Identifier: Apache-2.0
#include "base/escape.h"

#include <gtest/gtest.h>

#include "base/system/process.h"
#include "pictures/canvas.h"

namespace xsweep {
namespace {

TEST(CleanText, IsOneLineOfValidText) {
  EXPECT_EQ(CleanText("a\nb\tc\x1b[31m\x7f"), "a b c [31m ");
  EXPECT_EQ(CleanText("\xff\xc3\x28\xed\xa0\x80"), "\uFFFD\uFFFD(\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(CleanText("user\u202Etxt.exe\u2066"), "user txt.exe ");
  EXPECT_EQ(CleanText("Grüße 😀"), "Grüße 😀");
}

TEST(Shorten, CutsTheMiddleBetweenCharacters) {
  EXPECT_EQ(Shorten("abcdefghij", 5), "ab…ij");
  EXPECT_EQ(Shorten("äöüßÄÖÜ", 4), "äö…Ü");
  EXPECT_EQ(Shorten("short", 5), "short");
}

TEST(MarkdownCode, CannotBeClosedFromInside) {
  EXPECT_EQ(MarkdownCode("refund_01"), "`refund_01`");
  EXPECT_EQ(MarkdownCode("a`b"), "``a`b``");
  EXPECT_EQ(MarkdownCode("``` <img src=x> @team"), "```` ``` <img src=x> @team ````");
  EXPECT_EQ(MarkdownCode(" \n"), "–");
  EXPECT_EQ(MarkdownCellCode("a|b\n|c"), "`a\\|b \\|c`");
}

TEST(MarkdownText, ShowsMarksAsTheyAre) {
  EXPECT_EQ(MarkdownText("airline_escalating_v1: 38.3 % (54 of 141)"), "airline_escalating_v1: 38.3 % (54 of 141)");
  EXPECT_EQ(MarkdownText("_x_ *b* [l](http://e.x) <i> #1 $a$"),
            "\\_x\\_ \\*b\\* \\[l\\](http\\://e.x) &lt;i&gt; \\#1 \\$a\\$");
  EXPECT_EQ(MarkdownText("1. item"), "1\\. item");
  EXPECT_EQ(MarkdownText("- item - more"), "\\- item - more");
  EXPECT_EQ(MarkdownText("www.evil.example"), "www\\.evil.example");
  EXPECT_EQ(MarkdownText("@team"), "@\u2060team");
}

TEST(XmlText, LeavesNoMarkup) {
  EXPECT_EQ(XmlText("]]><script>\"a\" & 'b'</script>\x01"),
            "]]&gt;&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt; ");
}

TEST(PythonString, IsOneLiteral) { EXPECT_EQ(PythonString("a\"b\\c\n😀"), "\"a\\\"b\\\\c \\U0001f600\""); }

std::string PrintedByGnuplot(const std::string& text) {
  const auto result = RunProcess({.args = {"gnuplot", "-d", "-"}, .input = "print " + GnuplotString(text) + "\n"});
  EXPECT_TRUE(result.has_value());
  return result ? result->err : std::string();
}

TEST(GnuplotString, RunsNothing) {
  EXPECT_EQ(PrintedByGnuplot("it's `touch /tmp/x` \\\n'; system('echo broken'); print '@x %s \""),
            "it's `touch /tmp/x` \\ '; system('echo broken'); print '@x %s \"\n");
}

TEST(GnuplotString, IsOneStringHoweverManyApostrophesThereAre) {
  EXPECT_EQ(PrintedByGnuplot("'a ''' b '' @x'"), "’a '’' b '’ @x'\n");
  EXPECT_EQ(PrintedByGnuplot("'"), "’\n");
}

TEST(Canvas, KeepsHostileTextInsideItsElement) {
  Canvas canvas(100, 50, "</title><script>x</script>");
  canvas.Text({1, 1}, "</text><script>alert(1)</script>");
  const std::string svg = canvas.Svg();
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_NE(svg.find("&lt;/text&gt;&lt;script&gt;alert(1)&lt;/script&gt;</text>"), std::string::npos);
}

}  // namespace
}  // namespace xsweep
