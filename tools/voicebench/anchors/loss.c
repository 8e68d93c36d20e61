/* What others make of packets of 20 ms that are lost.
 *
 *   loss g711 IN LOSS OUT           A-law, concealed by spandsp (as ITU-T G.711 Appendix I)
 *   loss g722 IN LOSS OUT           spandsp's G.722 at 64 kbit/s, a lost packet replaced by the last one
 *   loss opus IN LOSS OUT PERCENT   libopus at 48 kbit/s, told of so much loss, with its own FEC and concealment
 *
 * LOSS is a text with a 0 or 1 for each packet, 1 = lost. The sound of IN is of 8 kHz for g711, 16 kHz for the others.
 */
#include "sound.h"
#include <opus/opus.h>
#include <spandsp.h>

enum { most = 1275 };

static char *read_loss(const char *path, long packets)
{
	FILE *f = fopen(path, "r");
	if (!f)
		fail(path, "cannot be read");
	char *lost = (char *)calloc(packets + 1, 1);
	int c;
	for (long i = 0; i < packets && (c = fgetc(f)) != EOF;)
		if (c == '0' || c == '1')
			lost[i++] = c == '1';
	fclose(f);
	return lost;
}

static void g711(struct sound in, const char *lost, struct sound out, int frame)
{
	plc_state_t *p = plc_init(NULL);
	for (long i = 0; i < in.length / frame; i++) {
		int16_t *to = out.sample + i * frame;
		if (lost[i]) {
			plc_fillin(p, to, frame);
			continue;
		}
		for (int k = 0; k < frame; k++)
			to[k] = alaw_to_linear(linear_to_alaw(in.sample[i * frame + k]));
		plc_rx(p, to, frame);
	}
}

static void g722(struct sound in, const char *lost, struct sound out, int frame)
{
	g722_encode_state_t *e = g722_encode_init(NULL, 64000, 0);
	g722_decode_state_t *d = g722_decode_init(NULL, 64000, 0);
	uint8_t sent[most], heard[most] = {0};
	int bytes = 0;
	for (long i = 0; i < in.length / frame; i++) {
		int n = g722_encode(e, sent, in.sample + i * frame, frame);
		if (!lost[i])
			memcpy(heard, sent, bytes = n);
		g722_decode(d, out.sample + i * frame, heard, bytes);
	}
}

static void opus(struct sound in, const char *lost, struct sound out, int frame, int percent)
{
	int error;
	OpusEncoder *e = opus_encoder_create(in.rate, 1, OPUS_APPLICATION_VOIP, &error);
	OpusDecoder *d = opus_decoder_create(in.rate, 1, &error);
	opus_encoder_ctl(e, OPUS_SET_BITRATE(48000));
	opus_encoder_ctl(e, OPUS_SET_COMPLEXITY(5));
	opus_encoder_ctl(e, OPUS_SET_INBAND_FEC(1));
	opus_encoder_ctl(e, OPUS_SET_PACKET_LOSS_PERC(percent));
	long packets = in.length / frame;
	unsigned char(*sent)[most] = (unsigned char(*)[most])calloc(packets, most);
	int *bytes = (int *)calloc(packets, sizeof *bytes);
	for (long i = 0; i < packets; i++)
		bytes[i] = opus_encode(e, in.sample + i * frame, frame, sent[i], most);
	for (long i = 0; i < packets; i++) {
		long from = !lost[i] ? i : i + 1; /* the packet behind a lost one carries its copy */
		int there = from < packets && !lost[from];
		if (opus_decode(d, there ? sent[from] : NULL, there ? bytes[from] : 0, out.sample + i * frame, frame, from > i && there) < 0)
			fail("opus", "its own packet is refused");
	}
}

int main(int argc, char **argv)
{
	if (argc < 5)
		fail("loss", "g711|g722|opus IN LOSS OUT [PERCENT]");
	struct sound in = read_sound(argv[2]), out = silence(in.rate, in.length);
	int frame = in.rate / 50;
	char *lost = read_loss(argv[3], in.length / frame);
	if (!strcmp(argv[1], "g711"))
		g711(in, lost, out, frame);
	else if (!strcmp(argv[1], "g722"))
		g722(in, lost, out, frame);
	else if (!strcmp(argv[1], "opus") && argc == 6)
		opus(in, lost, out, frame, atoi(argv[5]));
	else
		fail(argv[1], "no such codec");
	write_sound(argv[4], out);
	return 0;
}
