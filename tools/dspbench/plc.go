package main

import (
	"encoding/json"
	"os"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
	"opendeskphone/audio/codec/opus"
	"opendeskphone/audio/codec/red"
	"opendeskphone/audio/quality"
)

type plcCommand struct {
	In    string `required:"" placeholder:"FILE" help:"WAV file to send."`
	Loss  string `required:"" placeholder:"FILE" help:"Text: 0 or 1 for each packet of 20 ms, 1 = lost. Behind its end nothing is lost."`
	Out   string `required:"" placeholder:"FILE" help:"WAV file to write: what is heard at the far end."`
	Codec string `default:"g711" enum:"g711,pcma,pcmu,g722,l16,opus" help:"pcma (also g711), pcmu, g722, l16 or opus."`
	Back  int    `default:"-1" placeholder:"N" help:"Packets behind which a copy of each is sent (RFC 2198), up to 6; 0 for none. If left out, what the encoder asks for."`
	Wait  int    `default:"-1" placeholder:"N" help:"Packets that the player holds behind the one it plays, 20 ms of delay each. If left out, one, or as many as make copies useful."`
	JSON  string `name:"json" placeholder:"FILE" help:"File to write figures to."`
}

// Help stands behind the summary of the command.
func (plcCommand) Help() string {
	return `The speech goes in packets of 20 ms through the phone's encoder, which knows the loss as if the far end had reported all of it, the
network of the loss file, and the phone's decoder and concealment, in the order in which the jitter buffer uses them: a packet that is there
is decoded, a missing one is taken from its copy, from the redundancy within the next, bridged between what was heard and the packet behind the
gap if that one is held already, or else made up out of what was heard.

The JSON file has kbps, the bit rate of the payloads with their copies; lost, the share of packets lost; left, the share still missing after
copies; held_ms, the delay of the packets held. The output is not moved by that delay.`
}

const (
	packetFrames = 2
	packetTicks  = 960 // of a clock of 48 kHz; any would do
	payloadType  = 111
)

// Run does it.
func (c plcCommand) Run() error {
	frames, clip, err := load(c.In)
	if err != nil {
		return err
	}
	lost, err := readLoss(c.Loss)
	if err != nil {
		return err
	}
	enc, dec, err := codecNamed(c.Codec).New()
	if err != nil {
		return err
	}
	if len(frames)%packetFrames != 0 {
		frames = append(frames, audio.Frame{})
	}
	if asked := report(enc, lost, c.Back != 0); c.Back < 0 {
		c.Back = asked
	}
	if c.Wait < 0 {
		c.Wait = max(1, c.Back)
	}
	wire, bytes := transmit(enc, frames, c.Back)
	packets := receive(wire, lost)
	missing := play(dec, packets, frames, c.Wait)
	if err := c.tell(float64(bytes)*0.8/float64(len(frames)), shareOf(lost), float64(missing)/float64(max(1, len(packets)))); err != nil {
		return err
	}
	return save(c.Out, frames, clip)
}

// tell writes the figures of the run.
func (c plcCommand) tell(kbps, lost, left float64) error {
	if c.JSON == "" {
		return nil
	}
	b, err := json.Marshal(map[string]float64{"kbps": kbps, "lost": lost, "left": left, "held_ms": float64(c.Wait * packetFrames * 10)})
	if err != nil {
		return err
	}
	return os.WriteFile(c.JSON, append(b, '\n'), 0o644)
}

// report tells the encoder of the loss, as a far end that has reported it all every five seconds, and whether copies
// can be sent. It gives the distance of the copies that the encoder asks for.
func report(enc codec.Encoder, lost []bool, copies bool) (back int) {
	const interval = 250 // packets
	var runs quality.Runs
	for rest := lost; len(rest) >= interval; rest = rest[interval:] {
		runs.Report(interval, shareOf(rest[:interval]))
	}
	if r, ok := enc.(codec.Repeater); ok {
		r.Repeat(copies)
	}
	if t, ok := enc.(codec.Tuner); ok {
		t.Loss(int(100*shareOf(lost)+0.5), runs.Single())
	}
	if r, ok := enc.(codec.Repeater); ok {
		return r.Back()
	}
	return 0
}

// transmit encodes frames to payloads of red, and tells how long they are together.
func transmit(enc codec.Encoder, frames []audio.Frame, back int) (wire [][]byte, bytes int) {
	copies := red.NewSender()
	for i := 0; i < len(frames); i += packetFrames {
		p := enc.Encode(nil, frames[i:i+packetFrames])
		w := copies.Pack(nil, payloadType, uint32(i/packetFrames*packetTicks), p, back)
		wire = append(wire, w)
		if bytes += len(w); back == 0 {
			bytes-- // without copies, it would go as it is
		}
	}
	return wire, bytes
}

// receive gives the payloads that arrive, be it as a copy, by the packet they belong to; nil for the others.
func receive(wire [][]byte, lost []bool) [][]byte {
	packets := make([][]byte, len(wire))
	copies := new(red.Receiver)
	for i, w := range wire {
		if i < len(lost) && lost[i] {
			continue
		}
		arrived, err := copies.Open(uint16(i), uint32(i*packetTicks), w)
		if err != nil {
			panic(err) // it is ours
		}
		for _, p := range arrived {
			packets[i-int(uint16(i)-p.Seq)] = p.Data
		}
	}
	return packets
}

// play plays packets as the jitter buffer does that holds wait of them behind the one it plays. Gaps of several
// packets are bridged at their last.
func play(dec codec.Decoder, packets [][]byte, frames []audio.Frame, wait int) (missing int) {
	for i, p := range packets {
		y := audio.Samples(frames[packetFrames*i:][:packetFrames])
		if p != nil {
			if _, err := dec.Decode(y, p); err != nil {
				clear(y)
			}
			continue
		}
		missing++
		if wait > 0 && i+1 < len(packets) && packets[i+1] != nil && mend(dec, y, packets[i+1]) {
			continue
		}
		for ; len(y) > 0; y = y[audio.FrameLen:] {
			dec.Conceal(y[:audio.FrameLen])
		}
	}
	return missing
}

// mend fills y, missing before next, with the help of next.
func mend(dec codec.Decoder, y []float32, next []byte) bool {
	if dec.Recover(y, next) > 0 {
		return true
	}
	b, ok := dec.(codec.Bridger)
	return ok && b.Bridge(y, next) > 0
}

// readLoss reads which packets are lost.
func readLoss(path string) (lost []bool, err error) {
	b, err := os.ReadFile(path)
	for _, v := range b {
		if v == '0' || v == '1' {
			lost = append(lost, v == '1')
		}
	}
	return lost, err
}

func shareOf(lost []bool) float64 {
	n := 0
	for _, l := range lost {
		if l {
			n++
		}
	}
	return float64(n) / float64(max(1, len(lost)))
}

func codecNamed(name string) codec.Codec {
	switch name {
	case "pcmu":
		return codec.PCMU
	case "g722":
		return codec.G722
	case "l16":
		return codec.L16
	case "opus":
		return opus.Codec
	}
	return codec.PCMA
}
