package text

import (
	"strconv"
	"strings"

	"opendeskphone/firmware/phone"
)

// Numbers are the words of the page that tells step by step what becomes of a number.
type Numbers struct {
	Title    string
	Ask      string // the row that leads there
	Location string // the profile in force
	None     string // there is none
	Called   string // takes what is called
	Refused  string // the number cannot be called
	Steps    [phone.StepKindCount]string
	Known    string // StepPlan: the plan knows the number in E.164
	Unknown  string // StepPlan: it does not
}

// Step says a step in words. {rule} is the rule's place or name, {from} and {to} are what phone.NumberStep says of them.
func (c *Catalogue) Step(s phone.NumberStep) string {
	say, rule := c.Numbers.Steps[s.Kind], strconv.Itoa(s.Rule)
	if s.Kind == phone.StepPlan {
		if s.Rule >= 0 && s.Rule < len(c.Dial.Rules) {
			rule = c.Dial.Rules[s.Rule]
		}
		if say = c.Numbers.Known; s.To == "" {
			say = c.Numbers.Unknown
		}
	}
	return strings.NewReplacer("{rule}", rule, "{from}", s.From, "{to}", s.To).Replace(say)
}

var englishNumbers = Numbers{
	Title: "Number", Ask: "Try a number", Location: "Location", None: "none", Called: "Called: %s", Refused: "This cannot be called",
	Steps: [phone.StepKindCount]string{
		phone.StepStripped:  "Without separators: {to}",
		phone.StepAddress:   "It is an address: no rule is asked",
		phone.StepContext:   "It names its own place: {to}",
		phone.StepEmergency: "Emergency number: no rule is asked",
		phone.StepPage:      "Paging group: no rule is asked",
		phone.StepFeature:   "Has * or #: it is for the exchange",
		phone.StepGlobal:    "Begins with +: it is complete",
		phone.StepProfile:   "Rules of the location {to}",
		phone.StepAccess:    "{from} leads outside; left: {to}",
		phone.StepPassed:    "Rule {rule} is for extensions only",
		phone.StepMissed:    "Rule {rule} does not match",
		phone.StepMatched:   "Rule {rule} matches: {to}",
		phone.StepWrong:     "That is no telephone number: {to}",
		phone.StepNoRule:    "No rule matches",
	},
	Known: "Country's plan, {rule}: {to}", Unknown: "Country's plan: {rule}",
}

var germanNumbers = Numbers{
	Title: "Nummer", Ask: "Nummer prüfen", Location: "Standort", None: "keiner", Called: "Gewählt wird: %s", Refused: "Das ist nicht wählbar",
	Steps: [phone.StepKindCount]string{
		phone.StepStripped:  "Ohne Trennzeichen: {to}",
		phone.StepAddress:   "Eine Adresse: keine Regel gilt",
		phone.StepContext:   "Nennt selbst ihren Ort: {to}",
		phone.StepEmergency: "Notruf: keine Regel gilt",
		phone.StepPage:      "Durchsagegruppe: keine Regel gilt",
		phone.StepFeature:   "Hat * oder #: für die Anlage",
		phone.StepGlobal:    "Beginnt mit +: ist vollständig",
		phone.StepProfile:   "Regeln des Standorts {to}",
		phone.StepAccess:    "{from} führt nach außen; bleibt: {to}",
		phone.StepPassed:    "Regel {rule} gilt nur für Nebenstellen",
		phone.StepMissed:    "Regel {rule} passt nicht",
		phone.StepMatched:   "Regel {rule} passt: {to}",
		phone.StepWrong:     "Das ist keine Rufnummer: {to}",
		phone.StepNoRule:    "Keine Regel passt",
	},
	Known: "Plan des Landes, {rule}: {to}", Unknown: "Plan des Landes: {rule}",
}

var arabicNumbers = Numbers{
	Title: "الرقم", Ask: "جرب رقما", Location: "الموقع", None: "لا شيء", Called: "يطلب: %s", Refused: "لا يمكن طلب هذا",
	Steps: [phone.StepKindCount]string{
		phone.StepStripped:  "بلا فواصل: {to}",
		phone.StepAddress:   "هذا عنوان: لا تسأل قاعدة",
		phone.StepContext:   "يذكر مكانه بنفسه: {to}",
		phone.StepEmergency: "رقم طوارئ: لا تسأل قاعدة",
		phone.StepPage:      "مجموعة نداء: لا تسأل قاعدة",
		phone.StepFeature:   "فيه * أو #: للمقسم",
		phone.StepGlobal:    "يبدأ بعلامة +: كامل",
		phone.StepProfile:   "قواعد الموقع {to}",
		phone.StepAccess:    "{from} يقود إلى الخارج؛ الباقي: {to}",
		phone.StepPassed:    "القاعدة {rule} للداخليين فقط",
		phone.StepMissed:    "القاعدة {rule} لا تطابق",
		phone.StepMatched:   "القاعدة {rule} تطابق: {to}",
		phone.StepWrong:     "ليس هذا رقم هاتف: {to}",
		phone.StepNoRule:    "لا قاعدة تطابق",
	},
	Known: "خطة البلد، {rule}: {to}", Unknown: "خطة البلد: {rule}",
}
