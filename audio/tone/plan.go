package tone

import "strings"

// Plan holds the tones of one country.
type Plan struct {
	Country     string // ISO 3166 code
	Dial        Tone
	Ringback    Tone
	Busy        Tone
	Congestion  Tone // also called reorder or fast busy
	CallWaiting Tone
	Special     Tone // special information tone: a message follows, or the number cannot be reached
}

// Levels of each sine in dBFS: as loud as speech for what is waited for, softer for what goes on.
const (
	dialLevel = -20.0
	ringLevel = -19.0
	busyLevel = -21.0
	waitLevel = -24.0
	sitLevel  = -20.0
)

// Frequencies in Hz and cadences in s of ITU-T E.180 Supplement 2 (01/94) "Various tones used in
// national networks", and the national texts it draws on.
var plans = []Plan{
	{ // Telcordia GR-506, the precise tone plan of North America
		Country:     "US",
		Dial:        continuous("dial", dialLevel, 350, 440),
		Ringback:    cadence("ringback", ringLevel, []float64{440, 480}, 2, 4),
		Busy:        cadence("busy", busyLevel, []float64{480, 620}, 0.5, 0.5),
		Congestion:  cadence("congestion", busyLevel, []float64{480, 620}, 0.25, 0.25),
		CallWaiting: cadence("call waiting", waitLevel, []float64{440}, 0.3, 9.7),
		Special:     special,
	},
	{ // BT SIN 350
		Country:     "GB",
		Dial:        continuous("dial", dialLevel, 350, 440),
		Ringback:    cadence("ringback", ringLevel, []float64{400, 450}, 0.4, 0.2, 0.4, 2),
		Busy:        cadence("busy", busyLevel, []float64{400}, 0.375, 0.375),
		Congestion:  cadence("congestion", busyLevel, []float64{400}, 0.4, 0.35, 0.225, 0.525),
		CallWaiting: cadence("call waiting", waitLevel, []float64{400}, 0.1, 3),
		Special:     special,
	},
	{ // Deutsche Telekom 1 TR 110-1
		Country:     "DE",
		Dial:        continuous("dial", dialLevel, 425),
		Ringback:    cadence("ringback", ringLevel, []float64{425}, 1, 4),
		Busy:        cadence("busy", busyLevel, []float64{425}, 0.48, 0.48),
		Congestion:  cadence("congestion", busyLevel, []float64{425}, 0.24, 0.24),
		CallWaiting: cadence("call waiting", waitLevel, []float64{425}, 0.2, 0.2, 0.2, 5),
		Special:     special,
	},
	{
		Country:     "FR",
		Dial:        continuous("dial", dialLevel, 440),
		Ringback:    cadence("ringback", ringLevel, []float64{440}, 1.5, 3.5),
		Busy:        cadence("busy", busyLevel, []float64{440}, 0.5, 0.5),
		Congestion:  cadence("congestion", busyLevel, []float64{440}, 0.25, 0.25),
		CallWaiting: cadence("call waiting", waitLevel, []float64{440}, 0.3, 10),
		Special:     special,
	},
}

// special is the tone of ITU-T E.180 §10: three notes going up, a third of a second each.
var special = Tone{
	Name: "special information", period: 3*0.33 + 1,
	notes: []note{
		steady(0, 0.33, sitLevel, 950), steady(0.33, 0.33, sitLevel, 1400), steady(0.66, 0.33, sitLevel, 1800),
	},
}

// PlanOf gives the plan of an ISO 3166 country code in any case ("UK" stands for "GB" too), and the
// US plan for a country unknown.
func PlanOf(country string) Plan {
	country = strings.ToUpper(country)
	if country == "UK" {
		country = "GB"
	}
	for _, p := range plans {
		if p.Country == country {
			return p
		}
	}
	return plans[0]
}

// Countries lists the codes that PlanOf knows.
func Countries() []string {
	var c []string
	for _, p := range plans {
		c = append(c, p.Country)
	}
	return c
}

// Joined is the tone by which everybody in a call hears that somebody has joined: a short one and a higher one after it.
func Joined() Tone {
	return Tone{Name: "joined", notes: []note{steady(0, 0.12, dialLevel, 660), steady(0.16, 0.2, dialLevel, 880)}}
}

// Recorded is the tone by which everybody in a call hears that it is being recorded: half a second of 1400 Hz every 15 s
// (Federal Standard 1037C, "recorder warning tone"; ITU-T E.180 Supplement 2 lists it for North America), as loud as speech.
func Recorded() Tone { return cadence("recorded", dialLevel, []float64{1400}, 0.5, 14.5) }
