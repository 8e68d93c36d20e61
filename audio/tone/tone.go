// Package tone makes the sounds of the phone itself: the tones of national networks, ring tones,
// DTMF and the small sounds of keys; and it detects DTMF, for tests and gateways.
package tone

import "opendeskphone/audio"

// Tone is a sound with a cadence; the zero Tone is silent. See Plan, Rings, DTMF.
type Tone struct{ Name string }

// Plan holds the tones of one country.
type Plan struct {
	Country     string // ISO 3166 code
	Dial        Tone
	Ringback    Tone
	Busy        Tone
	Congestion  Tone // reorder, "fast busy"
	CallWaiting Tone
	Special     Tone // special information tone
}

// PlanOf gives the plan of an ISO 3166 country code in any case; the US plan for a country unknown.
func PlanOf(country string) Plan { return Plan{} }

// Countries lists the codes that PlanOf knows.
func Countries() []string { return nil }

// Rings lists the ring tones, the default first.
func Rings() []Tone { return nil }

// Ring finds a ring tone by name, the default one if there is none of that name.
func Ring(name string) Tone { return Tone{} }

// DTMF gives the tone of 0-9 * # A-D; silence for anything else. It sounds until stopped.
func DTMF(key rune) Tone { return Tone{} }

var (
	Key     Tone // short feedback of a key
	Refused Tone // the phone says no
)

// Player plays one tone at a time and is added to what is heard. Start and Stop may come from any
// goroutine; Process belongs to the audio goroutine.
type Player struct{}

// Start plays t from its beginning; what played before fades out within 5 ms.
func (p *Player) Start(t Tone) {}

// Stop fades out within 5 ms.
func (p *Player) Stop() {}

// Playing tells whether a tone is going on, pauses of its cadence included.
func (p *Player) Playing() bool { return false }

// Process adds the tone to f.
func (p *Player) Process(f *audio.Frame) {}
