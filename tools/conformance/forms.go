package conformance

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The objects of the document, as far as they are checked.
type (
	hello struct {
		Proto          string   `json:"proto"`
		Minor          *int     `json:"minor"`
		DeviceID       string   `json:"deviceId"`
		Model          string   `json:"model"`
		Firmware       string   `json:"fw"`
		BootID         string   `json:"bootId"`
		PairingID      string   `json:"pairingId"`
		Rights         []string `json:"rights"`
		Lines          []line   `json:"lines"`
		Features       []string `json:"features"`
		MaxCalls       int      `json:"maxCalls"`
		AttachRequired *bool    `json:"attachRequired"`
		Time           string   `json:"time"`
	}
	opened struct {
		SessionID string    `json:"sessionId"`
		Rights    []string  `json:"rights"`
		Attached  *bool     `json:"attached"`
		Resumed   *bool     `json:"resumed"`
		Seq       *uint64   `json:"seq"`
		Snapshot  *snapshot `json:"snapshot"`
	}
	snapshot struct {
		Calls  []call  `json:"calls"`
		Device *device `json:"device"`
		Lock   *struct {
			Locked *bool `json:"locked"`
		} `json:"lock"`
		Lines []line `json:"lines"`
	}
	line struct {
		LineID string `json:"lineId"`
		AOR    string `json:"aor"`
		State  string `json:"state"`
	}
	device struct {
		Hook     string         `json:"hook"`
		Terminal string         `json:"terminal"`
		Mute     *bool          `json:"mute"`
		Volumes  map[string]int `json:"volumes"`
	}
	call struct {
		CallID string `json:"callId"`
		Rev    uint64 `json:"rev"`
		LineID string `json:"lineId"`
		Dir    string `json:"dir"`
		State  string `json:"state"`
		Hold   *struct {
			Local  bool `json:"local"`
			Remote bool `json:"remote"`
		} `json:"hold"`
		LegA *struct {
			Terminal string `json:"terminal"`
			Muted    bool   `json:"muted"`
		} `json:"legA"`
		LegB *struct {
			URI      string `json:"uri"`
			Verified string `json:"verified"`
		} `json:"legB"`
		ConversationID string   `json:"conversationId"`
		ConsultOf      string   `json:"consultOf"`
		Conf           *conf    `json:"conf"`
		CreatedAt      string   `json:"createdAt"`
		Actions        []string `json:"actions"`
	}
	conf struct {
		ConfID       string   `json:"confId"`
		Participants []string `json:"participants"`
	}
	stamp struct {
		Seq    uint64 `json:"seq"`
		BootID string `json:"bootId"`
		At     string `json:"at"`
		By     string `json:"by"`
	}
)

var timeForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)

func checkTime(what, s string) error {
	if _, err := time.Parse(time.RFC3339, s); err != nil || !timeForm.MatchString(s) {
		return fmt.Errorf("%s: %q is no time of section 3.3", what, s)
	}
	return nil
}

func oneOf(what, got string, words string) error {
	if !slices.Contains(strings.Fields(words), got) {
		return fmt.Errorf("%s is %q, must be one of %s", what, got, words)
	}
	return nil
}

const (
	callStates  = "dialing proceeding alerting early ringing answering connected transferring ending ended"
	lineStates  = "unregistered registering registered failed"
	terminals   = "handset headset speaker usb"
	rightsWords = "observe control device provision lock"
)

// first gives the first error.
func first(errs ...error) error {
	for _, e := range errs {
		if e != nil {
			return e
		}
	}
	return nil
}

func need(what string, ok bool) error {
	if !ok {
		return fmt.Errorf("%s is missing or wrong", what)
	}
	return nil
}

func (h hello) check() error {
	if err := first(
		oneOf("proto", h.Proto, "tpcp/1"), need("minor", h.Minor != nil), need("deviceId", h.DeviceID != ""), need("bootId", h.BootID != ""),
		need("pairingId", h.PairingID != ""), need("maxCalls", h.MaxCalls > 0), need("attachRequired", h.AttachRequired != nil),
		need("lines", h.Lines != nil), need("features", slices.Contains(h.Features, "session.open")), checkTime("time", h.Time),
	); err != nil {
		return err
	}
	for _, r := range h.Rights {
		if err := oneOf("right", r, rightsWords); err != nil {
			return err
		}
	}
	return checkLines(h.Lines)
}

func checkLines(all []line) error {
	for _, l := range all {
		if err := first(need("lineId", l.LineID != "" && len(l.LineID) <= 64), need("aor", l.AOR != ""), oneOf("line state", l.State, lineStates)); err != nil {
			return err
		}
	}
	return nil
}

func (s *snapshot) check() error {
	if s == nil {
		return need("snapshot", false)
	}
	if err := first(need("calls", s.Calls != nil), need("lines", s.Lines != nil), need("lock", s.Lock != nil && s.Lock.Locked != nil),
		s.Device.check(), checkLines(s.Lines)); err != nil {
		return err
	}
	for _, c := range s.Calls {
		if err := c.check(); err != nil {
			return err
		}
	}
	return nil
}

func (d *device) check() error {
	if d == nil {
		return need("device", false)
	}
	for name, level := range d.Volumes {
		if err := first(oneOf("volume", name, terminals+" ringer"), need("level", level >= 0 && level <= 15)); err != nil {
			return err
		}
	}
	return first(oneOf("hook", d.Hook, "on off"), oneOf("terminal", d.Terminal, terminals), need("mute", d.Mute != nil), need("volumes", len(d.Volumes) > 0))
}

func (c call) check() error {
	return first(need("callId", c.CallID != "" && len(c.CallID) <= 64), need("rev", c.Rev > 0), need("lineId", c.LineID != ""), oneOf("dir", c.Dir, "in out"),
		oneOf("call state", c.State, callStates), need("hold", c.Hold != nil), need("legA", c.LegA != nil), need("legB", c.LegB != nil),
		need("actions", c.Actions != nil), checkTime("createdAt", c.CreatedAt))
}

// checkStamp looks at the head of a notification.
func checkStamp(m message) (stamp, error) {
	var s stamp
	if err := json.Unmarshal(m.Params, &s); err != nil {
		return s, fmt.Errorf("%s: %w", m.Method, err)
	}
	by := s.By
	if strings.HasPrefix(by, "controller:") {
		by = "controller"
	}
	return s, first(need("seq", s.Seq > 0), need("bootId", s.BootID != ""), checkTime("at", s.At), oneOf("by", by, "local controller remote server system"))
}
