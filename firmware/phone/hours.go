package phone

import (
	"fmt"
	"strings"
	"time"
)

// Span is a part of the week: the same hours on some of its days, by the wall clock.
type Span struct {
	Days     uint8  // bit n is day n, Sunday is 0
	From, To uint16 // minutes after midnight, From before To; To does not belong to it, and 1440 is midnight
}

const dayMinutes = 24 * 60

var dayNames = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Holds tells whether a moment lies within, where the user's clock is t's.
func (s Span) Holds(t time.Time) bool {
	minute := uint16(t.Hour()*60 + t.Minute())
	return s.Days>>t.Weekday()&1 == 1 && minute >= s.From && minute < s.To
}

func (s Span) valid() bool { return s.Days > 0 && s.Days < 1<<7 && s.From < s.To && s.To <= dayMinutes }

// String writes a span as ParseSpan reads it: "mon-fri 09:00-17:00".
func (s Span) String() string {
	var days []string
	for i := 1; i <= 7; i++ { // the week begins on Monday (ISO 8601)
		last := i
		for last < 7 && s.Days>>(last%7)&1 == 1 && s.Days>>((last+1)%7)&1 == 1 {
			last++
		}
		switch {
		case s.Days>>(i%7)&1 == 0:
			continue
		case last == i:
			days = append(days, dayNames[i%7])
		default:
			days = append(days, dayNames[i%7]+"-"+dayNames[last%7])
		}
		i = last
	}
	return fmt.Sprintf("%s %02d:%02d-%02d:%02d", strings.Join(days, ","), s.From/60, s.From%60, s.To/60, s.To%60)
}

// ParseSpan reads days and hours: "mon-fri 09:00-17:00", "sat,sun 10:00-24:00".
func ParseSpan(s string) (Span, error) {
	var out Span
	wrong := fmt.Errorf("%q is no span like mon-fri 09:00-17:00", s)
	days, hours, ok := strings.Cut(s, " ")
	from, to, both := strings.Cut(hours, "-")
	if !ok || !both || len(s) > 64 {
		return out, wrong
	}
	for part := range strings.SplitSeq(days, ",") {
		first, last, ranged := strings.Cut(part, "-")
		a, b := dayOf(first), dayOf(last)
		if !ranged {
			b = a
		}
		if a < 0 || b < 0 {
			return Span{}, wrong
		}
		for d := a; ; d = (d + 1) % 7 {
			if out.Days |= 1 << d; d == b {
				break
			}
		}
	}
	var okFrom, okTo bool
	out.From, okFrom = clock(from)
	out.To, okTo = clock(to)
	if !okFrom || !okTo || !out.valid() {
		return Span{}, wrong
	}
	return out, nil
}

func dayOf(s string) int {
	for i, n := range dayNames {
		if n == s {
			return i
		}
	}
	return -1
}

// clock reads hh:mm.
func clock(s string) (uint16, bool) {
	if len(s) != 5 || s[2] != ':' || strings.Trim(s[:2]+s[3:], "0123456789") != "" {
		return 0, false
	}
	h, m := uint16(s[0]-'0')*10+uint16(s[1]-'0'), uint16(s[3]-'0')*10+uint16(s[4]-'0')
	return h*60 + m, m < 60 && h*60+m <= dayMinutes
}
