package text

import (
	"fmt"
	"time"

	"opendeskphone/firmware/phone"
)

// Arabic is English with the words below in their place. A word that is not translated yet is shown in English rather
// than not at all; TestArabicIsTranslated says when there are too many of them.
var Arabic = arabic()

// same is a label whose short form is its long one.
func same(s string) Label { return Label{s, s} }

func arabic() Catalogue {
	c := English
	c.Code, c.Name, c.RightToLeft = "ar", "العربية", true
	arabicKeys(&c.Keys)
	arabicCalls(&c)
	arabicMenus(&c)
	arabicSetup(&c)
	arabicFaults(&c)
	arabicMoves(&c)
	c.Recording, c.Caller, c.Rules, c.Watch, c.Mailbox = arabicRecording, arabicCaller, arabicRules, arabicWatch, arabicMailbox
	c.Refusals = [phone.RefusalCount]string{
		0: "لم ينجح ذلك.", phone.NoSuchCall: "انتهت هذه المكالمة.", phone.NoSuchLine: "هذا الخط غير معد.", phone.WrongState: "هذا غير ممكن الآن.",
		phone.LineDown: "هذا الخط غير مسجل.", phone.TooMany: "لا مكان لمكالمة أخرى. أنه واحدة أولا.", phone.Busy: "ليس أثناء مكالمة. أنهها أولا.",
		phone.WrongNumber: "لا يمكن طلب هذا الرقم.", phone.WrongValue: "هذه القيمة خارج المدى.", phone.Moving: "يجري تحويل هذه المكالمة.",
		phone.ConfFull: "المؤتمر مكتمل.", phone.Locked: "الهاتف مقفل.", phone.Stopped: "الهاتف يعيد التشغيل.",
		phone.Forbidden: "إعدادات هذا الهاتف لا تسمح بذلك.", phone.Recorded: "مكالمة أخرى تسجل الآن.",
		phone.NoMailbox: "لا بريد صوتي لهذا الخط.",
	}
	for i, s := range English.Refusals {
		if c.Refusals[i] == "" {
			c.Refusals[i] = s
		}
	}
	c.Weekdays = [7]string{"الأحد", "الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت"}
	c.Months = [12]string{"يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"}
	c.Date = func(c *Catalogue, t time.Time) string {
		return fmt.Sprintf("%s %d %s", c.Weekdays[t.Weekday()], t.Day(), c.Months[t.Month()-1])
	}
	c.DayMonth = func(c *Catalogue, t time.Time) string { return fmt.Sprintf("%d %s", t.Day(), c.Months[t.Month()-1]) }
	return c
}

func arabicKeys(k *Keys) {
	k.Voicemail, k.ToVoicemail, k.Pause, k.CallBack = Label{"البريد الصوتي", "البريد"}, Label{"إلى البريد الصوتي", "البريد"}, Label{"إيقاف مؤقت", "إيقاف"}, Label{"معاودة الاتصال", "معاودة"}
	k.NewCall, k.Calls, k.Contacts, k.Redial = Label{"مكالمة جديدة", "جديدة"}, same("المكالمات"), Label{"جهات الاتصال", "الأسماء"}, Label{"إعادة الطلب", "إعادة"}
	k.Settings, k.More, k.Back, k.Call, k.Delete = same("الإعدادات"), same("المزيد"), same("رجوع"), same("اتصال"), same("حذف")
	k.Answer, k.Silence, k.Ignore, k.Decline, k.Hold = same("رد"), same("كتم"), same("تجاهل"), same("رفض"), same("تعليق")
	k.Resume, k.Swap, k.End, k.CallAgain, k.Done = same("متابعة"), same("تبديل"), same("إنهاء"), Label{"اتصال مجددا", "مجددا"}, same("تم")
	k.Note = same("ملاحظة")
	k.Open, k.Missed, k.All, k.Add, k.Change = same("فتح"), same("الفائتة"), Label{"كل المكالمات", "الكل"}, same("إضافة"), same("تغيير")
	k.Save, k.SignIn, k.Show, k.Hide, k.Clear = same("حفظ"), same("تسجيل"), same("إظهار"), same("إخفاء"), same("مسح")
	k.Details, k.EnterPassword, k.Next, k.Choose = same("التفاصيل"), Label{"إدخال كلمة السر", "كلمة السر"}, same("التالي"), same("اختيار")
	k.Undo, k.TryNow, k.Line = same("تراجع"), Label{"حاول الآن", "حاول"}, Label{"الخط %s", "%s"}
}

func arabicCalls(c *Catalogue) {
	s := &c.Status
	s.Ready, s.SigningIn, s.NotSignedIn, s.NoLine, s.NoNetwork = "جاهز", "يجري التسجيل", "غير مسجل", "لا خط معدا", "لا شبكة"
	s.Incoming, s.Talking, s.Calling, s.Ringback, s.NewCall = "مكالمة واردة", "محادثة", "يتصل", "يتصل", "مكالمة جديدة"
	s.LineDown, s.NotConnected, s.SecondCall, s.Ended = "%s غير مسجل", "لم يتم الاتصال", "مكالمة ثانية", "انتهت المكالمة"
	s.OnHold, s.Connecting, s.To, s.From, s.Calls, s.Place = "معلقة", "يجري التوصيل", "إلى %s", "من %s", "%d مكالمات", "%d من %d"
	s.Plugged, s.Unplugged = "سماعة الرأس موصولة", "سماعة الرأس مفصولة"
	s.HandsetVolume, s.HeadsetVolume = "صوت السماعة %d من %d", "صوت سماعة الرأس %d من %d"
	s.SpeakerVolume, s.RingTone = "صوت المكبر %d من %d", "صوت الرنين %d من %d"
	h := &c.Home
	h.Missed1, h.MissedN, h.More = "مكالمة فائتة واحدة", "%d مكالمات فائتة", "و%d غيرها"
	h.Stay, h.OrOK = "المكالمات إلى %s لن ترن هنا.", "أو اضغط OK"
	h.NoLineHead, h.NoLineWhy = "لا خط معدا", "أدخل الحساب الذي أعطاك إياه مزود الخدمة."
	t := &c.Call
	t.YouHear, t.TheyHear, t.TheyWait, t.YouHeard, t.TheyHeard = "تسمع", "يسمعون", "ينتظرون", "سمعت", "سمعوا"
	t.OpenKeys = "المفاتيح مكشوفة"
	t.Encrypted, t.NotEncrypted, t.Talking, t.OnHold, t.TheyHold = "مشفرة", "غير مشفرة", "محادثة", "معلقة", "أنت معلق هناك"
	t.Ringing, t.RingingShort, t.RingingThere = "يرن %s", "يرن", "يرن هناك"
	t.LastCallAt, t.LastCall = "آخر مكالمة %s", "آخر مكالمة %s، %s"
	t.YouCalled, t.TheyCalled, t.TheyRang = "أنت اتصلت", "اتصلوا بك", "رن وفات"
	t.NoCalls, t.Unknown = "لا مكالمات مع هذا الرقم", "رقم غير معروف"
	t.Muted, t.MutedHint, t.MutedMark = "الميكروفون مكتوم", "اضغط Mute لتتكلم", "مكتوم"
	t.Quality = [6]string{"يقاس الصوت", "لا يصل صوت", "الصوت يتقطع", "صوت مقبول", "صوت جيد", "صوت ممتاز"}
	t.Lost, t.LostHint, t.LostShort = "ضاع %d %%.", "افحص كبل الشبكة خلف الهاتف.", "افحص الكبل."
	t.Facts, t.ClosesIn = "%s، %d ms، ضاع %d %%", "تغلق بعد %d ث"
	t.ByMistake, t.ByMistakeShort = "انتهت خطأ؟ تراجع يعيد الاتصال ب%s.", "تراجع يعيد الاتصال"
	t.YouEnded, t.TheyEnded, t.ConnectionLost = "أنت أنهيتها", "هم أنهوها", "انقطع الاتصال"
	t.Throughout = [6]string{"لم يقس الصوت", "لم يصل صوت", "صوت رديء", "صوت مقبول", "صوت جيد طوال المكالمة", "صوت ممتاز طوال المكالمة"}
	t.HeldN, t.RemoteHolds, t.Mute, t.Unmute = "%d مكالمات معلقة", "أنت معلق هناك", "كتم الميكروفون", "فتح الميكروفون"
	t.Numbers, t.Line, t.Codec, t.Loss, t.Delay = "أرقام هذه المكالمة", "الخط", "الترميز", "الضائع", "التأخير"
	t.MOS, t.Rate, t.Security, t.On, t.Missed = "جودة الصوت", "معدل البيانات", "الأمان", "تكلم عبر %s", "فائتة"
	c.Paths = [phone.PathCount]string{phone.Handset: "السماعة", phone.Headset: "سماعة الرأس", phone.Speaker: "المكبر"}
}

func arabicMenus(c *Catalogue) {
	c.Dial.Rules = []string{phone.AsTyped: "كما كتب", phone.EmergencyRule: "مكالمة طوارئ", phone.InternationalRule: "دولي", phone.NationalRule: "وطني",
		phone.LocalRule: "في منطقتك", phone.InternalRule: "داخلي", phone.FeatureCode: "رمز خدمة", phone.AddressRule: "عنوان", phone.PageRule: "نداء عام", phone.ProfileRule: "القاعدة %d من %s"}
	c.Numbers = arabicNumbers
	c.Dial.Becomes, c.Dial.Cannot, c.Dial.Hint = "%s يصير %s", "لا يمكن طلب هذا الرقم", "اكتب رقما أو عنوانا"
	l := &c.Log
	l.Title, l.All, l.Missed, l.Empty, l.EmptyMissed, l.Calls = "المكالمات", "الكل", "الفائتة", "لا مكالمات بعد", "لا مكالمات فائتة", "%d مكالمات"
	l.CallsMissed, l.CallsTime, l.MissedRang = "%d مكالمات، %d فائتة", "%d مكالمات، %s", "فائتة، رنت %d ث"
	l.YouCalled, l.CalledYou, l.NoAnswer = "أنت اتصلت، %s", "اتصل بك، %s", "أنت اتصلت، لا رد"
	l.Declined, l.Failed, l.Today, l.Yesterday, l.Once = "مرفوضة", "أنت اتصلت، لم يتم", "اليوم", "أمس", "فائتة"
	l.Save, l.Edit = "إضافة إلى جهات الاتصال", "تعديل قبل الاتصال"
	l.Elsewhere, l.SentOn, l.ElsewhereN, l.ForwardedN = "أجيبت في مكان آخر", "حولت إلى %s", "%d أجيبت في مكان آخر", "%d حولت"
	l.OnPC, l.Here, l.Note, l.Recorded = "على %s", "على هذا الهاتف", "ملاحظة", "مسجلة، %s"
	l.DeleteCall, l.DeleteAll, l.DeleteHead, l.DeleteWhy = "حذف هذه المكالمة", "حذف المحادثة", "حذف كل المكالمات (%d)؟", "تزال من سجل هذا الهاتف مع ملاحظاتها."
	l.Modes = [phone.ModeCount]string{phone.Voice: "صوت", phone.Video: "فيديو", phone.Messages: "رسائل"}
	p := &c.People
	p.Title, p.Hint, p.Empty, p.NoMatch, p.New = "جهات الاتصال", "المفاتيح 2 إلى 9 تكتب اسما", "لا جهات اتصال بعد", "لا أحد يطابق", "جهة جديدة"
	p.DeleteHead, p.DeleteWhy, p.Count1, p.CountN = "حذف %s؟", "يزال الاسم وأرقامه من هذا الهاتف.", "شخص واحد", "%s أشخاص"
	p.Name, p.Number, p.Organisation, p.Deleted, p.Saved, p.Delete = "الاسم", "الرقم", "المؤسسة", "حذف %s", "حفظ %s", "حذف جهة الاتصال هذه"
	p.Kinds = map[string]string{"mobile": "جوال", "work": "العمل", "home": "المنزل", "sip": "SIP", "other": "رقم"}
	a := &c.Asks
	a.Title, a.SignInHead, a.SignInWhy, a.Agree = "سؤال", "تسجيل هذا الهاتف؟", "%s يريد أن يستعمل الهاتف هذا الحساب:", same("تسجيل")
	a.SignInNote = "وافق فقط إن كنت قد بدأت ذلك على الحاسوب للتو. يحفظ الهاتف بيانات التسجيل مشفرة ولا يريها لأحد."
	k := &c.Lock
	k.Locked, k.PCLocked, k.Type, k.TypeOrPC, k.Wrong = "مقفل", "الحاسوب مقفل", "اكتب رمزك.", "اكتب رمزك أو افتح قفل حاسوبك.", "لم يكن هذا الرمز."
	k.Wait, k.Hard, k.HardWhy = "رموز خاطئة كثيرة. انتظر %s.", "رموز خاطئة كثيرة.", "افتح قفل حاسوبك والكبل موصول، ثم اكتب الرمز."
	k.StillWorks, k.Unlock, k.Emergency = "المكالمات ترن. أرقام الطوارئ تعمل دائما.", same("فتح"), same("طوارئ")
	k.PIN, k.NewPIN, k.Set, k.Remove = "رمز القفل", "رمز جديد", "معين", "إزالة الرمز"
	k.Present = "الرمز الحالي"
	k.NotPIN, k.Now = "للرمز 4 إلى 8 أرقام.", "أقفل الآن"
	arabicPC(c)
	c.Entry.Space, c.Entry.For = "مسافة", "%s ل%s"
	c.LineWords = []string{phone.LineOff: "متوقف", phone.LineRegistering: "يسجل", phone.LineRegistered: "جاهز", phone.LineFailing: "غير مسجل"}
	c.Regions = map[string]string{"DE": "ألمانيا", "AT": "النمسا", "CH": "سويسرا", "GB": "المملكة المتحدة", "US": "الولايات المتحدة أو كندا", "FR": "فرنسا", "NL": "هولندا",
		"BE": "بلجيكا", "IT": "إيطاليا", "ES": "إسبانيا", "PL": "بولندا", "FI": "فنلندا", "SE": "السويد", "NO": "النرويج", "DK": "الدنمارك", "IE": "أيرلندا", "PT": "البرتغال",
		"CZ": "التشيك", "JP": "اليابان", "CN": "الصين", "IN": "الهند", "AU": "أستراليا", "BR": "البرازيل", "TR": "تركيا", "RU": "روسيا", "UA": "أوكرانيا", "LU": "لوكسمبورغ"}
}

func arabicSetup(c *Catalogue) {
	s := &c.Setup
	s.Title, s.Lines, s.Sound, s.Screen, s.About = "الإعدادات", "الخطوط", "الصوت", "الشاشة", "حول"
	s.Server, s.User, s.Password, s.DisplayName, s.Transport = "الخادم", "اسم المستخدم", "كلمة السر", "اسمك", "الاتصال"
	s.SignIn, s.NotSet, s.Hidden, s.NewLine = "سجل الآن", "فارغ", "معينة", "خط جديد"
	s.RingTone, s.RingVolume, s.HandsFree, s.HandsetVolume = "نغمة الرنين", "صوت الرنين", "حر اليدين عبر", "صوت السماعة"
	s.HeadsetVolume, s.SpeakerVolume, s.RingOff = "صوت سماعة الرأس", "صوت المكبر", "مطفأ"
	s.Theme, s.Language, s.Brightness, s.Contrast, s.TextSize, s.Large = "الألوان", "اللغة", "السطوع", "التباين", "حجم النص", "كبير"
	s.Themes = map[string]string{"auto": "حسب الوقت", "dark": "داكن", "light": "فاتح"}
	s.Version, s.Address, s.Network, s.Hardware, s.Name, s.Storage = "الإصدار", "العنوان", "الشبكة", "الجهاز", "الاسم", "المساحة الحرة"
	s.NoVLAN, s.Priority, s.Switch, s.Port = "لا شيء", "أولوية الصوت", "المحول", "منفذ المحول"
	s.Relay, s.RelayWorks, s.RelayFails = "خادم الترحيل", "يعمل (%s)", "لا يعمل (%s)"
	s.VLANBy = map[string]string{"settings": "%s، من الإعدادات", "lldp": "%s، من المحول", "dhcp": "%s، من خادم DHCP"}
	s.Licences, s.On, s.Off, s.Normal, s.High = "التراخيص", "مشغل", "مطفأ", "عادي", "عال"
	s.Saved, s.Failed, s.SigningIn, s.WhatToDo = "حفظ", "لم يحفظ. %s", "يسجل باسم %s", "ما العمل"
	s.Detail, s.Tries = "تفاصيل للمسؤول", "يحاول الهاتف مجددا بنفسه في %s"
}

func arabicFaults(c *Catalogue) {
	const admin, password = "أخبر المسؤول", "قد يكون أحد يتنصت، لذلك لم ترسل كلمة السر."
	const server, cable, user = "تحقق من اسم الخادم في الإعدادات، الخطوط", "افحص كبل الشبكة خلف الهاتف", "تحقق من اسم المستخدم في الإعدادات، الخطوط"
	const clock = "تحقق من تاريخ هذا الهاتف ووقته"
	c.LineCards = map[phone.LineFault]Fault{
		phone.NoFault:              {"%s غير مسجل", "السبب غير معروف.", [3]string{"انتظر لحظة: الهاتف يحاول مجددا", server, admin}},
		phone.WrongPassword:        {"%s غير مسجل", "لم يقبل الخادم كلمة السر.", [3]string{"أدخل كلمة السر من جديد", user, "اطلب من المسؤول كلمة سر جديدة"}},
		phone.RegistrarUnreachable: {"%s غير مسجل", "الخادم لا يجيب.", [3]string{cable, server, admin}},
		phone.RegistrarRefused:     {"%s غير مسجل", "الخادم لا يقبل هذا الحساب.", [3]string{user, admin, ""}},
		phone.NameUnknown:          {"%s غير مسجل", "اسم الخادم غير معروف في هذه الشبكة.", [3]string{server, cable, admin}},
		phone.CertExpired:          {"رفضنا الخادم", "انتهت صلاحية شهادته. " + password, [3]string{admin + ": انتهت الشهادة", clock, ""}},
		phone.CertNotYetValid:      {"رفضنا الخادم", "شهادته غير صالحة بعد. " + password, [3]string{clock, admin + ": الشهادة غير صالحة بعد", ""}},
		phone.CertWrongName:        {"رفضنا الخادم", "شهادته باسم آخر. " + password, [3]string{server, admin + ": شهادة باسم آخر", ""}},
		phone.CertUnknownAuthority: {"رفضنا الخادم", "لا يضمنه أحد نثق به. " + password, [3]string{admin + ": شهادة من جهة مجهولة", "يمكن إضافة جهة الشركة في ملف الإعدادات", ""}},
		phone.CertUnusable:         {"رفضنا الخادم", "شهادته ضعيفة أو ليست لخادم. " + password, [3]string{admin + ": شهادة غير صالحة للاستعمال", "", ""}},
		phone.CertOurs:             {"%s غير مسجل", "لا يقبل الخادم شهادة هذا الهاتف، أو يطلب شهادة.", [3]string{admin + ": شهادة الهاتف", clock, ""}},
		phone.TLSRefused:           {"%s غير مسجل", "الخادم لا يعرض التشفير الذي نطلبه.", [3]string{admin + ": لا تشفير", "تحقق من الاتصال في الإعدادات، الخطوط", ""}},
	}
	c.FaultWord = []string{phone.NoFault: "غير مسجل", phone.WrongPassword: "كلمة سر خاطئة", phone.RegistrarUnreachable: "لا جواب", phone.RegistrarRefused: "مرفوض",
		phone.NameUnknown: "اسم مجهول", phone.CertExpired: "خادم مرفوض", phone.CertNotYetValid: "خادم مرفوض", phone.CertWrongName: "خادم مرفوض",
		phone.CertUnknownAuthority: "خادم مرفوض", phone.CertUnusable: "خادم مرفوض", phone.CertOurs: "الشهادة", phone.TLSRefused: "بلا تشفير"}
	c.Notices = [phone.NoticeCount]Fault{
		phone.NoSoundCard:     {"لا صوت", "لا يجد الهاتف بطاقة صوت. تتم المكالمات، لكن لا أحد يسمع.", [3]string{"أطفئ الهاتف وشغله", "إن بقي صامتا فالجهاز يحتاج إصلاحا", admin}},
		phone.StoreFull:       {"الذاكرة ممتلئة", "لا تحفظ المكالمات وجهات الاتصال. الاتصال ما زال يعمل.", [3]string{"احذف جهات اتصال لا تحتاجها", admin, ""}},
		phone.SettingsInvalid: {"رفض ملف إعدادات", "آخر إعدادات صالحة ما زالت سارية.", [3]string{"صحح الموضع المذكور أدناه", "يقرأ الهاتف الملف مجددا عند التشغيل", ""}},
		phone.DialPlanRefused: {"رفضت خطة أرقام", "قواعد الأرقام التي عملت آخر مرة ما زالت سارية.", [3]string{"التفاصيل تذكر القاعدة والسبب", admin, ""}},
		phone.HandedRefused:   {"رفضت إعدادات الخادم", "ما يعطيه الخادم لأحد الخطوط خاطئ. ما عمل آخر مرة ما زال ساريا.", [3]string{"التفاصيل تذكر الخط والسبب", admin, ""}},
		phone.RelayFails:      {"خادم الترحيل لا يعمل", "قد تصمت المكالمات مع من هم خارج هذه الشبكة.", [3]string{"التفاصيل تذكر الخادم والسبب", "تحقق من اسم خادم TURN وكلمة سره", admin}},
		phone.CertEnding:      {"شهادة تنتهي قريبا", "بعد يومها الأخير يتوقف خط. التفاصيل تذكر أي خط.", [3]string{admin, "", ""}},
		phone.NoNetwork:       {"لا شبكة", "لا يمكن الاتصال حتى تعود الشبكة.", [3]string{cable, "افحص المبدل أو مقبس الحائط", admin}},
		phone.NetworkRewrites: {"الموجه يغير المكالمات", "جهاز في الطريق إلى الخادم يغير ما يرسله الهاتف. قد تفشل المكالمات أو تصمت.", [3]string{"أوقف SIP ALG في الموجه", "أو استعمل TLS في الإعدادات، الخطوط", admin}},
		phone.NetworkForgets:  {"الموجه ينسى الهاتف", "جهاز في الطريق إلى الخادم يقطع الاتصال الساكن مبكرا. الهاتف يتصل به الآن أكثر.", [3]string{"زد مهلة UDP في الموجه", "أو استعمل TLS في الإعدادات، الخطوط", admin}},
	}
	c.SoundTest = SoundTest{Title: "اختبار الصوت", Again: same("اختبر مجددا"),
		Running: Fault{Head: "أستمع", Why: "صمت أولا، ثم نغمة من السماعة. الرجاء عدم الكلام."},
		Verdicts: [phone.SoundVerdictCount]Fault{
			phone.SoundUntried: {Head: "لم يختبر", Why: "احتاجت مكالمة أو الحاسوب إلى الصوت."}, phone.SoundWorks: {Head: "كل شيء سليم", Why: "الميكروفون يسمع السماعة."},
			phone.MicDead:       {"الميكروفون صامت", "لا يسمع شيئا، ولا حتى الغرفة.", [3]string{"استعمل السماعة اليدوية حتى الإصلاح", admin, ""}},
			phone.MicClips:      {"صوت الميكروفون مشوه", "يسمع النغمة أعلى مما يحتمل.", [3]string{"اخفض السماعة واختبر مجددا", admin, ""}},
			phone.RoomLoud:      {"المكان صاخب", "لا يمكن الحكم في هذا الضجيج.", [3]string{"اختبر مجددا في لحظة هادئة", "", ""}},
			phone.SpeakerSilent: {"السماعة صامتة", "الميكروفون يسمع الغرفة ولا يسمع النغمة.", [3]string{"ارفع السماعة واختبر مجددا", "استعمل السماعة اليدوية حتى الإصلاح", admin}},
			phone.SoundNoCard:   {"لا صوت", "لا يجد الهاتف بطاقة صوت.", [3]string{"أطفئ الهاتف وشغله", admin, ""}},
		}}
	for i, f := range English.Notices {
		if c.Notices[i].Head == "" {
			c.Notices[i] = f
		}
	}
	const later, again = "اتصل مجددا لاحقا.", "اتصل مجددا بعد لحظة."
	c.Causes = map[phone.Cause]Cause{
		phone.NoCause: {"تعذر الوصول إلى %s", "لم تذكر الشبكة سببا.", again}, phone.Rejected: {"%s رفض المكالمة", "لا تؤخذ المكالمة الآن.", later},
		phone.UserBusy: {"%s مشغول", "في مكالمة أخرى.", "اتصل مجددا بعد دقائق."}, phone.NoAnswer: {"%s لم يرد", "رن هناك ولم يرد أحد.", later},
		phone.NotFound: {"هذا الرقم غير مستعمل", "الشبكة لا تعرفه.", "تحقق من الرقم واتصل مجددا."}, phone.Incomplete: {"هذا الرقم غير كامل", "تنتظر الشبكة أرقاما أخرى.", "تحقق من الرقم واتصل مجددا."}, phone.NotAllowed: {"هذه المكالمة غير مسموحة", "لا يسمح الخادم لهذا الخط بذلك.", "اسأل المسؤول."},
		phone.Unreachable: {"تعذر الوصول إلى %s", "لم تجب الشبكة.", again}, phone.NotEncrypted: {"لا تشفير مع %s", "هذا الخط يتكلم مشفرا فقط، ولم يتم ذلك.", admin + "."},
		phone.Incompatible: {"لا صيغة صوت مشتركة", "لا يتفق الهاتفان على طريقة الكلام.", admin + "."},
		phone.ServerError:  {"تعذر الوصول إلى %s", "رفضت الشبكة المكالمة.", again},
	}
	for cause, words := range English.Causes {
		if _, ok := c.Causes[cause]; !ok {
			c.Causes[cause] = words
		}
	}
	for fault, words := range English.LineCards {
		if _, ok := c.LineCards[fault]; !ok {
			c.LineCards[fault] = words
		}
	}
}

func arabicPC(c *Catalogue) {
	p := &c.PC
	p.Title, p.Audio, p.Ringing, p.RingingWhy = "مكالمة الحاسوب", "صوت الحاسوب", "حاسوبك يرن", "أجب هنا وتحدث عبر هذا الهاتف. الحاسوب يبين من المتصل."
	p.Talking, p.TalkingWhy = "حاسوبك يتحدث هنا", "الميكروفون ومكبر الصوت لمكالمة الحاسوب."
	p.Held, p.HeldWhy, p.Muted, p.MutedWhy = "مكالمة الحاسوب معلقة", "المتابعة تعيدها.", "صوتك مكتوم", "لا أحد في مكالمة الحاسوب يسمعك."
	p.NoControl = "البرنامج على الحاسوب لا يجيب على مفاتيح الهاتف. استعمل نافذته للتعليق والكتم والإنهاء."
	p.Volume, p.Mute, p.Unmute = "الصوت %d", same("كتم"), same("إسماع")
	q := &c.Pairing
	q.Title, q.Computer, q.User, q.AskHead = "الاقتران", "حاسوب", "المستخدم: %s", "الاقتران بهذا الحاسوب؟"
	q.AskWhy, q.AskNote = "%s على الكبل ويريد التحكم بهذا الهاتف.", "اقترن فقط إن كنت قد بدأت ذلك على الحاسوب للتو. بعدها يستطيع الاتصال والإجابة، ويقفلان معا."
	q.CompareHead, q.CompareWhy, q.CompareNote = "قارن الأرقام", "هل يبين الحاسوب الأرقام الستة نفسها؟", "إن بين %s غيرها فربما كان بينكما أحد: اضغط مختلفة."
	q.WaitWhy, q.WaitNote, q.DoneHead, q.DoneWhy = "تم التأكيد هنا.", "أكد الأرقام الآن على %s أيضا.", "تم الاقتران", "يستطيع %s التحكم بهذا الهاتف من الآن."
	q.DoneNote = "لا يسأل شيء عند وصل الكبل مرة أخرى. للإنهاء افتح الإعدادات، الحواسيب."
	again := "ابدأ من جديد على الحاسوب"
	q.Faults = [phone.PairingFaultCount]Fault{
		phone.NoPairingFault:   {Head: "لم يتم الاقتران", Why: "لم يصل الاقتران إلى نهايته.", Steps: [3]string{again}},
		phone.PairingDeclined:  {Head: "لم يتم الاقتران", Why: "رفض هنا أو على الحاسوب.", Steps: [3]string{again}},
		phone.PairingTimedOut:  {Head: "لم يتم الاقتران", Why: "استغرق وقتا طويلا.", Steps: [3]string{again}},
		phone.PairingDifferent: {Head: "لم يتم الاقتران", Why: "لم يتفق الهاتف والحاسوب.", Steps: [3]string{"استعمل كبلا مباشرا وحاول مرة أخرى"}},
		phone.PairingTooOften:  {Head: "محاولات كثيرة", Why: "يستريح الهاتف عشر دقائق.", Steps: [3]string{"انظر ما هو موصول بالهاتف"}},
		phone.PairingLost:      {Head: "لم يتم الاقتران", Why: "نزع الكبل أو ذهب الحاسوب.", Steps: [3]string{"صل الكبل جيدا وابدأ من جديد"}},
		phone.PairingFull:      {Head: "لم يتم الاقتران", Why: "لا يستطيع الهاتف تذكر حاسوب آخر.", Steps: [3]string{"انس واحدا في الإعدادات، الحواسيب"}},
	}
	q.Pair, q.Same, q.Different, q.Cancel = same("اقتران"), same("نفسها"), same("مختلفة"), same("إلغاء")
	q.Computers, q.Connected, q.Never, q.None = "الحواسيب", "متصل", "لم ير بعد", "لا حاسوب مقترن"
	q.ForgetWhy, q.Forgotten, q.Forget = "لن يستطيع التحكم بهذا الهاتف حتى يقترن من جديد.", "نسي", same("نسيان")
}
