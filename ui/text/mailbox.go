package text

// Mailbox are the words of voicemail.
type Mailbox struct {
	Title              string
	One, Many          string // new messages: one, and with a number
	Some               string // new messages that nobody has counted
	Urgent, Kept       string // take a number
	Stale              string // the server tells no news
	New, Heard         string // of one message; take a day
	Urgently           string
	None, Reading      string
	Failed             string // takes why
	CallIt             string // the entry that calls the mailbox
	MarkNew, MarkHeard string
	Skip               string
	Deleted            string
	Faults             [6]string // why a list or a message cannot be had
}

var englishMailbox = Mailbox{
	Title: "Voicemail", One: "1 new voice message", Many: "%d new voice messages", Some: "New voice messages", Urgent: "%d urgent", Kept: "%d kept",
	Stale: "The server tells no news: this may be old.", New: "New, %s", Heard: "Heard, %s", Urgently: "Urgent",
	None: "No messages", Reading: "Reading the mailbox", CallIt: "Call the mailbox", MarkNew: "Mark as new", MarkHeard: "Mark as heard",
	Skip: "Left, right: skip 5 s", Deleted: "Deleted",
}

var germanMailbox = Mailbox{
	Title: "Mailbox", One: "1 neue Nachricht", Many: "%d neue Nachrichten", Some: "Neue Nachrichten", Urgent: "%d dringend", Kept: "%d behalten",
	Stale: "Der Server meldet nichts mehr: vielleicht veraltet.", New: "Neu, %s", Heard: "Gehört, %s", Urgently: "Dringend",
	None: "Keine Nachrichten", Reading: "Mailbox wird gelesen", CallIt: "Mailbox anrufen", MarkNew: "Als neu markieren", MarkHeard: "Als gehört markieren",
	Skip: "Links, rechts: 5 s springen", Deleted: "Gelöscht",
}

var arabicMailbox = Mailbox{
	Title: "البريد الصوتي", One: "رسالة صوتية جديدة", Many: "%d رسائل صوتية جديدة", Some: "رسائل صوتية جديدة", Urgent: "%d عاجلة", Kept: "%d محفوظة",
	Stale: "لا أخبار من الخادم: قد يكون هذا قديما.", New: "جديدة، %s", Heard: "سمعت، %s", Urgently: "عاجلة",
	None: "لا رسائل", Reading: "يقرأ البريد الصوتي", CallIt: "الاتصال بالبريد الصوتي", MarkNew: "وضع علامة جديدة", MarkHeard: "وضع علامة مسموعة",
	Skip: "يسار، يمين: 5 ثوان", Deleted: "حذفت",
}
