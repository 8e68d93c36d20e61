package handover

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
	"opendeskphone/tools/lab"
)

// Gap is the longest time that a listener's address got no voice from anybody, since a mark of the
// wire.
func (s *Stage) Gap(mark int, listener netip.Addr) (longest time.Duration, err error) {
	return lab.Silence(s.Wire.Since(mark), listener)
}

// Sent is the voice that one address sent to another since a mark of the wire, as it sounds to whoever
// gets it. The codec is PCMA.
func (s *Stage) Sent(mark int, from, to netip.Addr) (lab.Clip, error) {
	type packet struct {
		seq     uint16
		payload []byte
	}
	var got []packet
	for _, p := range s.Wire.Since(mark) {
		if p.RTP() && p.Src.Addr() == from && p.Dst.Addr() == to && len(p.Data) > 12 && p.Data[1]&0x7f == 8 {
			got = append(got, packet{binary.BigEndian.Uint16(p.Data[2:]), p.Data[12:]})
		}
	}
	slices.SortStableFunc(got, func(a, b packet) int { return int(int16(a.seq - b.seq)) })
	clip := lab.Clip{Rate: audio.Rate}
	i := slices.IndexFunc(codec.All(), func(c codec.Codec) bool { return c.Name == "PCMA" })
	_, dec, err := codec.All()[i].New()
	if err != nil {
		return clip, fmt.Errorf("handover: %w", err)
	}
	for _, p := range got {
		var sound [codec.MaxSamples]float32
		n, err := dec.Decode(sound[:], p.payload)
		if err != nil {
			return clip, fmt.Errorf("handover: %w", err)
		}
		clip.Samples = append(clip.Samples, sound[:n]...)
	}
	return clip, nil
}

// DialogOf finds the dialog that an INVITE from one address made with another since a mark of the
// wire, by its 200: the names are as whoever sent the INVITE sees them.
func (s *Stage) DialogOf(mark int, inviter netip.Addr) (callID, localTag, remoteTag string, err error) {
	d, err := lab.DialogOf(s.Wire.Since(mark), inviter)
	return d.CallID, d.LocalTag, d.RemoteTag, err
}
