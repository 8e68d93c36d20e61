package text

import "opendeskphone/firmware/phone"

// Caller are the words of who calls, and of what that is worth.
type Caller struct {
	Withheld               string // in place of a name
	Verified, NotVerified  string
	Known, NotVouched      string // signed, but not for the number (SHAKEN B)
	NotKnown, Gateway      string // and not even for the caller (SHAKEN C)
	Forwarded              string // takes who sent the call on
	Doubts                 map[phone.Doubt]string
	HideNumber, ShowNumber Label
	Hidden                 string // of our own number, in the hint of the dial page
	HiddenShort            string // beside the line
}

var englishCaller = Caller{
	Withheld: "Number withheld", Verified: "Verified caller", NotVerified: "Number not verified",
	Known: "Caller known", NotVouched: "nobody vouches for the number", NotKnown: "Caller not known", Gateway: "the call came through a gateway", Forwarded: "forwarded by %s",
	Doubts: map[phone.Doubt]string{
		phone.Unreadable: "its proof cannot be read", phone.OtherCaller: "the proof is of another number", phone.OtherCalled: "the proof is for another call",
		phone.Stale: "the proof is not of now", phone.BadSignature: "the proof was changed", phone.UnknownAuthority: "signed by nobody trusted",
		phone.Expired: "the certificate is out of date", phone.NotEntitled: "signed by somebody else's provider", phone.NoCertificate: "the certificate could not be had",
		phone.ServerDoubts: "says the network",
	},
	HideNumber: Label{"Hide number", "Hide no."}, ShowNumber: Label{"Show number", "Show no."}, Hidden: "Your number will not be shown", HiddenShort: "number hidden",
}

var germanCaller = Caller{
	Withheld: "Nummer unterdrückt", Verified: "Geprüfter Anrufer", NotVerified: "Nummer nicht bestätigt",
	Known: "Anrufer bekannt", NotVouched: "für die Nummer bürgt niemand", NotKnown: "Anrufer nicht bekannt", Gateway: "der Anruf kam durch ein Gateway", Forwarded: "weitergeleitet von %s",
	Doubts: map[phone.Doubt]string{
		phone.Unreadable: "der Nachweis ist unlesbar", phone.OtherCaller: "der Nachweis gilt anderer Nummer", phone.OtherCalled: "der Nachweis gilt einem anderen Anruf",
		phone.Stale: "der Nachweis ist nicht von jetzt", phone.BadSignature: "der Nachweis wurde verändert", phone.UnknownAuthority: "niemand Vertrautes unterschrieb",
		phone.Expired: "das Zertifikat ist abgelaufen", phone.NotEntitled: "ein fremder Anbieter unterschrieb", phone.NoCertificate: "das Zertifikat war nicht zu bekommen",
		phone.ServerDoubts: "sagt das Netz",
	},
	HideNumber: Label{"Nummer verbergen", "Verbergen"}, ShowNumber: Label{"Nummer zeigen", "Zeigen"}, Hidden: "Ihre Nummer wird nicht gezeigt", HiddenShort: "Nummer verborgen",
}

var arabicCaller = Caller{
	Withheld: "رقم محجوب", Verified: "متصل موثق", NotVerified: "رقم غير موثق",
	Known: "المتصل معروف", NotVouched: "لا أحد يضمن الرقم", NotKnown: "المتصل غير معروف", Gateway: "جاءت المكالمة عبر بوابة", Forwarded: "حولها %s",
	Doubts: map[phone.Doubt]string{
		phone.Unreadable: "الإثبات غير مقروء", phone.OtherCaller: "الإثبات لرقم آخر", phone.OtherCalled: "الإثبات لمكالمة أخرى",
		phone.Stale: "الإثبات ليس حديثا", phone.BadSignature: "الإثبات تغير", phone.UnknownAuthority: "لم يوقعه أحد موثوق",
		phone.Expired: "الشهادة منتهية", phone.NotEntitled: "وقعه مزود آخر", phone.NoCertificate: "تعذر الحصول على الشهادة",
		phone.ServerDoubts: "تقول الشبكة",
	},
	HideNumber: Label{"إخفاء الرقم", "إخفاء"}, ShowNumber: Label{"إظهار الرقم", "إظهار"}, Hidden: "لن يظهر رقمك", HiddenShort: "الرقم مخفي",
}
