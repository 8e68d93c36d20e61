package phone

import (
	"fmt"
	"time"
)

// Config is the behaviour part of the settings.
type Config struct {
	Lines       []LineConfig
	DigitMap    DigitMap      // when a number is complete
	InterDigit  time.Duration // pause after which a number that may be complete is called
	RingTime    time.Duration // how long a call rings here before it counts as missed
	CallTime    time.Duration // how long we let it ring there
	HandsFree   Path          // Speaker or Headset: the path of a call begun with the handset down
	Follow      bool          // a far side may send us on to somebody else (REFER)
	LockedDial  LockedDial    // what a locked phone may call besides emergency numbers
	Recording   bool          // calls may be recorded
	CallWaiting bool          // a second call may ring; else it is refused as busy
	Intercom    []string      // numbers and addresses whose calls the phone answers by itself if they ask for it
	OpenMic     bool          // and whether they hear the room at once
	Hotline     string        // called when the handset is lifted and nobody types; empty: none
	HotlineWait time.Duration // how long nobody may type; 0: it is called at once
	Pages       []string      // numbers of the paging groups, the most important first
	PagesOver   int           // so many of them, from the first, break into a call
	PageVolume  uint8         // of pages when the phone is new
	Location    string        // name of the profile that is wanted; empty: any
	Numbering                 // how numbers typed here read
	Gateways    []string      // beginnings of numbers that are called also where a line's server is gone
	Emergency   []string      // numbers that may always be called, on any line

	Rules       Rules         // who gets the calls that come in
	Watch       []WatchConfig // people and places that have keys
	WatchLine   LineID        // on which they are called
	Pickup      string        // code of the server that picks up the call of the number after it; empty: the caller is asked (Replaces)
	GroupPickup string        // code of the server for any call of the group; empty: none
	Publish     bool          // others are told how our user is
	AwayAfter   time.Duration // so long locked is away; 0: never

	RefuseAnonymous bool // who withholds his number is turned away (433, RFC 5079)
}

// LineConfig is what the centre knows of an account; the rest is the lines adapter's.
type LineConfig struct {
	AOR, Label, Display string
	Withhold            bool   // calls do not tell who calls
	Factory             string // SIP URI that makes conferences at the server (RFC 4579); empty: this phone holds them
	Mailbox             string // number or address of the mailbox; empty: as the server says
	MailboxOnBusy       bool   // a call is sent there by saying busy
	URIs                URIForm
	Appearances         uint8 // so many it has, shared with the other phones of its address; 0: it is not shared
	BargeIn             BargeIn
}

// DefaultConfig is a phone without lines.
func DefaultConfig() Config {
	return Config{
		DigitMap: "[0-9*#+].T", InterDigit: 4 * time.Second, RingTime: 120 * time.Second, CallTime: 180 * time.Second,
		Rules:     Rules{RingFor: RingFor},
		HandsFree: Speaker, Follow: true, CallWaiting: true, PageVolume: 10, AwayAfter: 15 * time.Minute, Emergency: []string{"112", "911"},
	}
}

// Validate checks ranges and the digit map; the error names the key.
func (c *Config) Validate() error {
	if len(c.Lines) > MaxLines {
		return fmt.Errorf("lines: at most %d, not %d", MaxLines, len(c.Lines))
	}
	for _, d := range []struct {
		key      string
		v        time.Duration
		min, max time.Duration
	}{
		{"inter_digit", c.InterDigit, time.Second, 30 * time.Second},
		{"ring_time", c.RingTime, 5 * time.Second, 10 * time.Minute},
		{"call_time", c.CallTime, 5 * time.Second, 10 * time.Minute},
	} {
		if d.v < d.min || d.v > d.max {
			return fmt.Errorf("%s: must be %v to %v, not %v", d.key, d.min, d.max, d.v)
		}
	}
	if c.HandsFree != Speaker && c.HandsFree != Headset {
		return fmt.Errorf("hands_free: must be speaker or headset")
	}
	if c.LockedDial >= lockedDialCount {
		return fmt.Errorf("locked_dial: must be emergency, internal or any")
	}
	if _, err := c.Number(c.Hotline); c.Hotline != "" && err != nil {
		return fmt.Errorf("hotline: %w", err)
	}
	if c.HotlineWait < 0 || c.HotlineWait > 30*time.Second {
		return fmt.Errorf("hotline_wait: must be 0s to 30s, not %v", c.HotlineWait)
	}
	if len(c.Pages) > MaxPages {
		return fmt.Errorf("pages: at most %d, not %d", MaxPages, len(c.Pages))
	}
	if c.PageVolume > VolumeMax {
		return fmt.Errorf("page_volume: must be 0 to %d, not %d", VolumeMax, c.PageVolume)
	}
	if err := c.DigitMap.Validate(); err != nil {
		return fmt.Errorf("digit_map: %w", err)
	}
	if c.Profile != nil {
		if err := c.Profile.Validate(); err != nil {
			return fmt.Errorf("profile %q: %w", c.Profile.Name, err)
		}
	}
	for i, l := range c.Lines {
		if l.Appearances > MaxAppearances {
			return fmt.Errorf("line %d: appearances: at most %d, not %d", i+1, MaxAppearances, l.Appearances)
		}
		if l.BargeIn >= bargeInCount {
			return fmt.Errorf("line %d: barge_in: must be deny, ask or allow", i+1)
		}
		if _, err := c.Number(l.Mailbox); l.Mailbox != "" && err != nil {
			return fmt.Errorf("line %d: voicemail: %w", i+1, err)
		}
	}
	if err := c.Rules.validate(c); err != nil {
		return fmt.Errorf("rules.%w", err)
	}
	if err := c.validateWatch(); err != nil {
		return err
	}
	return c.Plan.Validate()
}
