// WatchedModels: the models of one trial, and what their replies gave away about themselves.
// SPDX-License-Identifier: Apache-2.0
#include "engine/watched_models.h"

#include <fmt/format.h>

#include "episode/turn_keeper.h"

namespace xsweep {
namespace {

constexpr std::size_t kLongestName = 200;

}  // namespace

class WatchedModels::Watched final : public Model {
 public:
  Watched(WatchedModels& watch, Model& inner, Role role) : watch_(watch), inner_(inner), role_(role) {}
  std::string_view name() const override { return inner_.name(); }
  Async<Expected<ModelReply>> Complete(const ModelRequest& request) override {
    Expected<ModelReply> reply = co_await inner_.Complete(request);
    if (reply) watch_.Note(role_, inner_.name(), *reply);
    co_return reply;
  }

 private:
  WatchedModels& watch_;
  Model& inner_;
  const Role role_;
};

WatchedModels::WatchedModels(const ModelSet& models) {
  for (const Role role : kEvery<Role>) watched_[role] = Watch(models[role], role);
}

WatchedModels::~WatchedModels() = default;

Model* WatchedModels::Watch(Model* model, Role role) {
  if (model == nullptr) return nullptr;
  if (dynamic_cast<TurnKeeper*>(model) != nullptr) return model;  // no model, and asked for by what it is
  owned_.push_back(std::make_unique<Watched>(*this, *model, role));
  return owned_.back().get();
}

void WatchedModels::Note(Role role, std::string_view asked, const ModelReply& reply) {
  usage_[role] += reply.usage;
  // An agent that refuses in so many words has answered; whoever plays another part has not.
  const NoAnswer why = role == Role::kAgent ? reply.no_answer : WhyNoPart(reply);
  const std::string who(NameOf(role));
  if (why != NoAnswer::kNone) {
    ++unanswered_[role == Role::kAgent ? std::string(NameOf(why)) : fmt::format("{}.{}", who, NameOf(why))];
  }
  if (reply.model.empty() || reply.model == asked) return;
  std::string& names = answered_by_[who];
  const std::string_view name = std::string_view(reply.model).substr(0, kLongestName);
  if (names.find(name) != std::string::npos || names.size() > kLongestName) return;
  names += (names.empty() ? "" : ", ") + std::string(name);
}

}  // namespace xsweep
