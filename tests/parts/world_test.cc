// A world is loaded once and stays as it is; its forks hash as the references do and know what they changed.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/world/world.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/hash.h"
#include "parts/environments/world/lazy.h"
#include "parts/environments/world/world_hash.h"
#include "parts/parsed.h"

namespace xsweep {
namespace {

constexpr std::array<TableSpec, 2> kTables{{{"zoo"}, {"bar"}}};  // not in the order in which they are hashed
constexpr WorldSpec kTau2{.desk = "test/desk", .benchmark = Benchmark::kTau2, .tables = kTables};
constexpr WorldSpec kTau1{.desk = "test/desk", .benchmark = Benchmark::kTau1, .tables = kTables};
constexpr std::string_view kText = R"({"zoo": {"b": {"n": 1, "a": [1, 2.0]}, "a": {"x": null}},
                                       "bar": {"only": {"t": true, "s": "it's"}}})";
enum : int { kZoo = 0, kBar = 1 };

std::shared_ptr<const World> Make(const WorldSpec& spec, std::string_view text = kText) {
  auto world = World::Parse(spec, text, "text");
  EXPECT_TRUE(world) << (world ? "" : world.error().Text());
  return world.value_or(nullptr);
}
TEST(UntouchedWorld, HashesAsTau2sSortedJson) {
  EXPECT_EQ(WorldHash(*Make(kTau2)), Sha256(R"({"bar": {"only": {"s": "it's", "t": true}}, )"
                                            R"("zoo": {"a": {"x": null}, "b": {"a": [1, 2.0], "n": 1}}})"));
}

TEST(UntouchedWorld, HashesAsV1sNestedTuples) {
  EXPECT_EQ(WorldHash(*Make(kTau1)),
            Sha256(R"((('bar', (('only', (('s', "it's"), ('t', True))),)), )"
                   R"(('zoo', (('a', (('x', None),)), ('b', (('a', (1, 2.0)), ('n', 1)))))))"));
}

class Fork : public testing::TestWithParam<const WorldSpec*> {
 protected:
  std::shared_ptr<const World> world_ = Make(*GetParam());
};
INSTANTIATE_TEST_SUITE_P(Of, Fork, testing::Values(&kTau2, &kTau1),
                         [](const auto& tested) { return tested.param == &kTau2 ? "Tau2" : "Tau1"; });

TEST_P(Fork, HashesAsAWorldLoadedWithItsChangesWould) {
  State state(world_);
  state.Mutable(kZoo, "b")->Set("n", 2);
  EXPECT_EQ(StateHash(state), WorldHash(*Make(*GetParam(), R"({"zoo": {"b": {"n": 2, "a": [1, 2.0]}, "a": {"x": null}},
                                                    "bar": {"only": {"t": true, "s": "it's"}}})")));
  state.Insert(kZoo, "aa", Parsed(R"({"k": 1})"));    // in the middle
  state.Insert(kZoo, "c", Parsed(R"({"k": 2})"));     // at the end
  state.Insert(kBar, "more", Parsed(R"({"k": 3})"));  // next to a single record: v1's comma moves
  EXPECT_EQ(StateHash(state), WorldHash(*Make(*GetParam(), R"({"zoo": {"b": {"n": 2, "a": [1, 2.0]}, "a": {"x": null},
                                                    "c": {"k": 2}, "aa": {"k": 1}},
                                                    "bar": {"only": {"t": true, "s": "it's"}, "more": {"k": 3}}})")));
}

TEST_P(Fork, OfAForkSeesNothingOfWhatTheOtherDoes) {
  State parent(world_);
  parent.Mutable(kZoo, "b")->FindMutable("a")->Append(3);
  State child = parent;
  child.Mutable(kZoo, "b")->FindMutable("a")->Append(4);
  EXPECT_EQ(parent.Find(kZoo, "b")->Find("a")->size(), 3U);
  EXPECT_EQ(child.Find(kZoo, "b")->Find("a")->size(), 4U);
  EXPECT_EQ(world_->record(kZoo, 0).Find("a")->size(), 2U);
  EXPECT_FALSE(StrictlyEqual(parent, child));
}

TEST_P(Fork, NamesWhatChangedAndOnlyThat) {
  State state(world_);
  state.Insert(kBar, "new", Parsed(R"({"k": 1})"));
  state.Mutable(kZoo, "a")->Set("x", 5);
  (void)state.Mutable(kZoo, "b");  // taken to change, not changed
  const std::vector<RecordChange> diff = state.Diff();
  ASSERT_EQ(diff.size(), 2U);
  EXPECT_EQ(diff[0].table + "/" + diff[0].id, "zoo/a");
  EXPECT_TRUE(diff[0].before.Find("x")->is_null());
  EXPECT_EQ(diff[0].after, Parsed(R"({"x": 5})"));
  EXPECT_EQ(diff[1].table + "/" + diff[1].id, "bar/new");
  EXPECT_TRUE(diff[1].before.is_null());
}

TEST_P(Fork, ThatUndidItsChangeIsEqualAndHashesAsBefore) {
  State state(world_);
  state.Mutable(kZoo, "b")->Set("n", 9);
  EXPECT_NE(StateHash(state), WorldHash(*world_));
  state.Mutable(kZoo, "b")->Set("n", 1);
  EXPECT_EQ(StateHash(state), WorldHash(*world_));
  EXPECT_TRUE(StrictlyEqual(state, State(world_)));
  EXPECT_TRUE(StrictlyEqual(State(world_), state));
}

TEST_P(Fork, ToldApartStrictlyByOrderAndNumberKindOnly) {
  State one(world_);
  State other(world_);
  one.Mutable(kZoo, "b")->Set("a", Parsed("[2.0, 1.0]"));
  EXPECT_FALSE(StrictlyEqual(one, other));
  EXPECT_NE(StateHash(one), StateHash(other));
  EXPECT_TRUE(CanonicallyEqual(one, other));
  one.Mutable(kZoo, "b")->Set("a", Parsed("[1, 2.5]"));
  EXPECT_FALSE(CanonicallyEqual(one, other));
}

TEST(V1Equality, ReadsADictAndItsPairsAlikeAsItsHashDoes) {
  const auto world = Make(kTau1);
  State dict(world);
  State pairs(world);
  dict.Mutable(kZoo, "a")->Set("x", Parsed(R"({"k": 1})"));
  pairs.Mutable(kZoo, "a")->Set("x", Parsed(R"([["k", 1]])"));
  EXPECT_EQ(StateHash(dict), StateHash(pairs));
  EXPECT_TRUE(StrictlyEqual(dict, pairs));
  EXPECT_TRUE(CanonicallyEqual(dict, pairs));
}

TEST(SharedWorld, AnswersManyThreadsAlike) {
  const auto world = Make(kTau2);
  std::vector<std::string> hashes(4);
  std::vector<std::thread> threads;
  for (std::string& hash : hashes) {
    threads.emplace_back([&] {
      State state(world);
      state.Mutable(kZoo, "b")->Set("n", 7);
      hash = StateHash(state) + state.Text(kZoo, "a");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(hashes, std::vector<std::string>(4, hashes.front()));
}

TEST(World, KeepsTheLastOfTwoRecordsWithOneIdInTheFirstsPlace) {
  const auto world = Make(kTau2, R"({"zoo": {"a": {"n": 1}, "b": {}, "a": {"n": 2, "n": 3}}, "bar": {}})");
  ASSERT_EQ(world->size(kZoo), 2);
  EXPECT_EQ(world->id(kZoo, 0), "a");
  EXPECT_EQ(world->text(kZoo, 0), R"({"n": 3})");
}

TEST(World, SaysWhatIsWrongWithForeignData) {
  const auto error = [](std::string_view text) {
    auto world = World::Parse(kTau2, text, "db.json");
    return world ? std::string() : world.error().Text();
  };
  EXPECT_NE(error("{").find("db.json"), std::string::npos);
  EXPECT_EQ(error("{\"zoo\": {}}"), "db.json: has no \"bar\"; this is not the data of test/desk");
  EXPECT_EQ(error("{\"zoo\": [], \"bar\": {}}"), "db.json: \"zoo\" is not an object of records");
  EXPECT_EQ(error("{\"zoo\": {\"a\": 1}, \"bar\": {}}"), "db.json: record \"a\" of \"zoo\" is not an object");
  const auto absent = World::Load(kTau2, "/nonexistent");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().where, "/nonexistent/db.json");
  EXPECT_EQ(absent.error().kind, ErrorKind::kUser);
}

TEST(World, LoadsAFileOfAnySizeUpToThePageBoundary) {
  const auto directory = std::filesystem::temp_directory_path() / "xsweep_world_test";
  std::filesystem::create_directories(directory);
  for (const std::size_t size : {std::size_t{4096}, std::size_t{4095}, std::size_t{4096 - 32}}) {
    std::string text(kText);
    text.resize(size, ' ');
    std::ofstream(directory / "db.json") << text;
    const auto world = World::Load(kTau2, directory.string());
    ASSERT_TRUE(world) << world.error().Text();
    EXPECT_EQ(WorldHash(**world), WorldHash(*Make(kTau2)));
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace xsweep
