package device

import (
	"slices"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
)

// TestCertificatesAreWarnedOfAhead: thirty days, seven and one before what a line signs in with ends, and no more once
// it is renewed, or over: then the line itself says so.
func TestCertificatesAreWarnedOfAhead(t *testing.T) {
	var told []string
	c := &certificates{known: map[phone.LineID]phone.LineChanged{}, tell: func(s string) { told = append(told, s) }, label: func(l phone.LineID) string { return []string{"100", "200"}[l] }}
	const year = 365 * 24 * time.Hour
	end := time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC)
	registered := phone.LineChanged{Line: 1, State: phone.LineRegistered, Until: end, Life: year}
	c.line(registered, end.AddDate(0, 0, -40))
	for _, before := range []time.Duration{31 * 24, 30 * 24, 29 * 24, 7 * 24, 6 * 24, 24, 1, 0, -5} {
		c.look(end.Add(-before * time.Hour))
	}
	want := []string{"200: less than 30 days, 2026-12-31", "200: less than 7 days, 2026-12-31", "200: less than 1 day, 2026-12-31", ""}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	told = nil
	c.line(registered, end.AddDate(0, 0, -3))
	c.line(phone.LineChanged{Line: 1, State: phone.LineFailing, Fault: phone.RegistrarUnreachable}, end.AddDate(0, 0, -3)) // still true
	registered.Until = end.AddDate(1, 0, 0)
	c.line(registered, end.AddDate(0, 0, -3))
	c.line(phone.LineChanged{Line: 0, State: phone.LineRegistered, Until: end, Life: year}, end.AddDate(0, 0, -3))
	c.line(phone.LineChanged{Line: 0, State: phone.LineOff}, end.AddDate(0, 0, -3))
	short := phone.LineChanged{Line: 0, State: phone.LineRegistered, Until: end, Life: 47 * 24 * time.Hour}
	c.line(short, end.AddDate(0, 0, -20)) // renewed at 16 days
	if want := []string{want[1], "", "100: less than 7 days, 2026-12-31", ""}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
