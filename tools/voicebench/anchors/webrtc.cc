// What webrtc-audio-processing 0.3 makes of the bench's sounds.
//
//   webrtc aec FAR MIC OUT   its echo canceller at high suppression, with the high-pass filter
//   webrtc ns IN OUT         its noise suppression, very high
#include "sound.h"

#include <webrtc/modules/audio_processing/include/audio_processing.h>
#include <webrtc/modules/interface/module_common_types.h>

#include <memory>

using namespace webrtc;

// Where the tests' echo begins, give or take; it finds the rest by itself.
static const int kDelayMs = 40;

static void fill(AudioFrame *f, const int16_t *from, int rate)
{
	f->UpdateFrame(0, 0, from, rate / 100, rate, AudioFrame::kNormalSpeech, AudioFrame::kVadActive, 1);
}

static void process(AudioProcessing *apm, const sound *far, sound mic, const char *path)
{
	const int frame = mic.rate / 100;
	StreamConfig mono(mic.rate, 1, false);
	ProcessingConfig all{{mono, mono, mono, mono}};
	apm->Initialize(all);
	sound quiet = silence(mic.rate, frame), out = silence(mic.rate, mic.length);
	AudioFrame f;
	for (long i = 0; i < mic.length; i += frame) {
		if (far) {
			fill(&f, i < far->length ? far->sample + i : quiet.sample, mic.rate);
			if (apm->AnalyzeReverseStream(&f))
				fail(path, "the far side is refused");
		}
		fill(&f, mic.sample + i, mic.rate);
		apm->set_stream_delay_ms(kDelayMs);
		if (apm->ProcessStream(&f))
			fail(path, "the microphone is refused");
		memcpy(out.sample + i, f.data_, frame * sizeof *out.sample);
	}
	write_sound(path, out);
}

int main(int argc, char **argv)
{
	std::unique_ptr<AudioProcessing> apm(AudioProcessing::Create());
	apm->high_pass_filter()->Enable(true);
	if (argc == 5 && !strcmp(argv[1], "aec")) {
		apm->echo_cancellation()->Enable(true);
		apm->echo_cancellation()->set_suppression_level(EchoCancellation::kHighSuppression);
		sound far = read_sound(argv[2]);
		process(apm.get(), &far, read_sound(argv[3]), argv[4]);
	} else if (argc == 4 && !strcmp(argv[1], "ns")) {
		apm->noise_suppression()->Enable(true);
		apm->noise_suppression()->set_level(NoiseSuppression::kVeryHigh);
		process(apm.get(), nullptr, read_sound(argv[2]), argv[3]);
	} else {
		fail("webrtc", "aec FAR MIC OUT | ns IN OUT");
	}
	return 0;
}
