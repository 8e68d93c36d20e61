# The voice bench: what others' libraries make of the same sounds. Included by the Makefile.
VOICE_PACKAGES := espeak-ng g++ libspeexdsp-dev libwebrtc-audio-processing-dev libspandsp-dev

ANCHORS := build/anchors
ANCHOR_SOURCES := tools/voicebench/anchors

.PHONY: deps-voice voice-programs figures-voice

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

figures-voice: voice-programs ## measure the voice alone, others' libraries beside us, and print it
	build/bench --only echo --only noise --only loss --only jitter
