# The laptop of the end-to-end test: a Debian of this machine's release in QEMU. Included by the Makefile.

LAPTOP_PACKAGES := mmdebstrap busybox-static cpio kmod squashfs-tools zstd apt qemu-system-x86

.PHONY: laptop
laptop: ## the lab's laptop, to plug the phone into; made once, then kept
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags='-s -w' -o build/lab-agent ./tools/laptop/agent
	$(AS_ROOT) tools/laptop/build.sh build/laptop build/lab-agent
