package text

import "opendeskphone/firmware/phone"

// Watch are the words of the keys of other people and of places to park calls at.
type Watch struct {
	Presences             [7]string // by phone.Presence: two words at most
	Free, Ringing, Calls  string    // of a person; Calls takes who calls them
	Empty, Waits, Someone string    // of a place; Waits takes who waits there
	PickUp, OfGroup       string
	InUse, Private        string // of a place on a shared line: somebody talks there, or holds it for themselves
	HoldPrivate           string
	Join, WantsIn         string // a call there may be joined; another phone of the line wants to join ours
	LetIn                 Label
}

var englishWatch = Watch{
	Presences: [7]string{phone.PresenceUnknown: "Not known", phone.Available: "Available", phone.InCall: "In a call", phone.Occupied: "Busy",
		phone.DoNotDisturb: "Do not disturb", phone.Away: "Away", phone.Offline: "Offline"},
	Free: "Free", Ringing: "Ringing, pick up", Calls: "%s calls", Empty: "Nobody waits", Waits: "%s waits", Someone: "Somebody waits", PickUp: "Pick up", OfGroup: "Group pickup",
	InUse: "In use", Private: "Held privately", HoldPrivate: "Hold privately", Join: "In use, join", WantsIn: "Wants to join", LetIn: Label{"Let in", "Let in"},
}

var germanWatch = Watch{
	Presences: [7]string{phone.PresenceUnknown: "Unbekannt", phone.Available: "Verfügbar", phone.InCall: "Im Gespräch", phone.Occupied: "Beschäftigt",
		phone.DoNotDisturb: "Nicht stören", phone.Away: "Abwesend", phone.Offline: "Offline"},
	Free: "Frei", Ringing: "Klingelt, annehmen", Calls: "%s ruft an", Empty: "Niemand wartet", Waits: "%s wartet", Someone: "Jemand wartet", PickUp: "Annehmen", OfGroup: "Ruf der Gruppe",
	InUse: "Belegt", Private: "Privat gehalten", HoldPrivate: "Privat halten", Join: "Mitsprechen", WantsIn: "Möchte dazukommen", LetIn: Label{"Zulassen", "Zulassen"},
}

var arabicWatch = Watch{
	Presences: [7]string{phone.PresenceUnknown: "غير معروف", phone.Available: "متاح", phone.InCall: "في مكالمة", phone.Occupied: "مشغول",
		phone.DoNotDisturb: "عدم الإزعاج", phone.Away: "غائب", phone.Offline: "غير متصل"},
	Free: "حر", Ringing: "يرن، التقط", Calls: "%s يتصل", Empty: "لا أحد ينتظر", Waits: "%s ينتظر", Someone: "أحد ينتظر", PickUp: "التقاط", OfGroup: "مكالمة المجموعة",
	InUse: "مستخدم", Private: "معلقة لهاتف واحد", HoldPrivate: "تعليق خاص", Join: "مستخدم، انضم", WantsIn: "يريد الانضمام", LetIn: Label{"السماح", "السماح"},
}
