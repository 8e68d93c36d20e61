# The voice bench: what others' libraries make of the same sounds. Included by the Makefile.
VOICE_PACKAGES := espeak-ng g++ libspeexdsp-dev libwebrtc-audio-processing-dev libspandsp-dev

ANCHORS := build/anchors
ANCHOR_SOURCES := tools/voicebench/anchors

.PHONY: deps-voice voice-programs figures-voice listen curves

deps-voice:
	@tools/deps.sh $(NATIVE_PACKAGES) $(VOICE_PACKAGES)

$(ANCHORS)/speex: LIBRARIES = -lspeexdsp -lm
$(ANCHORS)/loss: LIBRARIES = -lspandsp -lopus -lm
$(ANCHORS)/speex $(ANCHORS)/loss: $(ANCHORS)/%: $(ANCHOR_SOURCES)/%.c $(ANCHOR_SOURCES)/sound.h
	@mkdir -p $(@D)
	gcc -O2 -Wall -o $@ $< $(LIBRARIES)
$(ANCHORS)/webrtc: $(ANCHOR_SOURCES)/webrtc.cc $(ANCHOR_SOURCES)/sound.h
	@mkdir -p $(@D)
	g++ -O2 -Wall -o $@ $< $$(pkg-config --cflags --libs webrtc-audio-processing)

voice-programs: deps-voice
	$(MAKE) $(ANCHORS)/speex $(ANCHORS)/loss $(ANCHORS)/webrtc
	$(GO) build -o build/dspbench ./tools/dspbench
	$(GO) build -o build/bench ./tools/bench

figures-voice: voice-programs cost-programs ## measure the voice alone, others' libraries beside us, and print it
	build/bench --only cost --only echo --only noise --only loss --only jitter

listen: voice-programs ## write sounds before and after into build/listen, to hear
	build/bench --listen build/listen

# Recorded voices, a folder a talker.
SPEECH := build/speech
SPEECH_LANGUAGES := en es fr it ru
curves: voice-programs ## write docs/VOICE.md: what the goals of the voice that are missed would take
	@tools/deps.sh $(SPEECH_LANGUAGES:%=asterisk-core-sounds-%-g722)
	for talker in /usr/share/asterisk/sounds/*/; do \
		mkdir -p $(SPEECH)/$$(basename $$talker) && cp $$talker/*.g722 $(SPEECH)/$$(basename $$talker); done
	build/bench --curves docs/VOICE.md --speech $(SPEECH)

# How many instructions the audio work takes on the phone's processor; its libraries are those of the image. libopus asks
# /proc/cpuinfo for the vector unit, and would find this machine's, which has none.
COST_PACKAGES := gcc qemu-user gcc-arm-linux-gnueabihf libc6-dev-armhf-cross

.PHONY: deps-cost cost-programs cost

deps-cost: deps-voice
	@tools/deps.sh $(COST_PACKAGES)

$(ANCHORS)/count.so: $(ANCHOR_SOURCES)/count.c
	@mkdir -p $(@D)
	gcc -O2 -Wall -shared -fPIC -o $@ $<

# The phone's libraries, and others'.
ANCHOR_SYSROOT := build/sysroot-anchors
ANCHOR_LIBRARIES := $(ANCHOR_SYSROOT)/usr/lib/arm-linux-gnueabihf
$(ANCHOR_SYSROOT)/.made:
	$(GO) run ./tools/mkimage sysroot -board $(BOARD) -apt build/apt -out $(ANCHOR_SYSROOT) libspeexdsp1 libspeexdsp-dev
	touch $@

$(ANCHORS)/speex-arm: $(ANCHOR_SOURCES)/speex.c $(ANCHOR_SOURCES)/sound.h $(ANCHOR_SYSROOT)/.made
	@mkdir -p $(@D)
	arm-linux-gnueabihf-gcc -O2 -Wall -I$(ANCHOR_SYSROOT)/usr/include -o $@ $< -L$(ANCHOR_LIBRARIES) -lspeexdsp -lm

cost-programs: deps-cost sysroot
	$(MAKE) $(ANCHORS)/count.so $(ANCHORS)/speex-arm
	install -D -m 644 $(ANCHOR_SOURCES)/cpuinfo $(ANCHOR_SYSROOT)/proc/cpuinfo
	$(ARM_CGO) $(ARM_GO) -o $(ARM_BIN)/ticks ./tools/voicebench/ticks

cost: cost-programs ## count the instructions of the audio work on ARM; more than there were is a failure
	$(GO) run ./tools/bench --only cost
