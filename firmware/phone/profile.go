package phone

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Profile is a location profile: the rules that make of a number typed at a place the one that is dialled
// (MS-SIPRE §2.2.8.1). A Profile in use is never written again.
type Profile struct {
	Name     string    // of the place
	Rules    []Rewrite // the first whose pattern matches wins
	Access   string    // the digits that lead outside, "9"; empty: none
	Optimize bool      // numbers are dialled as soon as they are complete, and Access is taken away before the rules
}

// Rewrite is a rule of a profile.
type Rewrite struct {
	Pattern     Pattern // what the whole number must look like
	Translation string  // what it becomes, with $1 to $9 for the groups of the pattern
	Internal    bool    // for extensions: not applied behind Access
	Device      bool    // a number that it matches may be dialled as soon as it is complete
}

// Limits of a profile; a real one has some dozens of rules.
const (
	MaxRewrites    = 256
	maxRewriteText = 255  // bytes of a name, a pattern or a translation
	maxPattern     = 2000 // instructions of a pattern: what a number is held against costs this much a digit at most
	maxAccess      = 4    // digits
)

// Validate checks a profile as a whole; the error says which rule is wrong, counted from 1, and why.
func (p *Profile) Validate() error {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	switch {
	case p.Name == "" || len(p.Name) > maxRewriteText || !utf8.ValidString(p.Name) || strings.ContainsFunc(p.Name, unprintable):
		return fmt.Errorf("the name must be 1 to %d bytes of printable text", maxRewriteText)
	case len(p.Rules) == 0:
		return errors.New("there is no rule")
	case len(p.Rules) > MaxRewrites:
		return fmt.Errorf("at most %d rules, not %d", MaxRewrites, len(p.Rules))
	case len(p.Access) > maxAccess || strings.Trim(p.Access, "0123456789*#") != "":
		return fmt.Errorf("the external access prefix must be at most %d of 0 to 9, * and #, not %q", maxAccess, p.Access)
	}
	for i := range p.Rules {
		if err := p.Rules[i].validate(); err != nil {
			return fmt.Errorf("rule %d, %s: %w", i+1, p.Rules[i].Pattern, err)
		}
	}
	return nil
}

// validate checks that the translation can only lead to a number that is good everywhere.
func (r *Rewrite) validate() error {
	if len(r.Translation) > maxRewriteText {
		return fmt.Errorf("the translation is longer than %d bytes", maxRewriteText)
	}
	sample := ""
	for i := 0; i < len(r.Translation); i++ {
		c := r.Translation[i]
		if c != '$' {
			sample += string(c)
			continue
		}
		if i++; i == len(r.Translation) || r.Translation[i] < '1' || r.Translation[i] > '9' {
			return errors.New("a $ of the translation needs a digit 1 to 9 behind it")
		}
		if group, have := int(r.Translation[i]-'0'), r.Pattern.re.NumSubexp(); group > have {
			return fmt.Errorf("the translation wants group $%d, and the pattern has %d", group, have)
		}
		if sample == "" && !strings.Contains(r.Translation, contextParam) {
			sample = "+" // the group may begin with it
		}
		sample += "1"
	}
	if number, context := cutContext(sample); !wellFormed(number, context) {
		return fmt.Errorf("the translation %q makes no number: it must begin with + or carry ;phone-context=", r.Translation)
	}
	return nil
}

// apply gives what a rule makes of digits: a number in E.164, or one with the context it is meant in. It may
// come out wrong even by a rule that validates, if the digits are too many.
func (r *Rewrite) apply(digits string) (number, context string, matches, good bool) {
	groups := r.Pattern.groups(digits)
	if groups == nil {
		return "", "", false, false
	}
	var out strings.Builder
	for i := 0; i < len(r.Translation); i++ {
		if c := r.Translation[i]; c == '$' && i+1 < len(r.Translation) {
			i++
			if g := int(r.Translation[i] - '0'); g < len(groups) {
				out.WriteString(groups[g])
			}
		} else {
			out.WriteByte(c)
		}
	}
	number, context = cutContext(out.String())
	return number, context, true, wellFormed(number, context)
}

const contextParam = ";phone-context=" // RFC 3966 §5.1.5

// cutContext parts a local number, stripped, from its context.
func cutContext(s string) (number, context string) {
	number, context, _ = strings.Cut(s, contextParam)
	return strip(number), context
}

// wellFormed tells whether a number is a global one, or a local one with its context (RFC 3966 §3).
func wellFormed(number, context string) bool {
	if context == "" {
		return isE164(number)
	}
	global := strings.TrimPrefix(context, "+")
	descriptor := context != global && global != "" && strings.Trim(global, "0123456789") == ""
	return number != "" && len(number) <= maxNumber && strings.Trim(number, "0123456789*#") == "" && (descriptor || isContext(context))
}

func isE164(s string) bool {
	return len(s) > 1 && len(s) <= maxE164 && s[0] == '+' && strings.Trim(s[1:], "0123456789") == ""
}

// isContext checks the domain name that a context is.
func isContext(s string) bool {
	return len(s) <= maxRewriteText && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("-.", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// outside takes the access prefix away where the phone has to; ok tells whether the number leads outside.
func (p *Profile) outside(digits string) (rest string, ok bool) {
	if !p.Optimize || p.Access == "" || !hasPrefix(digits, p.Access) {
		return digits, false
	}
	return digits[len(p.Access):], true
}

// typed tells whether digits typed so far are a number that the profile has dialled at once: behind the access
// prefix by the rules for outside, else by those for extensions.
func (p *Profile) typed(digits string) Match {
	if !p.Optimize {
		return NoMatch
	}
	rest, out := p.outside(digits)
	full, more := false, false
	for i := range p.Rules {
		if r := &p.Rules[i]; r.Device && r.Internal == !out {
			full, more = full || r.Pattern.groups(rest) != nil, more || r.Pattern.more(rest)
		}
	}
	return matchOf(full, more)
}

// Pattern is a regular expression that a whole number must match. It is one of RE2, whose cost grows with the
// number's length alone, whoever wrote it.
type Pattern struct {
	text string
	re   *regexp.Regexp
	prog *syntax.Prog // the same, to be walked digit by digit
}

// foreign are the parts of other regular expressions that RE2 does without, as they are written.
var foreign = []struct{ written, is string }{
	{`\(\?<?[=!]`, "look-around"}, {`\\[1-9]|\\k[<{']`, "a back reference"}, {`\(\?>`, "an atomic group"}, {`\(\?\(`, "a condition"},
}

// ParsePattern reads a pattern; the error says what it has that is not understood.
func ParsePattern(s string) (Pattern, error) {
	p := Pattern{text: s}
	if s == "" || len(s) > maxRewriteText {
		return p, fmt.Errorf("a pattern must be 1 to %d bytes long", maxRewriteText)
	}
	parsed, err := syntax.Parse(`\A(?:`+s+`)\z`, syntax.Perl)
	if err != nil {
		for _, f := range foreign {
			if at := regexp.MustCompile(f.written).FindString(s); at != "" {
				return p, fmt.Errorf("%s, %s, is not allowed: it can take a pattern forever", f.is, at)
			}
		}
		var why *syntax.Error
		if errors.As(err, &why) {
			return p, fmt.Errorf("it is no regular expression: %s", why.Code)
		}
		return p, err
	}
	if p.prog, err = syntax.Compile(parsed.Simplify()); err != nil {
		return p, err
	}
	if len(p.prog.Inst) > maxPattern {
		return p, errors.New("the pattern repeats too much")
	}
	p.re, err = regexp.Compile(`\A(?:` + s + `)\z`)
	return p, err
}

// String gives the pattern as it was written.
func (p Pattern) String() string { return p.text }

// MarshalText writes a pattern into records.
func (p Pattern) MarshalText() ([]byte, error) { return []byte(p.text), nil }

// UnmarshalText reads it back.
func (p *Pattern) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePattern(string(b))
	return err
}

// groups gives what the groups of the pattern hold of a number, the whole of it first; nil where it does not match.
func (p *Pattern) groups(digits string) []string {
	if p.re == nil {
		return nil
	}
	return p.re.FindStringSubmatch(digits)
}

// more tells whether a number that begins with digits, and is longer, may match.
func (p *Pattern) more(digits string) bool {
	if p.prog == nil {
		return false
	}
	w := walk{prog: p.prog, here: map[uint32]bool{}}
	w.reach(uint32(p.prog.Start), true)
	for _, d := range digits {
		was := w.here
		w.here = map[uint32]bool{}
		for pc := range was {
			if p.takes(pc, d) {
				w.reach(p.prog.Inst[pc].Out, false)
			}
		}
	}
	for pc := range w.here {
		for _, d := range dialKeys {
			if p.takes(pc, d) {
				return true
			}
		}
	}
	return false
}

// takes tells whether the instruction at pc is one that a digit fulfils.
func (p *Pattern) takes(pc uint32, d rune) bool {
	i := &p.prog.Inst[pc]
	switch i.Op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return i.MatchRune(d)
	}
	return false
}

// walk is all the places in a pattern that a number may have come to.
type walk struct {
	prog *syntax.Prog
	here map[uint32]bool
}

// reach adds a place and all that follow it without a digit. What holds at the number's end alone has nothing behind it.
func (w *walk) reach(pc uint32, begin bool) {
	if w.here[pc] {
		return
	}
	w.here[pc] = true
	switch i := &w.prog.Inst[pc]; i.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		w.reach(i.Out, begin)
		w.reach(i.Arg, begin)
	case syntax.InstCapture, syntax.InstNop:
		w.reach(i.Out, begin)
	case syntax.InstEmptyWidth:
		const head, end = syntax.EmptyBeginText | syntax.EmptyBeginLine, syntax.EmptyEndText | syntax.EmptyEndLine
		if op := syntax.EmptyOp(i.Arg); op&end == 0 && (begin || op&head == 0) {
			w.reach(i.Out, begin)
		}
	}
}
