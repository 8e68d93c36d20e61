package media

import (
	"slices"
	"testing"

	"opendeskphone/audio/codec"
	"opendeskphone/sip/ice"
	"opendeskphone/sip/offer"
)

// heeding is an encoder that keeps what it was asked for.
type heeding struct {
	codec.Encoder
	asked []string
}

func (e *heeding) Ask(fmtp string) { e.asked = append(e.asked, fmtp) }

// The format parameters of the far side reach the encoder, and again when they change.
func TestTheEncoderIsToldWhatTheFarSideAsksFor(t *testing.T) {
	var made []*heeding
	c := codec.Codec{Name: "X", PT: 110, Clock: 16000, Channels: 1, PacketMS: 20, New: func() (codec.Encoder, codec.Decoder, error) {
		e, d, err := codec.L16.New()
		made = append(made, &heeding{Encoder: e})
		return made[len(made)-1], d, err
	}}
	var last *plan
	for _, fmtp := range []string{"maxaveragebitrate=20000", "maxaveragebitrate=20000", ""} {
		one := offer.Codec{Name: "X", PT: 97, Clock: 16000, Channels: 1, Fmtp: fmtp}
		p, err := newPlan(offer.Media{Send: one, Recv: []offer.Codec{{Name: "X", PT: 110, Clock: 16000}}, Ptime: 20}, []codec.Codec{c}, last)
		if err != nil {
			t.Fatal(err)
		}
		last = p
	}
	if len(made) != 2 || len(made[0].asked) != 1 || made[0].asked[0] != "maxaveragebitrate=20000" || len(made[1].asked) != 1 || made[1].asked[0] != "" {
		t.Errorf("%d encoders made, asked %v", len(made), made)
	}
}

// A line may name codecs of its own, also such as are not usual.
func TestALineChoosesAmongAllCodecs(t *testing.T) {
	cfg := Default()
	cfg.Codecs = []string{"PCMU", "G722"}
	f := New(cfg, codec.All(), newLAN().listen, nil, quiet)
	s, err := f.Open("choice", ice.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ named, want []string }{
		{nil, cfg.Codecs}, {[]string{"L16"}, []string{"L16"}}, {[]string{"PCMA", "L16"}, []string{"PCMA", "L16"}}, {[]string{"GSM"}, cfg.Codecs},
	} {
		var got []string
		for _, c := range s.Local(x.named).Codecs {
			got = append(got, c.Name)
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("%v named, %v offered, want %v", x.named, got, x.want)
		}
	}
}
