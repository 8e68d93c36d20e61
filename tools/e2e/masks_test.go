package e2e

import "image"

// masks are the parts of the 800x480 screens that change by nature: time of day, call time, the
// trace of the sound, the quality of the moment, rings that spread, what the call log remembers.
var masks = struct{ time, clock, small, hours, day, timer, trace, foot, rings, past, matches, redial, ended, remains image.Rectangle }{
	time:    image.Rect(712, 0, 800, 40),
	clock:   image.Rect(0, 48, 540, 215),
	small:   image.Rect(0, 48, 540, 126), // the clock beside a card that says what is wrong
	hours:   image.Rect(0, 215, 540, 272),
	day:     image.Rect(0, 215, 540, 412),
	timer:   image.Rect(520, 60, 700, 122),
	trace:   image.Rect(150, 180, 700, 316),
	foot:    image.Rect(24, 338, 704, 412),
	rings:   image.Rect(56, 84, 296, 324),
	past:    image.Rect(26, 338, 774, 410),
	redial:  image.Rect(483, 424, 634, 480), // there once a call has gone out
	matches: image.Rect(24, 180, 776, 412),
	remains: image.Rect(136, 160, 776, 190),
	ended:   image.Rect(26, 150, 704, 414),
}

// Of two calls, times and traces change, and the rings of the one that rings.
var (
	waiting = []image.Rectangle{image.Rect(520, 60, 700, 100), image.Rect(150, 150, 704, 230), image.Rect(30, 262, 170, 410), image.Rect(520, 282, 700, 322)}
	pair    = []image.Rectangle{image.Rect(520, 60, 700, 100), image.Rect(150, 160, 704, 262), image.Rect(540, 285, 700, 330), image.Rect(150, 372, 700, 404)}
)
