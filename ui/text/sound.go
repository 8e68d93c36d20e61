package text

import "opendeskphone/audio/quality"

// Sound are the words of the page about how a call sounds.
type Sound struct {
	Title   string
	Faults  [quality.FaultCount]Fault  // Head may take the other side's name, Why a number; the first step is what to do
	Marks   [quality.FaultCount]string // two words at most, below the time it was heard in
	Worst   string                     // takes a time of day and how long
	Network string
	Phone   string

	// The line of facts.
	Packets string // takes ms
	Delay   string // takes ms
	Jitter  string // takes ms
	Lost    string // takes per cent
	FarLost string // takes per cent: of what was said here
	And     string // between them

	// The names of figures.
	Listening, Conversation, Least                            string
	PacketTime, RoundTrip, Uneven                             string
	TheyLost, TheyHear, Voice, TheirVoice, Noise, Echo, Taken string

	// Reports on calls to a collector.
	Reports     string
	ReportsTo   string // names the collector
	Reported    string // takes the collector
	ReportsWait string // takes how many
	ReportsSent string // takes a time of day
	ReportsLost string // takes how many
}

var englishSound = Sound{
	Title: "Sound quality", Network: "Network", Phone: "This phone", Worst: "Worst from %s for %s.",
	Faults: [quality.FaultCount]Fault{
		quality.NotMeasured:    {Head: "No verdict yet", Why: "A verdict needs a few seconds of sound."},
		quality.NoFault:        {Head: "Nothing is wrong with the sound", Why: "It arrives whole, as far as both ends can tell."},
		quality.NothingArrives: {"No sound arrives from %s", "Nothing has come through the network for seconds.", [3]string{"Check the network cable, or call again."}},
		quality.LostBoth:       {"The fault lies in the network", "%d %% of the sound is lost, on both ways.", [3]string{"Check the cable and the switch of this phone."}},
		quality.LostDown:       {"The fault lies on the way to you", "%d %% of what you should hear is lost.", [3]string{"Check the network cable behind the phone."}},
		quality.LostUp:         {"The fault lies on the way from you", "%d %% of your voice is lost.", [3]string{"Check the network cable behind the phone."}},
		quality.Uneven:         {"The network is too busy", "%d %% of the sound comes too late to be heard.", [3]string{"Stop large downloads on this line."}},
		quality.LongDelay:      {"The way to %s is long", "You hear each other %d ms late.", [3]string{"Let each other finish before you speak."}},
		quality.FarEcho:        {"The fault lies with %s", "Your own voice comes back from there.", [3]string{"Ask for a lower volume or a headset there."}},
		quality.OwnEcho:        {"The fault lies in this phone", "It sends their own voice back to them.", [3]string{"Turn the volume down, or pick up the handset."}},
		quality.MicSoft:        {"Your voice is too soft", "The microphone is too far away from you.", [3]string{"Come closer to it, or pick up the handset."}},
		quality.MicLoud:        {"Your voice is too loud", "The microphone cannot take it whole.", [3]string{"Move back a little."}},
		quality.MicNoise:       {"It is noisy around you", "The noise drowns your voice.", [3]string{"Close the door, or pick up the handset."}},
		quality.SoundCard:      {"The fault lies in this phone", "Its sound stumbles now and then.", [3]string{"If it goes on, start the phone again."}},
	},
	Marks: [quality.FaultCount]string{"not measured", "good", "silence", "sound lost", "sound lost", "sound lost", "too late", "delay", "echo", "echo", "soft", "too loud", "noise",
		"stumbles"},
	Packets: "%d ms packets", Delay: "delay %d ms", Jitter: "jitter %d ms", Lost: "%d %% lost", FarLost: "%d %% of yours", And: ", ",
	Listening: "Quality to listen (MOS-LQ)", Conversation: "Quality to converse (MOS-CQ)", Least: "Worst second (MOS-LQ)", PacketTime: "Packet time", RoundTrip: "There and back", Uneven: "Jitter",
	TheyLost: "Lost there, they report", TheyHear: "Quality there, they report", Voice: "Your voice", TheirVoice: "Their voice", Noise: "Noise around you",
	Echo: "Echo lost in all", Taken: "Echo taken away",
	Reports: "Call reports", ReportsTo: "Reports go to", Reported: "reported to %s", ReportsWait: "%d wait", ReportsSent: "last taken %s", ReportsLost: "%d dropped: too many",
}

var germanSound = Sound{
	Title: "Tonqualität", Network: "Netz", Phone: "Telefon", Worst: "Am schlechtesten ab %s für %s.",
	Faults: [quality.FaultCount]Fault{
		quality.NotMeasured:    {Head: "Noch kein Urteil", Why: "Dafür braucht es ein paar Sekunden Ton."},
		quality.NoFault:        {Head: "Der Ton ist in Ordnung", Why: "Er kommt ganz an, soweit beide Enden es wissen."},
		quality.NothingArrives: {"Von %s kommt kein Ton an", "Seit Sekunden kommt nichts durch das Netz.", [3]string{"Netzkabel prüfen oder neu anrufen."}},
		quality.LostBoth:       {"Der Fehler liegt im Netz", "%d %% des Tons gehen in beide Richtungen verloren.", [3]string{"Kabel und Switch des Telefons prüfen."}},
		quality.LostDown:       {"Der Fehler liegt auf dem Weg zu Ihnen", "%d %% des Gesagten kommen nicht an.", [3]string{"Netzkabel am Telefon prüfen."}},
		quality.LostUp:         {"Der Fehler liegt auf dem Weg von Ihnen", "%d %% Ihrer Stimme gehen verloren.", [3]string{"Netzkabel am Telefon prüfen."}},
		quality.Uneven:         {"Das Netz ist überlastet", "%d %% des Tons kommen zu spät.", [3]string{"Große Downloads am Anschluss anhalten."}},
		quality.LongDelay:      {"Der Weg zu %s ist lang", "Man hört einander %d ms zu spät.", [3]string{"Einander ausreden lassen."}},
		quality.FarEcho:        {"Der Fehler liegt bei %s", "Ihre eigene Stimme kommt von dort zurück.", [3]string{"Dort um weniger Lautstärke bitten."}},
		quality.OwnEcho:        {"Der Fehler liegt in diesem Telefon", "Es schickt deren Stimme zurück.", [3]string{"Leiser stellen oder den Hörer nehmen."}},
		quality.MicSoft:        {"Ihre Stimme ist zu leise", "Das Mikrofon ist zu weit weg.", [3]string{"Näher heran oder den Hörer nehmen."}},
		quality.MicLoud:        {"Ihre Stimme ist zu laut", "Das Mikrofon ist übersteuert.", [3]string{"Etwas Abstand nehmen."}},
		quality.MicNoise:       {"Um Sie herum ist es laut", "Der Lärm übertönt Ihre Stimme.", [3]string{"Tür schließen oder den Hörer nehmen."}},
		quality.SoundCard:      {"Der Fehler liegt in diesem Telefon", "Sein Ton stockt zuweilen.", [3]string{"Bleibt es so, das Telefon neu starten."}},
	},
	Marks:   [quality.FaultCount]string{"nicht gemessen", "gut", "Stille", "Ton fehlt", "Ton fehlt", "Ton fehlt", "zu spät", "verzögert", "Echo", "Echo", "leise", "zu laut", "Lärm", "stockt"},
	Packets: "%d-ms-Pakete", Delay: "%d ms verzögert", Jitter: "Jitter %d ms", Lost: "%d %% verloren", FarLost: "%d %% von Ihnen", And: ", ",
	Listening: "Hörqualität (MOS-LQ)", Conversation: "Gesprächsqualität (MOS-CQ)", Least: "Schlechteste Sekunde", PacketTime: "Paketdauer", RoundTrip: "Hin und zurück", Uneven: "Jitter",
	TheyLost: "Verlust dort, laut Bericht", TheyHear: "Qualität dort, laut Bericht", Voice: "Ihre Stimme", TheirVoice: "Stimme dort", Noise: "Lärm bei Ihnen",
	Echo: "Echodämpfung gesamt", Taken: "Echo entfernt",
	Reports: "Anrufberichte", ReportsTo: "Berichte gehen an", Reported: "Bericht an %s", ReportsWait: "%d warten", ReportsSent: "angenommen %s", ReportsLost: "%d verworfen: zu viele",
}

var arabicSound = Sound{
	Title: "جودة الصوت", Network: "الشبكة", Phone: "هذا الهاتف", Worst: "الأسوأ من %s لمدة %s.",
	Faults: [quality.FaultCount]Fault{
		quality.NotMeasured:    {Head: "لا حكم بعد", Why: "يحتاج الحكم إلى ثوان من الصوت."},
		quality.NoFault:        {Head: "الصوت سليم", Why: "يصل كاملا بحسب ما يعلم الطرفان."},
		quality.NothingArrives: {"لا يصل صوت من %s", "لم يصل شيء عبر الشبكة منذ ثوان.", [3]string{"افحص كبل الشبكة أو اتصل ثانية."}},
		quality.LostBoth:       {"العلة في الشبكة", "يضيع %d %% من الصوت في الاتجاهين.", [3]string{"افحص كبل هذا الهاتف ومبدل الشبكة."}},
		quality.LostDown:       {"العلة في الطريق إليك", "يضيع %d %% مما ينبغي أن تسمعه.", [3]string{"افحص كبل الشبكة خلف الهاتف."}},
		quality.LostUp:         {"العلة في الطريق منك", "يضيع %d %% من صوتك.", [3]string{"افحص كبل الشبكة خلف الهاتف."}},
		quality.Uneven:         {"الشبكة مزدحمة", "يصل %d %% من الصوت متأخرا فلا يسمع.", [3]string{"أوقف التنزيلات الكبيرة على هذا الخط."}},
		quality.LongDelay:      {"الطريق إلى %s طويل", "يسمع أحدكما الآخر بعد %d ms.", [3]string{"لينته أحدكما قبل أن يتكلم الآخر."}},
		quality.FarEcho:        {"العلة عند %s", "يعود صوتك من هناك.", [3]string{"اطلب خفض الصوت هناك أو سماعة رأس."}},
		quality.OwnEcho:        {"العلة في هذا الهاتف", "يعيد إليهم صوتهم.", [3]string{"اخفض الصوت أو ارفع السماعة."}},
		quality.MicSoft:        {"صوتك خافت", "الميكروفون بعيد عنك.", [3]string{"اقترب منه أو ارفع السماعة."}},
		quality.MicLoud:        {"صوتك عال", "لا يتسع له الميكروفون.", [3]string{"ابتعد قليلا."}},
		quality.MicNoise:       {"حولك ضجيج", "يغطي الضجيج صوتك.", [3]string{"أغلق الباب أو ارفع السماعة."}},
		quality.SoundCard:      {"العلة في هذا الهاتف", "يتعثر صوته أحيانا.", [3]string{"إن استمر ذلك فأعد تشغيل الهاتف."}},
	},
	Marks:   [quality.FaultCount]string{"لم يقس", "سليم", "صمت", "ضاع صوت", "ضاع صوت", "ضاع صوت", "متأخر", "تأخير", "صدى", "صدى", "خافت", "عال", "ضجيج", "يتعثر"},
	Packets: "حزم %d ms", Delay: "تأخير %d ms", Jitter: "تذبذب %d ms", Lost: "ضاع %d %%", FarLost: "%d %% منك", And: "، ",
	Listening: "جودة السماع (MOS-LQ)", Conversation: "جودة المحادثة (MOS-CQ)", Least: "أسوأ ثانية", PacketTime: "مدة الحزمة", RoundTrip: "ذهابا وإيابا", Uneven: "التذبذب",
	TheyLost: "الضائع هناك كما أبلغوا", TheyHear: "الجودة هناك كما أبلغوا", Voice: "صوتك", TheirVoice: "صوتهم", Noise: "الضجيج حولك",
	Echo: "خفوت الصدى كله", Taken: "ما أزيل من الصدى",
	Reports: "تقارير المكالمات", ReportsTo: "ترسل التقارير إلى", Reported: "تقرير إلى %s", ReportsWait: "%d منتظرة", ReportsSent: "قبل آخرها %s", ReportsLost: "أسقط %d لكثرتها",
}
