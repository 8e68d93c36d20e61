package text

import "opendeskphone/firmware/phone"

// Recording are the words of recorded calls.
type Recording struct {
	Start, Stop                    string
	Running, Paused                string // in the status bar
	Title, None                    string
	Stick, NoStick                 string // where recordings go
	DeleteHead, DeleteWhy, Deleted string
	Faults                         [phone.RecordingFaultCount]string
}

var englishRecording = Recording{
	Start: "Record this call", Stop: "Stop recording", Running: "Recording", Paused: "Paused", Title: "Recordings", None: "No recordings yet", Stick: "USB stick", NoStick: "No USB stick",
	DeleteHead: "Delete this recording?", DeleteWhy: "It is removed from this phone for good.", Deleted: "The recording is deleted",
	Faults: [phone.RecordingFaultCount]string{
		phone.NoRecordingFault: "Recording ended.", phone.RecordingsFull: "No room for recordings. Delete old ones.",
		phone.RecordingBroken: "Recording ended: the storage failed.", phone.RecordingGaps: "The recording has gaps: slow storage.",
		phone.StickMissing: "No USB stick: recorded on the phone.", phone.StickFull: "USB stick full: recorded on the phone.",
		phone.StickBroken: "USB stick failed: recorded on the phone.",
	},
}

var germanRecording = Recording{
	Start: "Gespräch aufnehmen", Stop: "Aufnahme beenden", Running: "Aufnahme", Paused: "Angehalten", Title: "Aufnahmen", None: "Noch keine Aufnahmen", Stick: "USB-Stick", NoStick: "Kein USB-Stick",
	DeleteHead: "Diese Aufnahme löschen?", DeleteWhy: "Sie wird endgültig von diesem Telefon entfernt.", Deleted: "Die Aufnahme ist gelöscht",
	Faults: [phone.RecordingFaultCount]string{
		phone.NoRecordingFault: "Aufnahme beendet.", phone.RecordingsFull: "Kein Platz für Aufnahmen. Alte löschen.",
		phone.RecordingBroken: "Aufnahme beendet: Speicher gestört.", phone.RecordingGaps: "Aufnahme mit Lücken: Speicher zu langsam.",
		phone.StickMissing: "Kein USB-Stick: Aufnahme im Telefon.", phone.StickFull: "USB-Stick voll: Aufnahme im Telefon.",
		phone.StickBroken: "USB-Stick gestört: Aufnahme im Telefon.",
	},
}

var arabicRecording = Recording{
	Start: "تسجيل هذه المكالمة", Stop: "إيقاف التسجيل", Running: "يسجل", Paused: "متوقف", Title: "التسجيلات", None: "لا تسجيلات بعد", Stick: "ذاكرة USB", NoStick: "لا ذاكرة USB",
	DeleteHead: "حذف هذا التسجيل؟", DeleteWhy: "يزال من هذا الهاتف نهائيا.", Deleted: "حذف التسجيل",
	Faults: [phone.RecordingFaultCount]string{
		phone.NoRecordingFault: "انتهى التسجيل.", phone.RecordingsFull: "لا مكان للتسجيلات. احذف القديمة.",
		phone.RecordingBroken: "انتهى التسجيل: الذاكرة لا تقبله.", phone.RecordingGaps: "في التسجيل فجوات: كانت الذاكرة بطيئة.",
		phone.StickMissing: "لا ذاكرة USB: التسجيل على الهاتف.", phone.StickFull: "ذاكرة USB ممتلئة: التسجيل على الهاتف.",
		phone.StickBroken: "ذاكرة USB معطلة: التسجيل على الهاتف.",
	},
}
