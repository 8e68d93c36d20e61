# The end-to-end test and the figures. Included by the Makefile.

# What the lab's peers and measures are; the image's own tools are IMAGE_PACKAGES.
E2E_PACKAGES := iproute2 iptables kamailio kamailio-tls-modules kamailio-outbound-modules kamailio-presence-modules baresip-core linphone-cli libmediastreamer-tools sip-tester espeak-ng chrony tshark coturn openssl rtpengine-daemon dovecot-imapd lldpd dnsmasq-base mtools

# Network namespaces want root.
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
E2E = cd tools/e2e && $(AS_ROOT) $(WITH_GO) $(CURDIR)/build/e2e.test -test.v -test.timeout 30m -out $(CURDIR)/build/e2e

.PHONY: e2e handsfree e2e-twin e2e-golden e2e-program figures

e2e-program:
	$(GO) test -c -o build/e2e.test ./tools/e2e

e2e: e2e-program image laptop deb ## the end-to-end test: the image in QEMU, real peers, voice both ways
	$(E2E) -image $(CURDIR)/build/image/$(BOARD) -laptop $(CURDIR)/build/laptop \
		-odp $(CURDIR)/build/odp_$(ODP_VERSION)_amd64.deb

handsfree: e2e-program image ## ten minutes hands-free in QEMU, drawing and polled all the while: no gap, no packet missing; wants a quiet machine
	$(E2E) -test.run 'TestRealTime$$' -handsfree 10m -test.timeout 60m -image $(CURDIR)/build/image/$(BOARD)

e2e-twin: e2e-program ## the same scenarios on the phone's twin, without QEMU
	$(E2E)

e2e-golden: e2e-program ## accept the twin's screens as they are now
	$(E2E) -update

figures: voice-programs cost-programs e2e-program ## measure the figures into docs/FIGURES.md, others beside us; ONLY="calls soak" those groups alone
	$(MAKE) image DEBUG=
	$(MAKE) image DEBUG=1
	$(AS_ROOT) $(WITH_GO) build/bench --image build/image/$(BOARD) --write docs/FIGURES.md $(addprefix --only ,$(ONLY))
