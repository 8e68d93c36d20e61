package text

// Mailbox are the words of voicemail.
type Mailbox struct {
	Title              string
	One, Many          string // new messages: one, and with a number
	Some               string // new messages that nobody has counted
	Urgent, Kept       string // take a number
	Place              string // takes how many are new, and how many were heard
	Stale              string // the server tells no news
	New, Heard         string // of one message; take a day
	Urgently           string
	None, Reading      string
	CallIt             string // the entry that calls the mailbox
	MarkNew, MarkHeard string
	Skip, Deleted      string
	Faults             [6]string // why a list or a message cannot be had: as screen.MailFault, without none
}

var englishMailbox = Mailbox{
	Title: "Voicemail", One: "1 new voice message", Many: "%d new voice messages", Some: "New voice messages", Urgent: "%d urgent", Kept: "%d kept",
	Place: "%d new, %d kept", Stale: "May be out of date", New: "New, %s", Heard: "Heard, %s", Urgently: "urgent",
	None: "No messages", Reading: "Reading the mailbox", CallIt: "Call the mailbox", MarkNew: "Mark as new", MarkHeard: "Mark as heard",
	Skip: "Left, right: skip 5 s", Deleted: "Message deleted",
	Faults: [6]string{"Server does not answer", "Certificate not valid", "Password refused", "No such folder", "Cannot be played", "Message is gone"},
}

var germanMailbox = Mailbox{
	Title: "Mailbox", One: "1 neue Nachricht", Many: "%d neue Nachrichten", Some: "Neue Nachrichten", Urgent: "%d dringend", Kept: "%d behalten",
	Place: "%d neu, %d behalten", Stale: "Vielleicht veraltet", New: "Neu, %s", Heard: "Gehört, %s", Urgently: "dringend",
	None: "Keine Nachrichten", Reading: "Mailbox wird gelesen", CallIt: "Mailbox anrufen", MarkNew: "Als neu markieren", MarkHeard: "Als gehört markieren",
	Skip: "Links, rechts: 5 s", Deleted: "Nachricht gelöscht",
	Faults: [6]string{"Server antwortet nicht", "Zertifikat ungültig", "Passwort abgelehnt", "Ordner fehlt", "Nicht abspielbar", "Nicht mehr da"},
}

var arabicMailbox = Mailbox{
	Title: "البريد الصوتي", One: "رسالة صوتية جديدة", Many: "%d رسائل صوتية جديدة", Some: "رسائل صوتية جديدة", Urgent: "%d عاجلة", Kept: "%d محفوظة",
	Place: "%d جديدة، %d محفوظة", Stale: "قد يكون قديما", New: "جديدة، %s", Heard: "مسموعة، %s", Urgently: "عاجلة",
	None: "لا رسائل", Reading: "تتم قراءة البريد الصوتي", CallIt: "الاتصال بالبريد الصوتي", MarkNew: "وضع علامة جديدة", MarkHeard: "وضع علامة مسموعة",
	Skip: "يسار، يمين: 5 ثوان", Deleted: "حذفت الرسالة",
	Faults: [6]string{"الخادم لا يجيب", "شهادة غير صالحة", "كلمة السر مرفوضة", "لا مجلد كهذا", "لا يمكن تشغيلها", "لم تعد موجودة"},
}
