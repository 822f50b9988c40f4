// report.html: one run in one file.
// SPDX-License-Identifier: Apache-2.0
#include "page/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/base64.h"
#include "base/embedded.h"
#include "base/escape.h"
#include "base/hash.h"
#include "page/page_data.h"
#include "page/run_list.h"
#include "record/logs/layout.h"
#include "record/logs/trial.h"
#include "record/logs/trial_log.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

/// "sha256-<base64>", as a Content-Security-Policy names a script or style.
std::string PolicyHash(std::string_view text) {
  const std::string hex = Sha256(text);
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return "sha256-" + Base64(bytes);
}

std::string Block(const std::string& path, std::string_view json) {
  return fmt::format("<script type=\"application/json\" data-path=\"{}\">{}</script>\n", XmlText(path),
                     JsonInHtml(json));
}

/// Indexes of the trials whose dialogues are worth most to a reader: successful attacks, then errors, then the rest in
/// plan order. At most `most` of each kind are looked for.
Expected<std::vector<std::uint64_t>> ByInterest(const fs::path& run, std::size_t most) {
  constexpr std::string_view kOutcome = "\"outcome\":\"";
  std::vector<std::uint64_t> kinds[3];
  const auto note = [&](std::uint64_t, std::string_view line) {
    const std::size_t outcome = std::min(line.size(), line.find(kOutcome));
    const std::string_view named = line.substr(std::min(line.size(), outcome + kOutcome.size()));
    auto& kind = kinds[named.starts_with("attack_succeeded\"") ? 0 : named.starts_with("error\"") ? 1 : 2];
    const auto index = RowIndex(line);
    if (index && kind.size() < most) kind.push_back(*index);
    return Status();
  };
  TRY(ForEachLine(run / layout::kRows, note));
  std::vector<std::uint64_t> all;
  for (const auto& kind : kinds) all.insert(all.end(), kind.begin(), kind.end());
  return all;
}

struct Dialogues {
  std::map<std::uint64_t, std::map<std::uint64_t, std::string>> packs;
  std::size_t count = 0;
};

Expected<Dialogues> Choose(const fs::path& run, const PageRows& rows, const ReportCaps& caps) {
  Dialogues chosen;
  if (rows.transcripts() == 0) return chosen;
  TRY_ASSIGN(const auto indexes, ByInterest(run, caps.transcripts * 4));
  std::uint64_t bytes = 0;
  for (const std::uint64_t index : indexes) {
    if (chosen.count == caps.transcripts) break;
    TRY_ASSIGN(const auto transcript, rows.transcript_file()->Find(index));
    if (!transcript) continue;
    std::string text = transcript->Dump();
    bytes += text.size();
    if (bytes > caps.transcript_bytes) break;
    chosen.packs[index / kPackTrials][index] = std::move(text);
    ++chosen.count;
  }
  return chosen;
}

std::string IncludedNote(std::uint64_t rows_in, std::uint64_t rows, std::size_t dialogues_in, std::size_t dialogues) {
  return fmt::format(
      "This file holds {} of {} trials and {} of {} kept dialogues (successful attacks first); the rates are "
      "those of the whole run. `xsweep serve` shows everything.",
      rows_in, rows, dialogues_in, dialogues);
}

std::string PackJson(const std::map<std::uint64_t, std::string>& pack) {
  std::string json = "{\"transcripts\":{";
  for (const auto& [index, text] : pack) {
    json += fmt::format("{}\"{}\":{}", json.ends_with('{') ? "" : ",", index, text);
  }
  return json + "}}";
}

/// The runs.json of a report: its one run, in the words of the list.
Expected<Json> ListOfOne(const fs::path& results, const std::string& path) {
  TRY_ASSIGN(Json runs, RunsForPage(results));
  std::erase_if(runs.FindMutable("rows")->MutableItems(),
                [&](const Json& row) { return row.items().back().AsString() != path; });
  return runs;
}

Expected<std::string> DataBlocks(const fs::path& results, const fs::path& run, const ReportCaps& caps) {
  TRY_ASSIGN(Json overview, RunForPage(results, run));
  TRY_ASSIGN(const PageRows rows, PageRows::Open(run));
  TRY_ASSIGN(const Dialogues dialogues, Choose(run, rows, caps));
  const std::string path(overview.StringOr("path", ""));
  const std::size_t chunks = std::min<std::size_t>(rows.chunks(), (caps.rows + kPageRows - 1) / kPageRows);
  const std::uint64_t included = std::min<std::uint64_t>(rows.rows(), chunks * kPageRows);
  if (included < rows.rows() || dialogues.count < rows.transcripts()) {
    overview.Set("included", Json::MakeObject(
                                 {{"rows", included},
                                  {"transcripts", static_cast<std::int64_t>(dialogues.count)},
                                  {"note", IncludedNote(included, rows.rows(), dialogues.count, rows.transcripts())}}));
  }
  TRY_ASSIGN(const Json runs, ListOfOne(results, path));
  std::string blocks = Block("data/runs.json", runs.Dump()) + Block("data/" + path + "/run.json", overview.Dump());
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    TRY_ASSIGN(const std::string json, rows.Chunk(chunk, {.chunks = chunks}));
    blocks += Block(fmt::format("data/{}/trials/{}.json", path, chunk), json);
  }
  for (const auto& [pack, texts] : dialogues.packs) {
    blocks += Block(fmt::format("data/{}/transcripts/{}.json", path, pack), PackJson(texts));
  }
  return blocks;
}

}  // namespace

bool PageIsBuiltIn() { return FindEmbedded("web/dist/assets/app.js") != nullptr; }

Expected<std::string> HtmlReport(const fs::path& results, const fs::path& run, const ReportCaps& caps) {
  const EmbeddedFile* script = FindEmbedded("web/dist/assets/app.js");
  const EmbeddedFile* style = FindEmbedded("web/dist/assets/style.css");
  if (script == nullptr || style == nullptr) {
    return UserError("this xsweep was built without its page; tools/build_web.sh, then building again, adds it");
  }
  TRY_ASSIGN(const std::string blocks, DataBlocks(results, run, caps));
  const std::string title = run.parent_path().filename().string() + " " + run.filename().string();
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src '{}'; style-src '{}'; "
      "img-src data:; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<meta name=\"xsweep-source\" content=\"embedded\">\n<link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n"
      "<style>{}</style>\n</head>\n<body>\n<div id=\"app\"></div>\n"
      "<noscript>This page needs JavaScript. Everything it shows is also in the run directory.</noscript>\n"
      "{}<script>{}</script>\n</body>\n</html>\n",
      PolicyHash(script->bytes), PolicyHash(style->bytes), XmlText(title), style->bytes, blocks, script->bytes);
}

Status WriteHtmlReport(Disk& disk, const fs::path& results, const fs::path& run, const ReportCaps& caps) {
  if (!PageIsBuiltIn()) return {};
  TRY_ASSIGN(const std::string html, HtmlReport(results, run, caps));
  return WriteAtomically(disk, run / layout::kHtmlReport, html);
}

}  // namespace xsweep
