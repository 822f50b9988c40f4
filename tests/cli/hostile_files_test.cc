// Directories from elsewhere, odd paths and full disks: nothing leaks, blocks or crashes.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cli/run_binary.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

struct SmallRun {
  TempDir dir;
  fs::path results = dir / "results";
  fs::path path = results / "airline_static_v1" / "r";
  SmallRun() {
    EXPECT_EQ(Xsweep({"run", StaticConfig(), "--outdir", results.string(), "--run-id", "r", "--trials", "1", "--quiet",
                      "--set", "transcripts=all", "--set", "environment.tasks=0..1"})
                  .exit_code,
              0);
  }
  ProcessResult Publish() const {
    return Xsweep({"publish", "dir", (dir / "site").string(), "--outdir", results.string(), "--run", "r"});
  }
  bool IsPublished(const std::string& words) const {
    if (!fs::exists(dir / "site")) return false;
    for (const auto& entry : fs::recursive_directory_iterator(dir / "site")) {
      if (entry.is_regular_file() && Slurp(entry.path()).find(words) != std::string::npos) return true;
    }
    return false;
  }
};

bool PageIsMissing(const ProcessResult& result) {
  return result.err.find("built without its page") != std::string::npos;
}

TEST(ALinkInARun, IsNotFollowedByPublish) {
  for (const char* name : {"notes.md", "report.md", "summary.csv", "config.yaml", "run.json", "trials.jsonl"}) {
    SCOPED_TRACE(name);
    const SmallRun run;
    std::ofstream(run.dir / "secret") << "PRIVATE-KEY-OF-THE-READER\n";
    const std::string before = Slurp(run.path / name);
    if (std::string(name).ends_with("l") || std::string(name).ends_with("n"))
      std::ofstream(run.dir / "secret") << before;  // what must parse to be read at all
    fs::remove(run.path / name);
    fs::create_symlink(run.dir / "secret", run.path / name);
    const auto published = run.Publish();
    if (PageIsMissing(published)) GTEST_SKIP() << "the page is not built in";
    EXPECT_FALSE(run.IsPublished("PRIVATE-KEY")) << name;
    if (std::string(name) == "trials.jsonl") {
      EXPECT_NE(published.exit_code, 0);
    }
  }
}

TEST(APipeInARun, BlocksNothing) {
  for (const char* name : {"notes.md", "trials.jsonl", "transcripts.jsonl.zst", "run.json"}) {
    SCOPED_TRACE(name);
    const SmallRun run;
    fs::remove(run.path / name);
    ASSERT_EQ(::mkfifo((run.path / name).c_str(), 0644), 0);
    (void)run.Publish();
    (void)Xsweep({"report", run.path.string(), "--outdir", run.results.string()});
    EXPECT_EQ(Xsweep({"list", "--outdir", run.results.string()}).exit_code, 0);
  }
}

TEST(AnOddPath, EndsInAMessage) {
  const TempDir dir;
  fs::create_symlink("loop", dir / "loop");
  const std::string long_name(300, 'z');
  for (const std::string& path :
       {(dir / "loop").string(), (dir / "loop" / "deeper").string(), (dir / long_name).string(),
        std::string("/proc/self/mem"), std::string("/dev/null")}) {
    for (std::vector<std::string> words :
         std::vector<std::vector<std::string>>{{"list"},
                                               {"report", "x"},
                                               {"run", StaticConfig(), "--quiet"},
                                               {"publish", "dir", (dir / "site").string()},
                                               {"compare", path, path}}) {
      const std::string command = words[0];
      words.insert(words.end(), {"--outdir", path});
      const auto done = Xsweep(words);
      EXPECT_LT(done.exit_code, 128) << command << ' ' << path;
      EXPECT_FALSE((done.out + done.err).empty()) << command << ' ' << path;
    }
  }
}

TEST(APipeInARun, InPlaceOfItsConfigBlocksNobody) {
  const TempDir dir;
  const std::string root = dir.path().string();
  ASSERT_EQ(Xsweep({"run", StaticConfig(), "--outdir", root, "--run-id", "r", "--trials", "1", "--quiet"}).exit_code,
            0);
  const fs::path run = dir.path() / "airline_static_v1" / "r";
  fs::remove(run / "config.yaml");
  ASSERT_EQ(::mkfifo((run / "config.yaml").c_str(), 0600), 0);
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"report", run.string(), "--outdir", root},
           {"compare", run.string(), run.string(), "--to", (dir / "c").string()},
           {"export", run.string(), "--format", "junit", "--out", (dir / "j").string()},
           {"run", "--resume", run.string(), "--quiet"}}) {
    std::vector<std::string> bounded = {"timeout", "20", Binary()};
    bounded.insert(bounded.end(), words.begin(), words.end());
    const auto done = RunProcess({.args = bounded});
    ASSERT_TRUE(done);
    EXPECT_LT(done->exit_code, 100) << words[0] << " blocks";
  }
}

TEST(AFileAtItsLimit, IsAnErrorAndNoSignal) {
  const TempDir dir;
  const std::string command = "ulimit -f 4; exec " + Binary() + " run " + StaticConfig() + " --quiet --outdir " +
                              dir.path().string() + " --trials 20";
  const auto done = RunProcess({.args = {"bash", "-c", command}});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->exit_code, 4) << done->err;
  EXPECT_NE(done->err.find("File too large"), std::string::npos) << done->err;
}

TEST(AnEndlessConfig, IsRefused) {
  const auto done = Xsweep({"plan", "/dev/zero"});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_NE(done.err.find("larger than"), std::string::npos) << done.err;
}

TEST(AFullStandardOutput, IsAnError) {
  const auto done = RunProcess({.args = {"sh", "-c", Binary() + " schema > /dev/full"}});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->exit_code, 4);
  EXPECT_NE(done->err.find("standard output"), std::string::npos) << done->err;
}

TEST(AKeyInTheWrongPlace, IsRefusedBeforeAnythingIsWrittenAndNotRepeated) {
  const TempDir dir;
  const std::string head =
      "exp: k\nmode: REAL\nseeds: [1]\ntrials: 1\nenvironment: { name: airline, tasks: [\"0\"] }\nagent: { name: "
      "tool_agent }\n"
      "attack: { name: none }\njudge: { name: goal_reached }\nmodels:\n  agent: { provider: openai, model: m, ";
  for (const char* options :
       {"base_url: \"http://user:sk-live-CANARY1234@127.0.0.1:9/v1\", api_key_env: \"\" }",
        "base_url: \"http://127.0.0.1:9/v1?key=AIzaCANARY0123456789\", api_key_env: \"\" }",
        "base_url: \"http://127.0.0.1:9/v1\", api_key_env: sk-proj-CANARY0123456789 }",
        "base_url: \"http://127.0.0.1:9/v1\", api_key_env: gsk_0a1bCANARY60718293 }",
        "base_url: sk-live-CANARY1234567890, api_key_env: \"\" }",
        "base_url: \"http://127.0.0.1:9/v1\", api_key_env: \"\", extra: { api_key: CANARY0123456789abc } }",
        "base_url: \"http://127.0.0.1:9/v1\", api_key_env: \"\", extra: { auth: { token: sk-CANARY0123456789 } } }",
        "base_url: \"http://127.0.0.1:9/v1\", api_key_env: \"\", extra: { any: [sk-CANARY0123456789] } }",
        "base_url: \"http://127.0.0.1:9/v1\", api_key_env: \"\", headers: { X-Key: sk_CANARY0123456789 } }"}) {
    SCOPED_TRACE(options);
    std::ofstream(dir / "k.yaml") << head << options << '\n';
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"plan", (dir / "k.yaml").string()},
             {"run", (dir / "k.yaml").string(), "--outdir", (dir / "results").string(), "--quiet"}}) {
      const auto done = Xsweep(words);
      EXPECT_EQ(done.exit_code, 2) << done.err;
      EXPECT_EQ((done.out + done.err).find("CANARY"), std::string::npos) << done.err;
    }
    EXPECT_FALSE(fs::exists(dir / "results"));
  }
}

/// A config that asks an agent about an environment, each in YAML's short form.
std::string AgentConfig(std::string_view environment, std::string_view agent) {
  return fmt::format(
      "exp: k\nmode: REAL\nseeds: [1]\ntrials: 1\nenvironment: {}\nagent: {}\n"
      "tasks: [{{ id: t, instruction: x, say: [x] }}]\nattack: {{ name: none }}\njudge: {{ name: state_change }}\n",
      environment, agent);
}

TEST(AKeyInAnAgentOrAnEnvironment, IsRefusedBeforeAnythingIsWrittenAndNotRepeated) {
  const TempDir dir;
  const std::string own = "{ name: own, tools: [look] }";
  const std::string cat = "{ name: process, command: [cat] }";
  const std::pair<std::string, std::string> configs[] = {
      {own, "{ name: http, url: \"http://127.0.0.1:9/a\", key_env: sk-proj-CANARY0123456789 }"},
      {own, "{ name: http, url: \"http://u:CANARY1234@127.0.0.1:9/a\" }"},
      {own, "{ name: http, url: \"http://127.0.0.1:9/a?api_key=CANARY0123456789\" }"},
      {own, "{ name: http, url: \"http://127.0.0.1:9/a\", headers: [\"Authorization: Bearer CANARY0123456789\"] }"},
      {own, "{ name: http, url: \"http://127.0.0.1:9/a\", body: { prompt: x, auth: { token: CANARY0123456789 } } }"},
      {own, "{ name: process, command: [cat, --key, sk-proj-CANARY0123456789] }"},
      {own, "{ name: process, command: [cat, \"--api-key=CANARY0123456789\"] }"},
      {own,
       "{ name: process, command: [cat], relay: upstream, relay_to: \"http://127.0.0.1:9\", relay_key_env: "
       "sk-ant-CANARY0123456789 }"},
      {"{ name: mcp, servers: { b: { url: \"http://127.0.0.1:9/?token=CANARY0123456789\" } }, reset: none }", cat},
      {"{ name: mcp, servers: { b: { url: \"http://127.0.0.1:9/\", headers: { Authorization: \"Bearer "
       "CANARY0123456789\" } } }, reset: none }",
       cat},
      {"{ name: mcp, servers: { b: { command: [cat], env: { API_KEY: CANARY0123456789 } } } }", cat}};
  for (const auto& [environment, agent] : configs) {
    SCOPED_TRACE(environment + agent);
    std::ofstream(dir / "k.yaml") << AgentConfig(environment, agent);
    const auto done = Xsweep({"run", (dir / "k.yaml").string(), "--outdir", (dir / "results").string(), "--quiet"});
    EXPECT_EQ(done.exit_code, 2) << done.err;
    EXPECT_NE(done.err.find("k.yaml:"), std::string::npos) << done.err;
    EXPECT_NE(done.err.find("environment variable"), std::string::npos) << done.err;
    EXPECT_EQ((done.out + done.err).find("CANARY"), std::string::npos) << done.err;
    EXPECT_FALSE(fs::exists(dir / "results"));
  }
}

TEST(AKeyThatAnAgentNeedsAndNobodySet, StopsTheRunBeforeItStarts) {
  const TempDir dir;
  const std::string relayed = "{ name: process, command: [cat], relay: upstream, relay_to: ";
  const std::pair<std::string, std::string> configs[] = {
      {"{ name: http, url: \"http://127.0.0.1:9/a\", key_env: XSWEEP_NO_SUCH_KEY }", "agent.key_env"},
      {relayed + "\"https://models.example\", relay_key_env: XSWEEP_NO_SUCH_KEY }", "agent.relay_key_env"},
      {relayed + "\"https://models.example\" }", "agent.relay_key_env"},
      {relayed + "\"\" }", "agent.relay_key_env"}};
  for (const auto& [agent, where] : configs) {
    SCOPED_TRACE(agent);
    std::ofstream(dir / "k.yaml") << AgentConfig("{ name: own, tools: [look] }", agent);
    const auto done =
        RunProcess({.args = {"env", "-u", "OPENAI_API_KEY", "-u", "ANTHROPIC_API_KEY", Binary(), "run",
                             (dir / "k.yaml").string(), "--outdir", (dir / "results").string(), "--quiet"}});
    ASSERT_TRUE(done);
    EXPECT_EQ(done->exit_code, 2) << done->err;
    EXPECT_NE(done->err.find(where), std::string::npos) << done->err;
    EXPECT_NE(done->err.find("is not set"), std::string::npos) << done->err;
    EXPECT_FALSE(fs::exists(dir / "results"));
  }
}

TEST(WhatOnlyLooksLikeAKey, IsTaken) {
  const TempDir dir;
  for (const char* agent :
       {"{ name: http, url: \"http://127.0.0.1:9/sessions/1?user=ada\", headers: [\"X-Trace: 0123456789abcdef0123\"] }",
        "{ name: http, url: \"http://127.0.0.1:9/a\", body: { token: \"{session}\", prompt: \"{prompt}\" } }",
        "{ name: process, command: [npx, key-value-agent@2.0.1, --token-file, /run/secrets/token-0123456789] }",
        "{ name: process, command: [docker, run, \"agent@sha256:0123456789abcdef0123456789abcdef\"] }",
        "{ name: process, command: [sk-learn-agent-for-python3] }"}) {
    SCOPED_TRACE(agent);
    std::ofstream(dir / "k.yaml") << AgentConfig("{ name: own, tools: [look] }", agent);
    const auto done = Xsweep({"plan", (dir / "k.yaml").string()});
    EXPECT_EQ(done.exit_code, 0) << done.err;
  }
}

}  // namespace
}  // namespace xsweep
