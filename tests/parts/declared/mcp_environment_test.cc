// A foreign MCP server as an environment: byte for byte when nothing is attacked, an error when it misbehaves.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/declared/mcp_environment.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/async.h"
#include "mcp/environment_host.h"
#include "parts/environments/declared/declared.h"
#include "parts/environments/declared/known.h"

namespace xsweep {
namespace {

const std::string kServer = XSWEEP_SOURCE_DIR "/tests/support/mcp_server.py";

Json ServerOf(const std::string& mode, const std::string& more = {}) {
  Json command = Json::MakeArray({"python3", kServer, mode});
  if (!more.empty()) command.Append(more);
  return Json::MakeObject({{"notes", Json::MakeObject({{"command", command}})}});
}

Expected<std::shared_ptr<const EnvironmentSource>> Open(Json options) { return McpEntry().prepare(std::move(options)); }

/// One task that adds a note, and where it is looked at what the state is then.
std::string NoteIn(const EnvironmentSource& source) {
  const bool seen = !WhyStateIsHidden(source);
  return fmt::format(R"({{
  "tasks": [{{"id": "note", "instruction": "Note that it rains.",
             "calls": [{{"tool": "add_note", "arguments": {{"text": "it rains"}}}}]{}}}],
  "effects": [{}],
  "vectors": [{{"name": "stranger", "tool": "read_notes", "pointer": "/notes/1/text"}}]}})",
                     seen ? R"(, "state": [{"pointer": "/notes/2/text", "op": "contains", "value": "rains"}])" : "",
                     seen ? R"({"name": "written", "pointer": "/notes/2", "change": "added"})" : "");
}

/// With what is declared, or with the one task.
std::shared_ptr<const EnvironmentSource> WithTask(const std::shared_ptr<const EnvironmentSource>& source,
                                                  const std::string& declared = {}) {
  std::vector<Error> faults;
  const Json sections = Json::Parse(declared.empty() ? NoteIn(*source) : declared).value();
  DeclaredWorld world = ReadDeclared(sections, *source, faults);
  EXPECT_TRUE(faults.empty()) << faults.front().where << ": " << faults.front().message;
  return Declare(source, std::move(world)).value();
}

ToolCall Call(const std::string& tool, const std::string& arguments = "{}") {
  return {"c1", tool, Json::Parse(arguments).value()};
}

const Json kProbe = Json::MakeObject({{"tool", "read_notes"}});

TEST(McpEnvironment, ListsEveryPageOfToolsAndTheServersOwnWords) {
  const auto source = Open(Json::MakeObject({{"servers", ServerOf("chatty")}}));
  ASSERT_TRUE(source) << source.error().Text();
  ASSERT_EQ((*source)->tools().size(), 3U);
  EXPECT_EQ((*source)->tools()[2].name, "whoami");
  EXPECT_EQ((*source)->policy(), "Keep notes.");
  EXPECT_EQ((*source)->info().version, "notes 7 (MCP 2025-06-18)");
}

TEST(McpEnvironment, PassesResultsOnByteForByte) {
  const auto source = WithTask(Open(Json::MakeObject({{"servers", ServerOf("well")}})).value());
  const auto environment = RunNow(source->Fork(0, {})).value();
  const auto outcome = RunNow(environment->Call(Call("read_notes")));
  ASSERT_TRUE(outcome) << outcome.error().Text();
  EXPECT_EQ(
      outcome->content,
      "{\n \"notes\": [\n  {\n   \"text\": \"bought milk\",\n   \"n\": 0\n  },\n  {\n   \"text\": \"from a stranger: "
      "hello\",\n   \"n\": 1\n  }\n ]\n}");
  EXPECT_EQ(outcome->structured.Dump(),
            R"({"notes":[{"text":"bought milk","n":0},{"text":"from a stranger: hello","n":1}]})");
  EXPECT_TRUE(RunNow(environment->Call(Call("no_such")))->error);
}

TEST(McpEnvironment, IsServedAsItsServersServeIt) {
  const auto source = WithTask(Open(Json::MakeObject({{"servers", ServerOf("well")}})).value());
  EnvironmentHost host(RunNow(source->Fork(0, {})).value());
  const auto tools = RunNow(host.List()).value();
  EXPECT_EQ(tools->at(0).annotations.Dump(), R"({"title":"Notes","readOnlyHint":true})");
  EXPECT_TRUE(tools->at(1).annotations.is_null());
  const auto answer = RunNow(host.Call({.call = Call("read_notes")}));
  ASSERT_TRUE(answer) << answer.error().Text();
  EXPECT_EQ(answer->structured.Find("notes")->size(), 2U);
  // The form of its results is promised too, but only where nobody may change them.
  EXPECT_EQ(tools->at(0).output.StringOr("type", ""), "object");
  EXPECT_TRUE(tools->at(1).output.is_null());
  const auto environment = RunNow(source->Fork(0, {})).value();
  EXPECT_TRUE(HostTools(environment->tools(), *environment, false).at(0).output.is_null());
}

TEST(McpEnvironment, SeesTheStateBeforeAndAfter) {
  const auto source = WithTask(Open(Json::MakeObject({{"servers", ServerOf("well")}, {"probe", kProbe}})).value());
  for (int trial = 0; trial < 2; ++trial) {
    const auto environment = RunNow(source->Fork(0, {})).value();
    Transcript transcript;
    EXPECT_EQ(RunNow(environment->AssessTask(transcript))->success, false);
    ASSERT_TRUE(RunNow(environment->Call(Call("add_note", R"({"text": "it rains"})"))));
    const auto assessed = RunNow(environment->AssessTask(transcript));
    EXPECT_EQ(assessed->success, true);
    EXPECT_EQ(assessed->state_difference.Dump(),
              R"([{"pointer":"/notes/2","change":"added","before":null,"after":{"text":"it rains","n":2}}])");
    const auto effects = RunNow(environment->EndEffects(transcript, {}));
    ASSERT_EQ(effects->size(), 1U);
    EXPECT_EQ((*effects)[0].kind, "written");
  }
}

TEST(McpEnvironment, SharesAServerThatIsResetAndLetsOneTrialAtATimeHaveIt) {
  const Json options = Json::MakeObject({{"servers", ServerOf("well")}, {"reset", "none"}, {"probe", kProbe}});
  const auto source = WithTask(Open(options).value());
  {
    const auto environment = RunNow(source->Fork(0, {})).value();
    ASSERT_TRUE(RunNow(environment->Call(Call("add_note", R"({"text": "stays"})"))));
  }
  const auto next = RunNow(source->Fork(0, {})).value();
  EXPECT_NE(RunNow(next->Call(Call("read_notes")))->content.find("stays"), std::string::npos);
}

TEST(McpEnvironment, ReadsSecretsFromTheEnvironmentAndBlotsThemOut) {
  ::setenv("XSWEEP_TEST_NOTES", "very-secret-key-1", 1);
  Json servers = ServerOf("well");
  servers.FindMutable("notes")->Set("env", Json::MakeObject({{"NOTES_KEY", "$XSWEEP_TEST_NOTES"}}));
  const auto source = WithTask(Open(Json::MakeObject({{"servers", servers}})).value());
  const auto environment = RunNow(source->Fork(0, {})).value();
  const auto outcome = RunNow(environment->Call(Call("whoami")));
  EXPECT_TRUE(outcome->content.starts_with("[secret] in ")) << outcome->content;
  EXPECT_TRUE(outcome->content.ends_with("[image image/png, 4 bytes in base64]")) << outcome->content;
  servers.FindMutable("notes")->Set("env", Json::MakeObject({{"NOTES_KEY", "$XSWEEP_TEST_UNSET"}}));
  const auto unset = Open(Json::MakeObject({{"servers", servers}}));
  ASSERT_FALSE(unset);
  EXPECT_NE(unset.error().message.find("XSWEEP_TEST_UNSET"), std::string::npos);
}

TEST(McpEnvironment, BlotsSecretsOutOfWhatAServerSaysOfItself) {
  ::setenv("XSWEEP_TEST_NOTES", "very-secret-key-1", 1);
  const auto open = [](const char* mode) {
    Json servers = ServerOf(mode);
    servers.FindMutable("notes")->Set("env", Json::MakeObject({{"NOTES_KEY", "$XSWEEP_TEST_NOTES"}}));
    return Open(Json::MakeObject({{"servers", servers}}));
  };
  const auto source = open("tells");
  ASSERT_TRUE(source) << source.error().Text();
  ASSERT_FALSE((*source)->tools().empty());
  for (const ToolSchema& tool : (*source)->tools()) EXPECT_EQ(tool.description, "Asked with [secret]");
  const auto with_task = WithTask(*source);
  const auto environment = RunNow(with_task->Fork(0, {})).value();
  EXPECT_NE(environment->policy().find("Use [secret]"), std::string::npos) << environment->policy();
  const auto refused = open("tells_in_an_error");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().Text().find("very-secret"), std::string::npos) << refused.error().Text();
  EXPECT_NE(refused.error().Text().find("MCP server `notes`"), std::string::npos) << refused.error().Text();
}

TEST(McpEnvironment, SaysOnceThatAConditionHasNoPointer) {
  const auto source = Open(Json::MakeObject({{"servers", ServerOf("well")}, {"probe", kProbe}})).value();
  std::vector<Error> faults;
  ReadDeclared(
      Json::Parse(R"({"tasks": [{"id": "t", "instruction": "x", "say": ["y"], "state": [{"value": 1}]}]})").value(),
      *source, faults);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_NE(faults[0].message.find("a condition on the state is {pointer, op, value}"), std::string::npos);
}

TEST(McpEnvironment, DeclinesWhatAServerAsksForAndNotesIt) {
  const auto source = WithTask(Open(Json::MakeObject({{"servers", ServerOf("asks")}})).value());
  const auto environment = RunNow(source->Fork(0, {})).value();
  ASSERT_TRUE(RunNow(environment->Call(Call("read_notes"))));
  const auto notes = environment->notes();
  ASSERT_EQ(notes.size(), 3U);
  EXPECT_EQ(notes[0], "notes: the server asked for sampling/createMessage, which was declined");
  EXPECT_EQ(notes[2], "notes: the server said that its tools have changed");
}

struct Misbehaviour {
  const char* mode;
  const char* message;
};
class MisbehavingServer : public testing::TestWithParam<Misbehaviour> {};
INSTANTIATE_TEST_SUITE_P(That, MisbehavingServer,
                         testing::Values(Misbehaviour{"die", "the notes have burned"},
                                         Misbehaviour{"hang", "not answered within"},
                                         Misbehaviour{"flood", "does not keep to the protocol"},
                                         Misbehaviour{"huge", "more than 64 MB"}),
                         [](const auto& tested) { return tested.param.mode; });

TEST_P(MisbehavingServer, IsAnEpisodeErrorAndTheNextTrialGetsAnother) {
  const bool hangs = std::string_view(GetParam().mode) == "hang";
  const auto source = WithTask(
      Open(Json::MakeObject({{"servers", ServerOf(GetParam().mode)}, {"timeout", hangs ? 4.0 : 60.0}})).value());
  for (int trial = 0; trial < 2; ++trial) {
    const auto environment = RunNow(source->Fork(0, {}));
    ASSERT_TRUE(environment) << environment.error().Text();
    const auto outcome = RunNow((*environment)->Call(Call("read_notes")));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, ErrorKind::kEpisode);
    EXPECT_NE(outcome.error().message.find(GetParam().message), std::string::npos) << outcome.error().Text();
  }
}

TEST(McpEnvironment, RefusesATrialWhoseServerOffersOtherToolsThanTheRunBeganWith) {
  const auto flag = std::filesystem::temp_directory_path() / ("xsweep-changes-" + std::to_string(::getpid()));
  const auto source = WithTask(Open(Json::MakeObject({{"servers", ServerOf("changes", flag.string())}})).value());
  EXPECT_TRUE(RunNow(source->Fork(0, {})));
  std::ofstream(flag) << "now";
  const auto later = RunNow(source->Fork(0, {}));
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().kind, ErrorKind::kEpisode);
  EXPECT_NE(later.error().message.find("other tools"), std::string::npos);
  std::filesystem::remove(flag);
  std::filesystem::remove(flag.string() + ".seen");
}

/// Servers that are sound but write unlike the specification's examples.
class OddlyWritingServer : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Modes, OddlyWritingServer,
                         testing::Values("nulls", "batches", "text_ids", "half_characters", "latin", "not_a_number",
                                         "shuffles"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_P(OddlyWritingServer, IsReadAndItsCallsAreExecuted) {
  const auto source = Open(Json::MakeObject({{"servers", ServerOf(GetParam())}, {"timeout", 20.0}, {"probe", kProbe}}));
  ASSERT_TRUE(source) << source.error().Text();
  const auto declared = WithTask(*source);
  for (int trial = 0; trial < 5; ++trial) {
    const auto environment = RunNow(declared->Fork(0, {}));
    ASSERT_TRUE(environment) << environment.error().Text();
    const auto outcome = RunNow((*environment)->Call(Call("add_note", R"({"text": "it rains"})")));
    ASSERT_TRUE(outcome) << outcome.error().Text();
    EXPECT_FALSE(outcome->error) << outcome->content;
    EXPECT_EQ(RunNow((*environment)->EndEffects({}, {}))->size(), 1U);
  }
}

TEST(McpEnvironment, TakesNoConditionOnAStateThatNobodyLooksAt) {
  const auto faults_of = [](Json options) {
    const auto source = Open(std::move(options)).value();
    std::vector<Error> faults;
    ReadDeclared(
        Json::Parse(R"({"tasks": [{"id": "t", "instruction": "x", "state": [{"pointer": "/notes", "value": 1}]}],
                                 "effects": [{"name": "e", "pointer": "/notes/2", "change": "added"}]})")
            .value(),
        *source, faults);
    return faults;
  };
  const auto faults = faults_of(Json::MakeObject({{"servers", ServerOf("well")}}));
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_NE(faults[0].message.find("give the environment a `probe`"), std::string::npos) << faults[0].message;
  EXPECT_TRUE(faults_of(Json::MakeObject({{"servers", ServerOf("well")}, {"probe", kProbe}})).empty());
}

TEST(McpEnvironment, OffersNoToolWithoutASchemaThatModelsTake) {
  const auto source = Open(Json::MakeObject({{"servers", ServerOf("null_schema")}}));
  ASSERT_TRUE(source) << source.error().Text();
  for (const ToolSchema& tool : (*source)->tools()) EXPECT_TRUE(tool.parameters.is_object()) << tool.name;
}

TEST(McpEnvironment, SeesADecimalThatIsWrittenAsATextGrow) {
  const auto source = WithTask(Open(Json::MakeObject({{"servers", ServerOf("decimals")}, {"probe", kProbe}})).value(),
                               R"({"tasks": [{"id": "t", "instruction": "x", "say": ["y"]}],
                                   "effects": [{"name": "more", "pointer": "/count", "change": "increased"},
                                               {"name": "less", "pointer": "/count", "change": "decreased"}]})");
  const auto environment = RunNow(source->Fork(0, {})).value();
  ASSERT_TRUE(RunNow(environment->Call(Call("add_note", R"({"text": "it rains"})"))));
  const auto effects = RunNow(environment->EndEffects({}, {})).value();
  ASSERT_EQ(effects.size(), 1U);
  EXPECT_EQ(effects[0].kind, "more");
  EXPECT_EQ(effects[0].amount_usd, 8);  // from 2.00 to 10.00: as texts the second comes first
}

TEST(McpEnvironment, GivesEveryTrialACopyOfItsFiles) {
  const auto files = std::filesystem::temp_directory_path() / ("xsweep-files-" + std::to_string(::getpid()));
  std::filesystem::create_directories(files);
  std::ofstream(files / "a.txt") << "one";
  const Json probe = Json::MakeObject({{"files", true}});
  const Json options = Json::MakeObject({{"servers", ServerOf("well")}, {"files", files.string()}, {"probe", probe}});
  const auto source = WithTask(Open(options).value(), R"({"tasks": [{"id": "t", "instruction": "x", "say": ["y"]}]})");
  const auto environment = RunNow(source->Fork(0, {})).value();
  const std::string where = RunNow(environment->Call(Call("whoami")))->content;
  EXPECT_NE(where.find("/xsweep-"), std::string::npos) << where;
  EXPECT_EQ(RunNow(environment->Observe())->after.Dump(), R"({"a.txt":"one"})");
  std::filesystem::remove_all(files);
}

TEST(McpEnvironment, SaysWhatIsWrongWithItsOptions) {
  const auto fault = [](const char* options) { return Open(Json::Parse(options).value()).error().Text(); };
  EXPECT_NE(fault(R"({"servers": {"a": {}}})").find("either `command`"), std::string::npos);
  EXPECT_NE(fault(R"({"servers": {"a": {"comand": ["x"]}}})").find("did you mean `command`"), std::string::npos);
  EXPECT_NE(fault(R"({"servers": {"a": {"url": "http://127.0.0.1:1/mcp"}}})").find("say with `reset`"),
            std::string::npos);
  for (const char* part : {"reset", "probe"}) {
    const Json options =
        Json::MakeObject({{"servers", ServerOf("well")}, {part, Json::MakeObject({{"tool", "red_notes"}})}});
    EXPECT_NE(Open(options).error().Text().find("there is no tool `red_notes`, did you mean"), std::string::npos)
        << part;
  }
  EXPECT_NE(fault(R"({"servers": {"a": {"command": ["no-such-server"]}}})").find("is it installed?"),
            std::string::npos);
}

}  // namespace
}  // namespace xsweep
