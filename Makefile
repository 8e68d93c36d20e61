# Open Desk Phone. `make` lists the targets. Everything that is made goes into build/.

.DEFAULT_GOAL := help
SHELL := /bin/sh
GO = $(or $(shell tools/go.sh),$(error there is no Go that can build this, see above))
BOARD ?= qemu-arm
# For tests that run as another user: they build programs too, and sudo has a path of its own.
WITH_GO = env PATH=$(patsubst %/,%,$(dir $(GO))):$(PATH)
# Where Debian keeps kamailio and mke2fs, which is not on everybody's path.
export PATH := $(PATH):/usr/sbin:/sbin

# What a bare Debian 12 needs to build the phone natively.
NATIVE_PACKAGES := ca-certificates git gcc libc6-dev pkg-config libopus-dev libasound2
# What the unit tests want besides: a browser for the front panel, an ARM to run on, codecs of others to agree with.
CHECK_PACKAGES := cpio python3 chromium chromium-driver qemu-user-static libspandsp-dev sox opus-tools dosfstools exfatprogs
# What the program for the PC is built with, and its package is made and checked with.
ODP_PACKAGES := libusb-1.0-0-dev libudev-dev dbus xdg-utils dpkg-dev binutils lintian man-db desktop-file-utils
include boards/image.mk
include tools/e2e/e2e.mk
include tools/laptop/laptop.mk
include tools/voicebench/voice.mk

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | sort | expand -t 16

.PHONY: run
run: deps-run image ## build and boot the phone in QEMU, with a small PBX and a front panel in the browser
	$(GO) run ./tools/run

.PHONY: sim
sim: deps-sim ## the same phone natively on this machine
	$(GO) build -o build/sim ./tools/sim
	build/sim

.PHONY: deps-sim deps-run deps-test
deps-sim:
	@tools/deps.sh $(NATIVE_PACKAGES)
deps-run:
	@tools/deps.sh $(NATIVE_PACKAGES) $(IMAGE_PACKAGES)
deps-test:
	@tools/deps.sh $(NATIVE_PACKAGES) $(IMAGE_PACKAGES) $(CHECK_PACKAGES) $(ODP_PACKAGES) $(E2E_PACKAGES) $(LAPTOP_PACKAGES)

.PHONY: test
test: deps-test check race fuzz arm cost image-test e2e ## everything CI checks, on this machine alone

# The tests with real peers wait most of their time: more of them run at once than there are processors.
.PHONY: check
check: ## formatting, vet, unit tests, golden screens, rules of the house
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "check: gofmt would change these files"; exit 1; }
	$(GO) vet ./...
	$(GO) test $$($(GO) list ./... | grep -vxF -e opendeskphone/tools/e2e -e "$$(tools/rooted.sh)")
	$(GO) test -p 2 -parallel 3 -timeout 20m -exec '$(AS_ROOT) $(WITH_GO)' $$(tools/rooted.sh)

# The race detector needs cgo itself, so it runs on the packages that have none of their own.
.PHONY: race
race: ## the race detector on every package without cgo
	$(GO) test -race -short $$(tools/nocgo.sh)

.PHONY: fuzz
fuzz: ## every fuzz target for a second
	GO="$(GO)" tools/fuzz.sh

.PHONY: arm
arm: ## unit tests of the portable packages and the vector code on 32-bit ARM, under qemu-user
	CGO_ENABLED=0 GOARCH=arm GOARM=7 $(GO) test -short -exec qemu-arm-static $$(tools/nocgo.sh)
	CGO_ENABLED=1 CC=arm-linux-gnueabihf-gcc GOARCH=arm GOARM=7 $(GO) test -short -ldflags='-linkmode=external -extldflags=-static' \
		-exec qemu-arm-static ./audio/kernel

ODP_VERSION := 0.$(shell git rev-list --count HEAD 2>/dev/null || echo 0)+$(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
.PHONY: odp deb deps-odp
deps-odp:
	@tools/deps.sh $(NATIVE_PACKAGES) $(ODP_PACKAGES)

odp: deps-odp ## the program for the PC
	$(GO) build -trimpath -buildmode=pie -ldflags='-X main.version=$(ODP_VERSION)' -o build/odp ./tools/odp

deb: odp ## the same as a Debian package
	SOURCE_DATE_EPOCH=$(IMAGE_EPOCH) tools/odp/dist/deb.sh build/odp $(ODP_VERSION) build

.PHONY: golden
golden: ## accept the screens as they are now
	$(GO) test ./ui/... -update

.PHONY: clean
clean: ## remove what was built
	rm -rf build
