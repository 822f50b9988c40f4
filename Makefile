# The face of xsweep for people who type make. `make help` lists what there is.
# SPDX-License-Identifier: Apache-2.0
.DEFAULT_GOAL := help
.PHONY: test-third-party help setup build install wheel deb web demo xsweep report compare journal test test-asan test-tsan fuzz bench live replay format clean

XSWEEP := build/release/xsweep
OUTDIR ?= results
CONFIG ?= configs/airline_escalating_v1/run.yaml
JOBS   := $(shell nproc)
VERSION := $(shell sed -n 's/^project.xsweep VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)

run_flags := --outdir $(OUTDIR) $(if $(EXP),--exp $(EXP)) $(if $(SEEDS),--seeds $(SEEDS)) \
             $(if $(TRIALS),--trials $(TRIALS)) $(if $(MODE),--mode $(MODE)) $(RUNFLAGS)

help: ## list the targets
	@grep -hE '^[a-z -]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z -]+):.*## (.*)/  make \1	\2/; s/^(  make [a-z-]+) ([a-z-]+)/\1, \2/' | expand -t 30

setup:
	@tools/setup.sh

web: ## build the page that `xsweep serve` and report.html show (needs npm; left out with a note where there is none)
	@tools/build_web.sh

build: setup web ## build build/release/xsweep
	@cmake --preset release >/dev/null
	@cmake --build --preset release

install: build ## copy the program to PREFIX=/usr/local
	@cmake --install build/release --prefix $(or $(PREFIX),/usr/local)

wheel: setup web ## dist/*.whl for any Linux with glibc 2.28 (takes a compiler from PyPI, builds once more)
	@tools/portable.sh
	@python3 packaging/wheel.py build/portable/xsweep-bin $(VERSION) 2.28 dist

deb: build ## dist/*.deb for the Debian or Ubuntu it is made on
	@packaging/deb.sh $(XSWEEP) $(VERSION)

demo: build ## two experiments in SHIM mode, with plots and notes
	@$(XSWEEP) run configs/airline_escalating_v1/run.yaml --seeds 41,42 --trials 3 --outdir $(OUTDIR)
	@$(XSWEEP) run configs/airline_static_v1/run.yaml --seeds 41,42 --trials 3 --outdir $(OUTDIR)
	@$(XSWEEP) list --outdir $(OUTDIR)

xsweep: build ## run CONFIG=... [EXP= SEEDS= TRIALS= MODE= OUTDIR=]
	@$(XSWEEP) run $(CONFIG) $(run_flags)

report: build ## rebuild summary, plots and notes [EXP= RUN_ID= JOURNAL=1]
	@$(XSWEEP) report $(RUN_ID) --outdir $(OUTDIR) $(if $(EXP),--exp $(EXP)) $(if $(JOURNAL),--journal)

compare: build ## compare two runs A=... B=...
	@$(XSWEEP) compare $(A) $(B) --outdir $(OUTDIR)

journal: build ## add a dated entry about the last run [EXP= RUN_ID=]
	@$(XSWEEP) journal $(RUN_ID) --outdir $(OUTDIR) $(if $(EXP),--exp $(EXP))

test: build ## run all tests
	@ctest --test-dir build/release --output-on-failure -j $(JOBS)

test-third-party: build ## MCP servers, AgentDojo and tau2 as others publish them (tools/{mcp_servers,agentdojo,tau2}.sh)
	@XSWEEP=$(CURDIR)/build/release/xsweep tests/third_party_test.sh
	@XSWEEP=$(CURDIR)/build/release/xsweep tests/parts/bridge/agentdojo_test.sh
	@XSWEEP=$(CURDIR)/build/release/xsweep tests/parts/bridge/tau2_test.sh

test-asan test-tsan: setup ## run all tests under a sanitizer (needs tools/setup.sh --dev)
	@cmake --preset $(subst test-,,$@) >/dev/null
	@cmake --build --preset $(subst test-,,$@)
	@TSAN_OPTIONS=suppressions=$(CURDIR)/tools/tsan_suppressions.txt \
	  ctest --test-dir build/$(subst test-,,$@) --output-on-failure -j $(JOBS)

fuzz: ## run every fuzz target for SECONDS=30
	@tools/fuzz.sh $(or $(SECONDS),30)

bench: build ## print the speed table with its targets
	@cmake --build build/release --target benchmarks
	@bench/run.sh

replay: build ## the recording of such a run that is shipped, without model and network
	@tools/replay.sh

live: build ## a REAL sweep against a small model on this machine, without a key
	@tools/live.sh

format: ## format the C++ sources and, where its packages are installed, the page
	@git ls-files '*.cc' '*.h' | xargs clang-format-19 -i
	@[ ! -d web/node_modules/prettier ] || npm --prefix web run --silent format

clean: ## remove everything that was built
	@rm -rf build web/dist
