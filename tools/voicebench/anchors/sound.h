/* WAV files of one channel and 16 bits, for the programs beside this file: C and C++. */
#ifndef SOUND_H
#define SOUND_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sound {
	int rate;
	long length;     /* samples */
	int16_t *sample; /* a second of silence lies behind the end */
};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static unsigned little(const unsigned char *b, int bytes)
{
	unsigned v = 0;
	for (int i = bytes - 1; i >= 0; i--)
		v = v << 8 | b[i];
	return v;
}

static struct sound silence(int rate, long length)
{
	struct sound s;
	s.rate = rate;
	s.length = length;
	s.sample = (int16_t *)calloc(length + rate, sizeof *s.sample);
	if (!s.sample)
		fail("memory", "none left");
	return s;
}

/* read_sound reads files as the bench writes them: a format of 16 bytes, then the samples. */
static struct sound read_sound(const char *path)
{
	unsigned char head[44];
	FILE *f = fopen(path, "rb");
	if (!f || fread(head, 1, sizeof head, f) != sizeof head || memcmp(head, "RIFF", 4) || memcmp(head + 8, "WAVEfmt ", 8)
		|| little(head + 16, 4) != 16 || memcmp(head + 36, "data", 4) || little(head + 22, 2) != 1 || little(head + 34, 2) != 16)
		fail(path, "no WAV file of one channel and 16 bits");
	struct sound s = silence(little(head + 24, 4), little(head + 40, 4) / 2);
	if ((long)fread(s.sample, 2, s.length, f) != s.length)
		fail(path, "cut off");
	fclose(f);
	return s;
}

static void put_little(unsigned char *b, unsigned v, int bytes)
{
	for (int i = 0; i < bytes; i++, v >>= 8)
		b[i] = v & 255;
}

static void write_sound(const char *path, struct sound s)
{
	unsigned char head[44] = {0};
	memcpy(head, "RIFF\0\0\0\0WAVEfmt ", 16);
	put_little(head + 4, 36 + 2 * s.length, 4);
	put_little(head + 16, 16, 4);
	put_little(head + 20, 1, 2);
	put_little(head + 22, 1, 2);
	put_little(head + 24, s.rate, 4);
	put_little(head + 28, 2 * s.rate, 4);
	put_little(head + 32, 2, 2);
	put_little(head + 34, 16, 2);
	memcpy(head + 36, "data", 4);
	put_little(head + 40, 2 * s.length, 4);
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(head, 1, sizeof head, f) != sizeof head || (long)fwrite(s.sample, 2, s.length, f) != s.length || fclose(f))
		fail(path, "cannot be written");
}

#endif
