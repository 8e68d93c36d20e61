package text

// Rules are the words of who gets the calls that come in.
type Rules struct {
	Title     string
	Number    Label  // of where calls go
	Voicemail string // as a place that calls go to
	Nowhere   string // its number is not known

	// What is in force, in sentences.
	ByServer            string
	Taken, Pending      string // what the server does with the rules of this phone
	NotTaken            string // takes why
	BlockAll            string
	Blocked             string // takes how many
	DNDMail, DNDNone    string
	Through             string // who rings all the same
	Within              string // takes hours
	All, Busy           string // take where to
	NotHere             string
	Beside              string // takes who
	Skip, Rings         string
	Then                string // takes seconds, and where to
	AllShort, RingsHere string // AllShort takes where to

	// The names of the rows.
	DND, Forward, Unanswered, WhenBusy, RingFor, Also, Team, Delegates, SkipMe, WorkHours, Mailbox, Who string
	Seconds                                                                                             string // takes how many
	Phone, Server                                                                                       string
	DNDOn, DNDOff                                                                                       string // said when a key did it
}

var englishRules = Rules{
	Title: "Call rules", Number: Label{"Number", "Number"}, Voicemail: "voicemail", Nowhere: "voicemail, whose number is missing",
	ByServer: "Your server decides who gets your calls. This phone rings for what it lets through.",
	Taken:    "Your server acts on these rules, and this phone on do not disturb, calls when busy and blocked numbers.",
	Pending:  "Your server is being given these rules. Until it has them, this phone acts on them.",
	NotTaken: "Your server does not take these rules (%s). They hold while this phone is on.",
	BlockAll: "Every call is refused.", Blocked: "Blocked numbers: %d.",
	DNDMail: "Calls go to voicemail.", DNDNone: "Callers hear that you cannot be reached.", Through: "Your team and those you chose ring all the same.",
	Within: "What follows holds %s.", All: "All calls go to %s.", NotHere: "Nothing rings here.", Busy: "When you are busy they go to %s.",
	Beside: "Calls ring here and at %s.", Skip: "Calls ring at %s, not here.", Rings: "Calls ring here.", Then: "After %d s they go to %s.",
	AllShort: "All calls go to %s", RingsHere: "Ring here",
	DND: "Do not disturb", Forward: "Forward all calls", Unanswered: "Unanswered", WhenBusy: "When busy", RingFor: "Ring for", Also: "Ring also", Team: "Team rings too",
	Delegates: "Delegates ring too", SkipMe: "Then not here", WorkHours: "In working hours only", Mailbox: "Voicemail number", Who: "Decided by",
	Seconds: "%d s", Phone: "this phone", Server: "the server", DNDOn: "Do not disturb is on", DNDOff: "Do not disturb is off",
}

var germanRules = Rules{
	Title: "Anrufregeln", Number: Label{"Nummer", "Nummer"}, Voicemail: "Mailbox", Nowhere: "Mailbox, deren Nummer fehlt",
	ByServer: "Ihr Server entscheidet, wer Ihre Anrufe bekommt. Dieses Telefon klingelt bei dem, was er durchlässt.",
	Taken:    "Ihr Server wendet diese Regeln an, dieses Telefon Nicht stören, Anrufe bei besetzt und gesperrte Nummern.",
	Pending:  "Ihr Server bekommt diese Regeln gerade. Bis er sie hat, wendet dieses Telefon sie an.",
	NotTaken: "Ihr Server nimmt diese Regeln nicht an (%s). Sie gelten, solange dieses Telefon läuft.",
	BlockAll: "Jeder Anruf wird abgewiesen.", Blocked: "Gesperrte Nummern: %d.",
	DNDMail: "Anrufe gehen an die Mailbox.", DNDNone: "Anrufer hören, dass Sie nicht da sind.", Through: "Team und Ausgewählte klingeln trotzdem.",
	Within: "Was folgt, gilt %s.", All: "Alle Anrufe gehen an %s.", NotHere: "Hier klingelt nichts.", Busy: "Ist besetzt, gehen sie an %s.",
	Beside: "Anrufe klingeln hier und bei %s.", Skip: "Anrufe klingeln bei %s, nicht hier.", Rings: "Anrufe klingeln hier.", Then: "Nach %d s gehen sie an %s.",
	AllShort: "Alle Anrufe gehen an %s", RingsHere: "Hier klingeln",
	DND: "Nicht stören", Forward: "Alle umleiten", Unanswered: "Ohne Antwort", WhenBusy: "Bei besetzt", RingFor: "Klingeldauer", Also: "Klingelt auch", Team: "Team klingelt mit",
	Delegates: "Vertreter klingeln mit", SkipMe: "Dann nicht hier", WorkHours: "Nur in der Arbeitszeit", Mailbox: "Nummer der Mailbox", Who: "Entscheidet",
	Seconds: "%d s", Phone: "dieses Telefon", Server: "der Server", DNDOn: "Nicht stören ist an", DNDOff: "Nicht stören ist aus",
}

var arabicRules = Rules{
	Title: "قواعد المكالمات", Number: Label{"الرقم", "الرقم"}, Voicemail: "البريد الصوتي", Nowhere: "البريد الصوتي ورقمه ناقص",
	ByServer: "يقرر خادمك من يتلقى مكالماتك. يرن هذا الهاتف لما يسمح به.",
	Taken:    "يطبق خادمك هذه القواعد، ويطبق هذا الهاتف عدم الإزعاج والمشغول والأرقام المحظورة.",
	Pending:  "ترسل هذه القواعد إلى خادمك. يطبقها هذا الهاتف حتى يستلمها.",
	NotTaken: "لا يقبل خادمك هذه القواعد (%s). تسري ما دام هذا الهاتف يعمل.",
	BlockAll: "ترفض كل مكالمة.", Blocked: "أرقام محظورة: %d.",
	DNDMail: "تذهب المكالمات إلى البريد الصوتي.", DNDNone: "يسمع المتصلون أنه لا يمكن الوصول إليك.", Through: "فريقك ومن اخترتهم يرن لهم الهاتف.",
	Within: "ما يلي يسري %s.", All: "تذهب كل المكالمات إلى %s.", NotHere: "لا يرن شيء هنا.", Busy: "عند الانشغال تذهب إلى %s.",
	Beside: "ترن المكالمات هنا وعند %s.", Skip: "ترن المكالمات عند %s وليس هنا.", Rings: "ترن المكالمات هنا.", Then: "بعد %d ث تذهب إلى %s.",
	AllShort: "تذهب كل المكالمات إلى %s", RingsHere: "ترن هنا",
	DND: "عدم الإزعاج", Forward: "تحويل الكل", Unanswered: "بلا رد", WhenBusy: "عند الانشغال", RingFor: "مدة الرنين", Also: "يرن أيضا", Team: "يرن الفريق معي",
	Delegates: "يرن النواب معي", SkipMe: "وليس هنا", WorkHours: "في ساعات العمل فقط", Mailbox: "رقم البريد الصوتي", Who: "من يقرر",
	Seconds: "%d ث", Phone: "هذا الهاتف", Server: "الخادم", DNDOn: "عدم الإزعاج مفعل", DNDOff: "عدم الإزعاج متوقف",
}
