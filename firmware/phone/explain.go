package phone

import "strings"

// StepKind says what happened to a number on the way from the keys to the wire.
type StepKind uint8

// The kinds of steps.
const (
	StepStripped  StepKind = iota // separators were taken away; To is what is left
	StepAddress                   // it is an address, not a number
	StepContext                   // it says itself where it is meant: To
	StepEmergency                 // it is an emergency number: no rule is asked
	StepPage                      // it is a paging group
	StepFeature                   // it has * or #: it is for the exchange
	StepGlobal                    // it begins with +: it is one for all the world
	StepProfile                   // the rules of the profile To are asked
	StepAccess                    // the prefix From leads outside; To is what is left
	StepPassed                    // Rule is for extensions, and the number leads outside
	StepMissed                    // Rule, with the pattern From, does not match
	StepMatched                   // it matches, and makes To of the number
	StepWrong                     // which is no number
	StepNoRule                    // none matches
	StepPlan                      // the country's plan is asked: Rule is its phone.Rule, To the number in E.164 if it knows it
	StepKindCount
)

var stepNames = [StepKindCount]string{
	"stripped", "address", "context", "emergency", "page", "feature", "global", "profile", "access", "passed", "missed", "matched", "wrong", "norule", "plan",
}

// String gives the kind in one word, as controllers read it.
func (k StepKind) String() string { return name(stepNames[:], k) }

// NumberStep is one step of understanding a number.
type NumberStep struct {
	Kind     StepKind
	Rule     int // of the profile, from 1, or of the plan
	From, To string
}

func (r *reading) tell(s NumberStep) {
	if r.told {
		r.steps = append(r.steps, s)
	}
}

// URIForm says how a line writes numbers into addresses.
type URIForm uint8

// The forms.
const (
	PhoneURI URIForm = iota // sip:+49...@domain;user=phone (RFC 3261 §19.1.6)
	PlainURI                // sip:+49...@domain
	TelURI                  // tel:+49..., tel:201;phone-context=domain (RFC 3966)
	uriFormCount
)

var uriFormNames = [uriFormCount]string{"phone", "sip", "tel"}

// String gives the form as the settings spell it.
func (f URIForm) String() string { return name(uriFormNames[:], f) }

// URI writes the target of a Number as an address for the server of aor. Digits whose meaning nobody but its domain
// knows are a user there, or in a tel: address a number there.
func (f URIForm) URI(target, aor string) string {
	scheme, rest, _ := strings.Cut(aor, ":")
	_, domain, _ := strings.Cut(rest, "@")
	tel, telephone := strings.CutPrefix(target, "tel:")
	switch {
	case telephone && f == TelURI:
		return target
	case telephone:
		target = tel
	case strings.Contains(target, ":"):
		return target
	case strings.Contains(target, "@"):
		return "sip:" + target
	}
	number, context := cutContext(target)
	telephone = telephone || context != "" || isE164(number)
	switch here, ok := contextOf(domain); {
	case f == TelURI && telephone:
		return "tel:" + target
	case f == TelURI && ok && strings.Trim(number, "0123456789*#") == "":
		return "tel:" + number + contextParam + here
	}
	uri := scheme + ":" + strings.ReplaceAll(target, "#", "%23") + "@" + domain // RFC 3261 §25.1: # is not allowed in a user part
	if f != PlainURI && telephone {
		uri += ";user=phone"
	}
	return uri
}

// contextOf gives the context of numbers of a domain, which has no port, and is a name: its last part begins with a
// letter (RFC 3966 §3).
func contextOf(domain string) (host string, ok bool) {
	host, _, _ = strings.Cut(domain, ":")
	top := host[strings.LastIndexByte(host, '.')+1:]
	return host, isContext(host) && top != "" && (top[0] < '0' || top[0] > '9')
}
