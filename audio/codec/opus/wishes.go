package opus

// #include <opus.h>
import "C"

import (
	"strconv"
	"strings"
)

// lowest and highest are the bit rates that RFC 7587 §6.1 knows.
const lowest, highest = 6_000, 510_000

// wishes are the format parameters of RFC 7587 §6.1 by which the far side bounds what it is sent.
type wishes struct {
	rate int   // maxaveragebitrate
	band C.int // for maxplaybackrate
	vbr  C.int // 0 for cbr=1
	fec  bool  // useinbandfec=1: without it, redundancy would be wasted
}

// unbound is how we send to whom we know nothing of.
func unbound() wishes {
	return wishes{rate: highest, band: C.OPUS_BANDWIDTH_FULLBAND, vbr: 1, fec: true}
}

// parse reads them out of an a=fmtp line. What is not there, or makes no sense, is as the RFC has it by default.
func parse(fmtp string) wishes {
	w := unbound()
	w.fec = false
	for part := range strings.SplitSeq(fmtp, ";") {
		name, value, _ := strings.Cut(part, "=")
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || n < 0 {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "maxaveragebitrate":
			w.rate = min(max(n, lowest), highest)
		case "maxplaybackrate":
			w.band = bandOf(n)
		case "cbr":
			if n == 1 {
				w.vbr = 0
			}
		case "useinbandfec":
			w.fec = n == 1
		}
	}
	return w
}

// bandOf is the widest band that a player at so many samples a second can use (RFC 7587 §3.1.1).
func bandOf(rate int) C.int {
	switch {
	case rate < 12000:
		return C.OPUS_BANDWIDTH_NARROWBAND
	case rate < 16000:
		return C.OPUS_BANDWIDTH_MEDIUMBAND
	case rate < 24000:
		return C.OPUS_BANDWIDTH_WIDEBAND
	case rate < 48000:
		return C.OPUS_BANDWIDTH_SUPERWIDEBAND
	}
	return C.OPUS_BANDWIDTH_FULLBAND
}
