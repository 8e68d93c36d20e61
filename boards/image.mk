# The ARM image: sysroot, our binaries for the phone, the system image. Included by the Makefile.
DEBUG ?=
IMAGE_PACKAGES := gcc-arm-linux-gnueabihf libc6-dev-armhf-cross squashfs-tools zstd e2fsprogs \
	qemu-system-arm dpkg apt make

ARM_SYSROOT := $(CURDIR)/build/sysroot-armhf
ARM_BIN     := build/arm
IMAGES      := $(CURDIR)/build/image/$(BOARD)
# An image with a shell never takes the place of one without.
IMAGE_DIR    = $(IMAGES)$(if $(DEBUG),-debug)
# Time stamp and version of the image: those of the commit, so that the same source gives the same bytes.
IMAGE_EPOCH   := $(shell git log -1 --format=%ct 2>/dev/null || date +%s)
IMAGE_VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

# 64-bit time is required: the sound library computes nanoseconds in time_t.
ARM_GO   = GOOS=linux GOARCH=arm GOARM=7 $(GO) build -trimpath -buildvcs=false -tags netgo,osusergo -ldflags='-s -w -X main.version=$(IMAGE_VERSION)'
# Of the sound library the phone wants the way to an ALSA card. Its own decoders, mixers and other ways stay out: every
# page of the program that lies beside one in use costs memory.
ARM_SOUND := -DMA_ENABLE_ONLY_SPECIFIC_BACKENDS -DMA_ENABLE_ALSA -DMA_NO_DECODING -DMA_NO_ENCODING -DMA_NO_GENERATION \
	-DMA_NO_ENGINE -DMA_NO_NODE_GRAPH -DMA_NO_RESOURCE_MANAGER
ARM_CGO := CGO_ENABLED=1 CC=arm-linux-gnueabihf-gcc \
	CGO_CFLAGS="-Os $(ARM_SOUND) -mfpu=neon -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -I$(ARM_SYSROOT)/usr/include -I$(ARM_SYSROOT)/usr/include/arm-linux-gnueabihf" \
	CGO_LDFLAGS="-L$(ARM_SYSROOT)/usr/lib/arm-linux-gnueabihf -Wl,-rpath-link,$(ARM_SYSROOT)/usr/lib/arm-linux-gnueabihf:$(ARM_SYSROOT)/lib/arm-linux-gnueabihf" \
	PKG_CONFIG_SYSROOT_DIR=$(ARM_SYSROOT) PKG_CONFIG_LIBDIR=$(ARM_SYSROOT)/usr/lib/arm-linux-gnueabihf/pkgconfig

.PHONY: sysroot arm-programs kmod image image-test

sysroot: $(ARM_SYSROOT)/.made ## headers and libraries to compile for the phone
$(ARM_SYSROOT)/.made:
	$(GO) run ./tools/mkimage sysroot -board $(BOARD) -apt build/apt -out $(ARM_SYSROOT)
	touch $@

# go build decides what is out of date. PHONED may name another daemon, for trials of the image alone.
arm-programs: sysroot
	mkdir -p $(ARM_BIN)
	CGO_ENABLED=0 $(ARM_GO) -o $(ARM_BIN)/init ./firmware/init
	CGO_ENABLED=0 $(ARM_GO) -o $(ARM_BIN)/soundport ./boards/qemu-arm/soundport
	CGO_ENABLED=0 $(ARM_GO) -o $(ARM_BIN)/usbcable ./boards/qemu-arm/usbcable
ifdef PHONED
	cp $(PHONED) $(ARM_BIN)/phoned
else
	$(ARM_CGO) $(ARM_GO) -o $(ARM_BIN)/phoned ./firmware/phoned
endif

# Kernel modules of the board's own, boards/BOARD/*/Makefile; built anew when sources or kernel change.
kmod:
	$(GO) run ./tools/mkimage kmod -board $(BOARD) -apt build/apt -out build/kmod/$(BOARD)

image: arm-programs kmod ## the system image of BOARD; DEBUG=1 adds a shell on the console
	$(GO) run ./tools/mkimage image -board $(BOARD) -apt build/apt -bin $(ARM_BIN) -kmod build/kmod/$(BOARD) -out $(IMAGE_DIR) \
		-epoch $(IMAGE_EPOCH) -version $(IMAGE_VERSION) $(if $(DEBUG),-debug)

image-test: ## boot the images with broken settings, broken data, a pulled cable and a daemon that dies
	$(MAKE) image DEBUG=
	$(MAKE) image DEBUG=1
	$(GO) test ./tools/qemu -run Image -image $(IMAGES) -debug-image $(IMAGES)-debug
