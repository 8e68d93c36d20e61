package phone

import (
	"fmt"
	"slices"
	"strings"
)

// NumberPlan says how a number typed here reads in the world (ITU-T E.164). The zero plan leaves
// every number as it was typed.
type NumberPlan struct {
	Country       string // calling code without +, e.g. "49"
	International string // prefix of numbers abroad, e.g. "00"
	National      string // prefix of numbers elsewhere in the country, e.g. "0"
	Area          string // our area code without the national prefix, e.g. "30"
	Extension     int    // numbers of up to so many digits are internal
	DialE164      bool   // dial the international form; else what was typed
}

// Numbering is how numbers typed here read in the world: by the rules of the place, and by the plan what none of them
// says anything of. Two that are equal read every number alike.
type Numbering struct {
	Plan    NumberPlan
	Profile *Profile // the location profile in force; nil: none
}

// Rule says which rule of the plan made a number.
type Rule uint8

// The rules.
const (
	AsTyped Rule = iota
	EmergencyRule
	InternationalRule
	NationalRule
	LocalRule
	InternalRule
	FeatureCode // with * or #: for the exchange
	AddressRule // a SIP address, not a number
	PageRule    // a paging group
	ProfileRule // a rule of the location profile
	ruleCount
)

// Number is a typed number, understood.
type Number struct {
	Typed    string
	E164     string // "+491715550142"; empty where the plan does not know
	Target   string // what is dialled: digits, E.164, a local number with ;phone-context=, or an address
	Rule     Rule
	Rewrite  int  // ProfileRule: which rule of the profile, from 1
	Internal bool // an extension
}

const (
	maxNumber = 128 // characters of a number or address
	maxE164   = 16  // + and 15 digits (ITU-T E.164 §6)
)

// Validate checks that the plan's parts are digits.
func (p *NumberPlan) Validate() error {
	for _, part := range []struct{ key, v string }{
		{"country", p.Country}, {"international", p.International}, {"national", p.National}, {"area", p.Area},
	} {
		if strings.Trim(part.v, "0123456789") != "" || len(part.v) > 8 {
			return fmt.Errorf("plan.%s: at most 8 digits, not %q", part.key, part.v)
		}
	}
	if p.Extension < 0 || p.Extension > 10 {
		return fmt.Errorf("plan.extension: must be 0 to 10, not %d", p.Extension)
	}
	return nil
}

// Number understands a typed number or address. Spaces, brackets, dots, slashes and hyphens, as
// people write them, are passed over.
func (c *Config) Number(typed string) (Number, error) { return (&reading{c: c}).read(typed) }

// Explain is Number, and tells each step on the way.
func (c *Config) Explain(typed string) (Number, []NumberStep, error) {
	r := &reading{c: c, told: true}
	n, err := r.read(typed)
	return n, r.steps, err
}

// reading is a number being understood.
type reading struct {
	c     *Config
	told  bool // the steps are wanted
	steps []NumberStep
}

func (r *reading) read(typed string) (Number, error) {
	typed = strings.TrimSpace(typed)
	n := Number{Typed: typed, Target: typed}
	if typed == "" || len(typed) > maxNumber {
		return n, WrongNumber
	}
	digits, context := local(typed)
	bare := strip(digits)
	switch help := r.emergency(bare); {
	case help != "":
		return n, r.rule(&n, bare)
	case context != "" && !strings.HasPrefix(bare, "+"):
		n.Target = bare + contextParam + context
		r.tell(NumberStep{Kind: StepContext, To: context})
		if !wellFormed(bare, context) {
			return n, WrongNumber
		}
		return n, nil
	case strings.ContainsAny(digits, "@:"):
		n.Rule = AddressRule
		r.tell(NumberStep{Kind: StepAddress})
		return n, checkAddress(typed)
	case bare == "" || bare == "+" || strings.LastIndexByte(bare, '+') > 0:
		return n, WrongNumber
	case strings.ContainsFunc(bare, isNoDialKey):
		n.Rule = AddressRule
		r.tell(NumberStep{Kind: StepAddress})
		return n, checkUser(typed)
	case bare != typed:
		r.tell(NumberStep{Kind: StepStripped, To: bare})
	}
	return n, r.rule(&n, bare)
}

// local takes a number out of what may be a tel: URI, with the context it is meant in. Other parameters of such a URI
// say nothing of where to call (RFC 3966 §5.1).
func local(typed string) (digits, context string) {
	digits, tel := typed, len(typed) > 4 && strings.EqualFold(typed[:4], "tel:")
	if tel {
		digits = typed[4:]
	}
	number, params, _ := strings.Cut(digits, ";")
	for p := range strings.SplitSeq(params, ";") {
		if key, value, _ := strings.Cut(p, "="); strings.EqualFold(key, contextParam[1:len(contextParam)-1]) {
			return number, value
		}
	}
	if tel {
		return number, ""
	}
	return digits, ""
}

// strip takes away what people write between digits.
func strip(s string) string {
	if strings.HasPrefix(s, "+") { // +49 (0)30: the prefix is not dialled from abroad
		s = strings.Replace(s, "(0)", "", 1)
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ()-./", r) {
			return -1
		}
		return r
	}, s)
}

// rule finds the rule for digits, and follows it.
func (r *reading) rule(n *Number, digits string) error {
	n.Target = digits
	special := func(rule Rule, step StepKind) error {
		n.Rule = rule
		r.tell(NumberStep{Kind: step})
		return nil
	}
	switch help := r.emergency(digits); {
	case help != "":
		n.Target = help
		return special(EmergencyRule, StepEmergency)
	case r.c.page(digits) != 0:
		return special(PageRule, StepPage)
	case strings.ContainsAny(digits, "*#"):
		return special(FeatureCode, StepFeature)
	case strings.HasPrefix(digits, "+"):
		if isE164(digits) {
			n.E164 = digits
		}
		return special(InternationalRule, StepGlobal)
	}
	if done, err := r.rewrite(n); done || err != nil {
		return err
	}
	r.plan(n)
	return nil
}

// emergency gives the emergency number that digits are, also behind the prefix that leads outside.
func (r *reading) emergency(digits string) string {
	if slices.Contains(r.c.Emergency, digits) {
		return digits
	}
	if p := r.c.Profile; p != nil {
		if rest, ok := p.outside(digits); ok && slices.Contains(r.c.Emergency, rest) {
			return rest
		}
	}
	return ""
}

// typed tells whether the profile has the digits typed so far dialled. It never does while they may become a call
// for help.
func (c *Config) typed(digits string) Match {
	helps := func(number string) bool { return hasPrefix(number, digits) }
	if c.Profile == nil || slices.ContainsFunc(c.Emergency, helps) {
		return NoMatch
	}
	return c.Profile.typed(digits)
}

// rewrite applies the location profile; done tells that one of its rules matched.
func (r *reading) rewrite(n *Number) (done bool, err error) {
	p := r.c.Profile
	if p == nil {
		return false, nil
	}
	r.tell(NumberStep{Kind: StepProfile, To: p.Name})
	digits, out := p.outside(n.Target)
	if out {
		r.tell(NumberStep{Kind: StepAccess, From: p.Access, To: digits})
	}
	for i := range p.Rules {
		rule := &p.Rules[i]
		step := NumberStep{Rule: i + 1, From: rule.Pattern.text}
		if out && rule.Internal {
			step.Kind = StepPassed
			r.tell(step)
			continue
		}
		number, context, matches, good := rule.apply(digits)
		if !matches {
			step.Kind = StepMissed
			r.tell(step)
			continue
		}
		n.Rule, n.Rewrite, n.Internal = ProfileRule, i+1, rule.Internal
		if n.Target = number; context != "" {
			n.Target += contextParam + context
		}
		step.Kind, step.To = StepMatched, n.Target
		r.tell(step)
		if !good {
			r.tell(NumberStep{Kind: StepWrong, To: n.Target})
			return true, WrongNumber
		}
		if context == "" {
			n.E164 = number
		}
		return true, nil
	}
	r.tell(NumberStep{Kind: StepNoRule})
	return false, nil
}

// plan reads a number by the plan of the country.
func (r *reading) plan(n *Number) {
	p := &r.c.Plan
	digits := n.Target
	n.Rule, n.E164 = p.rule(digits)
	if !isE164(n.E164) {
		n.E164 = ""
	}
	n.Internal = n.Rule == InternalRule
	r.tell(NumberStep{Kind: StepPlan, Rule: int(n.Rule), To: n.E164})
	if p.DialE164 && n.E164 != "" {
		n.Target = n.E164
	}
}

// bypasses tells whether a gateway takes a number where the server of a line is gone.
func (c *Config) bypasses(n Number) bool {
	return n.Rule != AddressRule && slices.ContainsFunc(c.Gateways, func(beginning string) bool {
		return strings.HasPrefix(n.E164, beginning) || n.E164 == "" && strings.HasPrefix(n.Target, beginning)
	})
}

// Canonical gives the form that all ways of writing a number share: E.164 where the plan knows it, else its digits, and
// for an address the address without its scheme.
func (c *Config) Canonical(number string) string {
	number = strings.TrimSpace(number)
	if strings.Contains(number, "@") {
		return strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(number, "sips:"), "sip:"))
	}
	n, err := c.Number(number)
	switch {
	case err != nil:
		return strings.ToLower(number)
	case n.E164 != "":
		return n.E164
	}
	return n.Target
}

func (p *NumberPlan) rule(digits string) (Rule, string) {
	switch {
	case p.International != "" && hasPrefix(digits, p.International):
		return InternationalRule, "+" + digits[len(p.International):]
	case len(digits) <= p.Extension:
		return InternalRule, ""
	case p.Country == "":
		return AsTyped, ""
	case p.National != "" && hasPrefix(digits, p.National):
		return NationalRule, "+" + p.Country + digits[len(p.National):]
	case p.National == "" && p.Area == "":
		return NationalRule, "+" + p.Country + digits
	case p.Area != "":
		return LocalRule, "+" + p.Country + p.Area + digits
	}
	return AsTyped, ""
}

// hasPrefix wants something after the prefix too.
func hasPrefix(s, prefix string) bool { return len(s) > len(prefix) && s[:len(prefix)] == prefix }

func isNoDialKey(r rune) bool { return !strings.ContainsRune(dialKeys, r) }

// checkUser takes a bare name such as "anna.berg" for a user of our own domain.
func checkUser(s string) error {
	for _, r := range s {
		if !strings.ContainsRune("-_.", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return WrongNumber
		}
	}
	return nil
}

func checkAddress(s string) error {
	empty := strings.Trim(s, "@:") != s // no user, no domain, no scheme
	if empty || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '<' || r == '>' || r == '"' || r >= 0x7f }) {
		return WrongNumber
	}
	return nil
}

// CallingCode finds the country calling code at the head of an E.164 number (ITU-T E.164 Annex D):
// "49" of "+491715550142", with the ISO 3166 region, "DE". Codes shared by countries give the
// largest; ok is false for an unassigned code.
func CallingCode(e164 string) (code, region string, ok bool) {
	digits := strings.TrimPrefix(e164, "+")
	for n := 1; n <= 3 && n <= len(digits); n++ {
		if i := strings.Index(callingCodes, " "+digits[:n]+":"); i >= 0 {
			at := i + n + 2
			return digits[:n], callingCodes[at : at+2], true
		}
	}
	return "", "", false
}

// Group writes an E.164 number as people read it: country code, then groups from the right.
func Group(e164 string) string {
	code, _, ok := CallingCode(e164)
	if !ok {
		return e164
	}
	rest := e164[1+len(code):]
	var groups []string
	if area := ShortArea(code, rest); area != "" {
		for groups, rest = []string{area}, rest[len(area):]; len(rest) > 4; rest = rest[4:] {
			groups = append(groups, rest[:4])
		}
	}
	for len(rest) > 4 {
		groups, rest = append(groups, rest[:3]), rest[3:]
	}
	if rest != "" {
		groups = append(groups, rest)
	}
	return strings.Join(append([]string{"+" + code}, groups...), " ")
}

// shortAreas are the area codes of one or two digits of some countries; numbers below them are read in groups of four.
var shortAreas = map[string][]string{
	"36": {"1"}, "43": {"1"}, "44": {"20", "23", "24", "28", "29"}, "49": {"30", "40", "69", "89"}, "81": {"3", "6"}, "353": {"1"},
}

// ShortArea gives the area code at the beginning of a number without its country code, if it is a short one.
func ShortArea(country, number string) string {
	for _, area := range shortAreas[country] {
		if strings.HasPrefix(number, area) {
			return area
		}
	}
	return ""
}

// callingCodes are the assigned codes with the region that has most subscribers under each.
const callingCodes = " 1:US 7:RU 20:EG 27:ZA 30:GR 31:NL 32:BE 33:FR 34:ES 36:HU 39:IT 40:RO 41:CH 43:AT 44:GB 45:DK 46:SE 47:NO 48:PL 49:DE" +
	" 51:PE 52:MX 53:CU 54:AR 55:BR 56:CL 57:CO 58:VE 60:MY 61:AU 62:ID 63:PH 64:NZ 65:SG 66:TH 81:JP 82:KR 84:VN 86:CN 90:TR 91:IN 92:PK 93:AF 94:LK 95:MM 98:IR" +
	" 211:SS 212:MA 213:DZ 216:TN 218:LY 220:GM 221:SN 222:MR 223:ML 224:GN 225:CI 226:BF 227:NE 228:TG 229:BJ 230:MU 231:LR 232:SL 233:GH 234:NG 235:TD 236:CF 237:CM 238:CV 239:ST" +
	" 240:GQ 241:GA 242:CG 243:CD 244:AO 245:GW 246:IO 247:SH 248:SC 249:SD 250:RW 251:ET 252:SO 253:DJ 254:KE 255:TZ 256:UG 257:BI 258:MZ 260:ZM 261:MG 262:RE 263:ZW 264:NA 265:MW 266:LS 267:BW 268:SZ 269:KM" +
	" 290:SH 291:ER 297:AW 298:FO 299:GL 350:GI 351:PT 352:LU 353:IE 354:IS 355:AL 356:MT 357:CY 358:FI 359:BG 370:LT 371:LV 372:EE 373:MD 374:AM 375:BY 376:AD 377:MC 378:SM 380:UA 381:RS 382:ME 383:XK 385:HR 386:SI 387:BA 389:MK" +
	" 420:CZ 421:SK 423:LI 500:FK 501:BZ 502:GT 503:SV 504:HN 505:NI 506:CR 507:PA 508:PM 509:HT 590:GP 591:BO 592:GY 593:EC 594:GF 595:PY 596:MQ 597:SR 598:UY 599:CW" +
	" 670:TL 672:NF 673:BN 674:NR 675:PG 676:TO 677:SB 678:VU 679:FJ 680:PW 681:WF 682:CK 683:NU 685:WS 686:KI 687:NC 688:TV 689:PF 690:TK 691:FM 692:MH" +
	" 850:KP 852:HK 853:MO 855:KH 856:LA 880:BD 886:TW 960:MV 961:LB 962:JO 963:SY 964:IQ 965:KW 966:SA 967:YE 968:OM 970:PS 971:AE 972:IL 973:BH 974:QA 975:BT 976:MN 977:NP 992:TJ 993:TM 994:AZ 995:GE 996:KG 998:UZ"
