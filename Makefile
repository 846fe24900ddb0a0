# Everything a newcomer types. The build itself is CMake's; `make help` lists the targets.
SHELL  := /bin/bash
BUILD  ?= build
PREFIX ?= /usr/local
JOBS   ?= $(shell nproc)

# Debian 12 packages, by what needs them.
DEPS_BUILD := gcc g++ make cmake ninja-build pkg-config clang bpftool libc6-dev linux-libc-dev \
	liblttng-ust-dev liblttng-ctl-dev lttng-tools libbabeltrace2-dev libbpf-dev libelf-dev libdw-dev \
	libcairo2-dev libcapstone-dev libiberty-dev zlib1g-dev libdeflate-dev libpcre2-dev libedit-dev libcjson-dev libcurl4-gnutls-dev libmicrohttpd-dev libsqlite3-dev libsdl2-dev libsdl2-ttf-dev fonts-dejavu-core
DEPS_DEMO  := redis-server redis-tools
DEPS_TEST  := $(DEPS_DEMO) libcmocka-dev babeltrace2 python3 procps util-linux binutils strace \
	xvfb xauth xdotool curl
DEPS_CI    := clang-format libclang-rt-14-dev
DEPS_BENCH := $(DEPS_DEMO) babeltrace2 linux-perf strace sysbench nginx-light apache2-utils \
	sqlite3 golang-go heaptrack stress-ng libgoogle-perftools4 liblttng-ust-dev libunwind-dev
# Chromium, and its trace viewer (in the source of `go tool trace`); speedscope comes from npm.
DEPS_BROWSER := chromium golang-src python3

# Captured profiles: where from (URL, or TARGET: a pid or name; may be left out), how long, where to.
DURATION   ?= 30
OUTPUT_DIR ?= ./profiles
PROFILES   := profile-cpu profile-heap profile-allocs profile-goroutine profile-threads profile-block \
	profile-mutex profile-threadcreate profile-trace profile-all

.PHONY: $(PROFILES) profile-serve docker-up docker-up-profiling docker-down help deps deps-demo deps-test deps-ci deps-bench deps-browser build demo test test-browser bench bench-accuracy bench-convert bench-profile bench-profiling install clean format format-check
help:
	@echo 'make demo             install what is missing, build, trace redis-server under load, show the trace'
	@echo 'make test             install what the tests need, build, run them all'
	@echo 'make test-browser     load what export writes in Chromium and in speedscope'
	@echo 'make build            build into $(BUILD)/ (programs in bin/, the agent in lib/)'
	@echo 'make bench            overhead and conversion figures, as ratios to other tools'
	@echo 'make bench-accuracy   switches, CPU times and system calls against the kernel and strace'
	@echo 'make bench-profiling  what CPU and heap profiling take of the programs, beside gperftools'
	@echo 'make bench-convert    conversion: CONVERT_MILLIONS="1 10 100" events through lttng-ust'
	@echo 'make profile-cpu      capture a CPU profile of a running program: URL=http://host:port, or TARGET=pid or'
	@echo '                      name; DURATION=30, OUTPUT_DIR=./profiles; also profile-heap, profile-allocs,'
	@echo '                      profile-goroutine (threads), profile-block, profile-mutex,'
	@echo '                      profile-threadcreate, profile-trace, profile-all'
	@echo 'make profile-serve    show FILE=... (a profile or a trace) in a browser; LISTEN=127.0.0.1:8081'
	@echo 'make docker-up-profiling  start the example backend in a container, serving its profiles'
	@echo '                      at http://localhost:8080 (PPROF_TOKEN=...); docker-down ends it'
	@echo 'make bench-profile    reports about a large profile beside go tool pprof, and the web page'
	@echo 'make bench-export     exports: events a second and memory, EXPORT_MILLIONS="1 10" rows'
	@echo 'make install PREFIX=  install (default $(PREFIX))'
	@echo 'make deps             install the Debian packages that the build needs'
	@echo 'make format           clang-format all sources'
	@echo 'make clean            remove $(BUILD)/'

# $(call install_packages,LIST): installs what is missing, says so, asks for sudo only then.
define install_packages
	@missing=(); for p in $(1); do \
	    dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing+=($$p); done; \
	if [ $${#missing[@]} -gt 0 ]; then \
	    sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	    echo "Installing $${#missing[@]} Debian packages: $${missing[*]}"; \
	    $$sudo apt-get update -qq && \
	    $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$${missing[@]}" >/dev/null || \
	    { echo "make: installing packages failed; try: apt-get install $${missing[*]}" >&2; exit 1; }; \
	fi
endef

deps:
	$(call install_packages,$(DEPS_BUILD))
deps-demo: deps
	$(call install_packages,$(DEPS_DEMO))
deps-test: deps
	$(call install_packages,$(DEPS_TEST))
deps-ci: deps-test
	$(call install_packages,$(DEPS_CI))
deps-bench: deps
	$(call install_packages,$(DEPS_BENCH))

deps-browser: deps-test
	$(call install_packages,$(DEPS_BROWSER) $(if $(shell command -v npm),,npm))
	@[ -d $(BUILD)/npm/node_modules/speedscope ] || \
	    npm install --silent --no-audit --no-fund --prefix $(BUILD)/npm speedscope >/dev/null

build: deps
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=$(PREFIX) \
	    $(CMAKE_ARGS) >$(if $(V),/dev/stdout,/dev/null)
	@cmake --build $(BUILD) -j $(JOBS)

demo: deps-demo build
	@tests/demo.sh $(BUILD)

COMPOSE := docker compose -f docker/compose.yml
docker-up:
	@$(COMPOSE) up -d --build
docker-up-profiling:
	@$(COMPOSE) -f docker/compose.profiling.yml up -d --build
	@echo 'profiles: http://localhost:8080/debug/pprof/; backend: http://localhost:8090'
	@[ -n "$$PPROF_TOKEN" ] || $(COMPOSE) logs backend 2>/dev/null | grep token || true
docker-down:
	@$(COMPOSE) down

# Where threads are is a moment's matter: whyprof's own default, unless told.
profile-goroutine profile-threads: DURATION := $(if $(filter file,$(origin DURATION)),,$(DURATION))
$(PROFILES): build
	@DURATION='$(DURATION)' OUTPUT_DIR='$(OUTPUT_DIR)' \
	    $(BUILD)/bin/whyprof $(@:profile-%=%) $(if $(URL)$(TARGET),'$(or $(URL),$(TARGET))')

profile-serve: build
	@$(BUILD)/bin/whyprof serve $(if $(LISTEN),--listen '$(LISTEN)') '$(or $(FILE),$(error which profile? make profile-serve FILE=...))'

test: override CMAKE_ARGS += -DWHYPROF_TESTS=ON
test: deps-test build
	@ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -j $(JOBS) $(CTEST_ARGS)

test-browser: override CMAKE_ARGS += -DWHYPROF_TESTS=ON
test-browser: deps-browser build
	@ctest --test-dir $(BUILD) -C browser -L browser --output-on-failure --no-tests=error $(CTEST_ARGS)

bench: override CMAKE_ARGS += -DWHYPROF_BENCH=ON
bench: deps-bench build
	@tests/bench/run.sh $(BUILD)
bench-accuracy: deps-bench build
	@tests/bench/accuracy.py $(BUILD)
bench-profiling: override CMAKE_ARGS += -DWHYPROF_BENCH=ON
bench-profiling: deps-bench build
	@tests/bench/profile_cost.py $(BUILD)
bench-convert: override CMAKE_ARGS += -DWHYPROF_BENCH=ON
bench-convert: deps-bench build
	@tests/bench/convert.py $(BUILD)

bench-profile: override CMAKE_ARGS += -DWHYPROF_BENCH=ON
bench-profile: deps-bench build
	@tests/bench/profile.py $(BUILD)

.PHONY: bench-export
bench-export: override CMAKE_ARGS += -DWHYPROF_BENCH=ON
bench-export: deps-bench build
	@tests/bench/export.py $(BUILD)

install: build
	@cmake --install $(BUILD) --prefix $(PREFIX)

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i
format-check:
	@git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror

clean:
	@rm -rf $(BUILD)
