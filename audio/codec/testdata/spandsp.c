// spandsp.c codes and decodes by libspandsp, for codec_test to compare: raw 16-bit samples of this machine's byte order on
// the side of the sound, bytes on the other.
//
//	spandsp alaw|ulaw|g722 encode|decode <in >out
#include <spandsp.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 320 };

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	int g722 = !strcmp(argv[1], "g722"), alaw = !strcmp(argv[1], "alaw");
	g722_encode_state_t *enc = g722_encode_init(NULL, 64000, 0);
	g722_decode_state_t *dec = g722_decode_init(NULL, 64000, 0);
	int16_t pcm[2 * BLOCK];
	uint8_t code[BLOCK];
	size_t n;
	if (!strcmp(argv[2], "encode")) {
		while ((n = fread(pcm, sizeof pcm[0], BLOCK, stdin)) > 0) {
			if (g722)
				n = g722_encode(enc, code, pcm, n);
			else
				for (size_t i = 0; i < n; i++)
					code[i] = alaw ? linear_to_alaw(pcm[i]) : linear_to_ulaw(pcm[i]);
			fwrite(code, 1, n, stdout);
		}
	} else {
		while ((n = fread(code, 1, BLOCK, stdin)) > 0) {
			if (g722)
				n = g722_decode(dec, pcm, code, n);
			else
				for (size_t i = 0; i < n; i++)
					pcm[i] = alaw ? alaw_to_linear(code[i]) : ulaw_to_linear(code[i]);
			fwrite(pcm, sizeof pcm[0], n, stdout);
		}
	}
	return ferror(stdin) || fflush(stdout);
}
