// The shelf that makes models of providers: the one place that knows how models wrap models.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "models/batches/batch_server.h"
#include "models/limits.h"
#include "models/recordings/recorded.h"
#include "models/wires/price.h"
#include "net/client/http.h"

namespace xsweep {

/// What the models of one run share. All pointers may be null: without `http` only scripted and replayed models can be
/// made; with `replay` every model answers from it, no key is read and no socket opened.
struct ModelSources {
  Http* http = nullptr;
  CallHooks hooks{};
  std::function<double()> rate_share{};  ///< this process's part of the rates that options state; empty: all
  ExchangeLog* log = nullptr;
  std::shared_ptr<const Recording> replay{};
  std::shared_ptr<const Recording> reuse{};  ///< what an earlier part of this run has kept
};

/// What batches of a model take.
struct ModelBatches {
  std::unique_ptr<BatchApi> api;
  Json answer_settings;  ///< what decides an answer, as recordings have it
  std::string model;
  std::optional<Price> price{};
  std::optional<std::int64_t> max_tokens{};  ///< of one answer; empty: as many as the server likes
  int max_retries = 6;
};

/// Makes and owns the models of a run: recording(limited(provider)), or replay. Two requests for the same provider and
/// options get the same model; models that call one server with one key and the same limits share them. Belongs to the
/// loop's thread.
class ModelShelf {
 public:
  explicit ModelShelf(ModelSources sources) : sources_(std::move(sources)) {}

  /// `options` as in the config, without the name. Fails with kUser: unknown provider or option, no key in the
  /// environment, no model named.
  Expected<Model*> Get(std::string_view provider, const Json& options);
  /// The price that calls of this model are counted with; empty when nobody stated one. For `probe` and `plan`.
  Expected<std::optional<Price>> PriceOf(std::string_view provider, const Json& options) const;
  /// The same model's batch endpoint; its prices are what is left of them there (`batch_price`). Fails with kUser as
  /// Get does, and for a provider that has none.
  Expected<ModelBatches> BatchesOf(std::string_view provider, const Json& options) const;

 private:
  Expected<std::unique_ptr<Model>> Make(std::string_view provider, const Json& options);
  Expected<std::unique_ptr<Model>> MakeLive(std::string_view provider, const Json& options);
  std::shared_ptr<RateLimiter> LimiterFor(const Json& options);

  ModelSources sources_;
  std::map<std::string, std::unique_ptr<Model>> models_;
  std::map<std::string, std::shared_ptr<RateLimiter>> limiters_;
};

}  // namespace xsweep
