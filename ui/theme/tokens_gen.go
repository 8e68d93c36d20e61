// Code generated from tokens.toml by mktokens. DO NOT EDIT.

package theme

import "time"

var dark = Colors{
	Bg:       rgb(0x0E1214),
	Edge:     rgb(0x77878F),
	Focus:    rgb(0xF6F2E9),
	Hold:     rgb(0xF3BA4E),
	HoldBg:   rgb(0x3B2D10),
	Line:     rgb(0x35434A),
	Link:     rgb(0x8CC0FF),
	LinkBg:   rgb(0x152C47),
	OnFocus:  rgb(0x0E1214),
	OnFocus2: rgb(0x454C4E),
	OnState:  rgb(0x0E1214),
	S1:       rgb(0x182024),
	S2:       rgb(0x253036),
	S3:       rgb(0x35434A),
	Stop:     rgb(0xFF8172),
	StopBg:   rgb(0x471D18),
	T1:       rgb(0xF6F2E9),
	T2:       rgb(0xBCC5C7),
	T3:       rgb(0x93A0A4),
	Talk:     rgb(0x5BD89C),
	TalkBg:   rgb(0x11322A),
	Avatars: []Pair{
		{rgb(0x1D4A4C), rgb(0xA6E6E3)},
		{rgb(0x472C4C), rgb(0xEDBDEE)},
		{rgb(0x4A3A17), rgb(0xF3D28B)},
		{rgb(0x2A3B61), rgb(0xBAD0FF)},
		{rgb(0x542B22), rgb(0xFFC4B3)},
		{rgb(0x35431C), rgb(0xD2E698)},
	},
}

var hcDark = Colors{
	Bg:       rgb(0x000000),
	Edge:     rgb(0xFFFFFF),
	Focus:    rgb(0xFFFFFF),
	Hold:     rgb(0xFFD84D),
	HoldBg:   rgb(0x000000),
	Line:     rgb(0xFFFFFF),
	Link:     rgb(0xB0D6FF),
	LinkBg:   rgb(0x000000),
	OnFocus:  rgb(0x000000),
	OnFocus2: rgb(0x000000),
	OnState:  rgb(0x000000),
	S1:       rgb(0x000000),
	S2:       rgb(0x000000),
	S3:       rgb(0x4A4A4A),
	Stop:     rgb(0xFFA79C),
	StopBg:   rgb(0x000000),
	T1:       rgb(0xFFFFFF),
	T2:       rgb(0xFFFFFF),
	T3:       rgb(0xE6E6E6),
	Talk:     rgb(0x66FFB5),
	TalkBg:   rgb(0x000000),
	Avatars: []Pair{
		{rgb(0x000000), rgb(0xFFFFFF)},
	},
}

var hcLight = Colors{
	Bg:       rgb(0xFFFFFF),
	Edge:     rgb(0x000000),
	Focus:    rgb(0x000000),
	Hold:     rgb(0x5A3800),
	HoldBg:   rgb(0xFFFFFF),
	Line:     rgb(0x000000),
	Link:     rgb(0x003E8A),
	LinkBg:   rgb(0xFFFFFF),
	OnFocus:  rgb(0xFFFFFF),
	OnFocus2: rgb(0xFFFFFF),
	OnState:  rgb(0xFFFFFF),
	S1:       rgb(0xFFFFFF),
	S2:       rgb(0xFFFFFF),
	S3:       rgb(0xB0B0B0),
	Stop:     rgb(0x8E0F06),
	StopBg:   rgb(0xFFFFFF),
	T1:       rgb(0x000000),
	T2:       rgb(0x000000),
	T3:       rgb(0x202020),
	Talk:     rgb(0x004F30),
	TalkBg:   rgb(0xFFFFFF),
	Avatars: []Pair{
		{rgb(0xFFFFFF), rgb(0x000000)},
	},
}

var light = Colors{
	Bg:       rgb(0xF2EFE8),
	Edge:     rgb(0x77756D),
	Focus:    rgb(0x14191B),
	Hold:     rgb(0x7A4D00),
	HoldBg:   rgb(0xF9E5BB),
	Line:     rgb(0xD5D0C4),
	Link:     rgb(0x1A59AC),
	LinkBg:   rgb(0xDAE7F8),
	OnFocus:  rgb(0xFFFFFF),
	OnFocus2: rgb(0xC3CACC),
	OnState:  rgb(0xFFFFFF),
	S1:       rgb(0xFFFFFF),
	S2:       rgb(0xE3DFD5),
	S3:       rgb(0xCFC9BC),
	Stop:     rgb(0xB3271B),
	StopBg:   rgb(0xFADAD4),
	T1:       rgb(0x14191B),
	T2:       rgb(0x434C50),
	T3:       rgb(0x5A6266),
	Talk:     rgb(0x0A6B45),
	TalkBg:   rgb(0xD3EDDD),
	Avatars: []Pair{
		{rgb(0xC6E6E4), rgb(0x0F4A4A)},
		{rgb(0xEBD3EC), rgb(0x5A2560)},
		{rgb(0xF3E0AE), rgb(0x5C4300)},
		{rgb(0xD2DEF8), rgb(0x1C3D7E)},
		{rgb(0xF8D5CA), rgb(0x73260F)},
		{rgb(0xDDE8B9), rgb(0x3A4B0C)},
	},
}

var w1024h600 = Panel{
	W: 1024, H: 600,
	AvatarCall: 130,
	AvatarList: 50,
	AvatarRing: 190,
	FocusRing:  4,
	Gap:        10,
	Icon:       30,
	IconBig:    40,
	Margin:     30,
	Presence:   18,
	RadiusCard: 30,
	RadiusChip: 20,
	RadiusRow:  18,
	RowH:       80,
	SoftGap:    10,
	SoftH:      70,
	SoftRadius: 20,
	SoftText:   25,
	StatusH:    50,
	StubW:      90,
	TileH:      80,
	TilePitch:  92,
	TileW:      300,
	Type: Type{
		Body:   28,
		Clock:  172,
		Digits: 132,
		Head:   32,
		Hero:   66,
		Label:  25,
		Micro:  20,
		Note:   23,
		Timer:  76,
		Title:  40,
	},
}

var w480h272 = Panel{
	W: 480, H: 272,
	AvatarCall: 60,
	AvatarList: 28,
	AvatarRing: 88,
	FocusRing:  2,
	Gap:        6,
	Icon:       18,
	IconBig:    22,
	Margin:     14,
	Presence:   10,
	RadiusCard: 14,
	RadiusChip: 11,
	RadiusRow:  9,
	RowH:       42,
	SoftGap:    5,
	SoftH:      36,
	SoftRadius: 10,
	SoftText:   16,
	StatusH:    26,
	StubW:      44,
	TileH:      44,
	TilePitch:  52,
	TileW:      148,
	Type: Type{
		Body:   17,
		Clock:  76,
		Digits: 62,
		Head:   20,
		Hero:   34,
		Label:  16,
		Micro:  14,
		Note:   15,
		Timer:  34,
		Title:  22,
	},
}

var w480h800 = Panel{
	W: 480, H: 800,
	AvatarCall: 128,
	AvatarList: 46,
	AvatarRing: 184,
	FocusRing:  3,
	Gap:        8,
	Icon:       26,
	IconBig:    34,
	Margin:     24,
	Presence:   16,
	RadiusCard: 24,
	RadiusChip: 18,
	RadiusRow:  16,
	RowH:       76,
	SoftGap:    8,
	SoftH:      72,
	SoftRadius: 18,
	SoftText:   21,
	StatusH:    48,
	StubW:      0,
	TileH:      72,
	TilePitch:  80,
	TileW:      212,
	Type: Type{
		Body:   24,
		Clock:  148,
		Digits: 100,
		Head:   28,
		Hero:   52,
		Label:  22,
		Micro:  18,
		Note:   20,
		Timer:  72,
		Title:  34,
	},
}

var w800h480 = Panel{
	W: 800, H: 480,
	AvatarCall: 104,
	AvatarList: 40,
	AvatarRing: 152,
	FocusRing:  3,
	Gap:        8,
	Icon:       24,
	IconBig:    32,
	Margin:     24,
	Presence:   14,
	RadiusCard: 24,
	RadiusChip: 16,
	RadiusRow:  14,
	RowH:       64,
	SoftGap:    8,
	SoftH:      56,
	SoftRadius: 16,
	SoftText:   20,
	StatusH:    40,
	StubW:      80,
	TileH:      68,
	TilePitch:  74,
	TileW:      240,
	Type: Type{
		Body:   22,
		Clock:  136,
		Digits: 104,
		Head:   26,
		Hero:   52,
		Label:  20,
		Micro:  16,
		Note:   18,
		Timer:  60,
		Title:  32,
	},
}

// Trace is the mark of a call: one bar a second. Lengths in px, levels in dBFS.
const (
	TraceBar        = 4
	TracePitch      = 6
	TraceGapMid     = 4
	TraceMinH       = 4
	TraceLostDot    = 4
	TraceLostPitch  = 10
	TraceLostShare  = 0.05
	TraceLevelFloor = -50
	TraceLevelFull  = -12
	TraceMOSGood    = 4
	TraceMOSFair    = 3.5
)

// Times of motion, of keys and of screens that close by themselves.
const (
	KeyPress    = 60 * time.Millisecond
	RingPeriod  = 900 * time.Millisecond
	ToastTime   = 4000 * time.Millisecond
	CaretBlink  = 530 * time.Millisecond
	LongPress   = 600 * time.Millisecond
	RepeatAfter = 400 * time.Millisecond
	RepeatEvery = 90 * time.Millisecond
	MenuToHome  = 120 * time.Second
	DialIdle    = 15 * time.Second
	FailedCall  = 8 * time.Second
	UndoEnd     = 3 * time.Second
	RingFrames  = 3
)
