package text

import (
	"fmt"
	"time"

	"opendeskphone/firmware/phone"
)

// German uses the formal address throughout.
var German = Catalogue{
	Code: "de", Name: "Deutsch",
	Keys: Keys{
		NewCall: Label{"Neuer Anruf", "Anrufen"}, Calls: Label{"Anrufliste", "Anrufe"}, Contacts: Label{"Kontakte", "Kontakte"},
		Redial: Label{"Wahlwiederholung", "Nochmals"}, Settings: Label{"Einstellungen", "Optionen"}, More: Label{"Mehr", "Mehr"}, Back: Label{"Zurück", "Zurück"},
		Call: Label{"Anrufen", "Anrufen"}, Delete: Label{"Löschen", "Löschen"}, Answer: Label{"Annehmen", "Annehmen"}, Silence: Label{"Stumm", "Stumm"},
		Ignore: Label{"Ignorieren", "Ignor."}, Decline: Label{"Ablehnen", "Ablehnen"}, Hold: Label{"Halten", "Halten"}, Resume: Label{"Weiter", "Weiter"},
		Swap: Label{"Wechseln", "Wechseln"}, End: Label{"Auflegen", "Auflegen"}, CallAgain: Label{"Nochmals anrufen", "Nochmals"}, Done: Label{"Fertig", "Fertig"},
		Open: Label{"Öffnen", "Öffnen"}, Missed: Label{"Verpasst", "Verpasst"}, All: Label{"Alle Anrufe", "Alle"}, Add: Label{"Hinzufügen", "Neu"},
		Change: Label{"Ändern", "Ändern"}, Save: Label{"Speichern", "Sichern"}, SignIn: Label{"Anmelden", "Anmelden"}, Show: Label{"Anzeigen", "Anzeigen"},
		Hide: Label{"Verbergen", "Verbergen"}, Clear: Label{"Leeren", "Leeren"}, Details: Label{"Einzelheiten", "Details"},
		EnterPassword: Label{"Passwort eingeben", "Passwort"}, Next: Label{"Nächstes", "Nächstes"}, Choose: Label{"Auswählen", "Auswählen"},
		Undo: Label{"Zurückholen", "Rückruf"}, TryNow: Label{"Jetzt versuchen", "Versuchen"}, Line: Label{"Leitung %s", "%s"},
	},
	Status: Status{
		Ready: "Bereit", SigningIn: "Meldet sich an", NotSignedIn: "Nicht angemeldet", NoLine: "Keine Leitung eingerichtet", NoNetwork: "Kein Netz",
		Incoming: "Anruf", Talking: "Im Gespräch", Calling: "Wählt", Ringback: "Wählt", NewCall: "Neuer Anruf",
		LineDown: "%s ist nicht angemeldet", NotConnected: "Nicht verbunden", SecondCall: "Zweiter Anruf", Ended: "Anruf beendet", OnHold: "Gehalten", Connecting: "Verbindet",
		To: "für %s", From: "von %s", Calls: "%d Gespräche", Place: "%d von %d",
		HandsetVolume: "Hörer: Lautstärke %d von %d", HeadsetVolume: "Headset: Lautstärke %d von %d", SpeakerVolume: "Lautsprecher: Lautstärke %d von %d",
		RingTone: "Klingel: Lautstärke %d von %d",
	},
	Home: Home{
		Missed1: "1 verpasster Anruf", MissedN: "%d verpasste Anrufe", More: "+%d weitere", Stay: "Anrufe für %s klingeln hier nicht.", OrOK: "oder OK drücken",
		NoLineHead: "Keine Leitung eingerichtet", NoLineWhy: "Geben Sie das Konto Ihres Anbieters ein.",
	},
	Call: Call{
		YouHear: "Sie hören", TheyHear: "Man hört", TheyWait: "Wartet", YouHeard: "Sie hörten", TheyHeard: "Man hörte",
		Encrypted: "Verschlüsselt", NotEncrypted: "Unverschlüsselt", Talking: "Gespräch", OnHold: "Gehalten", TheyHold: "Sie werden dort gehalten",
		Ringing: "Klingelt %s", RingingShort: "Klingelt", RingingThere: "Klingelt dort", LastCallAt: "Zuletzt %s", LastCall: "Zuletzt %s, %s",
		YouCalled: "Sie riefen an", TheyCalled: "Rief Sie an", TheyRang: "Klingelte, verpasst", NoCalls: "Keine Anrufe mit dieser Nummer", Unknown: "Unbekannte Nummer",
		Muted: "Sie sind stumm", MutedHint: "Zum Sprechen Stumm drücken", MutedMark: "stumm",
		Quality: [6]string{"Ton wird gemessen", "Kein Ton kommt an", "Ton setzt aus", "Mäßiger Ton", "Guter Ton", "Sehr guter Ton"},
		Lost:    "%d %% verloren.", LostHint: "Prüfen Sie das Netzkabel am Telefon.", LostShort: "Netzkabel prüfen.", Facts: "%s, %d ms, %d %% verl.", ClosesIn: "schließt in %d s",
		ByMistake: "Versehentlich aufgelegt? Zurückholen ruft %s an.", ByMistakeShort: "Zurück ruft an",
		YouEnded: "Sie haben aufgelegt", TheyEnded: "dort aufgelegt", ConnectionLost: "Verbindung verloren",
		Throughout: [6]string{"Ton nicht gemessen", "Kein Ton kam an", "Schlechter Ton", "Mäßiger Ton", "Durchweg guter Ton", "Durchweg sehr guter Ton"},
		HeldN:      "%d Gespräche gehalten", RemoteHolds: "Sie werden dort gehalten", Mute: "Mikrofon stummschalten", Unmute: "Mikrofon öffnen", Numbers: "Werte dieses Gesprächs",
		Line: "Leitung", Codec: "Codec", Loss: "Verlust", Delay: "Verzögerung", MOS: "Tonqualität", Rate: "Datenrate", Security: "Sicherheit", On: "Über %s", Missed: "Verpasst",
	},
	Dial: Dial{
		Rules: []string{phone.AsTyped: "wie gewählt", phone.EmergencyRule: "Notruf", phone.InternationalRule: "Ausland", phone.NationalRule: "Inland",
			phone.LocalRule: "Ortsnetz", phone.InternalRule: "Intern", phone.FeatureCode: "Dienstcode", phone.AddressRule: "Adresse"},
		Becomes: "%s wird %s", Cannot: "Diese Nummer ist nicht wählbar", Hint: "Nummer oder Adresse eingeben",
	},
	Log: Log{
		Title: "Anrufe", All: "Alle", Missed: "Verpasst", Empty: "Noch keine Anrufe", EmptyMissed: "Keine verpassten Anrufe", Calls: "%d Anrufe",
		CallsMissed: "%d Anrufe, %d verpasst", CallsTime: "%d Anrufe, %s", MissedRang: "Verpasst, %d s geklingelt", YouCalled: "Sie riefen an, %s", CalledYou: "Rief Sie an, %s",
		NoAnswer: "Sie riefen an, ohne Antwort", Declined: "Abgelehnt", Failed: "Sie riefen an, nicht verbunden", Today: "heute", Yesterday: "gestern", Once: "Verpasst",
		Save: "Zu Kontakten hinzufügen", Edit: "Vor dem Anruf ändern",
	},
	People: People{
		Title: "Kontakte", Hint: "Tasten 2 bis 9 für Namen", Empty: "Noch keine Kontakte", NoMatch: "Kein Treffer", New: "Neuer Kontakt",
		DeleteHead: "%s löschen?", DeleteWhy: "Der Name und seine Nummern werden von diesem Telefon entfernt.", Count1: "1 Person", CountN: "%s Personen",
		Name: "Name", Number: "Nummer", Organisation: "Organisation", Deleted: "%s ist gelöscht", Saved: "%s ist gespeichert", Delete: "Diesen Kontakt löschen",
		Kinds: map[string]string{"mobile": "Mobil", "work": "Arbeit", "home": "Privat", "sip": "SIP", "other": "Nummer"},
	},
	Setup: Setup{
		Title: "Einstellungen", Lines: "Leitungen", Sound: "Ton", Screen: "Bildschirm", About: "Info",
		Server: "Server", User: "Benutzername", Password: "Passwort", DisplayName: "Ihr Name", Transport: "Verbindung", SignIn: "Jetzt anmelden",
		NotSet: "leer", Hidden: "gesetzt", NewLine: "Neue Leitung", RingTone: "Klingelton", RingVolume: "Klingellautstärke", HandsFree: "Freisprechen über",
		HandsetVolume: "Hörerlautstärke", HeadsetVolume: "Headset-Lautstärke", SpeakerVolume: "Lautsprecher", RingOff: "Aus",
		TextSize: "Textgröße", Large: "Groß",
		Theme: "Farben", Language: "Sprache", Brightness: "Helligkeit", Contrast: "Kontrast",
		Themes:  map[string]string{"auto": "Nach Tageszeit", "dark": "Dunkel", "light": "Hell"},
		Version: "Version", Address: "Adresse", Network: "Netz", Hardware: "Gerät", Name: "Name", Storage: "Freier Platz", Licences: "Lizenzen",
		On: "Ein", Off: "Aus", Normal: "Normal", High: "Hoch", Saved: "Gespeichert", Failed: "Nicht gespeichert. %s", SigningIn: "Meldet sich an als %s", WhatToDo: "Was zu tun ist",
		Detail: "Einzelheiten für die Verwaltung", Tries: "Das Telefon versucht es um %s wieder",
	},
	Asks: Asks{
		Title: "Frage", SignInHead: "Telefon anmelden?", SignInWhy: "%s möchte, dass es dieses Konto benutzt:",
		SignInNote: "Stimmen Sie nur zu, wenn Sie das gerade am Computer begonnen haben. Das Telefon bewahrt die Anmeldedaten verschlüsselt auf und zeigt sie niemandem.",
		Agree:      Label{"Anmelden", "Anmelden"},
	},
	Pairing: Pairing{
		Title: "Verbinden", Computer: "ein Computer", User: "Benutzer: %s", AskHead: "Diesen Computer verbinden?", AskWhy: "%s am Kabel möchte dieses Telefon steuern.",
		AskNote:     "Nur verbinden, wenn Sie das gerade an diesem Computer begonnen haben. Danach kann er anrufen und annehmen, und beide sperren gemeinsam.",
		CompareHead: "Ziffern vergleichen", CompareWhy: "Zeigt der Computer dieselben sechs?", CompareNote: "Zeigt %s andere, ist vielleicht jemand dazwischen: Verschieden drücken.",
		WaitWhy: "Hier bestätigt.", WaitNote: "Nun die Ziffern auch an %s bestätigen.", DoneHead: "Verbunden", DoneWhy: "%s darf dieses Telefon von nun an steuern.",
		DoneNote: "Beim Einstecken wird nicht wieder gefragt. Beenden unter Einstellungen, Computer.",
		Faults: [phone.PairingFaultCount]Fault{
			phone.NoPairingFault:   {Head: "Nicht verbunden", Why: "Das Verbinden kam nicht ans Ende.", Steps: [3]string{"Am Computer neu beginnen: odp pair"}},
			phone.PairingDeclined:  {Head: "Nicht verbunden", Why: "Es wurde abgelehnt, hier oder am Computer.", Steps: [3]string{"War das ein Versehen, am Computer neu beginnen: odp pair"}},
			phone.PairingTimedOut:  {Head: "Nicht verbunden", Why: "Es dauerte zu lange.", Steps: [3]string{"Am Computer neu beginnen und an beiden binnen einer Minute eine Taste drücken"}},
			phone.PairingDifferent: {Head: "Nicht verbunden", Why: "Telefon und Computer stimmten nicht überein.", Steps: [3]string{"Ein Kabel gerade vom Telefon zum Computer nehmen und noch einmal versuchen. Geschieht es wieder, den Administrator fragen"}},
			phone.PairingTooOften:  {Head: "Zu viele Versuche", Why: "Das Telefon ruht zehn Minuten, ehe es wieder verbindet.", Steps: [3]string{"Waren das nicht Sie, nachsehen, was im Telefon steckt"}},
			phone.PairingLost:      {Head: "Nicht verbunden", Why: "Das Kabel wurde gezogen, oder der Computer ist fort.", Steps: [3]string{"Das Kabel fest einstecken und am Computer neu beginnen"}},
			phone.PairingFull:      {Head: "Nicht verbunden", Why: "Das Telefon kann sich keinen weiteren Computer merken.", Steps: [3]string{"Unter Einstellungen, Computer einen vergessen, dann neu beginnen"}},
		},
		Pair: Label{"Verbinden", "Verbinden"}, Same: Label{"Gleich", "Gleich"}, Different: Label{"Verschieden", "Anders"}, Cancel: Label{"Abbrechen", "Abbrechen"},
		Computers: "Computer", Connected: "verbunden", Never: "noch nie da", None: "Kein Computer verbunden", HowTo: "odp pair",
		ForgetWhy: "Er kann das Telefon nicht mehr steuern, bis er neu verbunden wird.", Forgotten: "Vergessen", Forget: Label{"Vergessen", "Vergessen"},
	},
	PC: PC{
		Title: "PC-Gespräch", Audio: "PC-Ton", Ringing: "Ihr PC läutet", RingingWhy: "Hier annehmen und über dieses Telefon sprechen. Der PC zeigt, wer anruft.",
		Talking: "Ihr PC spricht hier", TalkingWhy: "Mikrofon und Lautsprecher gehören dem Gespräch am PC.",
		Held: "PC-Gespräch gehalten", HeldWhy: "Mit Weiter geht es weiter.", Muted: "Sie sind stumm", MutedWhy: "Niemand im Gespräch des PCs hört Sie.",
		NoControl: "Das Programm am PC antwortet nicht auf die Tasten des Telefons. Halten, Stummschalten und Auflegen gehen in seinem Fenster.",
		Volume:    "Stufe %d", Mute: Label{"Stumm", "Stumm"}, Unmute: Label{"Laut", "Laut"},
	},
	Lock: Lock{
		Locked: "Gesperrt", PCLocked: "PC gesperrt", Type: "PIN eingeben.", TypeOrPC: "PIN eingeben, oder den PC entsperren.", Wrong: "Das war nicht die PIN.",
		Wait: "Zu viele falsche PINs. Noch %s warten.", Hard: "Zu viele falsche PINs.", HardWhy: "Bei gestecktem Kabel den PC entsperren, dann die PIN eingeben.",
		StillWorks: "Anrufe läuten. Notrufe gehen immer.", Unlock: Label{"Entsperren", "Öffnen"}, Emergency: Label{"Notruf", "Notruf"},
		PIN: "PIN der Sperre", NewPIN: "Neue PIN", Set: "gesetzt", Remove: "PIN entfernen", NotPIN: "Eine PIN hat 4 bis 8 Ziffern.", Now: "Jetzt sperren",
	},
	Entry:     Entry{Space: "Leer", Letters: "abc", Figures: "123", For: "%s für %s"},
	Refusals:  germanRefusals,
	LineWords: []string{phone.LineOff: "Aus", phone.LineRegistering: "Meldet sich an", phone.LineRegistered: "Bereit", phone.LineFailing: "Gestört"},
	LineCards: germanFaults,
	FaultWord: []string{phone.NoFault: "Nicht angemeldet", phone.WrongPassword: "Falsches Passwort", phone.RegistrarUnreachable: "Keine Antwort", phone.RegistrarRefused: "Abgewiesen",
		phone.NameUnknown: "Name unbekannt", phone.CertExpired: "Server abgelehnt", phone.CertNotYetValid: "Server abgelehnt", phone.CertWrongName: "Server abgelehnt",
		phone.CertUnknownAuthority: "Server abgelehnt", phone.TLSRefused: "Unverschlüsselt"},
	Notices: germanNotices,
	Causes:  germanCauses,
	Paths:   [phone.PathCount]string{phone.Handset: "Hörer", phone.Headset: "Headset", phone.Speaker: "Lautsprecher"},
	Regions: map[string]string{"DE": "Deutschland", "AT": "Österreich", "CH": "Schweiz", "GB": "Großbritannien", "US": "USA oder Kanada", "FR": "Frankreich", "NL": "Niederlande",
		"BE": "Belgien", "IT": "Italien", "ES": "Spanien", "PL": "Polen", "FI": "Finnland", "SE": "Schweden", "NO": "Norwegen", "DK": "Dänemark", "IE": "Irland", "PT": "Portugal",
		"CZ": "Tschechien", "JP": "Japan", "CN": "China", "IN": "Indien", "AU": "Australien", "BR": "Brasilien", "TR": "Türkei", "RU": "Russland", "UA": "Ukraine", "LU": "Luxemburg"},
	Weekdays: [7]string{"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"},
	Months: [12]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
		"Oktober", "November", "Dezember"},
	Date: func(c *Catalogue, t time.Time) string {
		return fmt.Sprintf("%s, %d. %s", c.Weekdays[t.Weekday()], t.Day(), c.Months[t.Month()-1])
	},
	DayMonth: func(c *Catalogue, t time.Time) string { return fmt.Sprintf("%d. %s", t.Day(), c.Months[t.Month()-1]) },
}

var germanRefusals = [phone.RefusalCount]string{
	0:                 "Das ging nicht.",
	phone.NoSuchCall:  "Dieses Gespräch ist beendet.",
	phone.NoSuchLine:  "Diese Leitung ist nicht eingerichtet.",
	phone.WrongState:  "Das geht gerade nicht.",
	phone.LineDown:    "Diese Leitung ist nicht angemeldet.",
	phone.TooMany:     "Kein Platz für noch ein Gespräch. Beenden Sie eines.",
	phone.Busy:        "Nicht im Gespräch. Legen Sie zuerst auf.",
	phone.WrongNumber: "Diese Nummer ist nicht wählbar.",
	phone.WrongValue:  "Dieser Wert liegt außerhalb des Bereichs.",
	phone.Moving:      "Dieses Gespräch wird gerade übergeben.",
	phone.ConfFull:    "Die Konferenz ist voll.",
	phone.Locked:      "Das Telefon ist gesperrt.",
	phone.Stopped:     "Das Telefon startet neu.",
}

var germanFaults = map[phone.LineFault]Fault{
	phone.NoFault: {"%s ist nicht angemeldet", "Der Grund ist nicht bekannt.",
		[3]string{"Einen Moment: Das Telefon versucht es weiter", "Server und Namen unter Einstellungen, Leitungen prüfen", "Der Verwaltung melden"}},
	phone.WrongPassword: {"%s ist nicht angemeldet", "Der Server nahm das Passwort nicht an.",
		[3]string{"Passwort neu eingeben", "Benutzernamen unter Einstellungen, Leitungen prüfen", "Bei der Verwaltung ein neues Passwort holen"}},
	phone.RegistrarUnreachable: {"%s ist nicht angemeldet", "Der Server antwortet nicht.",
		[3]string{"Netzkabel hinten am Telefon prüfen", "Servernamen unter Einstellungen, Leitungen prüfen", "Der Verwaltung melden"}},
	phone.RegistrarRefused: {"%s ist nicht angemeldet", "Der Server nimmt dieses Konto nicht an.",
		[3]string{"Benutzernamen unter Einstellungen, Leitungen prüfen", "Der Verwaltung melden", ""}},
	phone.NameUnknown: {"%s ist nicht angemeldet", "Der Name des Servers ist in diesem Netz unbekannt.",
		[3]string{"Servernamen unter Einstellungen, Leitungen prüfen", "Netzkabel hinten am Telefon prüfen", "Der Verwaltung melden"}},
	phone.CertExpired: {"Wir lehnten den Server ab", "Sein Zertifikat ist abgelaufen. Jemand könnte mithören, darum wurde kein Passwort gesendet.",
		[3]string{"Der Verwaltung melden: Zertifikat abgelaufen", "Datum und Uhrzeit dieses Telefons prüfen", ""}},
	phone.CertNotYetValid: {"Wir lehnten den Server ab", "Sein Zertifikat gilt noch nicht. Jemand könnte mithören, darum wurde kein Passwort gesendet.",
		[3]string{"Datum und Uhrzeit dieses Telefons prüfen", "Der Verwaltung melden: Zertifikat gilt noch nicht", ""}},
	phone.CertWrongName: {"Wir lehnten den Server ab", "Sein Zertifikat lautet auf einen anderen Namen. Jemand könnte mithören, darum wurde kein Passwort gesendet.",
		[3]string{"Servernamen unter Einstellungen, Leitungen prüfen", "Der Verwaltung melden: Zertifikat mit anderem Namen", ""}},
	phone.CertUnknownAuthority: {"Wir lehnten den Server ab", "Niemand, dem wir trauen, bürgt für ihn. Jemand könnte mithören, darum wurde kein Passwort gesendet.",
		[3]string{"Der Verwaltung melden: Zertifikat unbekannter Stelle", "Eine eigene Stelle lässt sich in der Datei eintragen", ""}},
	phone.TLSRefused: {"%s ist nicht angemeldet", "Der Server bietet nicht die verlangte Verschlüsselung.",
		[3]string{"Der Verwaltung melden: keine Verschlüsselung", "Verbindung unter Einstellungen, Leitungen prüfen", ""}},
}

var germanNotices = [phone.NoticeCount]Fault{
	phone.NoSoundCard: {"Kein Ton", "Keine Soundkarte gefunden. Anrufe kommen zustande, doch niemand hört etwas.",
		[3]string{"Telefon aus- und wieder einschalten", "Bleibt es still, muss das Gerät repariert werden", "Der Verwaltung melden"}},
	phone.StoreFull: {"Der Speicher ist voll", "Nichts wird mehr gespeichert. Telefonieren geht weiterhin.",
		[3]string{"Nicht mehr gebrauchte Kontakte löschen", "Der Verwaltung melden", ""}},
	phone.SettingsInvalid: {"Eine Datei wurde abgelehnt", "Die zuletzt gültigen Einstellungen bleiben in Kraft.",
		[3]string{"Die unten genannte Stelle berichtigen", "Das Telefon liest die Datei beim Start neu", ""}},
	phone.NoNetwork: {"Kein Netz", "Anrufe sind erst wieder möglich, wenn das Netz da ist.",
		[3]string{"Netzkabel hinten am Telefon prüfen", "Switch oder Wanddose prüfen", "Der Verwaltung melden"}},
}

var germanCauses = map[phone.Cause]Cause{
	phone.NoCause:      {"%s nicht erreicht", "Das Netz nannte keinen Grund.", "Gleich noch einmal anrufen."},
	phone.Rejected:     {"%s hat abgelehnt", "Der Anruf wird jetzt nicht angenommen.", "Später noch einmal anrufen."},
	phone.UserBusy:     {"%s ist besetzt", "Dort wird gerade gesprochen.", "Später noch einmal anrufen."},
	phone.NoAnswer:     {"%s nimmt nicht ab", "Es klingelte dort, niemand nahm ab.", "Später noch einmal anrufen."},
	phone.NotFound:     {"Diese Nummer gibt es nicht", "Das Netz kennt sie nicht.", "Nummer prüfen und noch einmal anrufen."},
	phone.NotAllowed:   {"Dieser Anruf ist nicht erlaubt", "Der Server lässt diese Leitung dort nicht anrufen.", "Die Verwaltung fragen."},
	phone.Unreachable:  {"%s ist nicht erreichbar", "Das Netz gab keine Antwort.", "Gleich noch einmal anrufen."},
	phone.Incompatible: {"Kein gemeinsames Tonformat", "Das andere Telefon und dieses werden sich nicht einig.", "Der Verwaltung melden."},
	phone.ServerError:  {"%s nicht erreicht", "Das Netz wies den Anruf ab.", "Gleich noch einmal anrufen."},
}
