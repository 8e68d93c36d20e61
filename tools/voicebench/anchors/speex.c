/* What libspeexdsp makes of the bench's sounds and networks.
 *
 *   speex aec FAR MIC OUT      echo canceller with its preprocessor
 *   speex linear FAR MIC OUT   the canceller's filter alone
 *   speex ns IN OUT            noise suppression
 *   speex jb TRACE             jitter buffer: number, time sent, time of arrival in ms, by commas; prints mean delay in ms and what was
 *                              made up in percent
 */
#include "sound.h"
#include <speex/speex_echo.h>
#include <speex/speex_jitter.h>
#include <speex/speex_preprocess.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BEGIN = 1, END = 2 };

/* mark is for count.c; without it, nothing comes of it. */
static void mark(int what)
{
	syscall(SYS_getppid, what);
}

static void echo(const char *far_path, const char *mic_path, const char *out_path, int suppress)
{
	struct sound far = read_sound(far_path), mic = read_sound(mic_path), out = silence(mic.rate, mic.length);
	int frame = mic.rate / 100, tail = mic.rate / 4, rate = mic.rate, on = 1;
	SpeexEchoState *e = speex_echo_state_init(frame, tail);
	speex_echo_ctl(e, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
	SpeexPreprocessState *p = speex_preprocess_state_init(frame, rate);
	speex_preprocess_ctl(p, SPEEX_PREPROCESS_SET_DENOISE, &on); /* without it the echo is not suppressed either */
	speex_preprocess_ctl(p, SPEEX_PREPROCESS_SET_ECHO_STATE, e);
	struct sound quiet = silence(rate, frame);
	for (long i = 0; i < mic.length; i += frame) {
		mark(BEGIN);
		speex_echo_cancellation(e, mic.sample + i, i < far.length ? far.sample + i : quiet.sample, out.sample + i);
		if (suppress)
			speex_preprocess_run(p, out.sample + i);
		mark(END);
	}
	write_sound(out_path, out);
}

static void noise(const char *in_path, const char *out_path)
{
	struct sound s = read_sound(in_path);
	int frame = s.rate / 100, on = 1;
	SpeexPreprocessState *p = speex_preprocess_state_init(frame, s.rate);
	speex_preprocess_ctl(p, SPEEX_PREPROCESS_SET_DENOISE, &on);
	for (long i = 0; i < s.length; i += frame)
		speex_preprocess_run(p, s.sample + i);
	write_sound(out_path, s);
}

enum { step = 20 }; /* ms of a packet */

struct packet {
	int number;
	double sent, arrive;
};

static int by_arrival(const void *a, const void *b)
{
	double d = ((const struct packet *)a)->arrive - ((const struct packet *)b)->arrive;
	return (d > 0) - (d < 0);
}

static struct packet *read_trace(const char *path, int *count, double *fastest)
{
	FILE *f = fopen(path, "r");
	if (!f)
		fail(path, "cannot be read");
	int room = 0;
	struct packet *all = NULL, p;
	char line[128];
	for (*count = 0, *fastest = 1e9; fgets(line, sizeof line, f);) {
		if (sscanf(line, "%d,%lf,%lf", &p.number, &p.sent, &p.arrive) < 3)
			continue; /* lost */
		if (*count == room && !(all = (struct packet *)realloc(all, (room = 2 * room + 1000) * sizeof *all)))
			fail("memory", "none left");
		all[(*count)++] = p;
		if (p.arrive - p.sent < *fastest)
			*fastest = p.arrive - p.sent;
	}
	if (!*count)
		fail(path, "no packet arrives");
	qsort(all, *count, sizeof *all, by_arrival);
	return all;
}

/* play plays the packets, the first some time after it came, and adds to the sums. */
static void play(const struct packet *all, int count, double first, double *waited, long *played, long *missing)
{
	int next = 0;
	JitterBuffer *j = jitter_buffer_init(step);
	for (double now = all[0].arrive + first + 0.001; now < all[count - 1].arrive; now += step) {
		for (; next < count && all[next].arrive <= now; next++) {
			JitterBufferPacket in = {0};
			in.data = (char *)&all[next].sent;
			in.len = sizeof all[next].sent;
			in.timestamp = all[next].number * step;
			in.span = step;
			in.sequence = all[next].number & 0xffff;
			jitter_buffer_put(j, &in);
		}
		double sent;
		JitterBufferPacket out = {0};
		out.data = (char *)&sent;
		out.len = sizeof sent;
		spx_int32_t offset;
		switch (jitter_buffer_get(j, &out, step, &offset)) {
		case JITTER_BUFFER_OK:
			*waited += now - sent;
			++*played;
			break;
		case JITTER_BUFFER_INSERTION:
			break; /* time put in, which is not a loss */
		default:
			++*missing;
		}
		jitter_buffer_tick(j);
	}
	jitter_buffer_destroy(j);
}

static void jitter(const char *path)
{
	int count;
	double fastest, waited = 0;
	long played = 0, missing = 0;
	struct packet *all = read_trace(path, &count, &fastest);
	for (int first = 0; first < step; first++) /* the sound card does not wait for the first packet: any time is as likely */
		play(all, count, first + 0.5, &waited, &played, &missing);
	printf("%.2f %.2f\n", waited / played - fastest, 100.0 * missing / (played + missing));
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "aec"))
		echo(argv[2], argv[3], argv[4], 1);
	else if (argc == 5 && !strcmp(argv[1], "linear"))
		echo(argv[2], argv[3], argv[4], 0);
	else if (argc == 4 && !strcmp(argv[1], "ns"))
		noise(argv[2], argv[3]);
	else if (argc == 3 && !strcmp(argv[1], "jb"))
		jitter(argv[2]);
	else
		fail("speex", "aec FAR MIC OUT | linear FAR MIC OUT | ns IN OUT | jb TRACE");
	return 0;
}
