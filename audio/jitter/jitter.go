// Package jitter owns the receiving side of one voice stream: it puts packets in order, decides how
// long to wait for them, decodes them, conceals the missing ones, and follows the sender's clock.
package jitter

import (
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
)

// Kind is what a packet carries.
type Kind uint8

const (
	Speech Kind = iota // a payload of the stream's codec
	Noise              // RFC 3389 comfort noise
	Other              // something that takes a sequence number and no sound, e.g. an RFC 4733 event
)

// Packet is what the buffer needs to know of an RTP packet.
type Packet struct {
	Seq     uint16
	TS      uint32 // RTP timestamp in units of the codec's clock
	Marker  bool   // first packet of a talk spurt (RFC 3551 §4.1)
	Kind    Kind
	Payload []byte    // copied by Put
	Arrival time.Time // only for the jitter of RFC 3550
}

// Config bounds a Buffer. The zero value of each field means its default.
type Config struct {
	Clock int           // RTP clock in Hz, default 8000
	Min   time.Duration // least buffering delay, default 0
	Max   time.Duration // largest buffering delay, default 400 ms, at most 1 s
}

// Stats counts since New.
type Stats struct {
	Received  uint64 // packets taken in, without duplicates and late ones
	Lost      uint64 // packets that never came
	Late      uint64 // packets that came after their time to be played
	Duplicate uint64
	Rejected  uint64 // payloads that could not be decoded, or were out of all bounds
	Frames    uint64 // frames played
	Concealed uint64 // frames made up for want of a packet
	Recovered uint64 // frames won from redundancy
	Stretched uint64 // samples inserted by time scaling
	Shrunk    uint64 // samples removed by time scaling
	Resyncs   uint64 // jumps of the timestamp, or pauses of the stream

	Delay  time.Duration // present buffering delay
	Target time.Duration // delay aimed at
	Jitter time.Duration // interarrival jitter of RFC 3550 §6.4.1
}

// Buffer receives one stream. Put and Get may be called by two goroutines at a time.
type Buffer struct{}

// New makes a buffer that plays through dec.
func New(cfg Config, dec codec.Decoder) *Buffer { return &Buffer{} }

// Put takes in a packet.
func (b *Buffer) Put(p Packet) {}

// Get gives the next 10 ms. It never waits for the network and never allocates.
func (b *Buffer) Get(f *audio.Frame) {}

// Reset forgets the stream but not the statistics: the SSRC has changed. A nil dec keeps the decoder.
func (b *Buffer) Reset(clock int, dec codec.Decoder) {}

// Stats gives the counters.
func (b *Buffer) Stats() Stats { return Stats{} }
