package text

// Moves are the words of calls that are handed over or joined.
type Moves struct {
	Title                  string
	Step                   string // takes which of the two
	Hint                   string
	AskHead                string // take who is handed over and to whom
	Going, Rejoined        string
	OnLine, RingsThere     string // take who was asked and who waits
	Hears                  string // takes who waits
	Kept                   string // what End does to two calls that this phone holds together
	HandedOver, BeingMoved string
	BackWith, Waits        string // take who it is
	BackKey                string // takes who is taken back by the last key
	ToPC                   string
	ToOther                string
	Conference             string
	Others                 string // takes how many besides the user
	You                    string
	Speaking, Listening    string
	MicOn, MicOff          string
	NoServer, Here         string // the server holds no conference, and what that means
	Present, Called        string // of one who is in the conference, and of one whom the conference calls
	AtServer               string // the row that makes a call a conference
	Remove, Alone          string // take who it is
	MuteOne, UnmuteOne     string // likewise
	MoreHeld               string // takes how many calls are held besides
}

var englishMoves = Moves{
	Title: "Transfer", Step: "step %d of 2", Hint: "Number or name, or choose below",
	AskHead: "Hand %s over to %s?", Going: "Handing %s over to %s", Rejoined: "%s and %s are connected",
	OnLine: "%s is on the line. %s hears music.", RingsThere: "It rings at %s. %s hears music.", Hears: "%s hears music until somebody answers.",
	Kept:       "Their call runs through this phone. End ends it for both.",
	HandedOver: "handed over", BeingMoved: "Handing over", BackWith: "You are back with %s", Waits: "%s is still here, on hold", BackKey: "Back takes %s back.",
	ToPC: "Going to the computer", ToOther: "Transfer to somebody else", Conference: "Conference", Others: "you and %d others", You: "You",
	Speaking: "Speaking", Listening: "Listening", MicOn: "Microphone on", MicOff: "Muted", Present: "Taking part", Called: "Being called", NoServer: "The server holds no conference", Here: "This phone does", AtServer: "Make it a conference", Remove: "Remove %s", Alone: "Talk to %s alone",
	MuteOne: "Mute %s", UnmuteOne: "Unmute %s",
	MoreHeld: "%d more on hold",
}

var germanMoves = Moves{
	Title: "Weitergeben", Step: "Schritt %d von 2", Hint: "Nummer, Name, oder unten wählen",
	AskHead: "%s an %s übergeben?", Going: "%s geht an %s", Rejoined: "%s und %s sind verbunden",
	OnLine: "%s ist am Apparat. %s hört Musik.", RingsThere: "Es klingelt bei %s. %s hört Musik.", Hears: "%s hört Musik, bis jemand abnimmt.",
	Kept:       "Es läuft über dieses Telefon. Auflegen beendet es für beide.",
	HandedOver: "übergeben", BeingMoved: "Wird übergeben", BackWith: "Sie sind wieder mit %s verbunden", Waits: "%s ist noch da, gehalten", BackKey: "Zurück holt %s zurück.",
	ToPC: "Geht zum Computer", ToOther: "An jemand anderen weitergeben", Conference: "Konferenz", Others: "Sie und %d andere", You: "Sie",
	Speaking: "Spricht", Listening: "Hört zu", MicOn: "Mikrofon an", MicOff: "Stumm", Present: "Nimmt teil", Called: "Wird gerufen", NoServer: "Der Server hält keine Konferenz", Here: "Dieses Telefon hält sie", AtServer: "Zur Konferenz machen", Remove: "%s entfernen", Alone: "Nur mit %s sprechen",
	MuteOne: "%s stummschalten", UnmuteOne: "%s wieder laut schalten",
	MoreHeld: "%d gehalten",
}

// arabicMoves also names what a paired computer may do, and its sound.
func arabicMoves(c *Catalogue) {
	k := &c.Keys
	k.Transfer, k.AskFirst, k.HandOver, k.SendOn, k.Join = same("تحويل"), Label{"اسأل أولا", "اسأل"}, same("تسليم"), Label{"إعادة توجيه", "توجيه"}, same("ضم")
	k.JoinAll, k.Cancel, k.BackTo = Label{"ضم الجميع", "ضم"}, same("إلغاء"), same("استعادة")
	k.Sound, k.Numbers, c.Sound = same("الصوت"), same("الأرقام"), arabicSound
	k.Headset, k.Speaker, k.Close = Label{"سماعة الرأس", "الرأس"}, same("المكبر"), same("إغلاق")
	k.Play, k.Stop, k.Steps, c.Ladder = same("تشغيل"), same("إيقاف"), same("الخطوات"), arabicLadder
	c.PC.AudioWhy, c.PC.ToYou, c.PC.ToPC = "ميكروفون ومكبر، 48 kHz.", "من الحاسوب", "إلى الحاسوب"
	q := &c.Pairing
	q.AllRights, q.SomeRights = "كل الصلاحيات", "%d من %d صلاحيات"
	q.Rights = [5]string{"رؤية المكالمات والخطوط", "إجراء المكالمات والرد وإنهاؤها", "تغيير الصوت والمكبر والضوء", "تسجيل الهاتف", "القفل والفتح معه"}
	c.Moves = Moves{
		Title: "تحويل", Step: "الخطوة %d من 2", Hint: "اكتب رقما أو اسما، أو اختر من الأسفل",
		AskHead: "تسليم %s إلى %s؟", Going: "يجري تسليم %s إلى %s", Rejoined: "%s و%s متصلان",
		OnLine: "%s على الخط. %s يسمع موسيقى.", RingsThere: "يرن عند %s. %s يسمع موسيقى.", Hears: "%s يسمع موسيقى حتى يرد أحد.",
		Kept:       "تمر مكالمتهما عبر هذا الهاتف. الإنهاء ينهيها للاثنين.",
		HandedOver: "سلمت", BeingMoved: "يجري تسليمها", BackWith: "عدت إلى %s", Waits: "%s ما زال هنا، معلقا", BackKey: "الرجوع يعيد %s.",
		ToPC: "تنتقل إلى الحاسوب", ToOther: "تحويل إلى شخص آخر", Conference: "مؤتمر", Others: "أنت و%d غيرك", You: "أنت",
		Speaking: "يتكلم", Listening: "يستمع", MicOn: "الميكروفون مفتوح", MicOff: "مكتوم", Present: "مشارك", Called: "يجري الاتصال به", NoServer: "الخادم لا يعقد مؤتمرات", Here: "هذا الهاتف يعقده", AtServer: "تحويلها إلى مؤتمر", Remove: "إخراج %s", Alone: "التحدث مع %s وحده",
		MuteOne: "كتم صوت %s", UnmuteOne: "إلغاء كتم صوت %s",
		MoreHeld: "%d معلقة",
	}
}
